// SPDX-License-Identifier: MIT
/**
 * `pam-deno new` as it is typed: what it makes and says, and what it leaves alone.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { behind } from "../../sdk/codes.ts";
import { makeModule, NewModuleError, packageName } from "../../../sdk/author/new/new_module.ts";
import { onTerminal, PAM_DENO, ROOT } from "../../sdk/command/program.ts";
import { Place, run } from "./place.ts";

const FILES = [
  ".github",
  ".gitignore",
  "LICENSE",
  "README.md",
  "deno.json",
  "module.ts",
  "module_test.ts",
  "pam.d",
  "policy.ts",
  "policy_test.ts",
];

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("new makes a folder, and says what to type next", async () => {
  using place = new Place();
  const { status, stdout, stderr } = await place.begin("late-shift");
  assert.deepEqual([status, stderr], [0, ""]);
  assert.equal(
    stdout,
    `made late-shift/, which begins as the template account; next:
  edit  late-shift/policy.ts
  test  deno task --cwd late-shift test
  try   pam-deno try late-shift
  add   pam-deno add late-shift, as root
`,
  );
  assert.deepEqual(place.names, ["late-shift"]);
  assert.deepEqual(names(place.at("late-shift")), FILES);
  for (const file of FILES.filter((file) => file !== ".github")) {
    assert.doesNotMatch(Deno.readTextFileSync(place.at("late-shift", file)), /\{\{/, file);
  }
  assert.match(Deno.readTextFileSync(place.at("late-shift", "pam.d")), /pam_deno\.so {2}late-shift {2}tz=/);
  assert.match(
    Deno.readTextFileSync(place.at("late-shift", "LICENSE")),
    /^Copyright \(c\) 20\d\d the authors of late-shift$/m,
  );
});

Deno.test("new links the SDK that came with it, or takes that of JSR", async () => {
  using place = new Place();
  const [here, jsr] = [await place.begun("one"), await place.begun("two", "--sdk", "jsr")];
  const [first, second] = [here, jsr].map((path) =>
    JSON.parse(Deno.readTextFileSync(join(path, "deno.json")))
  );
  assert.deepEqual(first.links, [ROOT]);
  assert.ok(!("links" in second));
  delete first.links;
  assert.deepEqual({ ...first, name: "" }, { ...second, name: "" });
});

Deno.test("new changes nothing that is there: a folder, a file, a link that leads nowhere", async () => {
  using place = new Place();
  Deno.mkdirSync(place.at("folder"));
  Deno.writeTextFileSync(place.at("file"), "mine");
  Deno.symlinkSync("nowhere", place.at("link"));
  for (const name of ["folder", "file", "link"]) {
    const { status, stdout, stderr } = await place.begin(name);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.equal(
      stderr,
      `pam-deno: ${
        place.at(name)
      } is there already, and nothing of it was changed: take another name, or another folder\npam-deno:${
        behind("new-refused")
      }\n`,
    );
  }
  assert.deepEqual(place.names, ["file", "folder", "link"]);
  assert.deepEqual(names(place.at("folder")), []);
  assert.equal(Deno.readTextFileSync(place.at("file")), "mine");
});

Deno.test("new does not take the name of a module that logins are decided by here", async () => {
  using place = new Place();
  Deno.mkdirSync(place.at("config", "modules"), { recursive: true });
  Deno.writeTextFileSync(place.at("config", "modules", "office.jsonc"), "{}");
  const { status, stderr } = await place.begin("office", "--config-dir", place.at("config"));
  assert.equal(status, 1);
  assert.match(
    stderr,
    /a module office is configured here already, in .*config\/modules\/office\.jsonc: .*another name\npam-deno: \[new-refused\] /,
  );
  assert.deepEqual(place.names, ["config"]);
});

Deno.test("of several that begin the same module at once one makes it, and no half of another is left", async () => {
  using place = new Place();
  const templates = ["account", "session", "auth", "password", "account", "session", "auth", "password"];
  const ends = await Promise.all(templates.map((template) => place.begin("race", "--template", template)));
  const won = ends.flatMap(({ status, stdout }) => status === 0 ? [stdout] : []);
  assert.equal(won.length, 1);
  for (const { status, stderr } of ends) if (status !== 0) assert.match(stderr, /race is there already/);
  assert.deepEqual(place.names, ["race"]);
  const template = /template (\w+)/.exec(won[0]!)![1];
  assert.equal(names(place.at("race")).includes("enroll.ts"), template === "auth");
});

Deno.test("makeModule() puts no folder in the place of one that was made meanwhile", () => {
  using place = new Place();
  const options = {
    name: "race",
    template: "account",
    parent: place.path,
    sdk: undefined,
    year: 2026,
  } as const;
  const mkdir = Deno.mkdirSync;
  // Somebody makes it between the look and the move.
  Deno.mkdirSync = (path, how) => {
    mkdir(path, how);
    if (String(path).endsWith(".github/workflows")) mkdir(place.at("race"));
  };
  try {
    assert.throws(() => makeModule(options), NewModuleError);
  } finally {
    Deno.mkdirSync = mkdir;
  }
  assert.deepEqual(place.names, ["race"]);
  assert.deepEqual(names(place.at("race")), []);
});

Deno.test("where nothing can be made, new says so and where to go", async () => {
  using place = new Place();
  // Root may write anywhere but where nobody can.
  const script = `mount -t tmpfs -o ro none "$1" && cd "$1" && exec "$2" new policy`;
  const { status, stderr } = Deno.uid() === 0
    ? await run(["unshare", "-m", "sh", "-c", script, "sh", place.path, PAM_DENO])
    : await run([PAM_DENO, "new", "policy"], { cwd: "/" });
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^pam-deno: no folder can be made in \/.*: .*; go to a folder of yours\npam-deno: \[new-refused\] \S+\n$/,
  );
});

Deno.test({
  name: "a disk that is full leaves no half of a module (needs root)",
  ignore: Deno.uid() !== 0,
  async fn() {
    using place = new Place();
    const script = `mount -t tmpfs -o size=16k none "$1" && cd "$1" || exit 9
      "$2" new policy; echo "status $?"; ls -A`;
    const { stdout, stderr } = await run(["unshare", "-m", "sh", "-c", script, "sh", place.path, PAM_DENO]);
    assert.equal(stdout, "status 1\n");
    assert.match(stderr, /No space left on device/);
  },
});

Deno.test("what new says fits a terminal of 40 columns", async () => {
  using place = new Place();
  const { status, text } = await onTerminal(`cd ${place.path} && ${PAM_DENO} new late-shift`, {
    columns: 40,
  });
  assert.equal(status, 0);
  const lines = text.split("\n").map((line) => line.trimEnd());
  assert.ok(lines.length >= 5);
  assert.deepEqual(lines.filter((line) => line.length > 40), []);
});

for (
  const [name, expected] of [
    ["late-shift", "late-shift"],
    ["late_shift", "late-shift"],
    ["a__b-_-c", "a-b-c"],
    ["7-", "pam-7"],
    ["x", "pam-x"],
    ["a".repeat(64), "a".repeat(58)],
    [`${"a".repeat(57)}-b`, "a".repeat(57)],
  ] as const
) {
  Deno.test(`packageName() makes ${expected.slice(0, 20)} of ${name.slice(0, 20)}, of ${name.length} characters`, () => {
    assert.equal(packageName(name), expected);
  });
}
