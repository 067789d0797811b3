// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { type Hook, HOOKS } from "../../sdk/hooks.ts";
import { REFUSED_VARIABLES } from "../../sdk/refused_variables.ts";
import { encode } from "../../sdk/wire/codec.ts";
import { LIMITS } from "../../sdk/wire/schema.ts";
import type { MessageFrom } from "../../sdk/wire/types.ts";
import { behind } from "../sdk/codes.ts";
import { hex, Hostile, result, send, type Step } from "./hostile.ts";
import { assertSeen, newService, play, type Scene, type Seen, shareHarness, tell, watch } from "./scene.ts";

let hostile: Hostile;

const shared = shareHarness(() => false);
Deno.test.beforeAll(async () => {
  hostile = await Hostile.start(shared(), "evil", Object.keys(HOOKS).join(","));
});
Deno.test.afterAll(() => hostile[Symbol.asyncDispose]());

async function face(hook: Hook, steps: readonly Step[], scene: Partial<Scene> = {}): Promise<Seen> {
  await hostile.plan([{ read: 1 }, ...steps]);
  const seen = await play(shared(), { module: "evil", hook, ...scene });
  await hostile.said("done");
  return seen;
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** What a worker asks for, the line it asks on, and what is said of it. */
type Row = readonly [
  what: string,
  hook: Hook,
  options: string[],
  message: MessageFrom<"worker">,
  log: string,
];

const prompt: MessageFrom<"worker"> = {
  type: "converse",
  messages: [{ style: "prompt_echo_off", text: "Password: " }],
};
const token: MessageFrom<"worker"> = { type: "get_token", token: "authtok" };
const item = (name: string, value = "x") => result("success", { items: [{ item: name as "user", value }] });
const variable = (name: string, value?: string) => result("success", { environment: [{ name, value }] });
const set_authtok = (value: string) =>
  result("success", { tokens: [{ token: "authtok", value: bytes(value) }] });

const ROWS: readonly Row[] = [
  ["ask a question", "authenticate", ["grant=authtok"], prompt, "sent converse without the grant prompt"],
  ["ask a question", "account", [], prompt, "sent converse without the grant prompt: write grant=prompt"],
  ["read the password", "authenticate", ["grant=prompt"], token, "sent get_token without the grant authtok"],
  ["read the password", "account", ["grant=authtok"], token, "sent get_token without the grant authtok"],
  ["read the password", "setCredentials", ["grant=authtok"], token, "there is no token in this hook"],
  [
    "read shadow",
    "account",
    ["grant=get_env"],
    { type: "lookup_ageing" },
    "lookup_ageing without the grant shadow",
  ],
  [
    "set the user",
    "account",
    ["grant=set_item:tty"],
    item("user", "root"),
    "sets item user, which the grant set_item",
  ],
  [
    "set the service",
    "account",
    ["grant=set_item:user"],
    item("service", "su"),
    "sets item service, which the grant",
  ],
  ["set no user", "account", ["grant=set_item:user"], item("user", ""), "the result sets an empty user"],
  [
    "set a variable",
    "account",
    [],
    variable("APP_X", "1"),
    "sets variable APP_X, which the grant env:NAME does",
  ],
  [
    "set a variable",
    "account",
    ["grant=env:APP_*"],
    variable("AP", "1"),
    "sets variable AP, which the grant",
  ],
  [
    "delete a variable",
    "account",
    ["grant=env:APP"],
    variable("APP_X"),
    "sets variable APP_X, which the grant",
  ],
  ["set a name with =", "account", ["grant=env:APP*"], variable("APP=1", "2"), "with a name that is none"],
  ["set an empty name", "account", ["grant=env:APP*"], variable("", "2"), "with a name that is none"],
  [
    "set the password",
    "authenticate",
    ["grant=authtok"],
    set_authtok("x"),
    "sets a token, which the grant set_authtok",
  ],
  [
    "set the password",
    "account",
    ["grant=set_authtok"],
    set_authtok("x"),
    "sets a token, which the grant set_authtok",
  ],
  [
    "set a password with NUL",
    "authenticate",
    ["grant=set_authtok"],
    set_authtok("a\0b"),
    "a token with a NUL in it",
  ],
  [
    "set a variable and refuse",
    "account",
    ["grant=env:APP"],
    result("perm_denied", { environment: [{ name: "APP", value: "1" }] }),
    "the result perm_denied sets items, environment, tokens or user files",
  ],
  [
    "set an item and say ignore",
    "account",
    ["grant=set_item:tty"],
    result("ignore", { items: [{ item: "tty", value: "1" }] }),
    "the result ignore sets items, environment, tokens or user files",
  ],
  [
    "refuse with success",
    "account",
    [],
    result("success", { message: "no" }),
    "success has the message of a refusal",
  ],
  [
    "refuse with ignore",
    "account",
    [],
    result("ignore", { message: "no" }),
    "ignore has the message of a refusal",
  ],
  [
    "wait for an hour",
    "account",
    [],
    result("success", { fail_delay_us: 3_600_000_000 }),
    "a delay of more than 30000000",
  ],
  [
    "keep and set data",
    "account",
    [],
    result("success", { data: bytes("{}") }),
    "has module data, but does not set",
  ],
  [
    "show a prompt as a text",
    "account",
    ["grant=prompt"],
    { type: "text", style: "prompt_echo_off", text: "Password: " },
    "a text in the style of a prompt",
  ],
  [
    "ask nothing",
    "authenticate",
    ["grant=prompt"],
    { type: "converse", messages: [{ style: "text_info", text: "hello" }] },
    "a converse without a prompt in it",
  ],
];

for (const [what, hook, options, message, log] of ROWS) {
  const grants = options.join(" ") || "no grant";
  Deno.test(`a worker cannot ${what} in ${hook} with ${grants}`, async () => {
    // What comes behind must not count, whatever it is.
    const steps = message.type === "result" ? [send(message)] : [send(message), send(result("success"))];
    const seen = await face(hook, steps, { options });
    const cause = new RegExp(`^err ${hook} evil: protocol, system_err in \\d+ ms for user nobody: .*${log}`);
    assertSeen(seen, { code: "system_err", log: cause });
  });
}

Deno.test("no grant lets a worker set what the loader, a shell or an interpreter reads", async () => {
  const names = REFUSED_VARIABLES.map((pattern) => pattern.replace("*", "PRELOAD"));
  assert.ok(names.includes("LD_PRELOAD") && names.includes("PATH"));
  for (const name of names) {
    // A prefix may reach over a refused name; the name itself cannot even be granted.
    const options = [`grant=env:${name.slice(0, -1)}*`, `grant=env:${name[0]}*`];
    const seen = await face("openSession", [send(variable(name, "/tmp/evil"))], { options });
    assertSeen(seen, {
      code: "system_err",
      log: new RegExp(
        `^err openSession evil: protocol, .*variable ${name}, which the grant env:NAME \\(whatever`,
      ),
    }, name);
  }
});

Deno.test("no effect of a result counts if one of them is refused", async () => {
  const harness = shared();
  const service = newService();
  const options = ["grant=set_item:tty,env:APP_*,set_authtok"];
  harness.stack(service, [{ type: "auth", module: "evil", options }]);
  using transaction = harness.start(service);
  await hostile.plan([
    { read: 1 },
    send(result("success", {
      items: [{ item: "tty", value: "pts/1" }, { item: "user", value: "root" }],
      environment: [{ name: "APP_X", value: "1" }],
      data_action: "set",
      data: bytes("{}"),
      fail_delay_us: 1_000_000,
    })),
  ]);
  const seen = await watch(harness, service, transaction, (transaction) => transaction.authenticate());
  await hostile.said("done");
  assertSeen(seen, { code: "system_err", log: /sets item user, which the grant/ });
  assert.equal(transaction.getItem("tty"), undefined);
  assert.deepEqual(transaction.environment, {});
  assert.deepEqual(transaction.delays, []);
  await hostile.plan([{ read: 1 }, send(result("success"))]);
  transaction.authenticate();
  // The request of the next hook has no module data: its last octet says so.
  assert.ok((await hostile.said("frame")).endsWith("00"));
  await hostile.said("done");
});

Deno.test("the 17th text ends the hook, and 16 are shown", async () => {
  const text: MessageFrom<"worker"> = { type: "text", style: "text_info", text: "again" };
  const shown = Array(LIMITS.TEXTS_MAX).fill("text_info again");
  const sixteen = Array(LIMITS.TEXTS_MAX).fill(text);
  assertSeen(await face("account", [send(...sixteen, result("success"))]), { code: "success", shown });
  const seen = await face("account", [send(...sixteen, text, result("success"))]);
  assertSeen(seen, {
    code: "system_err",
    shown,
    log: /^err account evil: protocol, .*sent more than 16 texts/,
  });
});

Deno.test("the 65th request ends the hook", async () => {
  const requests = Array(LIMITS.REQUESTS_MAX).fill({ type: "lookup_groups" });
  const all = { read: LIMITS.REQUESTS_MAX };
  const served = await face("account", [send(...requests), all, send(result("success"))]);
  assertSeen(served, { code: "success" });
  const seen = await face("account", [send(...requests, { type: "lookup_passwd" }, result("success"))]);
  assertSeen(seen, { code: "system_err", log: /^err account evil: protocol, .*sent more than 64 requests/ });
});

Deno.test("32 log lines reach the system log, and the rest are counted", async () => {
  const line: MessageFrom<"worker"> = { type: "log", level: "warning", text: "flood" };
  const flood = Array(500).fill(line);
  for (
    const [end, code] of [[result("success"), "success"], [result("perm_denied"), "perm_denied"]] as const
  ) {
    const seen = await face("account", [send(...flood), send(end)]);
    assertSeen(seen, { code, log: /^warning account evil: 468 more lines of the module were dropped$/ });
    assert.equal(seen.log.filter(({ text }) => text.endsWith("flood")).length, LIMITS.LOG_LINES_MAX);
  }
  const broken = await face("account", [send(...flood), { close: true }]);
  assertSeen(broken, { code: "service_err", log: /468 more lines of the module were dropped$/ });
});

const PAYLOADS: readonly [what: string, text: string, shown: string][] = [
  ["a format", "%s%n%100000d %1$s", "%s%n%100000d %1$s"],
  ["escapes of a terminal", "\x1b[2J\x1b]0;title\x07ok\x9b31mred", "[2J]0;titleok31mred"],
  ["a carriage return", "denied\rgranted", "deniedgranted"],
  ["backspaces", "no\b\byes\x7f", "noyes"],
  ["C1 controls", "a\u0085b\u009bc", "abc"],
  ["letters", "schön 名前 🙂", "schön 名前 🙂"],
  ["as much as fits", "ü".repeat(255), "ü".repeat(255)],
];

for (const [what, text, shown] of PAYLOADS) {
  Deno.test(`a text, a question and a denial are never interpreted: ${what}`, async () => {
    const steps = [
      send({ type: "text", style: "text_info", text }, {
        type: "converse",
        messages: [{ style: "error_msg", text }, { style: "prompt_echo_on", text }],
      }),
      { read: 1 },
      send(result("auth_err", { message: text })),
    ];
    const seen = await face("authenticate", steps, {
      options: ["grant=prompt"],
      conversation: [{ text: shown }, { text: shown }, { prompt: shown, answer: "yes" }, { text: shown }],
    });
    const styles = ["text_info", "error_msg", "prompt_echo_on", "error_msg"];
    assertSeen(seen, { code: "auth_err", shown: styles.map((style) => `${style} ${shown}`) });
  });
}

Deno.test("newlines and tabs stay in texts, and are spaces in the log", async () => {
  const seen = await face("account", [
    send(
      { type: "text", style: "error_msg", text: "one\n\ttwo" },
      result("perm_denied", { message: "a\nb" }),
    ),
  ]);
  assertSeen(seen, { code: "perm_denied", shown: ["error_msg one\n\ttwo", "error_msg a\nb"] });
});

Deno.test("a log line and a fault are never interpreted, and never forge a line", async () => {
  const text = "%s%n %1$s \u0085\u009b31m err sshd: Accepted";
  const seen = await face("account", [
    send({ type: "log", level: "error", text }, { type: "fault", fault: "threw", message: text }),
  ]);
  const told = "%s%n %1$s 31m err sshd: Accepted";
  const [line = "", fault = "", ...others] = seen.log.map(tell);
  assert.equal(seen.code, "service_err");
  assert.equal(line, `err account evil says: ${told}`);
  assert.match(fault, /^err account evil: threw, service_err in \d+ ms for user nobody: the worker says: /);
  assert.ok(fault.endsWith(`: ${told}${behind("threw")}`), fault);
  assert.deepEqual(others, []);
});

Deno.test("a log line as long as it can be reaches the system log whole", async () => {
  const seen = await face("account", [
    send({ type: "log", level: "info", text: "l".repeat(LIMITS.LOG_MAX) }, result("success")),
  ]);
  assertSeen(seen, { code: "success", log: new RegExp(`^info account evil says: l{${LIMITS.LOG_MAX}}$`) });
});

Deno.test("the request has what the worker needs and no more", async () => {
  const secret = "hunter22hunter22";
  const seen = await face("account", [send(result("success"))], {
    args: ["colour=blue"],
    environment: { SECRET: secret },
  });
  assertSeen(seen, { code: "success" });
  await hostile.plan([{ read: 1 }, send(result("success"))]);
  await play(shared(), {
    module: "evil",
    hook: "account",
    args: ["colour=blue"],
    environment: { SECRET: secret },
  });
  const request = await hostile.said("frame");
  await hostile.said("done");
  assert.ok(request.includes(hex(bytes("colour=blue"))) && request.includes(hex(bytes("nobody"))));
  assert.ok(!request.includes(hex(bytes("SECRET"))) && !request.includes(hex(bytes(secret))));
  assert.ok(encode(result("success")).length < 64);
});
