// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { leftOver, outdated, write } from "../../scripts/gen/files.ts";
import { fillMarkers, limitDocs } from "../../scripts/gen/protocol_tables.ts";

const ROOT = new URL("../../", import.meta.url);

async function inFolder(act: (root: URL) => void): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    act(new URL(`file://${path}/`));
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

Deno.test("outdated() names files that are missing or different, until write() wrote them", async () => {
  await inFolder((root) => {
    const files = [{ path: "a/b.txt", text: "one\n" }, { path: "c.txt", text: "two\n" }];
    assert.deepEqual(outdated(root, files), files);
    write(root, files);
    assert.deepEqual(outdated(root, files), []);
    Deno.writeTextFileSync(new URL("c.txt", root), "two");
    assert.deepEqual(outdated(root, files).map(({ path }) => path), ["c.txt"]);
  });
});

Deno.test("leftOver() names files that are generated no more", async () => {
  await inFolder((root) => {
    const files = [{ path: "v/a.txt", text: "" }, { path: "v/b.txt", text: "" }, {
      path: "v/README.md",
      text: "",
    }];
    assert.deepEqual(leftOver(root, "v", ".txt", files), []);
    write(root, files);
    assert.deepEqual(leftOver(root, "v", ".txt", files.slice(1)), ["v/a.txt"]);
  });
});

Deno.test("deno task gen --check finds the repository up to date", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "scripts/gen.ts", "--check"],
    cwd: ROOT,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
});

Deno.test("deno task gen --check names what is outdated, as does CI, and writes nothing", async () => {
  const path = await Deno.makeTempDir();
  try {
    const top = [...Deno.readDirSync(ROOT)].map(({ name }) => name).filter((name) => name.endsWith(".md"));
    const names = [
      "deno.json",
      "deno.lock",
      "docs",
      "examples",
      "mod.ts",
      "scripts",
      "sdk",
      "tests/applications",
    ];
    const copied = await new Deno.Command("cp", {
      args: ["-r", "--parents", ...top, ...names, path],
      cwd: ROOT,
    })
      .output();
    assert(copied.success);
    const gen = async (args: string[], env: Record<string, string>) => {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "scripts/gen.ts", ...args],
        cwd: path,
        env: { NO_COLOR: "1", ...env },
      }).output();
      return { code, stderr: new TextDecoder().decode(stderr) };
    };
    for (const run of [() => gen(["--check"], { CI: "" }), () => gen([], { CI: "true" })]) {
      const { code, stderr } = await run();
      assert.equal(code, 1);
      assert.match(stderr, /^shim\/message_gen\.c is outdated: run deno task gen$/m);
      assert.match(stderr, /^tests\/vectors\/hook_ok_min\.txt is outdated: run deno task gen$/m);
      assert.doesNotMatch(stderr, /PROTOCOL\.md/);
    }
    assert.equal((await gen(["--chekc"], { CI: "" })).code, 2);
    assert.equal((await gen([], { CI: "" })).code, 0);
    await Deno.writeTextFile(`${path}/tests/vectors/old.txt`, "");
    const { code, stderr } = await gen(["--check"], { CI: "" });
    assert.equal(code, 1);
    assert.equal(stderr, "tests/vectors/old.txt is no longer generated: run deno task gen\n");
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});

Deno.test("fillMarkers() replaces what stands between markers, and nothing else", () => {
  const text = "a\n<!-- gen:x -->\nold\n<!-- /gen:x -->\nb\n<!-- gen:y -->\n<!-- /gen:y -->\n";
  const parts = new Map([["x", "new $1"], ["y", "two\nlines"]]);
  const filled =
    "a\n<!-- gen:x -->\nnew $1\n<!-- /gen:x -->\nb\n<!-- gen:y -->\ntwo\nlines\n<!-- /gen:y -->\n";
  assert.equal(fillMarkers(text, parts), filled);
  assert.equal(fillMarkers(filled, parts), filled);
});

Deno.test("fillMarkers() refuses a place without a part and a part without a place", () => {
  const text = "<!-- gen:x -->\n<!-- /gen:x -->\n";
  assert.throws(() => fillMarkers(text, new Map()), /'gen:x' is unknown or there twice/);
  assert.throws(() => fillMarkers(text + text, new Map([["x", ""]])), /'gen:x' is unknown or there twice/);
  assert.throws(() => fillMarkers(text, new Map([["x", ""], ["z", ""]])), /there is no place 'gen:z'/);
});

Deno.test("limitDocs() finds the comment of each limit", () => {
  const source =
    "export const LIMITS = {\n  /** A. */\n  A_MAX: 1,\n  /** B's. */\n  B_MAX: 2,\n} as const;\n/** No. */\n C_MAX: 3";
  assert.deepEqual([...limitDocs(source)], [["A_MAX", "A."], ["B_MAX", "B's."]]);
});
