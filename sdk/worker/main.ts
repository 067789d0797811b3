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
import { withCode } from "../coded.ts";
import { confine } from "./confine.ts";
import { isLoading, LOADED_BADLY } from "./loading.ts";
import { configureLog } from "./log.ts";
import { permissionProblems, type ToldPermissions } from "./permissions.ts";
import {
  EXIT_BROKEN,
  EXIT_NOT_PERMITTED,
  leaveWith,
  loadOrExit,
  say,
  serveModule,
  type ServeOptions,
} from "./serving.ts";

// What `pam-deno check` tells this file by.
export { IDENT } from "../version.ts";

const logger = getLogger(["pam-deno", "worker"]);

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
  for (const problem of problems) {
    logger.error(withCode("permissions-not-as-told", "This worker {problem}: it does not start"), {
      problem,
    });
  }
  Deno.exit(EXIT_NOT_PERMITTED);
}

/**
 * Waits, without giving up the turn, until the supervisor has compared this process with what it meant to start: once the module's
 * code runs, what /proc says of the arguments is the module's word.
 */
function awaitGo(): void {
  const length = Deno.stdin.readSync(new Uint8Array(8));
  if (length) return;
  logger.error(
    withCode(
      "started-by-hand",
      "Nobody said that this worker may go on: it is started by `pam-deno serve`, not by hand",
    ),
  );
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
  if (isLoading()) logger.error(withCode("module-broken", `${LOADED_BADLY}{reason}`), { reason });
  else {logger.error(withCode("not-caught", "{what}: await what a handler starts: {reason}"), {
      what,
      reason,
    });}
  leaveWith(EXIT_BROKEN);
}

/** Loads the module out of the namespace of its bundle and serves its hooks until SIGTERM, or until something is broken. */
export function serve(namespace: unknown, options: ServeOptions): void {
  serveModule(namespace, options);
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
