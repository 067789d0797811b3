// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { type AddPlan, compare, compareDeclarations, formatPlan, widens } from "../../../sdk/install/plan.ts";

const NOTHING = compare([], []);
const PLAN: AddPlan = {
  name: "gate",
  specifier: "npm:gate@2.0.0",
  sha256: "b".repeat(64),
  upgradeFrom: undefined,
  permissions: NOTHING,
  grants: {},
  hooks: compare([], ["account"]),
  dangerous: NOTHING,
  warnings: [],
  configurationBefore: undefined,
  configuration: "{}",
};
const KEPT = compare(["account"], ["account"]);
const BEFORE = {
  specifier: "npm:gate@1.0.0",
  sha256: "a".repeat(64),
  declaration: { hooks: ["account"], grants: {}, permissions: {} },
  configuration: "{}",
  runtime: "0.1.0",
  installed: "2026-01-01T00:00:00.000Z",
} as const;

Deno.test("compare() tells what is new, gone and kept", () => {
  assert.deepEqual(compare(["a", "b"], ["b", "c"]), { added: ["c"], removed: ["a"], kept: ["b"] });
});

Deno.test("compareDeclarations() compares the grants of each type, and hooks", () => {
  const before = { hooks: ["account"], grants: { account: ["prompt"], auth: ["authtok"] } } as const;
  const after = { hooks: ["account", "openSession"], grants: { account: ["prompt", "shadow"] } } as const;
  const { grants, hooks } = compareDeclarations(before, after);
  assert.deepEqual(grants, {
    account: { added: ["shadow"], removed: [], kept: ["prompt"] },
    auth: { added: [], removed: ["authtok"], kept: [] },
  });
  assert.deepEqual(hooks.added, ["openSession"]);
});

Deno.test("formatPlan() shows a new module with all that it may do", () => {
  assert.deepEqual(
    formatPlan({
      ...PLAN,
      permissions: compare([], ["read /etc/motd"]),
      grants: { account: compare([], ["prompt"]) },
    }),
    [
      "Add gate",
      "    npm:gate@2.0.0",
      `    SHA-256 ${"b".repeat(64)}`,
      "",
      "Hooks",
      "  + account",
      "To the machine it may",
      "  + read /etc/motd",
      "To logins it asks for, on account lines",
      "  + prompt",
    ],
  );
});

Deno.test("formatPlan() says first and plainly what an upgrade widens", () => {
  const wider = {
    ...PLAN,
    upgradeFrom: BEFORE,
    hooks: KEPT,
    dangerous: compare([], ["run"]),
    warnings: ["mind this"],
  };
  assert.equal(widens(wider), true);
  const lines = formatPlan(wider);
  assert.deepEqual(lines.slice(0, 10), [
    "Change gate",
    "  - npm:gate@1.0.0",
    "  + npm:gate@2.0.0",
    `  - SHA-256 ${"a".repeat(64)}`,
    `  + SHA-256 ${"b".repeat(64)}`,
    "",
    "THIS LETS IT DO MORE THAN BEFORE:",
    "  + run, which ends the sandbox",
    "",
    "WARNING: mind this",
  ]);
  const same = { ...PLAN, upgradeFrom: BEFORE, hooks: KEPT };
  assert.equal(widens(same), false);
  assert.ok(formatPlan(same).includes("It may do no more than before."));
});

Deno.test("formatPlan() says first that an upgrade decides where the module did not before", () => {
  const wider = { ...PLAN, upgradeFrom: BEFORE, hooks: compare(["account"], ["account", "authenticate"]) };
  assert.equal(widens(wider), true);
  const lines = formatPlan(wider);
  assert.deepEqual(lines.slice(6, 8), [
    "THIS LETS IT DO MORE THAN BEFORE:",
    "  + the hook authenticate: it decides where it did not before",
  ]);
  assert.equal(lines.includes("It may do no more than before."), false);
});

Deno.test("formatPlan() says how much was copied, and from where", () => {
  const lines = formatPlan({ ...PLAN, copied: { folder: "/srv/gate", files: 3 } });
  assert.equal(lines[3], "    made of a copy of /srv/gate (3 files)");
});

Deno.test("formatPlan() shows nothing that could move the cursor or turn the direction of the text", () => {
  const evil = "read /etc/\u001b[2J\u202emotd\nread /x";
  const text = formatPlan({ ...PLAN, permissions: compare([], [evil]) }).join("\n");
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text.replaceAll("\n", ""), /[\u0000-\u001f\u202a-\u202e]/);
  assert.equal(text.split("\n").filter((line) => line.trim() === "read /x").length, 0);
});
