// SPDX-License-Identifier: MIT
/**
 * sshd's three methods, and the password that has expired. Debian 12's does not care if a module changes PAM_USER: the later hooks are
 * about that user, and the session is still that of the first. Newer ones end the login.
 *
 * @module
 */

import type { Profile, ProfileHandle, ProfileProcess, ProfileStep } from "./profile.ts";

const MAIN: ProfileHandle = {
  service: "sshd",
  user: "{user}",
  items: { rhost: "{rhost}", tty: "ssh" },
  environment: { SSH_CONNECTION: "{rhost} 50022 192.0.2.1 22" },
};

/** How the person came, which is empty until they are in; see `ExposeAuthInfo` of sshd_config(5). */
const info = (text: string) => ({ environment: { SSH_AUTH_INFO_0: text } });

/** sshd's privileged process of a connection, and the child of it that becomes the user's session. */
const PROCESSES = {
  monitor: { uid: "root", euid: "root" },
  session: { parent: "monitor", start: "fork", uid: "root", euid: "root" },
} as const satisfies Record<string, ProfileProcess>;

/**
 * What comes when the person has been let in, by the method that is told. A failure of setCredentials is a warning, but for one method.
 * Texts of the session are shown on a terminal only.
 */
function session(method: string, ignores?: ProfileStep["ignores"]): ProfileStep[] {
  const tolerant = ignores === undefined ? {} : { ignores };
  return [
    {
      call: "setCredentials",
      process: "monitor",
      flags: ["establish_cred"],
      conversation: "texts",
      ...tolerant,
    },
    { ...info(method), call: "openSession", process: "monitor", conversation: "texts" },
    {
      call: "setCredentials",
      process: "session",
      flags: ["establish_cred"],
      conversation: "texts",
      alsoAfter: ["openSession"],
      ...tolerant,
    },
  ];
}

const END: readonly ProfileStep[] = [
  {
    call: "closeSession",
    process: "monitor",
    flags: ["silent"],
    conversation: "none",
    ignores: "all",
    needs: ["openSession"],
    alsoAfter: ["setCredentials", "changePassword"],
  },
  {
    call: "setCredentials",
    process: "monitor",
    flags: ["delete_cred"],
    conversation: "none",
    ignores: "all",
    needs: ["setCredentials"],
    alsoAfter: ["openSession", "setCredentials", "changePassword"],
  },
];

/** With a terminal, a password that has expired is changed by passwd(1), in a transaction of its own; then the connection ends. */
const PASSWD: ProfileStep = {
  call: "changePassword",
  process: "passwd",
  handle: "passwd",
  conversation: "full",
  when: "expired",
};
const WITH_PASSWD = { parent: "session", start: "exec", uid: "user", euid: "root" } as const;
const PASSWD_HANDLE: ProfileHandle = { service: "passwd", user: "{user}", items: {} };

const AUTHENTICATE_BY_PASSWORD: ProfileStep = {
  call: "authenticate",
  process: "monitor",
  flags: ["disallow_null_authtok"],
  conversation: "password",
};
const ACCOUNT: ProfileStep = { ...info(""), call: "account", process: "monitor", conversation: "texts" };

/** sshd's, by name. */
export const SSHD = {
  "sshd-publickey": {
    description: "ssh with a key: nobody authenticates, and nothing can be asked",
    processes: { ...PROCESSES, passwd: WITH_PASSWD },
    handles: { main: MAIN, passwd: PASSWD_HANDLE },
    steps: [ACCOUNT, ...session("publickey ssh-ed25519 AAAA\n", "all"), PASSWD, ...END],
  },
  "sshd-password": {
    description: "ssh with a password: every hidden question is answered with it",
    processes: { ...PROCESSES, passwd: WITH_PASSWD },
    handles: { main: MAIN, passwd: PASSWD_HANDLE },
    steps: [AUTHENTICATE_BY_PASSWORD, ACCOUNT, ...session("password\n", "all"), PASSWD, ...END],
  },
  "sshd-keyboard-interactive": {
    description: "ssh that asks: authenticate and account run in a child, the session in its parent",
    processes: {
      ...PROCESSES,
      asking: { parent: "monitor", start: "fork", leaves: "environment", uid: "root", euid: "root" },
    },
    handles: { main: MAIN },
    steps: [
      {
        ...info(""),
        call: "authenticate",
        process: "asking",
        flags: ["disallow_null_authtok"],
        conversation: "full",
      },
      { call: "account", process: "asking", conversation: "full" },
      {
        call: "changePassword",
        process: "asking",
        flags: ["change_expired_authtok"],
        conversation: "full",
        when: "expired",
      },
      ...session("keyboard-interactive/pam\n"),
      ...END,
    ],
  },
  "sshd-expired-password": {
    description: "ssh with a password that has expired: passwd(1) changes it, in a transaction of its own",
    processes: { ...PROCESSES, passwd: WITH_PASSWD },
    handles: { main: MAIN, passwd: PASSWD_HANDLE },
    steps: [AUTHENTICATE_BY_PASSWORD, ACCOUNT, ...session("password\n", "all"), PASSWD, ...END],
    expired: true,
  },
} as const satisfies Record<string, Profile>;
