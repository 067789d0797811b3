// SPDX-License-Identifier: MIT
/**
 * The walk through a stack is compared with libpam itself, on stacks that chance makes out of pam_debug.so.
 *
 * @module
 */

import { Transaction } from "@pam-deno/sdk/libpam";
import fc from "fast-check";
import assert from "node:assert/strict";
import { join } from "node:path";
import { listPamFiles } from "../../../sdk/config/pam_d.ts";
import { walk } from "../../../sdk/check/dispatch.ts";
import { buildStack, type Entry, PamFiles } from "../../../sdk/check/stack.ts";
import type { PamCode } from "../../../sdk/tokens.ts";

/** As many stacks are compared. */
const RUNS = 1_000;

const CODES = ["success", "ignore", "perm_denied", "authinfo_unavail", "new_authtok_reqd", "acct_expired"];

/** What pam_debug.so says on a line. */
function told({ line }: Entry): PamCode {
  return line.args[0]!.slice("acct=".length) as PamCode;
}

const action = fc.oneof(
  fc.constantFrom("ok", "done", "bad", "die", "ignore", "reset"),
  fc.integer({ min: 1, max: 4 }).map(String),
);
const control = fc.oneof(
  fc.constantFrom("required", "requisite", "sufficient", "optional"),
  fc.array(fc.tuple(fc.constantFrom(...CODES, "default"), action), { minLength: 1, maxLength: 4 })
    .map((pairs) => `[${pairs.map((pair) => pair.join("=")).join(" ")}]`),
);
const debug = fc.tuple(control, fc.constantFrom(...CODES))
  .map(([control, code]) => `account ${control} pam_debug.so acct=${code}`);
const file = (...others: string[]) =>
  fc.array(fc.oneof({ arbitrary: debug, weight: 5 }, ...others.map((line) => fc.constant(line))), {
    maxLength: 6,
  });

Deno.test("walk() finds what libpam finds, for stacks made by chance", () => {
  const folder = Deno.makeTempDirSync({ prefix: "pam-deno-test-" });
  try {
    // libpam 1.5.2 looks for what is included by a bare name in /etc/pam.d, whatever folder it was told.
    const one = join(folder, "one");
    const two = join(folder, "two");
    const property = fc.property(
      file(
        `account include ${one}`,
        `account substack ${one}`,
        `account substack ${two}`,
        "account include absent",
      ),
      file(`account substack ${two}`, `account include ${two}`, `@include ${two}`),
      file(`account include ${one}`),
      (demo, first, second) => {
        for (const [name, lines] of Object.entries({ demo, one: first, two: second, other: [] })) {
          Deno.writeTextFileSync(join(folder, name), lines.join("\n") + "\n");
        }
        const { entries, problems } = buildStack(new PamFiles(listPamFiles([folder])), "demo", "account");
        // libpam itself falls back on other, or gives up, before there is a stack.
        fc.pre(entries.length > 0 && !problems.some(({ what }) => what.includes("itself")));
        using transaction = Transaction.start({ service: "demo", user: "nobody", confdir: folder });
        assert.equal(walk(entries, told).code, transaction.account());
      },
    );
    fc.assert(property, { numRuns: RUNS });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
