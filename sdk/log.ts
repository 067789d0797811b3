// SPDX-License-Identifier: MIT
/**
 * The log: every line goes to the system log through the shim, and to LogTape for whatever sinks the worker
 * has.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { LogLevel } from "./caller.ts";
import type { HookState } from "./hook_state.ts";
import { isSecret, type Secret, withoutSecrets } from "./secret.ts";

/**
 * Values that go with a log line, by name. Objects and lists are shown three levels deep, octets only by their
 * number, a Secret as `[secret]`.
 *
 * @example
 * ```ts
 * import { defineModule, type LogProperties } from "@pam-deno/sdk";
 * import { assertLogged, runHook } from "@pam-deno/sdk/testing";
 *
 * const seen: LogProperties = { rhost: "203.0.113.7", tries: 3 };
 * const module = defineModule({
 *   account({ log }) {
 *     log.warn("from {rhost}", seen); // what the message does not name stands behind it
 *     return "ignore";
 *   },
 * });
 * assertLogged(await runHook(module, "account"), 'from "203.0.113.7" tries=3');
 * ```
 */
export type LogProperties = Readonly<Record<string, unknown>>;

/**
 * Writes to the system log (pam_syslog(3)) under the name of the application, and to LogTape under the
 * category
 * `["pam-deno", MODULE]`.
 *
 * `{name}` in a message stands for the property of that name, `{{` and `}}` for braces. Properties that the
 * message does not name are put behind it. Strings a person chose belong into properties: there they are
 * quoted, so that they cannot forge a line. A Secret prints as `[secret]`, and the octets of a Secret that
 * the hook was given are cut out of every line.
 *
 * A line is cut to 1024 bytes (LOG_MAX); lines of a hook above 30 are counted and left out.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertLogged, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   account({ log, items }) {
 *     log.info("seen from {rhost}", { rhost: items.rhost });
 *     return "ignore";
 *   },
 * });
 *
 * const seen = await runHook(module, "account", { items: { rhost: "203.0.113.7" } });
 * assertLogged(seen, /seen from "203\.0\.113\.7"/);
 * ```
 */
export interface Log {
  /** LOG_DEBUG, which many a system log does not keep. */
  debug(message: string, properties?: LogProperties): void;
  /** LOG_INFO. */
  info(message: string, properties?: LogProperties): void;
  /** LOG_WARNING. */
  warn(message: string, properties?: LogProperties): void;
  /** LOG_ERR. */
  error(message: string, properties?: LogProperties): void;
}

/** The deepest that plain objects and lists are looked into. */
const DEPTH_MAX = 3;

/** `value` without octets, which may be a token's, and without Secrets, however a sink prints them. */
function withoutOctets(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isSecret(value)) return "[secret]";
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} octets]`;
  if (Array.isArray(value)) {
    return depth < DEPTH_MAX ? value.map((one) => withoutOctets(one, depth + 1)) : "[list]";
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  if (depth >= DEPTH_MAX) return "[object]";
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutOctets(one, depth + 1)]));
}

/** A value as it stands in a line. */
function show(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > 512 ? `${value.slice(0, 512)}…` : value);
  }
  if (isSecret(value)) return "[secret]";
  if (value instanceof Error) return JSON.stringify(`${value.name}: ${value.message}`);
  const shown = withoutOctets(value);
  if (typeof shown !== "object" || shown === null) return String(shown);
  return inspect(shown);
}

/** In the notation of the language. Under Node.js, where a module's tests may run, texts in it have other quotes. */
function inspect(value: object): string {
  const options = { depth: 4, breakLength: Infinity };
  if (typeof Deno !== "undefined") {
    return Deno.inspect(value, { ...options, iterableLimit: 20, strAbbreviateSize: 256 });
  }
  const util = globalThis.process.getBuiltinModule("node:util");
  return util.inspect(value, { ...options, maxArrayLength: 20, maxStringLength: 256 });
}

const PLACEHOLDER = /\{\{|\}\}|\{([^{}]*)\}/g;

/** `message` with its placeholders filled in, and the other properties behind it as `name=value`. */
export function render(message: string, properties: LogProperties): string {
  const named = new Set<string>();
  const text = message.replace(PLACEHOLDER, (found, name: string | undefined) => {
    if (found === "{{" || found === "}}") return found[0]!;
    const key = name!.trim();
    if (!Object.hasOwn(properties, key)) return found;
    named.add(key);
    return show(properties[key]);
  });
  const rest = Object.entries(properties).filter(([key]) => !named.has(key));
  return rest.length === 0
    ? text
    : `${text} ${rest.map(([key, value]) => `${key}=${show(value)}`).join(" ")}`;
}

const METHODS = { debug: "debug", info: "info", warning: "warn", error: "error" } as const satisfies Record<
  LogLevel,
  string
>;

/**
 * Hands a record to LogTape. Secrets are replaced, not left to a formatter; in a hook that has any, so is all
 * that may hold them.
 */
export function toLogTape(
  module: string,
  level: LogLevel,
  message: string,
  properties: LogProperties,
  secrets: readonly Secret[],
): void {
  const safe: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(properties)) {
    const plain = typeof value === "string" || isSecret(value) || secrets.length === 0;
    const shown = plain ? withoutOctets(value) : show(value);
    safe[key] = typeof shown === "string" ? withoutSecrets(shown, secrets) : shown;
  }
  getLogger(["pam-deno", module])[METHODS[level]](withoutSecrets(message, secrets), safe);
}

const NONE: LogProperties = Object.freeze({});

/** Makes the log of one hook. */
export function makeLog(state: HookState): Log {
  const write = (level: LogLevel) => (message: string, properties: LogProperties = NONE) =>
    state.log(level, String(message), properties);
  return Object.freeze({
    debug: write("debug"),
    info: write("info"),
    warn: write("warning"),
    error: write("error"),
  });
}
