// SPDX-License-Identifier: MIT
/**
 * Each mistake on a line of pam.d: it is found, and it is not found any more when the remedy was followed.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Severity } from "../../../sdk/check/finding.ts";
import { type Installed, Scene } from "./scene.ts";

/** A mistake. The mistaken line is the second of the file, between one for root and one that says yes. */
interface Mistake {
  readonly id: string;
  readonly severity: Severity;
  /** What is found names this. */
  readonly says: RegExp;
  /** The line. */
  readonly wrong: string;
  /** The line when it is mended. */
  readonly right: string;
  /** What is installed, if not the usual. */
  readonly installed?: Installed;
}

const GRANTS = { account: ["shadow", "env:APP_NAME"] };
const NEEDY: Installed = {
  declaration: { hooks: ["account", "openSession"], grants: GRANTS, permissions: {} },
};

const MISTAKES: readonly Mistake[] = [
  {
    id: "module-not-named",
    severity: "error",
    says: /names no module/,
    wrong: "account required SHIM",
    right: "account required SHIM hours",
  },
  {
    id: "module-unknown",
    severity: "error",
    says: /no module huors.*did you mean hours/,
    wrong: "account required SHIM huors",
    right: "account required SHIM hours",
  },
  {
    id: "module-unknown",
    severity: "error",
    says: /debug is taken for the name/,
    wrong: "account required SHIM debug hours",
    right: "account required SHIM debug=yes hours",
  },
  {
    id: "module-unknown",
    severity: "error",
    says: /Hours is not the name of a module.*did you mean hours/,
    wrong: "account required SHIM Hours",
    right: "account required SHIM hours",
  },
  {
    id: "shim-option-unknown",
    severity: "error",
    says: /timout=.*did you mean "timeout"/,
    wrong: "account required SHIM timout=2s hours",
    right: "account required SHIM timeout=2s hours",
  },
  ...[
    "timeout=5",
    "timeout=0s",
    "timeout=601s",
    "timeout=-1s",
    "prompt_timeout=5m",
    "debug=1",
    "instance=A",
    "on_unreachable=deny",
  ]
    .map((wrong): Mistake => ({
      id: "shim-option-value",
      severity: "error",
      says: new RegExp(`${wrong} is not a value.*takes`),
      wrong: `account required SHIM ${wrong} hours`,
      right: "account required SHIM timeout=600s prompt_timeout=1ms debug=no instance=a_b-1 hours",
    })),
  ...["relative", "/a//b", "/a/", "/", "/a/../b", "/./a"].map((folder): Mistake => ({
    id: "shim-option-value",
    severity: "error",
    says: /takes a path from \//,
    wrong: `account required pam_deno.so config_dir=${folder} hours`,
    right: "account required SHIM hours",
  })),
  {
    id: "shim-option-behind-name",
    severity: "warning",
    says: /on_unreachable=ignore stands behind the module's name/,
    wrong: "account required SHIM hours on_unreachable=ignore",
    right: "account required SHIM hours",
  },
  {
    id: "grant-unknown",
    severity: "error",
    says: /grant pasword is not given/,
    wrong: "account required SHIM grant=pasword hours",
    right: "account required SHIM hours",
  },
  {
    id: "grant-unknown",
    severity: "error",
    says: /grant authtok is not given: tokens exist only/,
    wrong: "account required SHIM grant=authtok hours",
    right: "account required SHIM hours",
  },
  {
    id: "grant-unknown",
    severity: "error",
    says: /grant env:LD_PRELOAD is not given: .*refused/,
    wrong: "account required SHIM grant=env:LD_PRELOAD hours",
    right: "account required SHIM hours",
  },
  {
    id: "grant-unknown",
    severity: "error",
    says: /grant user_file:token is not given: user files are made on auth and session lines only/,
    wrong: "account required SHIM grant=user_file:token hours",
    right: "account required SHIM hours",
  },
  {
    id: "grant-unknown",
    severity: "error",
    says: /grant user_file:\* is not given: write the name of a file/,
    wrong: "session required SHIM grant=user_file:* hours",
    right: "session required SHIM hours",
  },
  {
    id: "grant-missing",
    severity: "error",
    says: /needs env:APP_NAME .*grant=shadow,env:APP_NAME/,
    wrong: "account required SHIM grant=shadow hours",
    right: "account required SHIM grant=shadow grant=env:APP_* hours",
    installed: NEEDY,
  },
  {
    id: "grant-unused",
    severity: "warning",
    says: /does not ask for prompt/,
    wrong: "account required SHIM grant=prompt,shadow,env:APP_NAME hours",
    right: "account required SHIM grant=shadow,env:APP_NAME hours",
    installed: NEEDY,
  },
  {
    id: "options-refused",
    severity: "error",
    says: /option "tz": this is no zone/,
    wrong: "account required SHIM hours tz=Moon",
    right: "account required SHIM hours tz=UTC",
  },
  {
    id: "option-unknown",
    severity: "warning",
    says: /"zt" is unknown.*did you mean "tz"/,
    wrong: "account required SHIM hours zt=UTC",
    right: "account required SHIM hours use_first_pass tz=UTC",
  },
  {
    id: "line-does-nothing",
    severity: "warning",
    says: /no hook for session lines/,
    wrong: "session required SHIM hours",
    right: "account required SHIM hours",
  },
  {
    id: "shim-misspelt",
    severity: "error",
    says: /pam_deno is not the name/,
    wrong: "account required pam_deno hours",
    right: "account required SHIM hours",
  },
  {
    id: "pam-line-broken",
    severity: "error",
    says: /"must" is not one of/,
    wrong: "account must SHIM hours",
    right: "account required SHIM hours",
  },
  {
    id: "pam-line-too-long",
    severity: "error",
    says: /1023/,
    wrong: `account required SHIM hours tz=UTC ${"x".repeat(1000)}`,
    right: "account required SHIM hours tz=UTC",
  },
  {
    id: "module-options-too-many",
    severity: "error",
    says: /70 options/,
    wrong: `account required SHIM hours ${Array.from({ length: 70 }, (_, i) => `a${i}`).join(" ")}`,
    right: "account required SHIM hours",
  },
  {
    id: "grants-too-many",
    severity: "error",
    says: /40 grants/,
    wrong: `account required SHIM grant=${Array.from({ length: 40 }, (_, i) => `env:A${i}`).join(",")} hours`,
    right: "account required SHIM hours",
  },
  {
    id: "missing-is-silent",
    severity: "note",
    says: /says nothing/,
    wrong: "-account required SHIM hours",
    right: "account required SHIM hours",
  },
  {
    id: "other-config-dir",
    severity: "note",
    says: /asks the modules of \/etc\/pam-deno/,
    wrong: "account required pam_deno.so hours",
    right: "account required SHIM hours",
  },
  {
    id: "other-runtime-dir",
    severity: "note",
    says: /sockets in \/run\/other/,
    wrong: "account required SHIM runtime_dir=/run/other hours",
    right: "account required SHIM hours",
  },
];

for (const { id, severity, says, wrong, right, installed } of MISTAKES) {
  Deno.test(`checkInstallation() finds ${id}: ${wrong.slice(0, 70)}`, async () => {
    await using scene = new Scene();
    await scene.install("hours", installed);
    const around = (line: string) => [
      line.replace(/^-?(\w+).*/, "$1 [success=1 default=ignore] pam_succeed_if.so uid = 0"),
      line,
      line.replace(/^-?(\w+).*/, "$1 required pam_permit.so"),
    ];
    const file = scene.pam("demo", ...around(wrong));
    const found = await scene.finds(id);
    assert.equal(found.severity, severity);
    assert.equal(found.where, `${file}:2`);
    assert.match(`${found.what} ${found.remedy}`, says);
    scene.pam("demo", ...around(right));
    await scene.lacks(id);
  });
}

Deno.test("checkInstallation() says of a line in many stacks once where it stands", async () => {
  await using scene = new Scene();
  await scene.install("hours");
  const file = scene.pam("common", "account optional SHIM hours");
  for (const service of ["a", "b", "c", "d", "e", "f"]) {
    scene.pam(service, "@include common", "account required pam_permit.so");
  }
  const found = await scene.finds("refusal-ignored");
  assert.equal(found.where, `${file}:1`);
  assert.match(found.what, /the account stacks of a, b, c, d and 2 more/);
});

Deno.test("checkInstallation() looks at the lines of the modules that it is told", async () => {
  await using scene = new Scene();
  await scene.install("hours");
  await scene.install("days");
  scene.pam("one", "account optional SHIM hours");
  scene.pam("two", "account optional SHIM days", "account required SHIM nobody");
  const where = async (names: string[]) =>
    (await scene.check({ names })).filter(({ where }) => where.includes("/pam.d/")).map(({ where }) =>
      where.replace(/.*\//, "")
    );
  assert.deepEqual(new Set(await where(["hours"])), new Set(["one:1"]));
  assert.deepEqual(new Set(await where(["days"])), new Set(["two:1"]));
  assert.match((await scene.finds("module-unknown", { names: ["huors"] })).remedy, /days, hours/);
});
