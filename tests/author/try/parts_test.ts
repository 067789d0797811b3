// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { Application } from "../../../sdk/author/try/applicant.ts";
import { formatRequest, readWord } from "../../../sdk/author/try/application_words.ts";
import { readAudit } from "../../../sdk/author/try/audit.ts";
import { Keyboard } from "../../../sdk/author/try/keyboard.ts";
import { meaningOf } from "../../../sdk/author/try/meaning.ts";
import { Person } from "../../../sdk/author/try/person.ts";
import { Places } from "../../../sdk/author/try/places.ts";
import { COMMON_CODES, HOOK_CODES } from "../../../sdk/hooks.ts";
import { ServiceDirectory } from "../../../sdk/libpam/mod.ts";
import { ROOT } from "./trying.ts";

/** A terminal on which octets are typed. */
function typing(...chunks: readonly string[]) {
  const left = chunks.map((text) => new TextEncoder().encode(text));
  const raw: boolean[] = [];
  return {
    raw,
    setRaw: (isRaw: boolean) => void raw.push(isRaw),
    read(bytes: Uint8Array): Promise<number | null> {
      const chunk = left.shift();
      if (chunk === undefined) return Promise.resolve(null);
      bytes.set(chunk);
      return Promise.resolve(chunk.length);
    },
  };
}

Deno.test("Keyboard edits a hidden answer as a terminal would, and leaves the terminal as it was", async () => {
  const terminal = typing("wrong\x15gr", "üx\x7fn", "\r");
  let shown = "";
  using keyboard = new Keyboard((text) => shown += text, terminal);
  assert.equal(await keyboard.ask({ text: "Code\x1b[2J: ", hidden: true }), "grün");
  assert.deepEqual(terminal.raw, [true, false]);
  assert.equal(shown, "Code\ufffd[2J: \n");
});

Deno.test("Keyboard has no answer at control-C, at the end of input, and when it gives up", async () => {
  const ask = (hidden: boolean, ...typed: string[]) =>
    new Keyboard(() => {}, typing(...typed)).ask({ text: "?", hidden });
  assert.equal(await ask(true, "abc\x03"), undefined);
  assert.equal(await ask(false), undefined);
  assert.equal(await ask(false, "abc"), "abc");
  const never = { setRaw: () => {}, read: () => new Promise<number>(() => {}) };
  const keyboard = new Keyboard(() => {}, never);
  const answer = keyboard.ask({ text: "?", hidden: false });
  await Promise.resolve();
  keyboard.giveUp();
  assert.equal(await answer, undefined);
});

Deno.test("Person takes given answers first, then asks, and shows what came before a question", async () => {
  const said: string[] = [];
  const asker = {
    show: (text: string) => void said.push(text),
    ask: ({ text }: { text: string }) => Promise.resolve(text === "Two? " ? "2" : undefined),
  };
  const person = new Person(["1"], asker);
  const prompt = (text: string) => ({ style: "prompt_echo_on", text }) as const;
  assert.deepEqual(await person.answer([{ style: "text_info", text: "Hello" }, prompt("One? ")]), [
    null,
    "1",
  ]);
  assert.deepEqual(said, []);
  assert.deepEqual(await person.answer([prompt("Two? ")]), ["2"]);
  assert.deepEqual(said, ["Hello"]);
  assert.equal(await person.answer([prompt("Three? ")]), null);
  assert.deepEqual(person.prompts.map(({ by }) => by), ["option", "terminal", "nobody"]);
});

Deno.test("words for the application hold anything, and come back as they were", () => {
  const line = formatRequest(["env", "main", "A=ä b%\n"]);
  assert.equal(line, "env main A%3D%C3%A4%20b%25%0A\n");
  assert.deepEqual(readWord("ask 1 =Code%3A%20 4 =%C3%A4%FF"), {
    said: "ask",
    messages: [{ style: "prompt_echo_off", text: "Code: " }, { style: "text_info", text: "ä\ufffd" }],
  });
});

Deno.test("the application calls libpam, forks with its handle, and refuses what it does not know", async () => {
  using services = ServiceDirectory.create();
  services.write("demo", [
    { type: "account", control: "required", module: "pam_debug.so", args: ["acct=acct_expired"] },
  ]);
  await using application = new Application(join(ROOT, "build", "try_application"));
  await application.ready();
  const main = { handle: "main", service: "demo", user: "alice", confdir: services.path };
  await application.start({ ...main, items: { rhost: "a b" }, environment: { A: "1=2" } });
  const outcome = await application.call("account");
  assert.equal(outcome.code, "acct_expired");
  assert.deepEqual(outcome.items, { service: "demo", user: "alice", rhost: "a b" });
  assert.deepEqual(outcome.environment, { A: "1=2" });
  const parent = application.pid;
  await application.fork();
  assert.notEqual(application.pid, parent);
  await application.set({ rhost: "c" });
  assert.equal((await application.call("account")).items.rhost, "c");
  await application.leave();
  assert.equal(application.pid, parent);
  assert.equal((await application.call("account")).items.rhost, "a b");
  await assert.rejects(application.call("account", [], "other"), /no such handle/);
  await application.end();
  await assert.rejects(application.call("account"), /no such handle/);
});

Deno.test("Places names the author's files, and leaves our own out of a stack", () => {
  const places = new Places({ files: "/tmp/try/files", folder: "/home/a/policy" });
  const own = "at account (file:///tmp/try/files/module/src/rules.ts:3:9)";
  const ours = "at run (file:///usr/lib/pam-deno/sdk/dispatch.ts:1:2)";
  assert.equal(
    places.clean(`Error: no | ${own} | ${ours}`),
    "Error: no | at account (/home/a/policy/src/rules.ts:3:9)",
  );
  assert.deepEqual(places.find(own), { file: "/home/a/policy/src/rules.ts", line: 3, column: 9 });
  assert.equal(places.find(ours), undefined);
});

Deno.test("readAudit counts what the module's code asked for, once, and whether it was held", () => {
  const places = new Places({ files: "/f", folder: "/home/a" });
  const line = (permission: string, value: string | null, frame = "at x (file:///f/module/m.ts:1:2)") =>
    JSON.stringify({ v: 1, permission, value, stack: ["fetch (ext:runtime)", frame] });
  const text = [
    line("read", "/a/b"),
    line("read", "/a/b"),
    line("net", "http://h:1/"),
    line("net", "h:1"),
    line("env", "HOME", "at y (file:///usr/lib/pam-deno/sdk/x.ts:1:1)"),
    line("run", null),
    "no JSON",
  ].join("\n");
  const seen = readAudit(text, { places, granted: { read: ["/a"] } });
  assert.deepEqual(seen.map(({ kind, scope, held }) => [kind, scope, held]), [
    ["read", "/a/b", true],
    ["net", "h:1", false],
  ]);
});

Deno.test("every code that a hook may return has a meaning", () => {
  const calls = ["authenticate", "setCredentials", "account", "openSession", "closeSession"] as const;
  for (const call of calls) {
    for (const code of [...COMMON_CODES, ...HOOK_CODES[call]]) {
      assert.doesNotMatch(meaningOf(call, code), /Not a code/, `${call} ${code}`);
    }
  }
  for (const code of [...HOOK_CODES.preliminary, ...HOOK_CODES.update]) {
    assert.doesNotMatch(meaningOf("changePassword", code), /Not a code/, code);
  }
  assert.match(meaningOf("openSession", "session_err"), /sudo runs the command all the same/);
});
