// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { blank } from "../../scripts/tidy/blank.ts";
import { bannedCalls, deadHeaders, exportsOfShim, heap, mutableStatics } from "../../scripts/tidy/c_rules.ts";
import { commands, entryPoints } from "../../scripts/tidy/doc_rules.ts";
import { deadFiles, direction, reach } from "../../scripts/tidy/imports.ts";
import { ends, length, licence, places, runBits, unfinished } from "../../scripts/tidy/text_rules.ts";
import { readTree, type Rule, type Tree } from "../../scripts/tidy/tree.ts";
import { language, printing, trustedTypes } from "../../scripts/tidy/ts_rules.ts";

const SPDX = "// SPDX-License-Identifier: MIT\n";

/** A tree out of paths and texts; a path that ends in `*` may be run. */
function treeOf(files: Readonly<Record<string, string>>, root = "/srv/tree"): Tree {
  return {
    root,
    files: new Map(
      Object.entries(files).map(([name, text]) => {
        const path = name.replace(/\*$/, "");
        return [path, { path, text, executable: name !== path }];
      }),
    ),
  };
}

/** What a rule finds, as `file:line: message`. */
function found(rule: Rule, files: Readonly<Record<string, string>>, root?: string): string[] {
  return [...rule(treeOf(files, root))].map(({ path, line, message }) => `${path}:${line}: ${message}`);
}

/** The rule finds one thing in `bad`, there, and nothing in `good`. */
function finds(
  rule: Rule,
  bad: Readonly<Record<string, string>>,
  where: string | RegExp,
  good: Readonly<Record<string, string>>,
): void {
  const complaints = found(rule, bad);
  assert.equal(complaints.length, 1, `one finding is expected:\n${complaints.join("\n")}`);
  if (typeof where === "string") assert.ok(complaints[0]?.startsWith(`${where}: `), complaints[0]);
  else assert.match(complaints[0] ?? "", where);
  assert.deepEqual(found(rule, good), []);
}

Deno.test("blank() hides comments and keeps lines", () => {
  assert.equal(blank("a // b\nc /* d\ne */ f", "ts", "comments"), "a     \nc     \n     f");
  assert.equal(blank('x("// y"); // z', "c", "comments"), 'x("// y");     ');
});

Deno.test("blank() hides texts, templates and regular expressions, and keeps what stands in `${}`", () => {
  assert.equal(blank('f("a\\"b", \'c\')', "ts", "comments and texts"), "f(\"    \", ' ')");
  const template = blank("f(`a ${g({ b: `c` })} d`)", "ts", "comments and texts");
  assert.match(template, /^f\(`.*g\(\{ b: ` ` \}\).*`\)$/);
  assert.doesNotMatch(template, /\bd\b/);
  assert.equal(blank('x = /"\\/[/"]/; y = "z"', "ts", "comments and texts").replace(/ /g, ""), 'x=//;y=""');
  assert.equal(blank("a / b; c / d", "ts", "comments and texts"), "a / b; c / d");
});

Deno.test("length() takes 400 lines, and more from a generator only", () => {
  finds(length, { "sdk/a.ts": "x\n".repeat(401) }, "sdk/a.ts:401", {
    "sdk/a.ts": "x\n".repeat(400),
    "shim/message_gen.c": "x\n".repeat(2000),
  });
});

Deno.test("licence() wants the SPDX line near the top of every source", () => {
  finds(licence, { "scripts/run": "#!/bin/sh\necho\n" }, "scripts/run:1", {
    "scripts/run": `#!/bin/sh\n# ${SPDX.slice(3)}`,
    "shim/a.c": `/* ${SPDX.slice(3).trim()} */\n`,
    "README.md": "words\n",
  });
  assert.equal(found(licence, { "sdk/a.ts": "\n\n\n" + SPDX }).length, 1);
});

Deno.test("unfinished() finds words of unfinished work and tests that are switched off", () => {
  for (
    const text of [
      "// TO" + "DO: later",
      "/* fix" + "me */",
      'throw "not ' + 'implemented"',
      "// a st" + "ub",
    ]
  ) {
    finds(unfinished, { "sdk/a.ts": `\n${text}\n` }, "sdk/a.ts:2", {
      "sdk/a.ts": "// stubborn, implemented",
    });
  }
  for (const text of ["Deno.test.on" + "ly(x)", "Deno.test.ign" + "ore(x)", "{ ign" + "ore: true }"]) {
    finds(unfinished, { "tests/a_test.ts": text }, "tests/a_test.ts:1", {
      "tests/a_test.ts": "Deno.test(x)",
    });
  }
});

Deno.test("places() finds paths of this machine and hosts of registries", () => {
  assert.deepEqual(found(places, { "README.md": "in /srv/tree/x" }, "/srv/tree").length, 1);
  assert.deepEqual(found(places, { "README.md": "in /srv/other" }, "/srv/tree"), []);
  assert.deepEqual(found(places, { "README.md": "in /ci/jobs/other" }, "/ci/jobs/tree").length, 1);
  finds(places, { "scripts/setup": "\n\nget https://deb." + "debian.org/x" }, "scripts/setup:3", {
    "scripts/setup": "the Debian archive",
    "deno.lock": "https://registry." + "npmjs.org",
  });
});

Deno.test("runBits() holds the run bit and the first line together", () => {
  finds(runBits, { "scripts/a": "#!/bin/sh\n" }, /chmod \+x scripts\/a/, { "scripts/a*": "#!/bin/sh\n" });
  finds(runBits, { "sdk/a.ts*": SPDX }, /chmod -x sdk\/a\.ts/, { "sdk/a.ts": SPDX });
});

Deno.test("ends() finds white space before and no newline at the end", () => {
  finds(ends, { "shim/a.c": "int a; \n" }, "shim/a.c:1", { "shim/a.c": "int a;\n" });
  finds(ends, { "shim/a.c": "int a;\nint b;" }, "shim/a.c:2", { "shim/a.c": "" });
});

Deno.test("bannedCalls() knows what C does better without, and what the shim must not do", () => {
  finds(bannedCalls, { "tests/shim/a.c": "\nint b = sprintf(a, c);" }, "tests/shim/a.c:2", {
    "tests/shim/a.c": 'snprintf(a, n, "sprintf(");\n/* strcpy(a) */ x.gets(); fork();',
  });
  finds(bannedCalls, { "shim/a.c": "pid_t p = fork ();" }, /'fork\(\)' is banned/, {
    "shim/a.c": "pam_syslog(h, 1); pam_putenv(h, s); getpwnam_r(a); _Static_assert(1);",
  });
  finds(bannedCalls, { "shim/a.c": "static _Thread_local int x;" }, "shim/a.c:1", {
    "tests/a.c": "_Thread_local int x;",
  });
});

Deno.test("heap() lets only the files that must use the heap use it", () => {
  finds(heap, { "shim/wire.c": "p = malloc(3);" }, "shim/wire.c:1", {
    "shim/data.c": "p = malloc(3);",
    "shim/wire.c": "/* no malloc() */ x->malloc_free(1);",
    "tests/shim/a.c": "p = malloc(3);",
  });
});

Deno.test("mutableStatics() finds state that outlives a call", () => {
  const good = [
    "static const int a[] = { 1 };",
    "static const char *const names[] = { 0 };",
    "static int\nfoo(void)\n{\n}",
    "static reader first, second;",
    "static int\nfirst(void)\n{\n}\nstatic int\nsecond(void)\n{\n}",
    "static inline int f(int a) { return a; }",
    "int f(void)\n{\n\tstatic const struct x y = { 0 };\n}",
  ].join("\n");
  for (
    const bad of [
      "static int count;",
      "static const char *name = 0;",
      "\tstatic char buf[8];",
      "static struct x *y;",
    ]
  ) {
    finds(mutableStatics, { "shim/a.c": `\n${bad}\n` }, "shim/a.c:2", { "shim/a.c": good, "tests/a.c": bad });
  }
});

Deno.test("exportsOfShim() wants the six service functions and nothing else", () => {
  const six = ["acct_mgmt", "authenticate", "chauthtok", "close_session", "open_session", "setcred"].map((
    name,
  ) => `pam_sm_${name};`).join("\n");
  const map = (names: string) => ({ "shim/pam_deno.map": `{\n  global: ${names}\n  local: *;\n};\n` });
  finds(exportsOfShim, map(six.replace("pam_sm_setcred;", "")), /'pam_sm_setcred' is missing/, map(six));
  finds(exportsOfShim, map(`${six} helper;`), /'helper' is not a service function/, map(six));
  finds(exportsOfShim, { "shim/pam_deno.map": `{ global: ${six} };` }, /'local: \*;' is missing/, map(six));
});

Deno.test("deadHeaders() finds a header that nobody includes", () => {
  finds(deadHeaders, { "shim/a.h": "" }, "shim/a.h:1", {
    "shim/a.h": "",
    "tests/b.c": '#include "../shim/a.h"\n',
  });
});

Deno.test("printing() finds a console in the SDK", () => {
  finds(printing, { "sdk/a.ts": 'console.log("x")' }, "sdk/a.ts:1", {
    "sdk/a.ts": "/** console.log(1) */",
    "scripts/a.ts": "console.log(1)",
    "sdk/command/main.ts": "console.error(1)",
  });
});

Deno.test("trustedTypes() finds `any`, and comments that switch checks off", () => {
  for (const text of ["x as any;", "const x: any = 1;", "f<any>();", "// @ts-" + "ignore"]) {
    finds(trustedTypes, { "sdk/a.ts": text }, "sdk/a.ts:1", {
      "sdk/a.ts": "any(x); [any, x]; // any\n// @ts-expect-error why",
    });
  }
});

Deno.test("language() wants #private and no enum", () => {
  finds(language, { "sdk/a.ts": "  private x = 1;" }, "sdk/a.ts:1", {
    "sdk/a.ts": "  private constructor() {}\n  #x = 1;",
  });
  finds(language, { "sdk/a.ts": "export enum X {}" }, "sdk/a.ts:1", { "sdk/a.ts": "const enums = 1;" });
});

Deno.test("direction() holds the layers", () => {
  const files = {
    "deno.json": '{ "imports": { "@pam-deno/sdk": "./mod.ts" } }',
    "mod.ts": 'export { a } from "./sdk/module.ts";',
    "sdk/tokens.ts": "",
    "sdk/module.ts": 'import { b } from "./wire/codec.ts";',
    "sdk/wire/codec.ts": 'import {\n  c,\n} from "../tokens.ts";',
    "sdk/worker/main.ts": 'import { d } from "../module.ts";\nimport "node:net";',
    "sdk/libpam/mod.ts": 'import { e } from "../tokens.ts";',
    "sdk/command/main.ts": "",
    "examples/a/module.ts": 'import { f } from "@pam-deno/sdk";\nimport { g } from "./policy.ts";',
    "examples/a/policy.ts": "",
  };
  const bad = (path: string, text: string, where: string) =>
    finds(direction, { ...files, [path]: text }, where, files);
  bad("sdk/tokens.ts", '\nimport { x } from "./module.ts";', "sdk/tokens.ts:2");
  bad("sdk/module.ts", 'export * from "./worker/main.ts";', "sdk/module.ts:1");
  bad("sdk/module.ts", 'const x = await import("./command/main.ts");', "sdk/module.ts:1");
  bad("sdk/command/main.ts", 'import "../worker/main.ts";', "sdk/command/main.ts:1");
  bad("sdk/libpam/mod.ts", 'import type { X } from "../wire/codec.ts";', "sdk/libpam/mod.ts:1");
  bad("sdk/wire/codec.ts", 'import "../module.ts";', "sdk/wire/codec.ts:1");
  bad("examples/a/module.ts", 'import "../../sdk/module.ts";', "examples/a/module.ts:1");
  bad("sdk/stray/x.ts", "", "sdk/stray/x.ts:1");
});

Deno.test("direction() does not read imports out of comments and texts", () => {
  assert.deepEqual(
    found(direction, {
      "sdk/tokens.ts": '/** import "./module.ts"; */\nconst x = `import "./module.ts"`;',
      "sdk/module.ts": "",
    }),
    [],
  );
});

Deno.test("reach() keeps sockets, libraries and compiled texts where they belong", () => {
  finds(reach, { "sdk/caller.ts": 'import "node:net";' }, "sdk/caller.ts:1", {
    "sdk/worker/a.ts": 'import "node:net";',
  });
  finds(reach, { "sdk/worker/a.ts": "Deno.dlopen(x)" }, "sdk/worker/a.ts:1", {
    "sdk/libpam/a.ts": "Deno.dlopen(x)",
  });
  finds(reach, { "sdk/wire/a.ts": "new Function(x)" }, "sdk/wire/a.ts:1", {
    "sdk/wire/a.ts": "new Functional(x)",
  });
  finds(reach, { "sdk/supervisor/a.ts": "import(x)" }, "sdk/supervisor/a.ts:1", {
    "sdk/worker/a.ts": "import(x)",
  });
});

Deno.test("deadFiles() finds a file that nobody imports, exports or starts", () => {
  const files = {
    "deno.json": '{ "exports": { ".": "./mod.ts" } }',
    "mod.ts": 'export * from "./sdk/a.ts";',
    "sdk/a.ts": "",
    "sdk/a_test.ts": "",
    "scripts/build.ts": 'run("sdk/worker/main.ts")',
    "sdk/worker/main.ts": "",
  };
  finds(deadFiles, { ...files, "sdk/b.ts": 'import "./b.ts";' }, "sdk/b.ts:1", files);
});

Deno.test("commands() finds scripts, tasks and links that lead nowhere", () => {
  const files = {
    "deno.json": '{ "tasks": { "build": "x" } }',
    "scripts/setup": "",
    "docs/a.md": "",
    "README.md":
      "run `scripts/setup` and `deno task build`, see [a](docs/a.md#x), [b](https://x.y) and [c](docs/)\n",
  };
  const bad = (text: string) => finds(commands, { ...files, "README.md": `\n${text}` }, "README.md:2", files);
  bad("run scripts/missing");
  bad("run `deno task missing`");
  bad("see [x](docs/missing.md)");
});

Deno.test("entryPoints() wants every export written, described and mentioned", () => {
  const files = {
    "deno.json": '{ "name": "@a/b", "exports": { ".": "./mod.ts", "./c": "./c.ts" } }',
    "mod.ts": "/**\n * Words.\n *\n * @module\n */",
    "c.ts": "/** Words. @module */",
    "README.md": 'import "@a/b"; and `@a/b/c`',
  };
  finds(entryPoints, { ...files, "c.ts": "/** x */ const y = 1; // @module" }, "c.ts:1", files);
  finds(
    entryPoints,
    { ...files, "README.md": 'import "@a/b"' },
    /'@a\/b\/c' is exported and not mentioned/,
    files,
  );
  finds(
    entryPoints,
    { ...files, "deno.json": files["deno.json"].replace("./c.ts", "./d.ts") },
    "deno.json:1",
    files,
  );
});

Deno.test("readTree() reads texts and run bits, and leaves out what is built or binary", async () => {
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${root}/build`);
    await Deno.mkdir(`${root}/scripts`);
    await Deno.writeTextFile(`${root}/build/a.ts`, "");
    await Deno.writeTextFile(`${root}/scripts/run`, "#!/bin/sh\n", { mode: 0o755 });
    await Deno.writeTextFile(`${root}/b.md`, "words");
    await Deno.writeFile(`${root}/c.bin`, new Uint8Array([0, 1, 2]));
    const tree = await readTree(root);
    assert.deepEqual([...tree.files.values()], [
      { path: "b.md", text: "words", executable: false },
      { path: "scripts/run", text: "#!/bin/sh\n", executable: true },
    ]);
    await Deno.writeFile(`${root}/d.md`, new Uint8Array([0xff, 0xfe]));
    await assert.rejects(readTree(root), {
      name: "TypeError",
      message: "Cannot read 'd.md' as UTF-8: mend or remove it",
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
