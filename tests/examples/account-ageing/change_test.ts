// SPDX-License-Identifier: MIT
/**
 * account-ageing in front of pam_unix on the password lines: a login with an expired password in one transaction, and passwd(1), which
 * is another one.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { runInMachine } from "../../differential/ageing_machine.ts";
import { ROOT } from "../../integration/harness.ts";
import type { Call, Report } from "./change_report.ts";

const AS_ROOT = { ignore: Deno.uid() !== 0 };
const ASKED = [
  "text_info Changing password for joe.",
  "prompt_echo_off Current password: ",
  "prompt_echo_off New password: ",
  "prompt_echo_off Retype new password: ",
];

let report: Report | undefined;

Deno.test.beforeAll(async () => {
  if (!AS_ROOT.ignore) {
    report = JSON.parse(await runInMachine(join(ROOT, "tests/examples/account-ageing/change_run.ts")));
  }
});

function seen(): Report {
  assert.ok(report !== undefined, "Nothing was seen");
  return report;
}

function assertCalls(
  calls: readonly Call[],
  expected: readonly [string, string, number, readonly string[]][],
): void {
  const all = JSON.stringify(calls, null, 1);
  assert.deepEqual(
    calls.map(({ call, code, age }) => [call, code, age]),
    expected.map((one) => one.slice(0, 3)),
    all,
  );
  expected.forEach(([, , , shown], i) => assert.deepEqual(calls[i]!.shown, shown, all));
}

Deno.test({
  ...AS_ROOT,
  name: "a password that is too old is changed by pam_unix behind the line, and then good (needs root)",
  fn() {
    assertCalls(seen().aged, [
      ["account", "new_authtok_reqd", 91, ["error_msg Your password has expired: choose a new one now"]],
      ["changePassword", "success", 0, ASKED],
      ["account", "success", 0, []],
    ]);
  },
});

Deno.test({
  ...AS_ROOT,
  name: "a password that must be changed can be, however lately that was done (needs root)",
  fn() {
    const calls = seen().demanded;
    assert.deepEqual(calls.map(({ code }) => code), ["new_authtok_reqd", "success", "success"]);
    assert.deepEqual(calls[0]!.shown, [
      "error_msg You must choose a new password now: the administrator demands it",
    ]);
    assert.equal(calls[2]!.age, 0);
  },
});

Deno.test({
  ...AS_ROOT,
  name: "a change that failed can be tried again in the same transaction (needs root)",
  fn() {
    const calls = seen().cancelled;
    assert.deepEqual(calls.map(({ call, code }) => [call, code]), [
      ["account", "new_authtok_reqd"],
      ["changePassword", "authtok_err"],
      ["changePassword", "success"],
      ["account", "success"],
    ], JSON.stringify(calls, null, 1));
    assert.deepEqual(calls.map(({ age }) => age), [91, 91, 0, 0]);
  },
});

Deno.test({
  ...AS_ROOT,
  name: "a password that is much too old is changed by nobody: nothing is asked (needs root)",
  fn() {
    const text = "error_msg Your password expired too long ago: ask the administrator";
    assertCalls(seen().inactive, [
      ["account", "acct_expired", 91, [text]],
      ["changePassword", "perm_denied", 91, [text]],
      ["account", "acct_expired", 91, [text]],
    ]);
  },
});

Deno.test({
  ...AS_ROOT,
  name: "passwd refuses what comes too early before it asks for anything, but not to root (needs root)",
  fn() {
    const { late, early, earlyByRoot } = seen().passwd;
    assert.deepEqual([late.code, late.age], [0, 0], late.printed);
    assert.match(late.printed, /Current password:/);
    assert.notEqual(early.code, 0, early.printed);
    assert.equal(early.age, 6);
    assert.match(early.printed, /It is too early to change your password again/);
    assert.doesNotMatch(early.printed, /[Cc]urrent password/);
    assert.deepEqual([earlyByRoot.code, earlyByRoot.age], [0, 0], earlyByRoot.printed);
  },
});

Deno.test({
  ...AS_ROOT,
  name: "passwd works without what a login has noted, and not for an expired account (needs root)",
  fn() {
    const { aged, expired } = seen().passwd;
    assert.deepEqual([aged.code, aged.age], [0, 0], aged.printed);
    assert.notEqual(expired.code, 0, expired.printed);
    assert.equal(expired.age, 91);
    assert.match(expired.printed, /Your account has expired: ask the administrator/);
    assert.doesNotMatch(expired.printed, /[Cc]urrent password/);
  },
});
