// SPDX-License-Identifier: MIT
/**
 * A directory of service files of one's own, for {@linkcode Transaction.start}.
 *
 * @module
 */

import { rangeError, typeError } from "../coded.ts";
import type { LineType } from "../hooks.ts";
import type { PamCode } from "../tokens.ts";

/**
 * What a stack does with a return code, a number is how many lines it jumps over; see pam.conf(5).
 *
 * @example
 * ```ts
 * import { type ControlAction, formatServiceLine } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * const skip: ControlAction = 1;
 * const control = { success: skip, default: "ignore" } as const;
 * const line = formatServiceLine({ type: "auth", control, module: "pam_unix.so" });
 * assert.equal(line, "auth [success=1 default=ignore] pam_unix.so");
 * ```
 */
export type ControlAction = "ignore" | "bad" | "die" | "ok" | "done" | "reset" | number;

/**
 * The control of a line: a word, or an action per return code; see pam.conf(5).
 *
 * @example
 * ```ts
 * import { type Control, ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * const lenient: Control = { acct_expired: "ignore", success: "ok", default: "bad" };
 * using services = ServiceDirectory.create();
 * services.write("demo", [
 *   { type: "account", control: lenient, module: "pam_debug.so", args: ["acct=acct_expired"] },
 *   { type: "account", control: "required", module: "pam_permit.so" },
 * ]);
 * using transaction = Transaction.start({ service: "demo", user: "nobody", confdir: services.path });
 * assert.equal(transaction.account(), "success");
 * ```
 */
export type Control =
  | "required"
  | "requisite"
  | "sufficient"
  | "optional"
  | "include"
  | "substack"
  | Readonly<Partial<Record<PamCode | "default", ControlAction>>>;

/**
 * One line of a service file, at most 1023 octets long as it is written; see pam.conf(5).
 *
 * @example
 * ```ts
 * import { formatServiceLine, type ServiceLine } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * const args = ["tickets", "grant=prompt"];
 * const line: ServiceLine = { type: "auth", control: "required", module: "pam_deno.so", args };
 * assert.equal(formatServiceLine(line), "auth required pam_deno.so tickets grant=prompt");
 * ```
 */
export interface ServiceLine {
  /** Its type. With `-` in front a module that is not installed is not logged. */
  readonly type: LineType | `-${LineType}`;
  /** What its result means for the stack. */
  readonly control: Control;
  /** The module: the name of a file in libpam's directory, or an absolute path. With `include`, a service. */
  readonly module: string;
  /** The module's arguments, as the module is to see them. */
  readonly args?: readonly string[];
}

/** The longest line that every version of libpam reads, in octets; what is longer is an error in the whole file. */
const LINE_MAX = 1023;

// Whitespace as C sees it; a no-break space, say, needs no quotes.
const NEEDS_BRACKETS = /[ \t\v\f\r]|^\[|^$/;

/**
 * Writes a word of a line so that libpam reads it as it is: in square brackets where pam.conf(5) wants them.
 *
 * @throws {TypeError} for what cannot be written: NUL, newline, `#`, a backslash at the end
 */
function quote(word: string, name: string): string {
  const [bad] = /[\0\n#]|\\$/.exec(word) ?? [];
  if (bad !== undefined) {
    throw typeError(
      "libpam-misused",
      `Cannot write ${name} ${JSON.stringify(word)}: pam.conf(5) has no way to quote ${JSON.stringify(bad)}`,
    );
  }
  return NEEDS_BRACKETS.test(word) ? `[${word.replaceAll("]", "\\]")}]` : word;
}

function formatControl(control: Control): string {
  if (typeof control === "string") return quote(control, "the control");
  const actions = Object.entries(control).map(([code, action]) => `${code}=${action}`);
  return `[${actions.join(" ")}]`;
}

/**
 * Writes a line of a service file, without the newline at its end.
 *
 * @throws {TypeError} for what cannot be written: NUL, newline, `#`, a backslash at the end of a word, no module
 * @throws {RangeError} for a line that libpam cannot read because it is longer than 1023 octets
 *
 * @example
 * ```ts
 * import { formatServiceLine } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * assert.equal(
 *   formatServiceLine({
 *     type: "account",
 *     control: { success: "ok", default: "die" },
 *     module: "pam_echo.so",
 *     args: ["[ welcome ]"],
 *   }),
 *   "account [success=ok default=die] pam_echo.so [[ welcome \\]]",
 * );
 * ```
 */
export function formatServiceLine(line: ServiceLine): string {
  if (line.module === "") throw typeError("libpam-misused", "Cannot write a line without a module");
  const words = [
    quote(line.type, "the type"),
    formatControl(line.control),
    quote(line.module, "the module"),
    ...(line.args ?? []).map((arg) => quote(arg, "the argument")),
  ];
  const text = words.join(" ");
  const { length } = new TextEncoder().encode(text);
  if (length > LINE_MAX) {
    throw rangeError(
      "libpam-misused",
      `Cannot write the line for '${line.module}': it has ${length} octets, libpam reads ${LINE_MAX}`,
    );
  }
  return text;
}

/**
 * A temporary directory of service files. It is there until it is disposed of, and readable by every user of the machine.
 *
 * @example
 * ```ts
 * import { ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * services.write("demo", [
 *   { type: "account", control: "requisite", module: "pam_debug.so", args: ["acct=acct_expired"] },
 * ]);
 * using transaction = Transaction.start({ service: "demo", user: "nobody", confdir: services.path });
 * assert.equal(transaction.account(), "acct_expired");
 * ```
 */
export class ServiceDirectory implements Disposable {
  /** The directory, for the option `confdir`. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes an empty directory, mode 0755.
   *
   * @param options `dir`, the directory to make it in; that for temporary files if left out
   */
  static create(options: { readonly dir?: string } = {}): ServiceDirectory {
    const path = Deno.makeTempDirSync({ prefix: "pam-deno-services-", ...options });
    Deno.chmodSync(path, 0o755);
    return new ServiceDirectory(path);
  }

  /**
   * Writes the file of a service, mode 0644, in place of the one that may be there.
   *
   * @param service its name; in lower case, as libpam reads it
   * @param lines its lines
   * @returns the path of the file
   * @throws {TypeError} for a name that libpam does not find, or a line that cannot be written
   * @throws {RangeError} for a line that is too long
   */
  write(service: string, lines: readonly ServiceLine[]): string {
    if (!/^[^/\0]+$/.test(service) || /^\.\.?$/.test(service) || service !== service.toLowerCase()) {
      throw typeError(
        "libpam-misused",
        `Cannot write the service '${service}': its name is a file name in lower case`,
      );
    }
    const path = `${this.path}/${service}`;
    Deno.writeTextFileSync(path, lines.map((line) => `${formatServiceLine(line)}\n`).join(""));
    Deno.chmodSync(path, 0o644);
    return path;
  }

  /** Removes the directory with all that is in it. */
  [Symbol.dispose](): void {
    try {
      Deno.removeSync(this.path, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
