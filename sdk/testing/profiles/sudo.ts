// SPDX-License-Identifier: MIT
/**
 * sudo: with a password, with a time stamp that still counts, and where nobody may be asked. Debian 12's does not care if a module changes
 * PAM_USER in authenticate; newer ones refuse.
 *
 * @module
 */

import type { Profile, ProfileStep } from "./profile.ts";

const SUDO = { process: "sudo" } as const;

const AUTHENTICATE: ProfileStep = {
  ...SUDO,
  call: "authenticate",
  flags: ["silent"],
  conversation: "full",
  tries: 3,
};
const ACCOUNT: ProfileStep = { ...SUDO, call: "account", flags: ["silent"], conversation: "full" };
const CHANGE: ProfileStep = {
  ...SUDO,
  call: "changePassword",
  flags: ["change_expired_authtok"],
  conversation: "full",
  when: "expired",
};

/** From here on it is about the user that the command runs as. */
const SESSION: readonly ProfileStep[] = [
  {
    ...SUDO,
    call: "setCredentials",
    flags: ["reinitialize_cred"],
    items: { user: "{target}" },
    conversation: "full",
    ignores: "all",
  },
  { ...SUDO, call: "openSession", flags: ["silent"], conversation: "full", ignores: ["session_err"] },
  {
    ...SUDO,
    call: "closeSession",
    flags: ["silent"],
    conversation: "full",
    ignores: "all",
    needs: ["openSession"],
  },
  {
    ...SUDO,
    call: "setCredentials",
    flags: ["delete_cred", "silent"],
    conversation: "full",
    ignores: "all",
    needs: ["setCredentials"],
  },
];

const COMMON = {
  processes: { sudo: { uid: "user", euid: "root" } },
  handles: {
    main: { service: "sudo", user: "{user}", items: { ruser: "{user}", tty: "{tty}" } },
  },
  limits: { answerMax: 511, failureEnds: true },
} as const satisfies Partial<Profile>;

const unasked = (steps: readonly ProfileStep[]): ProfileStep[] =>
  steps.map((step) => ({ ...step, conversation: "none" }));

/** sudo's, by name. */
export const SUDOS = {
  "sudo": {
    ...COMMON,
    description: "sudo with a password: about the caller first, then about the user it becomes",
    steps: [AUTHENTICATE, ACCOUNT, CHANGE, ...SESSION],
  },
  "sudo-cached": {
    ...COMMON,
    description: "sudo with a time stamp that counts: nobody authenticates, account begins from cold",
    steps: [ACCOUNT, CHANGE, ...SESSION],
  },
  "sudo-non-interactive": {
    ...COMMON,
    description: "sudo -n that asks PAM all the same: every question fails",
    steps: unasked([AUTHENTICATE, ACCOUNT, CHANGE, ...SESSION]),
  },
} as const satisfies Record<string, Profile>;
