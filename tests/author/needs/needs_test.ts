// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { onTerminal, PAM_DENO, pamDeno, quoted, ROOT } from "../../sdk/command/program.ts";
import { accountModule, Folder } from "../scene.ts";

const MODULES = join(import.meta.dirname!, "modules");

interface Finding {
  readonly kind: string;
  readonly value: string | { option: string };
  readonly verdict: string;
  readonly enough?: string[];
  readonly by: { hook: string; by: string; at?: string }[];
}

/** What is said of a module of ours, and how it ended. */
async function needsOf(name: string, ...words: string[]) {
  const { status, stdout, stderr } = await pamDeno([
    "needs",
    "--json",
    join(MODULES, name, "module.ts"),
    ...words,
  ]);
  assert.notEqual(stdout, "", stderr);
  const json = JSON.parse(stdout) as {
    permissions: Finding[];
    grants: Finding[];
    not_run: string[];
    smallest: unknown;
    profiles: number;
  };
  const verdicts = (findings: Finding[]) =>
    Object.fromEntries(findings.map(({ kind, value, verdict }) => [
      `${kind} ${typeof value === "string" ? value : `option ${value.option}`}`,
      verdict,
    ]));
  return { status, ...json, verdicts: { ...verdicts(json.permissions), ...verdicts(json.grants) } };
}

/** The place of a line of a module of ours, as `FILE:LINE`. */
function placeOf(path: string, text: string): string {
  const lines = Deno.readTextFileSync(join(MODULES, path)).split("\n");
  return `${path.slice(dirname(path).length + 1)}:${lines.findIndex((line) => line.includes(text)) + 1}`;
}

Deno.test("needs tells what is missing, with the hook, the line and the test, and ends with 1", async () => {
  const { status, verdicts, permissions, smallest } = await needsOf("too_little");
  assert.deepEqual(verdicts, {
    "read option list": "missing",
    "write option seen": "missing",
    "env LANG": "missing",
    "sys hostname": "needed",
    "run /bin/true": "impossible",
    "account shadow": "missing",
  });
  assert.deepEqual(permissions[0]!.by[0], {
    hook: "account",
    by: placeOf("too_little/module_test.ts", 'user: "alice"'),
    at: placeOf("too_little/module.ts", "options.list"),
  });
  assert.deepEqual(smallest, {
    permissions: {
      read: [{ option: "list" }],
      write: [{ option: "seen" }],
      env: ["LANG"],
      sys: ["hostname"],
    },
    grants: { account: ["shadow"] },
  });
  assert.equal(status, 1);
});

Deno.test("needs tells what nothing needed and what is too wide, and ends with 1 if told to be strict", async () => {
  const { status, verdicts, permissions, grants, not_run: notRun, smallest } = await needsOf("too_much");
  assert.deepEqual(verdicts, {
    "read option rules": "needed",
    "read option motd": "unused",
    "read /usr/lib": "wide",
    "net directory.example.org:636": "unused",
    "env LANG": "unused",
    "auth prompt": "unused",
    "session env:APP_*": "wide",
    "session get_env": "unused",
  });
  const enough = [...permissions, ...grants].flatMap(({ enough }) => enough ?? []);
  assert.deepEqual(enough, ["/usr/lib/os-release", "env:APP_RULES"]);
  // Without its options the profiles do not get as far as a handler.
  assert.deepEqual(notRun, ["authenticate", "closeSession"]);
  assert.deepEqual(smallest, {
    permissions: { read: [{ option: "rules" }, "/usr/lib/os-release"] },
    grants: { session: ["env:APP_RULES"] },
  });
  assert.equal(status, 0);
  assert.equal((await needsOf("too_much", "--strict")).status, 1);
});

Deno.test("needs takes no check of a test's server for the module's, and sees a grant of one branch", async () => {
  const { status, verdicts, permissions, grants } = await needsOf("branch");
  assert.deepEqual(verdicts, {
    "net option server": "needed",
    "auth prompt": "needed",
    "auth authtok": "unused",
  });
  assert.equal(permissions[0]!.by[0]!.at, placeOf("branch/server.ts", "fetch("));
  assert.equal(grants[0]!.by[0]!.at, placeOf("branch/module.ts", "conversation.prompt("));
  assert.equal(status, 0);
});

Deno.test("needs runs the profiles with the options that it is told", async () => {
  const asked: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
    asked.push(new URL(url).pathname);
    return new Response("yes");
  });
  const word = `server=127.0.0.1:${server.addr.port}`;
  const { permissions, profiles } = await needsOf("branch", "--option", word);
  assert.ok(profiles > 10, `${profiles} profiles`);
  assert.ok(permissions[0]!.by.some(({ by }) => by === "profile sshd-password"));
  assert.ok(asked.includes("/alice"));
});

Deno.test("needs lets the profiles' hooks do what is declared and no more, and tells what they asked for", async () => {
  const asked: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
    asked.push(url);
    return new Response("yes");
  });
  const text = Deno.readTextFileSync(join(MODULES, "branch", "module.ts"))
    .replace(/^ *permissions: .*\n/m, "").replace('"valibot"', '"npm:valibot@^1.5.0"');
  using folder = open(
    new Folder({
      "module.ts": text,
      "server.ts": Deno.readTextFileSync(join(MODULES, "branch", "server.ts")),
      "module_test.ts": 'Deno.test("nothing", () => {});\n',
    }),
  );
  const words = ["needs", "--json", join(folder.path, "module.ts"), "--option"];
  const { status, stdout } = await pamDeno([...words, `server=127.0.0.1:${server.addr.port}`]);
  const { permissions: [{ value, verdict, by: [first] }] } = JSON.parse(stdout);
  assert.deepEqual([value, verdict, first.by], [{ option: "server" }, "missing", "profile display-manager"]);
  assert.deepEqual(asked, []);
  assert.equal(status, 1);
});

/** As root the tests run as somebody who must be able to read them. */
function open(folder: Folder): Folder {
  Deno.chmodSync(folder.path, 0o755);
  return folder;
}

const TEST = `import { runHook } from "@pam-deno/sdk/testing";
import module from "./module.ts";
Deno.test("it runs", async () => { await runHook(module, "account"); });
`;

const WRONG: Readonly<Record<string, [files: Record<string, string>, says: RegExp]>> = {
  "has no tests": [
    { "module.ts": accountModule('return "success";') },
    /has no tests in .*module_test\.ts[^]*\n.*\[tests-say-nothing\] /,
  ],
  "has tests that fail": [
    {
      "module.ts": accountModule('return "success";'),
      "module_test.ts": 'Deno.test("it is late", () => { throw new Error("too late"); });',
    },
    /its tests fail[\s\S]*it is late[\s\S]*too late[\s\S]*\[tests-say-nothing\] /,
  ],
  "has tests that run no hook": [
    {
      "module.ts": accountModule('return "success";', 'import * as v from "npm:valibot@^1.5.0";').replace(
        "defineModule({",
        "defineModule({ options: v.object({ x: v.string() }),",
      ),
      "module_test.ts": 'Deno.test("nothing", () => {});',
    },
    /none of its tests runs a hook[\s\S]*\[tests-say-nothing\] /,
  ],
  "does not type-check": [
    { "module.ts": accountModule("return 7;"), "module_test.ts": TEST },
    /does not type-check:[\s\S]*module\.ts[\s\S]*\npam-deno: \[types-wrong\] \S+\n$/,
  ],
  "throws when it is loaded": [
    {
      "module.ts": accountModule('return "success";', 'throw new Error("gone wrong");'),
      "module_test.ts": TEST,
    },
    /gone wrong/,
  ],
  "has a wrong export": [
    { "module.ts": "export default 7;", "module_test.ts": TEST },
    /its default export is a number/,
  ],
};

for (const [what, [files, says]] of Object.entries(WRONG)) {
  Deno.test(`needs ends with 1 for a module that ${what}, and says so`, async () => {
    using folder = open(new Folder(files));
    const { status, stdout, stderr } = await pamDeno(["needs", join(folder.path, "module.ts")]);
    assert.match(stderr, says);
    assert.equal(stdout, "");
    assert.equal(status, 1);
  });
}

Deno.test("needs without a module, or with one that is not there, says what to write", async () => {
  assert.equal((await pamDeno(["needs"])).status, 2);
  const { status, stderr } = await pamDeno(["needs", "/nonexistent/module.ts"]);
  assert.match(stderr, /\/nonexistent\/module\.ts: there is no such file or folder/);
  assert.equal(status, 1);
});

Deno.test("needs fits 40 columns without a table, and colours nothing", async () => {
  const module = join(MODULES, "branch", "module.ts");
  const { text } = await onTerminal(`${quoted(PAM_DENO)} needs ${quoted(module)} 2>/dev/null`, {
    columns: 40,
  });
  assert.match(
    text,
    /^permission net: \{ option: "server" \}\n {2}ok, declared\n {2}authenticate at server\.ts:5/,
  );
  assert.ok(text.split("\n").every((line) => line.length <= 40 || line.startsWith("  grants: ")), text);
  assert.ok(!text.includes("\x1b["), text);
});

Deno.test({
  name: "needs says why tests that root runs cannot be read (needs root)",
  ignore: Deno.uid() !== 0,
  async fn() {
    using folder = new Folder({ "module.ts": accountModule('return "success";'), "module_test.ts": TEST });
    const { status, stderr } = await pamDeno(["needs", join(folder.path, "module.ts")]);
    assert.match(stderr, /module\.ts' failed[\s\S]*run as a user that nobody is[^\n]*chmod/);
    assert.equal(status, 1);
  },
});

Deno.test({
  name: "needs reads nothing that tests put in the place of what Deno writes down (needs root)",
  ignore: Deno.uid() !== 0,
  async fn() {
    using secret = new Folder({ "secret": "s3cret" });
    const test = `${TEST}
Deno.test("it cheats", () => {
  const audit = Deno.env.get("TMPDIR") + "/audit";
  Deno.removeSync(audit);
  Deno.symlinkSync(${JSON.stringify(join(secret.path, "secret"))}, audit);
});
`;
    using folder = open(
      new Folder({ "module.ts": accountModule('return "success";'), "module_test.ts": test }),
    );
    const { status, stderr } = await pamDeno(["needs", join(folder.path, "module.ts")]);
    assert.match(stderr, /what Deno noted of its permissions is not there/);
    assert.ok(!stderr.includes("s3cret"), stderr);
    assert.equal(status, 1);
  },
});

Deno.test({
  name: "needs gives the tests of a module none of root's rights (needs root)",
  ignore: Deno.uid() !== 0,
  async fn() {
    using secret = new Folder({ "secret": "s3cret" });
    const test = `${TEST}
Deno.test("it is nobody", () => {
  if (Deno.uid() === 0) throw new Error("it is root");
  for (const path of ["/etc/shadow", "/root/.profile", ${JSON.stringify(join(secret.path, "secret"))}]) {
    let text;
    try { text = Deno.readTextFileSync(path); } catch { continue; }
    throw new Error("it has read " + path);
  }
  for (const path of ["/usr/x", ${JSON.stringify(join(ROOT, "x"))}]) {
    try { Deno.writeTextFileSync(path, ""); } catch { continue; }
    throw new Error("it has written " + path);
  }
});
`;
    using folder = open(
      new Folder({ "module.ts": accountModule('return "success";'), "module_test.ts": test }),
    );
    const { status, stdout, stderr } = await pamDeno(["needs", join(folder.path, "module.ts")]);
    assert.match(stdout, /It needs no permission, and declares none/, stderr);
    assert.equal(status, 0);
  },
});
