// SPDX-License-Identifier: MIT
/**
 * Rows of a worker that is killed, of a handler that does not end, and of data that is carried from hook to hook.
 *
 * @module
 */

import { type ConversationMessage, passwordOnly, type Transaction } from "@pam-deno/sdk/libpam";
import { type Outcome, perform, type Row, type Section } from "./row.ts";
import type { Stage } from "./stage.ts";

/** How long a hook may wait before its worker is killed, and how long libpam may take to answer then. */
const KILL_AFTER_MS = 100;
const ANSWER_MS_MAX = 100;
/** The budget of the loop, and how much later the answer may be on a busy machine. */
const BUDGET_MS = 300;
const LATE_MS_MAX = 200;

const account = (scene: string, line: string, expect: Row["expect"], run: Row["run"]): Row => ({
  user: "nobody",
  scene,
  hook: "account",
  line,
  expect,
  run,
});

/** The section about workers. */
export function failureRows(stage: Stage): Section {
  const start = (words: string) => stage.start([{ type: "account", words }], { user: "nobody" });
  const ask = (words: string): Outcome => {
    using transaction = start(words);
    return perform(transaction, (t) => t.account(), () => stage.takeLog());
  };
  return {
    title: "When a module fails: account required pam_deno.so [timeout=] stuck …",
    rows: [
      account("worker killed at work", "how=waits", {
        code: "service_err",
        logged: /^account stuck: broken_off, service_err /,
        msMax: ANSWER_MS_MAX,
      }, () => killWhileWaiting(stage, start("stuck how=waits"))),
      account(
        "its successor",
        "how=answers",
        { code: "success" },
        () => ask("stuck how=answers"),
      ),
      account("endless loop", `timeout=${BUDGET_MS}ms how=loops`, {
        code: "service_err",
        logged: /^account stuck: broken_off, service_err /,
        msMin: BUDGET_MS,
        msMax: BUDGET_MS + LATE_MS_MAX,
      }, () => ask(`timeout=${BUDGET_MS}ms stuck how=loops`)),
    ],
  };
}

/** Kills the worker while the hook waits; the time is counted from there. */
async function killWhileWaiting(stage: Stage, started: Transaction): Promise<Outcome> {
  await using transaction = started;
  stage.takeLog();
  const answer = transaction.background.account();
  await new Promise((resolve) => setTimeout(resolve, KILL_AFTER_MS));
  Deno.kill(stage.worker("stuck"), "SIGKILL");
  const killed = performance.now();
  const code = await answer;
  const ms = performance.now() - killed;
  return {
    code,
    ms,
    shown: transaction.messages,
    log: stage.takeLog(),
    found: "the time is counted from the kill",
  };
}

/** The section about module data: three hooks of one transaction. */
export function dataRows(stage: Stage): Section {
  let password = "short";
  let transaction: Transaction | undefined;
  const conversation = (messages: readonly ConversationMessage[]) => passwordOnly(password)(messages);
  const row = (
    scene: string,
    hook: string,
    expect: Row["expect"],
    run: (t: Transaction) => Outcome,
  ): Row => ({
    user: "nobody",
    scene,
    hook,
    line: hook === "account" ? "" : "grant=authtok",
    expect,
    run: () => run(transaction!),
  });
  const change = (typed: string) => (t: Transaction) => {
    password = typed;
    return perform(t, (t) => t.changePassword(), () => stage.takeLog());
  };
  const asked = ["New password: ", "Retype new password: "];
  const why = "Your password is older than 90 days";
  return {
    title: "From hook to hook: account, password required pam_deno.so password-age",
    rows: [
      row("notes why in its data", "account", { code: "new_authtok_reqd" }, () => {
        transaction = stage.start([
          { type: "account", words: "password-age" },
          { type: "password", words: "grant=authtok password-age" },
        ], { user: "nobody", conversation });
        return perform(transaction, (t) => t.account(), () => stage.takeLog());
      }),
      row("reads it; types 5 letters", "changePassword", {
        code: "authtok_err",
        shown: [why, ...asked, "At least 12 characters, please"],
      }, change("short")),
      row(
        "types 21 letters",
        "changePassword",
        { code: "success", shown: [why, ...asked] },
        change("correct horse battery"),
      ),
    ],
  };
}
