// SPDX-License-Identifier: MIT
/**
 * All profiles, by name.
 *
 * @module
 */

import { typeError } from "../../coded.ts";
import { suggestion } from "../../nearest.ts";
import { CONSOLE } from "./console.ts";
import { DESKTOP } from "./desktop.ts";
import type { Profile } from "./profile.ts";
import { SSHD } from "./sshd.ts";
import { SUDOS } from "./sudo.ts";

/**
 * The name of a profile.
 *
 * @example
 * ```ts
 * import { PROFILES, type ProfileName } from "@pam-deno/sdk/testing";
 *
 * const names = Object.keys(PROFILES) as ProfileName[];
 * const first: ProfileName = names[0] ?? "cron";
 * console.assert(first === "sshd-publickey");
 * ```
 */
export type ProfileName =
  | "sshd-publickey"
  | "sshd-password"
  | "sshd-keyboard-interactive"
  | "sshd-expired-password"
  | "sudo"
  | "sudo-cached"
  | "sudo-non-interactive"
  | "su"
  | "login"
  | "cron"
  | "passwd"
  | "locker"
  | "polkit"
  | "display-manager";

/**
 * The profiles as data, by name. Each says what the application was recorded to do on Debian 12.
 *
 * @example
 * ```ts
 * import { PROFILE_DATA } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const calls = PROFILE_DATA["sudo-cached"].steps.map(({ call }) => call);
 * assert.ok(!calls.includes("authenticate"));
 * ```
 */
export const PROFILE_DATA: Readonly<Record<ProfileName, Profile>> = {
  ...SSHD,
  ...SUDOS,
  ...CONSOLE,
  ...DESKTOP,
};

/**
 * What each profile is, in a line.
 *
 * @example
 * ```ts
 * import { PROFILES } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * assert.match(PROFILES.cron, /nobody to talk to/);
 * ```
 */
export const PROFILES: Readonly<Record<ProfileName, string>> = Object.fromEntries(
  Object.entries(PROFILE_DATA).map(([name, { description }]) => [name, description]),
) as Record<ProfileName, string>;

/**
 * The profile of a name that somebody wrote.
 *
 * @param name The name.
 * @returns Its data.
 * @throws {TypeError} if there is none of that name; the message has the nearest one, or all of them.
 *
 * @example
 * ```ts
 * import { profileOf } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * assert.throws(() => profileOf("sshd-pasword"), /did you mean "sshd-password"/);
 * ```
 */
export function profileOf(name: string): Profile {
  if (Object.hasOwn(PROFILE_DATA, name)) return PROFILE_DATA[name as ProfileName];
  const near = suggestion(name, Object.keys(PROFILE_DATA));
  const remedy = near === "" ? `: write one of ${Object.keys(PROFILE_DATA).join(", ")}` : near;
  throw typeError("kit-misused", `There is no profile "${name}"${remedy}`);
}
