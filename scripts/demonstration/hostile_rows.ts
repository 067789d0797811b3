// SPDX-License-Identifier: MIT
/**
 * Rows of modules that want more than they may: from the machine, which Deno refuses, and from the login, which the shim refuses.
 *
 * @module
 */

import { type PamCode, passwordOnly, type Transaction } from "@pam-deno/sdk/libpam";
import { type Expectation, type Outcome, perform, type Row, type Section } from "./row.ts";
import type { StackLine, Stage } from "./stage.ts";

/** What the person of these rows types. */
const PASSWORD = "correct horse battery";
const PROMPT = "Password: ";
/** How long somebody who was let connect may take to be seen. */
const VISIT_MS = 20;

/** The section about the machine; `visits` says how many connections have reached `port` of the loopback address. */
export function machineRows(stage: Stage, port: number, visits: () => number): Section {
  const row = (scene: string, attempt: string, refusal: RegExp, withPort = false): Row => ({
    user: "nobody",
    scene,
    hook: "account",
    line: `attempt=${attempt}`,
    expect: { code: "perm_denied", shown: [refusal] },
    async run() {
      const words = `nosy attempt=${attempt}${withPort ? ` port=${port}` : ""}`;
      using transaction = stage.start([{ type: "account", words }], { user: "nobody" });
      const outcome = perform(transaction, (t) => t.account(), () => stage.takeLog());
      if (!withPort) return outcome;
      await new Promise((resolve) => setTimeout(resolve, VISIT_MS));
      return visits() === 0 ? outcome : { ...outcome, wrong: "nobody should have come to the port" };
    },
  });
  const needs = (access: string) => new RegExp(`^NotCapable: Requires ${access}`);
  const net = needs(`net access to "127.0.0.1:${port}"`);
  return {
    title: "Out of the sandbox: refused by Deno. account required pam_deno.so nosy …",
    rows: [
      row("reads /etc/shadow", "shadow", needs('read access to "/etc/shadow"')),
      row("the same with node:fs", "shadow-node", needs('read access to "/etc/shadow"')),
      row("connects to the network", "connect", net, true),
      row("fetches over the network", "fetch", net, true),
      row("lists the environment", "env", needs("env access")),
      row("runs a program", "run", needs('run access to "/bin/sh"')),
      row("opens a C library", "ffi", needs("ffi access")),
    ],
  };
}

/** The section about the password. Rows share transactions: what one has heard, the next gives away. */
export function passwordRows(stage: Stage): Section {
  const keeper: StackLine = { type: "auth", words: "grant=authtok password-age" };
  const logIn = (...words: string[]) => {
    const lines: StackLine[] = words.map((words) => ({ type: "auth", words }));
    return stage.start(lines, { user: "nobody", conversation: passwordOnly(PASSWORD) });
  };
  const row = (
    scene: string,
    line: string,
    expect: Expectation,
    run: () => Outcome,
    hook = "authenticate",
  ): Row => ({ user: "nobody", scene, hook, line, expect, run });
  const authenticate = (...words: string[]): Outcome => {
    using transaction = logIn(...words);
    return performLogged(stage, transaction, (t) => t.authenticate());
  };
  return {
    title:
      "For the password: refused by the shim. auth … pam_deno.so …; password-age asks before hijacker does",
    rows: [
      row(
        "honest, declares it",
        "grant=authtok password-age",
        { code: "success", shown: [PROMPT] },
        () => authenticate(keeper.words),
      ),
      row("the line does not give it", "password-age", {
        code: "service_err",
        logged: /^authenticate password-age: misconfigured, service_err .*grant.*authtok/,
      }, () => authenticate("password-age")),
      row("honest, forgot to declare", "undeclared", {
        code: "service_err",
        logged:
          /^authenticate undeclared: threw, service_err .*needs the grant "authtok": add it to grants\.auth/,
      }, () => authenticate("undeclared")),
      row("took over its worker", "hijacker", {
        code: "system_err",
        shown: [PROMPT],
        logged: /^authenticate hijacker: protocol, system_err .*get_token without the grant authtok/,
      }, () => authenticate(keeper.words, "hijacker")),
      row(
        "all that it was ever sent",
        "hijacker",
        { code: "success" },
        () => search(stage, false),
        "account",
      ),
      row("the same with the grant", "grant=authtok hijacker", {
        code: "success",
        shown: [PROMPT, "Your password is mine"],
      }, () => authenticate(keeper.words, "grant=authtok hijacker")),
      row("all that it was ever sent", "hijacker", { code: "success" }, () => search(stage, true), "account"),
    ],
  };
}

function performLogged(stage: Stage, transaction: Transaction, call: (t: Transaction) => PamCode): Outcome {
  return perform(transaction, call, () => stage.takeLog());
}

/** Has the hijacker give away all that its worker was ever sent, and looks for the password in it. */
function search(stage: Stage, wanted: boolean): Outcome {
  const service = "demo";
  using transaction = stage.start([{ type: "account", words: "hijacker" }], { user: "nobody" });
  const outcome = performLogged(stage, transaction, (t) => t.account());
  const pieces = outcome.log.flatMap((line) => /^account hijacker says: heard (\S+)$/.exec(line)?.[1] ?? []);
  const bytes = pieces.map((piece) => Uint8Array.fromBase64(piece));
  const heard = bytes.map((piece) => new TextDecoder("latin1").decode(piece)).join("");
  const has = heard.includes(PASSWORD);
  const whole = heard.includes(service) && heard.includes("nobody");
  return {
    ...outcome,
    log: [],
    found: `${heard.length} octets, with the user's name and ${
      has ? "with" : "without"
    } the password that was typed`,
    ...!whole ? { wrong: "the octets should be all" } : {},
    ...has !== wanted ? { wrong: `the password should ${wanted ? "" : "not "}be in them` } : {},
  };
}
