// SPDX-License-Identifier: MIT
/**
 * A screen locker, polkit's helper and a display manager.
 *
 * @module
 */

import type { Profile } from "./profile.ts";

const LOCKER = { process: "locker", conversation: "full" } as const;
const HELPER = { process: "helper", conversation: "full" } as const;
const WORKER = { process: "worker", conversation: "full" } as const;
/** The greeter has gone by then. */
const UNASKED = { process: "worker", conversation: "none" } as const;

/** Theirs, by name. */
export const DESKTOP = {
  /**
   * xsecurelock's. It has no privilege: the socket of a module is closed to it, and the shim answers `authinfo_unavail`, unless it was given
   * a way in. Others ask for authenticate only.
   */
  "locker": {
    description: "a screen locker: it has no privilege, and sets no credentials",
    processes: { locker: { uid: "user", euid: "user" } },
    handles: {
      main: {
        service: "common-auth",
        user: "{user}",
        items: { tty: ":0", rhost: "localhost", ruser: "{user}" },
      },
    },
    steps: [
      { ...LOCKER, call: "authenticate", tries: 3 },
      // Recorded: who is refused here is let in all the same.
      { ...LOCKER, call: "account", tries: 3, ignores: "all" },
      { ...LOCKER, call: "changePassword", flags: ["change_expired_authtok"], when: "expired", tries: 3 },
    ],
  },
  "polkit": {
    description: "polkit's helper: authenticate and account, then it ends",
    processes: { helper: { uid: "by", euid: "root" } },
    handles: { main: { service: "polkit-1", user: "{user}", items: { ruser: "{user}" } } },
    steps: [
      { ...HELPER, call: "authenticate" },
      { ...HELPER, call: "account" },
    ],
    refusesOtherUser: true,
    limits: { answerMax: 511, cutsAnswers: true },
  },
  /** greetd's, on no terminal; with one, PAM_TTY is that. */
  "display-manager": {
    description: "a display manager: nobody can be asked any more when the session is opened",
    processes: { worker: { uid: "root", euid: "root" } },
    handles: { main: { service: "greetd", user: "{user}", items: {} } },
    steps: [
      { ...WORKER, call: "authenticate" },
      { ...WORKER, call: "account" },
      { ...WORKER, call: "setCredentials", flags: ["establish_cred"] },
      {
        ...UNASKED,
        call: "openSession",
        environment: {
          XDG_SEAT: "seat0",
          XDG_SESSION_CLASS: "user",
          USER: "{user}",
          LOGNAME: "{user}",
          HOME: "{home}",
          SHELL: "/bin/sh",
          TERM: "linux",
          GREETD_SOCK: "/run/greetd-1000.sock",
        },
      },
      { ...UNASKED, call: "closeSession", ignores: "all", needs: ["openSession"] },
      {
        ...UNASKED,
        call: "setCredentials",
        flags: ["delete_cred"],
        ignores: "all",
        needs: ["setCredentials", "openSession", "closeSession"],
      },
    ],
  },
} as const satisfies Record<string, Profile>;
