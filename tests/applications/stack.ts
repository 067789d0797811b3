// SPDX-License-Identifier: MIT
/**
 * The usual stack of these tests: pam_unix decides about people, and the recorder sees every hook.
 *
 * @module
 */

import type { LineType } from "../../sdk/hooks.ts";

/** Words behind the recorder's name, by type of the line. */
export type Words = Readonly<Partial<Record<LineType, string>>>;

/** Lines of pam.d. The recorder comes in front of pam_unix, but for passwords at the login: behind it, it sees those who knew theirs. */
export function stack(words: Words = {}): string[] {
  const recorder = (type: LineType, control = "required") =>
    `${type} ${control} pam_deno.so debug=yes recorder ${words[type] ?? ""}`;
  return [
    "auth requisite pam_unix.so nodelay",
    recorder("auth"),
    recorder("account"),
    "account required pam_unix.so",
    // What it refuses, nobody asks for any more.
    recorder("password", "requisite"),
    "password required pam_unix.so sha512",
    recorder("session"),
    "session optional pam_unix.so",
  ];
}
