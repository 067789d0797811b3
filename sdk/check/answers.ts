// SPDX-License-Identifier: MIT
/**
 * What the modules of others are taken to say when a stack is tried out: the usual thing, for somebody whom they know.
 *
 * @module
 */

import type { PamCode } from "../tokens.ts";
import { type Entry, isModule } from "./stack.ts";

/** Modules that say `ignore`, or nothing that counts. */
const SILENT = ["pam_echo.so", "pam_warn.so", "pam_faildelay.so", "pam_motd.so"];

/** Modules that say whether somebody is meant by a rule. Used to jump or to end a stack, they choose; else they refuse. */
const CHOOSERS = [
  "pam_succeed_if.so",
  "pam_rootok.so",
  "pam_wheel.so",
  "pam_localuser.so",
  "pam_listfile.so",
  "pam_access.so",
];

/** Modules that keep passwords: a change is made when they have run. */
const PASSWORD_KEEPERS = [
  "pam_unix.so",
  "pam_unix2.so",
  "pam_sss.so",
  "pam_ldap.so",
  "pam_krb5.so",
  "pam_winbind.so",
  "pam_systemd_home.so",
];

/** Whether a line is the shim's. */
export function isShim(entry: Entry): boolean {
  return isModule(entry, "pam_deno.so");
}

/** Whether a line is that of a module which keeps passwords. */
export function keepsPasswords(entry: Entry): boolean {
  return isModule(entry, ...PASSWORD_KEEPERS);
}

/** Whether a line chooses whom the lines behind it are for. */
function chooses(entry: Entry): boolean {
  const action = entry.actions.get("success")!;
  return (action === "done" || typeof action === "number") && isModule(entry, ...CHOOSERS);
}

/** Whether a line chooses root, of all users. */
export function choosesRoot(entry: Entry): boolean {
  if (!chooses(entry)) return false;
  if (isModule(entry, "pam_rootok.so")) return true;
  return isModule(entry, "pam_succeed_if.so") && ROOT.test(` ${entry.line.args.join(" ")} `);
}

const ROOT = / (?:uid (?:=|eq) 0|uid (?:<|lt) 1|uid (?:<=|le) 0|user (?:=|in) (?:[^ ]*:)?root(?::[^ ]*)?) /;

/** Who logs in. */
export type Person = "somebody" | "root";

/** Gives what a module says to `person`; lines of the shim say what `ours` gives. */
export function usually(person: Person, ours: (entry: Entry) => PamCode): (entry: Entry) => PamCode {
  return (entry) => {
    if (isShim(entry)) return ours(entry);
    if (isModule(entry, "pam_deny.so")) return "perm_denied";
    if (isModule(entry, ...SILENT)) return "ignore";
    if (!chooses(entry)) return "success";
    return person === "root" && choosesRoot(entry) ? "success" : "auth_err";
  };
}

/** Whether a line can make its stack succeed at all. */
export function canSayYes(entry: Entry): boolean {
  if (entry.kind !== "module" || isModule(entry, "pam_deny.so", ...SILENT)) return false;
  return (["success", "new_authtok_reqd"] as const).some((code) =>
    ["ok", "done"].includes(String(entry.actions.get(code)))
  );
}
