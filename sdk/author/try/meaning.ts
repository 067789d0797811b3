// SPDX-License-Identifier: MIT
/**
 * What a code means, and what libpam and applications do with it. Sources: pam(3), pam_sm_*(3), pam.conf(5), and what sshd, sudo, su and
 * login were seen to do.
 *
 * @module
 */

import type { PamCode } from "../../tokens.ts";
import type { Call } from "./application_words.ts";

/** What each code says, whatever the hook; for those that a module returns or the shim gives. */
const SAYS: Readonly<Partial<Record<PamCode, string>>> = {
  success: "All is well",
  ignore: "The module has no say",
  perm_denied: "Permission denied",
  auth_err: "Not proven to be who they say",
  user_unknown: "The user is not known",
  authinfo_unavail: "What is needed to decide cannot be reached",
  conv_err: "The conversation failed: nobody answered a question",
  service_err: "The module failed",
  system_err: "Something in the system failed",
  buf_err: "Memory or descriptors ran out",
  cred_insufficient: "The application may not look into what is needed to decide",
  maxtries: "Too many tries: ask no more",
  cred_unavail: "The credentials cannot be had",
  cred_expired: "The credentials have expired",
  cred_err: "The credentials could not be set",
  acct_expired: "The account has expired",
  new_authtok_reqd: "The account may be used, with a new password",
  session_err: "The session failed",
  try_again: "Not now: the password cannot be changed at the moment",
  authtok_lock_busy: "Somebody else is changing the password",
  authtok_err: "The new password was not taken",
  authtok_recover_err: "The old password was not given, or is wrong",
  authtok_disable_aging: "The age of the password is not looked at",
};

/** What an application does after a success. */
const AFTER_SUCCESS: Readonly<Record<Call, string>> = {
  authenticate: "the application goes on to account",
  setCredentials: "the application goes on",
  account: "the application goes on to the session",
  openSession: "the session begins",
  closeSession: "the session is over",
  changePassword: "the password counts as changed",
};

/** What an application does after a refusal. */
const AFTER_REFUSAL: Readonly<Record<Call, string>> = {
  authenticate: "the application refuses; most ask again",
  setCredentials: "sshd ends the login, sudo goes on all the same",
  account: "the application refuses the login",
  openSession: "sshd, login and su end the login",
  closeSession: "the session ends all the same, and it is logged",
  changePassword: "the application says that the password was not changed",
};

/** What a code means: what it says, and what libpam and the application do with it. */
export function meaningOf(call: Call, code: PamCode): string {
  return `${SAYS[code] ?? "Not a code of this hook"}: ${consequence(call, code)}.`;
}

function consequence(call: Call, code: PamCode): string {
  switch (code) {
    case "success":
      return AFTER_SUCCESS[call];
    case "ignore":
      return "the line counts as if it was not there; where no other line says more, libpam gives perm_denied";
    case "new_authtok_reqd":
      return call === "account"
        ? "the application has the password changed before it lets the person in, or refuses where it cannot"
        : AFTER_SUCCESS[call];
    case "session_err":
      return call === "openSession"
        ? "sshd ends the login, but sudo runs the command all the same; perm_denied stops both"
        : AFTER_REFUSAL[call];
    default:
      return AFTER_REFUSAL[call];
  }
}
