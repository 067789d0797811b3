// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { docsLink } from "../../../sdk/coded.ts";
import { checkStatus, finding, findingsJson, formatFindings } from "../../../sdk/check/finding.ts";

const ERROR = finding("error", "grant-missing", "/etc/pam.d/sshd:3", "it needs shadow", "write grant=shadow");
const WARNING = finding("warning", "no-break-glass", "/etc/pam.d/su:1", "root is locked out", "add a line");
const NOTE = finding("note", "not-installed", "/etc/pam-deno/modules/x.jsonc", "from its sources", "run add");

Deno.test("formatFindings() shows the worst first, each with its place, its remedy and its kind", () => {
  assert.equal(
    formatFindings([NOTE, WARNING, ERROR]),
    `Errors: something does not work as it is written, or lets in whom it should not

  /etc/pam.d/sshd:3
    it needs shadow
    do: write grant=shadow (grant-missing)

Warnings: it works, until something happens

  /etc/pam.d/su:1
    root is locked out
    do: add a line (no-break-glass)

Notes

  /etc/pam-deno/modules/x.jsonc
    from its sources
    do: run add (not-installed)

\`pam-deno explain grant-missing\` says more of the first, and so of the others
1 error, 1 warning, 1 note
`,
  );
});

Deno.test("formatFindings() says so if all is well", () => {
  assert.equal(formatFindings([]), "All is well: 0 errors, 0 warnings, 0 notes\n");
  assert.match(formatFindings([NOTE]), /\nAll is well: 0 errors, 0 warnings, 1 note\n$/);
});

Deno.test("findingsJson() gives programs the findings and how many there are", () => {
  assert.deepEqual(JSON.parse(findingsJson([ERROR, NOTE])), {
    format: 1,
    findings: [ERROR, NOTE].map((one) => ({ ...one, docs: docsLink(one.id) })),
    errors: 1,
    warnings: 0,
    notes: 1,
  });
});

Deno.test("checkStatus() is 1 for errors, and for warnings if it is told to be strict", () => {
  const statuses = [[], [NOTE], [WARNING], [ERROR, WARNING]].map((
    found,
  ) => [checkStatus(found), checkStatus(found, true)]);
  assert.deepEqual(statuses, [[0, 0], [0, 0], [0, 1], [1, 1]]);
});

Deno.test("finding() makes what came out of a file fit for a terminal", () => {
  const { what, where } = finding(
    "note",
    "unreadable",
    "/a\u001b[2J",
    `\u001b]0;title\u0007${"x".repeat(9_999)}`,
    "y",
  );
  assert.equal(where, "/a?[2J");
  assert.ok(what.length <= 2_048 && !/\p{Cc}/u.test(what));
});
