// SPDX-License-Identifier: MIT
/** What a stranger's module can do to root, who asks what it needs. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readAudit } from "../../../sdk/author/needs/checks.ts";
import { markOf } from "../../../sdk/author/needs/marks.ts";
import { readStrangers } from "../../../sdk/author/strangers_file.ts";
import { PAM_DENO, ROOT } from "../../sdk/command/program.ts";
import { accountModule, Folder } from "../scene.ts";

const STRANGER = 1234;
const TEST = `import { runHook } from "@pam-deno/sdk/testing";
import * as m from "./module.ts";
Deno.test("it lets in", async () => { await runHook(m, "account", { user: "a" }); });
`;

/** A folder of a stranger's that everybody can read. */
function strangersModule(files: Readonly<Record<string, string>>): Folder {
  const folder = new Folder({ "module.ts": accountModule('return "success";'), ...files });
  const give = (path: string) => {
    Deno.chownSync(path, STRANGER, STRANGER);
    const isFolder = Deno.statSync(path).isDirectory;
    Deno.chmodSync(path, isFolder ? 0o755 : 0o644);
    if (isFolder) { for (const { name } of Deno.readDirSync(path)) give(join(path, name)); }
  };
  give(folder.path);
  return folder;
}

/** Runs `needs` where the zones of the machine are a copy: a mistake must not reach the machine's own. */
async function needsBehindCopy(folder: Folder) {
  using copy = new Folder();
  const script = `cp -a /usr/share/zoneinfo "$1/z" && mount --bind "$1/z" /usr/share/zoneinfo || exit 9
before=$(stat -L -c %s /etc/localtime)
"$2" needs "$3"; status=$?
[ "$before" = "$(stat -L -c %s /etc/localtime)" ] || echo "localtime was emptied"
exit $status`;
  const { code, stdout, stderr } = await new Deno.Command("unshare", {
    args: ["--mount", "sh", "-c", script, "sh", copy.path, PAM_DENO, folder.path],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { status: code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("needs lets a module's deno.json choose no file that root writes (needs root)", {
  ignore: Deno.uid() !== 0,
}, async () => {
  using away = new Folder();
  const lock = join(away.path, "lock");
  const config = {
    ...{ name: "@x/m", version: "1.0.0", exports: "./module.ts", lock: { path: lock } },
    imports: { "@pam-deno/sdk": "jsr:@pam-deno/sdk@*" },
    // Deno takes this for the folder x, since the rest is a query.
    links: [ROOT, "./x?/../../../../../../etc/localtime"],
  };
  using folder = strangersModule({
    "module_test.ts": TEST,
    "deno.json": JSON.stringify(config),
    "x/deno.json": '{ "name": "@x/y", "version": "1.0.0", "exports": "./m.ts" }',
    "x/m.ts": "",
  });
  // The SDK is root's, and is linked to by the stranger.
  const { stdout, stderr } = await needsBehindCopy(folder);
  assert.doesNotMatch(stdout, /localtime was emptied/);
  assert.throws(() => Deno.lstatSync(lock), Deno.errors.NotFound, stderr);
  assert.match(stdout, /It needs no permission, and declares none/, stderr);
});

Deno.test("needs follows no link that tests put in the place of what Deno noted (needs root)", {
  ignore: Deno.uid() !== 0,
}, async () => {
  const test = `${TEST}
Deno.test("it is a link", () => {
  const audit = Deno.env.get("TMPDIR") + "/audit";
  Deno.removeSync(audit);
  Deno.symlinkSync("/dev/zero", audit);
});
`;
  using folder = strangersModule({ "module_test.ts": test });
  const { status, stderr } = await new Deno.Command("timeout", {
    args: ["60", PAM_DENO, "needs", join(folder.path, "module.ts")],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output().then(({ code, stderr }) => ({ status: code, stderr: new TextDecoder().decode(stderr) }));
  assert.match(stderr, /what Deno noted of its permissions is not there/);
  assert.equal(status, 1);
});

Deno.test("readStrangers() reads regular files that are small enough, and nothing else", async () => {
  using folder = new Folder({ "file": "äbc" });
  const path = join(folder.path, "file");
  assert.equal(readStrangers(path, 4), "äbc");
  assert.equal(readStrangers(path, 3), undefined);
  Deno.symlinkSync(path, join(folder.path, "link"));
  await new Deno.Command("mkfifo", { args: [join(folder.path, "pipe")] }).output();
  for (const name of ["link", "pipe", "none"]) {
    assert.equal(readStrangers(join(folder.path, name), 4), undefined, name);
  }
  assert.equal(readStrangers(folder.path, 4), undefined);
});

Deno.test("what is no line of Deno's in an audit is left out", () => {
  const lines = [
    '{"permission":"read","value":"/x","stack":["at file:///a:1:1"]}',
    '{"permission":"\\u001b[2J","value":"/x"}',
    '{"permission":"read","value":{}}',
    '{"permission":"read","value":"/x","stack":[1]}',
    "null",
    "root:x:0:0",
  ];
  assert.deepEqual(readAudit(lines.join("\n")), [{ kind: "read", value: "/x", stack: ["at file:///a:1:1"] }]);
  const mark = (value: unknown) => markOf(`PAM_DENO_NEEDS:${encodeURIComponent(JSON.stringify(value))}`);
  assert.deepEqual(mark({ is: "load" }), { is: "load" });
  for (const hook of ["\u001b[2J", 1, "toString"]) {
    assert.equal(mark({ is: "begin", id: 1, hook, words: {} }), undefined);
  }
  assert.equal(mark({ is: "begin", id: 1, hook: "account", words: { a: { b: 1 } } }), undefined);
});
