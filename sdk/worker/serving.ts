// SPDX-License-Identifier: MIT
/**
 * How a worker serves the hooks of a module that is loaded, and how it ends.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { withCode } from "../coded.ts";
import { type LoadedModule, loadModule } from "../load.ts";
import { Exchange, type ExchangeContext } from "./exchange.ts";
import { listen } from "./listen.ts";
import { endLoading } from "./loading.ts";
import { Mirror } from "./mirror.ts";
import { Report } from "./report.ts";
import { type Declared, selfTest } from "./self_test.ts";
import { Traffic, type TrafficLimits } from "./traffic.ts";
import type { Witness } from "./witness.ts";

/** How often the worker says that it is alive, and looks for exchanges that do not end by themselves. */
export const BEAT_MS = 1_000;

/** For so many beats a worker may be without a free descriptor before it makes room for another one. */
const SHORT_BEATS_MAX = 3;

/** Why a worker ends by itself: something went wrong that no hook can be blamed for, or it must not run like this. */
export const EXIT_BROKEN = 1;
export const EXIT_NOT_PERMITTED = 77;
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

/** Ends the process with `status`, once what is in flight is finished. */
export function leaveWith(status: number): void {
  leave(status);
}

/** Serves the hooks of the module in the namespace of its bundle until SIGTERM, or until something is broken. */
export function serveModule(
  namespace: unknown,
  { name, configured, fd, limits, expected }: ServeOptions,
  witness?: Witness,
): void {
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
    witness,
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
        withCode(
          "descriptors-used-up",
          '{name} has used up its descriptors, so that callers cannot get in: close what handlers open, or raise "descriptors" under "limits"',
        ),
        { name },
      );
      leave(EXIT_BROKEN);
    }
  }, BEAT_MS);
  say("ready");
}

/** Takes the module out of the namespace of its bundle, or ends the process with what is wrong. */
export function loadOrExit(
  namespace: unknown,
  options: Pick<ServeOptions, "name" | "configured">,
): LoadedModule {
  endLoading();
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

/** Says something to whoever started this process. */
export function say(words: string): void {
  try {
    Deno.stdout.writeSync(encoder.encode(`${words}\n`));
  } catch {
    // The supervisor is gone, and SIGTERM comes: what is in flight is to be finished all the same.
  }
}
