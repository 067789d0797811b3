// SPDX-License-Identifier: MIT
/**
 * account-ageing against pam_unix and pam_nologin: 20,000 generated shadow entries and 3,000 states of the nologin files, each through
 * the real libpam. They agree but for the rows of the table in the module's README, and each row is as it stands there.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Kind } from "./ageing_entries.ts";
import {
  compare,
  type Compared,
  type ComparedNologin,
  type NologinFile,
  type Report,
  type Said,
} from "./ageing_machine.ts";

const AS_ROOT = { ignore: Deno.uid() !== 0 };
const ENTRIES_MIN = 20_000;
const NOLOGIN_MIN = 3000;
/** What the comparison may take, in seconds; it takes half of it beside other work on two cores. */
const SECONDS_MAX = 90;
/** What a message of libpam can hold. */
const TEXT_MAX = 511;
const CLOSED = "Logins are closed now";
const LATER = "Logins cannot be checked now; the administrator finds the reason in the system log";

let report: Report | undefined;

Deno.test.beforeAll(async () => {
  if (!AS_ROOT.ignore) report = await compare();
});

function seen(): Report {
  assert.ok(report !== undefined, "The comparison could not be made");
  return report;
}

/** What a text says, whoever's words they are. */
const MEANINGS: readonly (readonly [RegExp, (days: string) => string])[] = [
  [/^Your account has expired[;:]/, () => "expired"],
  [/^Your password expired too long ago:/, () => "expired"],
  [/administrator (?:enforced\)\.|demands it)$/, () => "must change"],
  [/\(password expired\)\.$|^Your password has expired:/, () => "aged"],
  [/^Warning: your password will expire in (\d+) days?\.$/, (days) => `${days} left`],
  [/^Your password expires in (\d+) days?$/, (days) => `${days} left`],
  [/^Your password expires today$/, () => "0 left"],
  [/^Your account has no password:/, () => "empty"],
  [/^Your account is locked:/, () => "locked"],
];

function meaning({ shown }: Said): readonly string[] {
  return shown.map(({ style, text }) => {
    for (const [pattern, told] of MEANINGS) {
      const found = pattern.exec(text);
      if (found !== null) return `${style} ${told(found[1] ?? "")}`;
    }
    return `${style} ${text}`;
  });
}

const told = ({ code, ...said }: Said) => ({ code, meaning: meaning({ code, ...said }) });

/** What pam_unix says, in the words that pam_sm_acct_mgmt(3) has: a row of the table. */
function inOurWords(unix: Said): Said {
  return unix.code === "authtok_expired" ? { ...unix, code: "acct_expired" } : unix;
}

function expectSame(one: Compared, ours: Said, unix: Said): void {
  assert.deepEqual(told(ours), told(inOurWords(unix)), JSON.stringify(one, null, 1));
}

/** The entries that pam_unix uses, or that are not there. */
function used(): readonly Compared[] {
  return seen().entries.filter(({ twin }) => twin === undefined);
}

Deno.test({
  ...AS_ROOT,
  name: "account agrees with pam_unix over 20,000 shadow entries (needs root)",
  fn() {
    const { entries, repeated, seconds: [seconds] } = seen();
    assert.ok(entries.length >= ENTRIES_MIN, `only ${entries.length} entries`);
    for (const one of used()) expectSame(one, one.ours, one.unix);
    console.log(`${entries.length} entries in ${seconds.toFixed(1)} s, ${repeated} files asked about again`);
  },
});

Deno.test({
  ...AS_ROOT,
  name: "the shadow entries reach every answer, and come about in every way (needs root)",
  fn() {
    const counts = new Map<string, number>();
    for (const { unix, kind } of used()) {
      const text = meaning(unix).join(" ").replace(
        /(\d+) left/,
        (_, days) => `${days < 3 ? days : "more"} left`,
      );
      for (const key of [`${unix.code} ${text}`.trim(), kind]) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const least: Record<string, number> = {
      "success": 3000,
      "success text_info 0 left": 100,
      "success text_info 1 left": 100,
      "success text_info 2 left": 100,
      "success text_info more left": 500,
      "acct_expired error_msg expired": 1000,
      "authtok_expired error_msg expired": 1000,
      "new_authtok_reqd error_msg must change": 300,
      "new_authtok_reqd error_msg aged": 1000,
      "authinfo_unavail": 300,
      "user_unknown": 100,
      ...{
        edge: 5000,
        near: 8000,
        malformed: 500,
        absent: 100,
        own_password: 150,
        unknown: 100,
      } satisfies Record<Kind, number>,
    };
    const table = JSON.stringify(Object.fromEntries(counts), null, 1);
    for (const [key, n] of Object.entries(least)) assert.ok((counts.get(key) ?? 0) >= n, `${key}: ${table}`);
    assert.equal(counts.size, Object.keys(least).length, table);
  },
});

Deno.test({
  ...AS_ROOT,
  name: "pam_unix goes by no shadow entry beside a password in passwd(5), and account does (needs root)",
  fn() {
    const { entries } = seen();
    const byName = new Map(entries.map((one) => [one.user, one]));
    const rows = entries.filter(({ twin }) => twin !== undefined);
    for (const one of rows) {
      assert.deepEqual(told(one.unix), { code: "success", meaning: [] });
      expectSame(one, one.ours, byName.get(one.twin!)!.unix);
    }
    const differ = rows.filter(({ ours }) => ours.code !== "success");
    assert.ok(differ.length >= 100, `${differ.length} of ${rows.length}`);
  },
});

Deno.test({
  ...AS_ROOT,
  name: "account is stricter than pam_unix only where it is told to (needs root)",
  fn() {
    const counts = { silent: 0, locked: 0, empty: 0 };
    for (const one of used()) {
      if (one.stricter === undefined) continue;
      const { silent, noNull, locked } = one.stricter;
      assert.deepEqual(silent, { code: one.ours.code, shown: [] });
      counts.silent += one.ours.shown.length;
      const hash = one.password === undefined || one.unix.code.endsWith("unavail") ? undefined : hashOf(one);
      const isLocked = /^[!*]/.test(hash ?? "");
      if (isLocked && ["success", "new_authtok_reqd"].includes(one.ours.code)) {
        counts.locked++;
        assert.deepEqual(told(locked), { code: "perm_denied", meaning: ["error_msg locked"] }, one.shadow);
      } else expectSame(one, locked, one.unix);
      if (hash === "" && one.ours.code === "success") {
        counts.empty++;
        assert.deepEqual(
          told(noNull),
          { code: "new_authtok_reqd", meaning: ["error_msg empty"] },
          one.shadow,
        );
      } else expectSame(one, noNull, one.unix);
    }
    const table = JSON.stringify(counts);
    assert.ok(counts.silent >= 500 && counts.locked >= 300 && counts.empty >= 50, table);
  },
});

/** The password of a user that has one. */
function hashOf({ shadow, hash, password, kind }: Compared): string | undefined {
  return shadow === undefined && kind === "own_password" ? password : hash;
}

/** The file that pam_nologin goes by, in its order. */
function deciding({ files, words }: ComparedNologin): NologinFile | undefined {
  const file = words.find((word) => word.startsWith("file="))?.slice("file=".length);
  const paths = file === undefined ? ["/run/nologin", "/etc/nologin"] : [file];
  return paths.map((path) => files[path]!).find(({ is }) => is !== "absent" && is !== "dangling");
}

/** What a notice looks like to the person: without blanks at its end, and not longer than a message can be. */
function asShown(text: string): string {
  const trimmed = text.trimEnd() || CLOSED;
  return new TextEncoder().encode(trimmed).length <= TEXT_MAX
    ? trimmed
    : `${trimmed.slice(0, TEXT_MAX - 3)}…`;
}

/** What account answers where no row of the table says otherwise. */
function likeNologin(one: ComparedNologin, file: NologinFile | undefined): Said {
  const style = one.uid === 0 ? "text_info" : "error_msg";
  return {
    code: one.nologin.code,
    shown: file === undefined ? [] : [{ style, text: asShown(file.text) }],
  };
}

/** What account answers, rows of the table included. */
function expectedOf(one: ComparedNologin): Said {
  const file = deciding(one);
  const open = one.words.includes("successok") ? "success" as const : "perm_denied" as const;
  const style = one.uid === 0 ? "text_info" : "error_msg";
  const code = one.uid === 0 ? open : one.uid === undefined ? "user_unknown" : "auth_err";
  switch (file?.is) {
    // Row: what is not a file closes logins without a text, and does not keep root out.
    case "folder":
      assert.equal(one.nologin.code, "system_err", JSON.stringify(one));
      return { code, shown: [{ style, text: CLOSED }] };
    // Row: what cannot be read closes logins without its text.
    case "unreadable":
      return { ...likeNologin(one, file), shown: [{ style, text: CLOSED }] };
    // Row: what cannot be looked at is no open door.
    case "loop":
      return { code: code === "auth_err" ? "service_err" : code, shown: [{ style, text: LATER }] };
    default:
      return likeNologin(one, file);
  }
}

Deno.test({
  ...AS_ROOT,
  name: "account agrees with pam_nologin over 3,000 states of its files (needs root)",
  fn() {
    const { nologin, seconds: [, seconds] } = seen();
    assert.ok(nologin.length >= NOLOGIN_MIN, `only ${nologin.length} states`);
    const counts = new Map<string, number>();
    const add = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
    for (const one of nologin) {
      const expected = expectedOf(one);
      assert.deepEqual(one.ours, expected, JSON.stringify(one, null, 1));
      // Row: pam_nologin shows its text under PAM_SILENT too.
      assert.deepEqual(one.silent, { code: expected.code, shown: [] });
      add(one.nologin.code);
      add(deciding(one)?.is ?? "open");
    }
    const table = JSON.stringify(Object.fromEntries(counts), null, 1);
    const least = { success: 500, perm_denied: 500, auth_err: 300, user_unknown: 300, system_err: 50 };
    const files = { open: 500, text: 1000, folder: 50, device: 50, unreadable: 50, loop: 30 };
    for (const [key, n] of Object.entries({ ...least, ...files })) {
      assert.ok((counts.get(key) ?? 0) >= n, `${key}: ${table}`);
    }
    console.log(`${nologin.length} states in ${seconds.toFixed(1)} s`);
  },
});

Deno.test({
  ...AS_ROOT,
  name: "the comparison takes no longer than it may (needs root)",
  fn() {
    const seconds = seen().seconds.reduce((sum, part) => sum + part);
    assert.ok(seconds <= SECONDS_MAX, `${seconds.toFixed(1)} s; load ${Deno.loadavg().join(" ")}`);
  },
});
