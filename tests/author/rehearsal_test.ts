// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { accountModule, Folder, rehearse, ROOT } from "./scene.ts";

async function rehearsing(text: string) {
  const folder = new Folder({ "module.ts": text });
  using into = new Folder();
  try {
    return await rehearse(join(folder.path, "module.ts"), into);
  } finally {
    folder[Symbol.dispose]();
  }
}

Deno.test("a rehearsal declares what the module does, and runs its hooks", async () => {
  using into = new Folder();
  await using rehearsal = await rehearse(join(ROOT, "examples/office-hours/module.ts"), into);
  assert.deepEqual(rehearsal.declaration.hooks, ["account"]);
  const options = ["tz=UTC", "open=08:00", "close=18:00"];
  const at = (now: string) => rehearsal.run("hook", { hook: "account", scene: { options, now } });
  assert.equal((await at("2026-11-20T12:00:00Z")).code, "success");
  const refused = await at("2026-11-20T20:00:00Z");
  assert.equal(refused.code, "perm_denied");
  assert.match(refused.shown[0]!.text, /^Logins are open/);
});

Deno.test("a rehearsed module holds the permissions that were given and no others", async () => {
  const text = accountModule(`
    const has = await Promise.allSettled([
      Deno.readTextFile("/etc/passwd"), Deno.connect({ port: 1 }),
      (async () => await new Deno.Command("/bin/true").output())(), (async () => await Deno.env.get("HOME"))(), Deno.writeTextFile("/tmp/x", ""),
    ]);
    context.log.info("{which}", { which: has.map(({ status }) => status).join(" ") });
    return "success";`);
  await using rehearsal = await rehearsing(text);
  const { log } = await rehearsal.run("hook", { hook: "account", scene: {} });
  assert.equal(log[0]!.text, '"rejected rejected rejected rejected rejected"');
});

Deno.test("a rehearsed module that answers questions is given the answers in order, and then nobody is there", async () => {
  const text = `import { defineModule, type PamModule } from "@pam-deno/sdk";
export default defineModule({ grants: { auth: ["prompt"] }, async authenticate({ conversation, deny }) {
  return await conversation.prompt("One? ") === "a" && await conversation.prompt("Two? ") === "b"
    ? "success" : deny("auth_err", "No");
} }) as PamModule;\n`;
  await using rehearsal = await rehearsing(text);
  const ask = (answers: string[]) => rehearsal.run("hook", { hook: "authenticate", scene: {}, answers });
  assert.equal((await ask(["a", "b"])).code, "success");
  assert.match((await ask(["a"])).cause ?? "", /conv_err/);
});

const WRONG: Readonly<Record<string, [text: string, says: RegExp]>> = {
  "has no default export": ["export const x = 1;", /has no default export/],
  "exports something else": [
    "export default 7;",
    /its default export is a number that defineModule\(\) did not/,
  ],
  "throws at load": [
    accountModule("return 'success';", "throw new Error('gone wrong');"),
    /^\S+: it threw while it was loaded: Error: gone wrong \| at module\.ts:2:\d+ \[module-broken\] \S+$/,
  ],
  "defines no hook": [
    `import { defineModule, type PamModule } from "@pam-deno/sdk";\nexport default defineModule({}) as PamModule;\n`,
    /^\S+: defineModule\(\): there is no handler: [^|]+ \| at module\.ts:2:\d+ \[no-handler\] \S+$/,
  ],
  "reads a file at its top level": [
    accountModule("return 'success';", "Deno.readTextFileSync('/etc/passwd');"),
    /while it is loaded, when it has no permission yet \(Requires read access to "\/etc\/passwd"\): do that in a handler/,
  ],
  "waits for nothing": [
    accountModule("return 'success';", "await new Promise(() => {});"),
    /it waits at its top level for what never comes: wait in a handler \[module-broken\]/,
  ],
  "ends the process": [accountModule("return 'success';", "Deno.exit(0);"), /ended without a word/],
  "prints to standard output": [
    accountModule("return 'success';", "Deno.stdout.writeSync(new TextEncoder().encode('hello\\n'));"),
    /must not print or exit when it is loaded/,
  ],
  "waits for ever": [
    accountModule("return 'success';", "await new Promise(() => setInterval(() => {}, 1e6));"),
    /did not load within/,
  ],
};

for (const [what, [text, says]] of Object.entries(WRONG)) {
  Deno.test(`a module that ${what} is not rehearsed, and it is said why`, async () => {
    await assert.rejects(
      rehearsing(text),
      (error: Error) => error.name === "RehearsalError" && says.test(error.message),
    );
  });
}

Deno.test("a process that ends during a task fails the task", async () => {
  await using rehearsal = await rehearsing(accountModule("Deno.exit(3);"));
  await assert.rejects(rehearsal.run("hook", { hook: "account", scene: {} }), /ended without a word/);
});
