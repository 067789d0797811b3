// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { defineModule } from "../../../mod.ts";
import { loadModule } from "../../../sdk/load.ts";
import { Exchange } from "../../../sdk/worker/exchange.ts";
import type { Connection } from "../../../sdk/worker/listen.ts";
import { Mirror } from "../../../sdk/worker/mirror.ts";
import { Report } from "../../../sdk/worker/report.ts";
import { Traffic } from "../../../sdk/worker/traffic.ts";
import {
  decode,
  encode,
  FrameReader,
  LIMITS,
  type MessageFrom,
  MESSAGES,
  VERSION,
} from "../../../sdk/wire/mod.ts";
import { Client, decide, hookMessage, within } from "./client.ts";
import { serveHere } from "./harness.ts";
import { asks, code, fault, PROMPT, prompts, typed, yes } from "./modules.ts";
import { clearRecords, logged, records } from "./records.ts";

/** Sends octets instead of a frame and gives the fault that comes back. */
async function refused(bytes: Uint8Array): Promise<[string, string]> {
  await using worker = serveHere(yes);
  using client = await Client.connect(worker.path);
  await client.write(bytes);
  const [answer, ...more] = await client.rest();
  assert.deepEqual(more, []);
  assert.equal(worker.context.traffic.inFlight, 0);
  assert.equal(worker.context.open.size, 0);
  return fault(answer);
}

function framed(body: ArrayLike<number>): Uint8Array {
  const frame = new Uint8Array(4 + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, 4);
  return frame;
}

Deno.test("Exchange answers a hook with one result and closes", async () => {
  await using worker = serveHere(yes);
  using client = await Client.connect(worker.path);
  await client.send(hookMessage());
  const messages = await client.rest();
  assert.equal(messages.length, 1);
  assert.equal(code(messages[0]), "success");
});

Deno.test("Exchange answers a synchronous handler in the turn in which the frame arrives, in one write", () => {
  const module = defineModule({
    account({ log, conversation }) {
      log.info("one");
      conversation.info("two");
      return "success";
    },
  });
  const writes: Uint8Array[] = [];
  let closed = 0;
  const connection: Connection = {
    onData: () => {},
    onEnd: () => {},
    write: (bytes) => void writes.push(bytes),
    close: () => void closed++,
  };
  const traffic = new Traffic({ hooks: 1, waiting: 1, waiting_per_person: 1 });
  new Exchange({
    module: loadModule(module, { name: "test" }),
    traffic,
    report: new Report(() => {}),
    open: new Set(),
    mirror: new Mirror(),
    strangerLogged: false,
  }, connection);
  connection.onData(encode(hookMessage()));
  // No turn of the event loop, and not even a microtask, lies between.
  assert.equal(writes.length, 1);
  assert.equal(closed, 1);
  assert.equal(traffic.inFlight, 0);
  const reader = new FrameReader();
  reader.push(writes[0]!);
  const types: string[] = [];
  for (let frame; (frame = reader.next()) !== undefined;) types.push(decode(frame, { from: "worker" }).type);
  assert.deepEqual(types, ["log", "text", "result"]);
});

Deno.test("Exchange takes a hook that arrives octet by octet", async () => {
  await using worker = serveHere(yes);
  using client = await Client.connect(worker.path);
  for (const octet of encode(hookMessage())) await client.write(Uint8Array.of(octet));
  assert.equal(code(await client.receive()), "success");
});

Deno.test("Exchange sends what an asynchronous handler shows before the handler has ended", async () => {
  const go = Promise.withResolvers<void>();
  await using worker = serveHere(defineModule({
    async account({ conversation }) {
      conversation.info("first");
      await go.promise;
      conversation.info("second");
      return "success";
    },
  }));
  using client = await Client.connect(worker.path);
  await client.send(hookMessage());
  assert.deepEqual(await client.receive(), { type: "text", style: "text_info", text: "first" });
  go.resolve();
  assert.deepEqual((await client.rest()).map(({ type }) => type), ["text", "result"]);
});

Deno.test("Exchange refuses a frame of no message as protocol", async () => {
  const [kind, message] = await refused(framed([0x7f, 1, 2, 3]));
  assert.equal(kind, "protocol");
  assert.match(message, /^bad_tag: a connection begins with a `hook` \[protocol\]/);
});

Deno.test("Exchange refuses an answer as the first frame", async () => {
  assert.deepEqual((await refused(encode({ type: "absent" })))[0], "protocol");
});

Deno.test("Exchange refuses a message of its own side", async () => {
  assert.deepEqual((await refused(encode({ type: "lookup_passwd" })))[0], "protocol");
});

Deno.test("Exchange refuses every truncation of a hook as protocol", async () => {
  const whole = encode(hookMessage()).subarray(4);
  for (let length = 1; length < whole.length; length += 7) {
    const [kind, message] = await refused(framed(whole.subarray(0, length)));
    assert.equal(kind, "protocol");
    assert.match(message, /^truncated: /, `${length} octets: ${message}`);
  }
});

Deno.test("Exchange refuses octets behind a hook's last field", async () => {
  const [kind, message] = await refused(framed([...encode(hookMessage()).subarray(4), 0]));
  assert.equal(kind, "protocol");
  assert.match(message, /^trailing: /);
});

Deno.test("Exchange refuses a frame above FRAME_MAX before it has arrived", async () => {
  const frame = framed(new Uint8Array(0));
  new DataView(frame.buffer).setUint32(0, LIMITS.FRAME_MAX + 1);
  const [kind, message] = await refused(frame);
  assert.equal(kind, "protocol");
  assert.match(message, /^too_long: /);
});

Deno.test("Exchange refuses a frame of length 0", async () => {
  assert.equal((await refused(framed([])))[0], "protocol");
});

Deno.test("Exchange names the field of a bad value, not the value", async () => {
  const bytes = encode(hookMessage({ user: "password-typed-here" }));
  const at = bytes.findIndex((_, i) => new TextDecoder().decode(bytes.subarray(i, i + 8)) === "password");
  bytes[at] = 0x0a;
  const [kind, message] = await refused(bytes);
  assert.equal(kind, "protocol");
  assert.match(message, /^bad_value: hook\.items\[1\]\.value: /);
  assert.doesNotMatch(message, /typed-here/);
});

for (const version of [0, VERSION + 1, 255]) {
  Deno.test(`Exchange answers version ${version} with no_common_version before it decodes anything else`, async () => {
    const [kind, message] = await refused(framed([MESSAGES.hook.tag, version, 0xff, 0xff]));
    assert.equal(kind, "no_common_version");
    assert.match(
      message,
      new RegExp(`speaks version ${version}, this worker ${VERSION} \\[no-common-version\\]`),
    );
  });
}

Deno.test("Exchange logs another fingerprint once and serves it", async () => {
  clearRecords();
  await using worker = serveHere(yes);
  const fingerprint = new Uint8Array(8).fill(9);
  assert.equal(code(await decide(worker.path, { fingerprint })), "success");
  assert.equal(code(await decide(worker.path, { fingerprint })), "success");
  await logged(/A shim of another build .* \[shim-of-another-build\]/);
  assert.equal(records.filter((line) => line.includes("another build")).length, 1);
});

Deno.test("Exchange does not read what comes after the end", async () => {
  await using worker = serveHere(yes);
  using client = await Client.connect(worker.path);
  const hook = encode(hookMessage());
  await client.write(Uint8Array.from([...hook, ...hook, 1, 2, 3]));
  assert.deepEqual((await client.rest()).map(({ type }) => type), ["result"]);
});

Deno.test("Exchange matches answers to requests in their order", async () => {
  const seen: unknown[] = [];
  await using worker = serveHere(defineModule({
    grants: { account: ["shadow"] },
    async account({ lookup }) {
      const answers = await Promise.all([lookup.passwd(), lookup.groups(), lookup.ageing()]);
      seen.push(answers[0]?.name, answers[1]?.length ?? answers[1], answers[2]);
      return "success";
    },
  }));
  using client = await Client.connect(worker.path);
  await client.send(hookMessage({ grants: [{ grant: "shadow" }] }));
  assert.deepEqual([
    (await client.receive())?.type,
    (await client.receive())?.type,
    (await client.receive())?.type,
  ], [
    "lookup_passwd",
    "lookup_groups",
    "lookup_ageing",
  ]);
  await client.send({ type: "passwd", name: "alice", uid: 1, gid: 1, home: "/", shell: "/bin/sh" });
  await client.send({ type: "groups", groups: [{ gid: 1, name: "users" }] });
  await client.send({ type: "absent" });
  assert.equal(code(await client.receive()), "success");
  assert.deepEqual(seen, ["alice", 1, undefined]);
});

Deno.test("Exchange hands `failed` on as a PamError with its code", async () => {
  await using worker = serveHere(defineModule({
    grants: { account: ["prompt"] },
    async account({ conversation }) {
      try {
        await conversation.prompt("?");
      } catch (error) {
        return (error as { code: "conv_err" }).code;
      }
      return "success";
    },
  }));
  using client = await Client.connect(worker.path);
  await client.send(hookMessage({ grants: PROMPT }));
  await client.receive();
  await client.send({ type: "failed", code: "conv_err" });
  assert.equal(code(await client.receive()), "conv_err");
});

const outOfOrder: [string, MessageFrom<"shim">, RegExp][] = [
  ["an answer of another kind", { type: "groups", groups: [] }, /`groups` is no answer to `lookup_passwd`/],
  ["an answer to a question", { type: "answers", answers: [] }, /`answers` is no answer to `lookup_passwd`/],
  ["a second hook", hookMessage(), /a connection is for one `hook`/],
];
for (const [what, message, pattern] of outOfOrder) {
  Deno.test(`Exchange refuses ${what} while it waits for something else`, async () => {
    await using worker = serveHere(asks);
    using client = await Client.connect(worker.path);
    await client.send(hookMessage());
    assert.equal((await client.receive())?.type, "lookup_passwd");
    await client.send(message);
    const [kind, words] = fault(await client.receive());
    assert.equal(kind, "protocol");
    assert.match(words, pattern);
    assert.equal(await client.receive(), undefined);
    assert.equal(worker.context.traffic.inFlight, 0);
  });
}

Deno.test("Exchange refuses an answer that nobody asked for", async () => {
  const go = Promise.withResolvers<void>();
  await using worker = serveHere(defineModule({
    async account() {
      await go.promise;
      return "success";
    },
  }));
  using client = await Client.connect(worker.path);
  await client.send(hookMessage());
  await client.send({ type: "absent" });
  assert.match(fault(await client.receive())[1], /`absent` answers nothing that was asked/);
  go.resolve();
});

Deno.test("Exchange refuses `absent` in answer to a question to a person", async () => {
  await using worker = serveHere(prompts());
  using client = await Client.connect(worker.path);
  await client.send(hookMessage({ hook: "openSession", grants: PROMPT }));
  await client.receive();
  await client.send({ type: "absent" });
  assert.match(fault(await client.receive())[1], /`absent` is no answer to `converse`/);
});

Deno.test("Exchange carries a question and its answer", async () => {
  await using worker = serveHere(prompts());
  using client = await Client.connect(worker.path);
  await client.send(hookMessage({ hook: "openSession", grants: PROMPT }));
  const question = await client.receive();
  assert.deepEqual(question, { type: "converse", messages: [{ style: "prompt_echo_on", text: "Token?" }] });
  await client.send({ type: "answers", answers: [{ answer: typed("42") }] });
  assert.equal(code(await client.receive()), "success");
});

Deno.test("Exchange aborts the signal with a reason when the application hangs up, and logs it", async () => {
  clearRecords();
  const signals: AbortSignal[] = [];
  const aborted = Promise.withResolvers<void>();
  await using worker = serveHere(prompts((signal) => {
    signals.push(signal);
    signal.addEventListener("abort", () => aborted.resolve());
  }));
  {
    using client = await Client.connect(worker.path);
    await client.send(hookMessage({ hook: "openSession", grants: PROMPT }));
    await client.receive();
  }
  await within(2_000, aborted.promise, "the abort");
  assert.equal(signals[0]!.reason.name, "AbortError");
  assert.equal(signals[0]!.reason.message, "the application hung up");
  assert.equal(worker.context.traffic.inFlight, 0);
  await logged(
    /warning .*openSession: the application hung up after \d+ ms, before there was a result \[hook-abandoned\]/,
  );
});

Deno.test("Exchange logs a connection that ends inside a frame", async () => {
  clearRecords();
  await using worker = serveHere(yes);
  {
    using client = await Client.connect(worker.path);
    await client.write(Uint8Array.of(0, 0, 1));
  }
  await logged(/Refused a connection: it ended inside a frame/);
});

Deno.test("Exchange lets a handler that throws harm no other hook", async () => {
  const go = Promise.withResolvers<void>();
  await using worker = serveHere(defineModule({
    async account({ user }) {
      if (user === "bad") throw new Error("broken");
      await go.promise;
      return "success";
    },
  }));
  const good = decide(worker.path, { user: "good" });
  const [kind, message] = fault(await decide(worker.path, { user: "bad" }));
  assert.equal(kind, "threw");
  assert.match(message, /broken/);
  go.resolve();
  assert.equal(code(await good), "success");
});
