// SPDX-License-Identifier: MIT
/**
 * The worker: a process without permissions that decides the hooks of one module on an inherited socket.
 *
 * It is started from three imports in this order: this runtime, a call of {@linkcode prepare} with what it was told, and the
 * module's bundle, which {@linkcode serve} is then called with. Standard output is for the supervisor: the words `ready`, `beat N`,
 * `budget MS`, `stats {…}` and `leaving`, a line each.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { type LoadedModule, loadModule } from "../load.ts";
import { confine } from "./confine.ts";
import { Exchange, type ExchangeContext } from "./exchange.ts";
import { listen } from "./listen.ts";
import { configureLog } from "./log.ts";
import { Mirror } from "./mirror.ts";
import { permissionProblems, type ToldPermissions } from "./permissions.ts";
import { Report } from "./report.ts";
import { type Declared, selfTest } from "./self_test.ts";
import { Traffic, type TrafficLimits } from "./traffic.ts";

// What `pam-deno check` tells this file by.
export { IDENT } from "../version.ts";

/** How often the worker says that it is alive, and looks for exchanges that do not end by themselves. */
export const BEAT_MS = 1_000;

/** For so many beats a worker may be without a free descriptor before it makes room for another one. */
const SHORT_BEATS_MAX = 3;

/** Why a worker ends by itself: something went wrong that no hook can be blamed for, or it must not run like this. */
const EXIT_BROKEN = 1;
const EXIT_NOT_PERMITTED = 77;
const EXIT_MISCONFIGURED = 78;

/** What {@linkcode serve} is told. */
export interface ServeOptions {
  /** The administrator's name for the module. */
  readonly name: string;
  /** The module's configured options. */
  readonly configured: Readonly<Record<string, unknown>>;
  /** The inherited listening descriptor. */
  readonly fd: number;
  /** What may run at once. */
  readonly limits: TrafficLimits;
  /** What the module declared when it was installed. Left out, nobody looked. */
  readonly expected?: Declared;
}

const logger = getLogger(["pam-deno", "worker"]);

// What the worker needs to end by itself is taken before a line of the module runs, which may put something else in its place.
const { exit, addSignalListener } = Deno;

/** What is to be done when a failure cannot be blamed on a hook; replaced once there is something to finish first. */
let leave = (status: number): void => exit(status);

/**
 * Prepares the process, before any of the module's code runs: the log, what nobody catches, and the check that the process holds
 * exactly the permissions it was told. Ends the process if it does not, and otherwise waits until the supervisor trusts it.
 */
export function prepare(told: ToldPermissions): void {
  configureLog({ style: "journal" });
  redirectConsole();
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    broken("A rejection that nobody handles", event.reason);
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    broken("An exception that nobody catches", event.error);
  });
  const problems = permissionProblems(told);
  if (problems.length === 0) {
    confine();
    return awaitGo();
  }
  for (const problem of problems) logger.error("This worker {problem}: it does not start", { problem });
  Deno.exit(EXIT_NOT_PERMITTED);
}

/**
 * Waits, without giving up the turn, until the supervisor has compared this process with what it meant to start: once the module's
 * code runs, what /proc says of the arguments is the module's word.
 */
function awaitGo(): void {
  const length = Deno.stdin.readSync(new Uint8Array(8));
  if (length) return;
  logger.error("Nobody said that this worker may go on: it is started by `pam-deno serve`, not by hand");
  Deno.exit(EXIT_NOT_PERMITTED);
}

/** Standard output is taken: what a module prints goes to the log. */
function redirectConsole(): void {
  const levels = {
    debug: "debug",
    log: "info",
    info: "info",
    warn: "warn",
    error: "error",
    trace: "debug",
  } as const;
  for (
    const [method, level] of Object.entries(levels) as [
      keyof typeof levels,
      "debug" | "info" | "warn" | "error",
    ][]
  ) {
    console[method] = (...args: unknown[]) => {
      const text = args.map((arg) => typeof arg === "string" ? arg : Deno.inspect(arg)).join(" ");
      logger[level]("{text}", { text });
    };
  }
}

function broken(what: string, reason: unknown): void {
  logger.error("{what}: await what a handler starts: {reason}", { what, reason });
  leave(EXIT_BROKEN);
}

/** Loads the module out of the namespace of its bundle and serves its hooks until SIGTERM, or until something is broken. */
export function serve(namespace: unknown, { name, configured, fd, limits, expected }: ServeOptions): void {
  const module = loadOrExit(namespace, { name, configured });
  testOrExit(module, expected);
  const report = new Report(say);
  const context: ExchangeContext = {
    module,
    traffic: new Traffic(limits),
    report,
    open: new Set(),
    mirror: new Mirror({ account: module.handlers.has("account") }),
    strangerLogged: false,
  };
  const listener = listen({ fd, onConnection: (connection) => void new Exchange(context, connection) });
  let status: number | undefined;
  let short = 0;
  leave = (wanted) => {
    if (status === undefined) say("leaving");
    // The worst status wins, the first stops: what is in flight is finished either way.
    status = Math.max(status ?? 0, wanted);
    listener.stop();
  };
  const last = async () => {
    await listener.finished;
    report.last();
    context.mirror.clear();
    exit(status);
  };
  last();
  addSignalListener("SIGTERM", () => leave(0));
  setInterval(() => {
    const now = performance.now();
    for (const exchange of context.open) exchange.sweep(now);
    report.beat(context.traffic.inFlight);
    if (!listener.isShort) short = 0;
    else if (++short === SHORT_BEATS_MAX) {
      logger.error(
        '{name} has used up its descriptors, so that callers cannot get in: close what handlers open, or raise "descriptors" under "limits"',
        { name },
      );
      leave(EXIT_BROKEN);
    }
  }, BEAT_MS);
  say("ready");
}

/** Prints what the module in the namespace of its bundle declares, as one line of JSON, and ends the process. */
export function describe(namespace: unknown, options: Pick<ServeOptions, "name" | "configured">): void {
  const { hooks, grants, permissions } = loadOrExit(namespace, options);
  say(JSON.stringify({ hooks, grants, permissions }));
  Deno.exit(0);
}

/** What {@linkcode validate} is told. */
export interface ValidateOptions extends Pick<ServeOptions, "name" | "configured"> {
  /** The module options of pam.d lines, a list of words for each line. */
  readonly lines: readonly (readonly string[])[];
}

/**
 * Prints what the module's own validator says of the options of pam.d lines, and ends the process: one line of JSON, a list with
 * `{ error?, warnings }` for each line.
 */
export function validate(namespace: unknown, { lines, ...module }: ValidateOptions): void {
  const { options } = loadOrExit(namespace, module);
  const said = lines.map((words) => {
    const { error, warnings } = options.parse(words);
    return { error, warnings };
  });
  say(JSON.stringify(said));
  Deno.exit(0);
}

function loadOrExit(namespace: unknown, options: Pick<ServeOptions, "name" | "configured">) {
  try {
    return loadModule(namespace, options);
  } catch (error) {
    logger.error("{message}", { message: (error as Error).message });
    Deno.exit(EXIT_MISCONFIGURED);
  }
}

function testOrExit(module: LoadedModule, expected: Declared | undefined): void {
  const problems = selfTest(module, expected);
  if (problems.length === 0) return;
  for (const problem of problems) {
    logger.error("{name} is not fit to serve: {problem}", { name: module.name, problem });
  }
  Deno.exit(EXIT_MISCONFIGURED);
}

const encoder = new TextEncoder();

function say(words: string): void {
  try {
    Deno.stdout.writeSync(encoder.encode(`${words}\n`));
  } catch {
    // The supervisor is gone, and SIGTERM comes: what is in flight is to be finished all the same.
  }
}
