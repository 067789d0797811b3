// SPDX-License-Identifier: MIT
/**
 * A screen locker, polkit's helper and a display manager.
 *
 * @module
 */

import type { Profile } from "./profile.ts";

const GREETER = { process: "daemon", conversation: "full" } as const;

/** Theirs, by name. */
export const DESKTOP = {
  "locker": {
    description: "a screen locker: it has no privilege, and asks for nothing but authenticate",
    processes: { locker: { uid: "user", euid: "user" } },
    handles: { main: { service: "locker", user: "{user}", items: { tty: "{tty}" } } },
    steps: [{ call: "authenticate", process: "locker", conversation: "full" }],
  },
  "polkit": {
    description: "polkit's helper: authenticate and account, then it ends",
    processes: { helper: { uid: "user", euid: "root" } },
    handles: { main: { service: "polkit-1", user: "{user}", items: {} } },
    steps: [
      { call: "authenticate", process: "helper", conversation: "full" },
      { call: "account", process: "helper", conversation: "full" },
    ],
  },
  "display-manager": {
    description: "a display manager: one process asks, and another opens the session",
    processes: { daemon: { uid: "root", euid: "root" } },
    handles: { main: { service: "greetd", user: "{user}", items: { tty: "{tty}" } } },
    steps: [
      { ...GREETER, call: "authenticate" },
      { ...GREETER, call: "account" },
      { ...GREETER, call: "setCredentials", flags: ["establish_cred"] },
      { ...GREETER, call: "openSession" },
      { ...GREETER, call: "closeSession", ignores: "all", cleansUp: ["openSession"] },
    ],
  },
} as const satisfies Record<string, Profile>;
