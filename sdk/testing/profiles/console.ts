// SPDX-License-Identifier: MIT
/**
 * su, login, cron and passwd.
 *
 * @module
 */

import type { Profile } from "./profile.ts";

const SU = { process: "su", conversation: "full" } as const;
/** From the session on, su without "-" shows no information, for the sake of scripts. */
const SU_SESSION = { ...SU, dropsInfo: true } as const;
const LOGIN = { process: "login", conversation: "full" } as const;
const CRON = { conversation: "none", flags: ["silent"] } as const;

/** Theirs, by name. */
export const CONSOLE = {
  "su": {
    description: "su from one user to another, on a terminal",
    processes: { su: { uid: "by", euid: "root" } },
    handles: { main: { service: "su", user: "{user}", items: { ruser: "{by}", tty: "{tty}" } } },
    steps: [
      { ...SU, call: "authenticate" },
      { ...SU, call: "account" },
      { ...SU, call: "changePassword", flags: ["change_expired_authtok"], when: "expired" },
      { ...SU, call: "setCredentials", flags: ["establish_cred"] },
      { ...SU_SESSION, call: "openSession" },
      { ...SU_SESSION, call: "closeSession", ignores: "all", needs: ["openSession"] },
      {
        ...SU_SESSION,
        call: "setCredentials",
        flags: ["delete_cred", "silent"],
        ignores: "all",
        needs: ["setCredentials"],
        alsoAfter: ["openSession"],
      },
    ],
  },
  "login": {
    description: "login on a terminal: the name is asked for through PAM, credentials come last",
    processes: { login: { uid: "root", euid: "root" } },
    handles: {
      main: { service: "login", items: { tty: "{tty}", rhost: "", user_prompt: "{host} login: " } },
    },
    steps: [
      { ...LOGIN, call: "authenticate" },
      { ...LOGIN, call: "account" },
      { ...LOGIN, call: "changePassword", flags: ["change_expired_authtok"], when: "expired" },
      { ...LOGIN, call: "openSession" },
      { ...LOGIN, call: "setCredentials", flags: ["establish_cred"] },
      { ...LOGIN, call: "closeSession", ignores: "all", needs: ["openSession"] },
    ],
  },
  "cron": {
    description: "a job of cron: nobody authenticates, and there is nobody to talk to",
    processes: {
      cron: { uid: "root", euid: "root" },
      job: { parent: "cron", start: "fork", uid: "root", euid: "root" },
    },
    handles: { main: { service: "cron", user: "{user}", items: { tty: "cron" } } },
    steps: [
      { ...CRON, call: "account", process: "cron" },
      { ...CRON, call: "setCredentials", process: "cron", flags: ["establish_cred", "silent"] },
      { ...CRON, call: "openSession", process: "cron" },
      { ...CRON, call: "setCredentials", process: "job", flags: ["reinitialize_cred", "silent"] },
      {
        ...CRON,
        call: "setCredentials",
        process: "cron",
        flags: ["delete_cred", "silent"],
        ignores: "all",
        needs: ["setCredentials"],
      },
      { ...CRON, call: "closeSession", process: "cron", ignores: "all", needs: ["openSession"] },
    ],
  },
  "passwd": {
    description: "passwd: a person changes their own password",
    processes: { passwd: { uid: "user", euid: "root" } },
    handles: { main: { service: "passwd", user: "{user}", items: {} } },
    steps: [{ call: "changePassword", process: "passwd", conversation: "full" }],
  },
} as const satisfies Record<string, Profile>;
