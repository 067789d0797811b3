// SPDX-License-Identifier: MIT
/**
 * Holds the tables of docs/pam_in_fifteen_minutes.md to the real libpam, with pam_debug(8) in the stacks, and to the SDK's own tables.
 *
 * @module
 */

import { COMMON_CODES, HOOK_CODES } from "@pam-deno/sdk";
import {
  type Control,
  type ControlAction,
  type PamCode,
  ServiceDirectory,
  type ServiceLine,
  Transaction,
} from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";
import { CODES } from "../../sdk/tokens.ts";
import { Page } from "./page.ts";

const PAGE = new Page("docs/pam_in_fifteen_minutes.md");
/** What can be read in a quarter of an hour, at 150 words a minute. */
const WORDS_MAX = 2_200;

/** The rows of the table whose first column is called `title`: their cells. */
function table(title: string): string[][] {
  const lines = PAGE.text.split("\n");
  const at = lines.findIndex((line) => new RegExp(`^\\| ${title} +\\|`).test(line));
  assert.ok(at >= 0, `${PAGE.path} has no table of ${title}`);
  const rest = lines.slice(at + 2);
  return rest.slice(0, rest.findIndex((line) => !line.startsWith("|"))).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
}

/** The words between backquotes. */
function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word!);
}

/** A control as pam.conf(5) writes it. */
function parseControl(word: string): Control {
  if (!word.startsWith("[")) return word as Control;
  const pairs = word.slice(1, -1).split(" ").map((pair) => pair.split("=") as [string, string]);
  const action = (text: string) => (/^\d+$/.test(text) ? Number(text) : text) as ControlAction;
  return Object.fromEntries(pairs.map(([code, text]) => [code, action(text)]));
}

/** What an application gets of `account`, and how many lines were asked: each says so. */
function account(
  services: ServiceDirectory,
  lines: readonly (readonly [Control, string])[],
): [string, number] {
  services.write(
    "stack",
    lines.map(([control, code]): ServiceLine => ({
      type: "account",
      control,
      module: "pam_debug.so",
      args: [`acct=${code}`],
    })),
  );
  using transaction = Transaction.start({ service: "stack", user: "alice", confdir: services.path });
  const code = transaction.account();
  return [code, transaction.messages.length];
}

Deno.test("PAM in fifteen minutes: each worked stack ends as the page says", () => {
  using services = ServiceDirectory.create();
  const rows = table("stack");
  for (const [stack, code, asked] of rows) {
    const lines = quoted(stack!).map((line) => {
      const [, control, answer] = /^(\[.*\]|\w+) (\w+)$/.exec(line)!;
      return [parseControl(control!), answer!] as const;
    });
    assert.deepEqual(account(services, lines), [quoted(code!)[0], Number(asked)], stack);
  }
  assert.equal(rows.length, 15, "the page names rows by their number");
  const row = (n: number) => rows[n - 1]!.join(" ");
  assert.match(row(4), /^`sufficient success`.* 1$/);
  assert.match(row(10), /^`required ignore` `perm_denied`/);
  assert.match(row(13), /^`\[success=1 default=ignore\] success`, `required perm_denied` `perm_denied` 1$/);
  assert.match(row(14), /^`\[perm_denied=die default=ignore\] service_err`.* `success`/);
});

Deno.test("PAM in fifteen minutes: the four words are what stands behind them in brackets, for every code", () => {
  using services = ServiceDirectory.create();
  // These two go on another time, with the same stack.
  const codes = Object.keys(CODES).filter((code) => code !== "incomplete" && code !== "conv_again");
  const rows = table("control");
  assert.deepEqual(rows.map(([word]) => quoted(word!)[0]), [
    "required",
    "requisite",
    "sufficient",
    "optional",
  ]);
  for (const [word, , , brackets] of rows) {
    const [short, long] = [word!, brackets!].map((cell) => parseControl(quoted(cell)[0]!));
    for (const code of codes) {
      for (const others of [[], [["required", "success"]], [["required", "acct_expired"]]] as const) {
        const [one, other] = [short!, long!].map((control) =>
          account(services, [[control, code], ...others])
        );
        assert.deepEqual(one, other, `${word} ${code}`);
      }
    }
  }
});

Deno.test("PAM in fifteen minutes: handlers may answer what the SDK lets them", () => {
  const rows = table("handler").map(([handler, , codes]) => [
    quoted(handler!)[0]!.replace("changePassword.", ""),
    quoted(codes!),
  ]);
  assert.deepEqual(Object.fromEntries(rows), HOOK_CODES);
  const common = /^Common to all: ([\s\S]*?)\. The compiler/m.exec(PAGE.text)![1]!;
  assert.deepEqual(quoted(common), COMMON_CODES);
});

Deno.test("PAM in fifteen minutes: applications do what was recorded of them", () => {
  const recorded = new Page("tests/applications/README.md").text;
  for (const [application, hooks] of table("application")) {
    const row = new RegExp(`^\\| ${RegExp.escape(application!)} +\\| ${RegExp.escape(hooks!)} +\\|`, "m");
    assert.match(recorded, row, application);
  }
});

/** A stack of two password lines, the first with these answers; gives what the application got, and what was asked. */
function changePassword(services: ServiceDirectory, prelim: PamCode): [string, string[]] {
  const line = (args: string[]): ServiceLine => ({
    type: "password",
    control: "required",
    module: "pam_debug.so",
    args,
  });
  services.write("change", [line([`prechauthtok=${prelim}`, "chauthtok=success"]), line([])]);
  using transaction = Transaction.start({ service: "change", user: "alice", confdir: services.path });
  const code = transaction.changePassword();
  return [code, transaction.messages.map(({ text }) => text)];
}

Deno.test("PAM in fifteen minutes: nobody updates if somebody's preliminary says no", () => {
  using services = ServiceDirectory.create();
  const [good, asked] = changePassword(services, "success");
  assert.equal(good, "success");
  assert.deepEqual(asked, ["prechauthtok=success", "chauthtok=success"]);
  const [bad, refused] = changePassword(services, "try_again");
  assert.equal(bad, "try_again");
  assert.deepEqual(refused, ["prechauthtok=try_again"]);
});

Deno.test("PAM in fifteen minutes: setcred goes by what authenticate answered in this process", () => {
  using services = ServiceDirectory.create();
  services.write("credentials", [
    {
      type: "auth",
      control: { auth_err: "ignore", success: "ok", default: "bad" },
      module: "pam_debug.so",
      args: ["auth=auth_err", "cred=cred_err"],
    },
    { type: "auth", control: "required", module: "pam_debug.so" },
  ]);
  const start = () => Transaction.start({ service: "credentials", user: "alice", confdir: services.path });
  using warm = start();
  assert.equal(warm.authenticate(), "success");
  assert.equal(warm.setCredentials("establish"), "success");
  using cold = start();
  assert.equal(cold.setCredentials("establish"), "cred_err");
});

Deno.test("PAM in fifteen minutes: it can be read in a quarter of an hour", () => {
  const words = PAGE.text.split(/\s+/).filter((word) => /\w/.test(word)).length;
  assert.ok(words <= WORDS_MAX, `${words} words`);
});
