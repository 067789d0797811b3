// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { defineModule } from "../../../mod.ts";
import { FIRST_FRAME_MAX_MS, OVERDUE_MAX_MS, PERSON_MAX_MS } from "../../../sdk/worker/exchange.ts";
import { LIMITS, type MessageFrom } from "../../../sdk/wire/mod.ts";
import { Client, decide, hookMessage } from "./client.ts";
import { serveHere } from "./harness.ts";
import { asks, code, delay, fault, PROMPT, prompts, typed, yes } from "./modules.ts";
import { clearRecords, logged, records } from "./records.ts";
import { behind } from "../codes.ts";

/** A client whose hook waits for a person. */
async function waitingClient(
  path: string,
  user: string,
  rhost?: string,
  uid: number = 0,
): Promise<[Client, MessageFrom<"worker"> | undefined]> {
  const client = await Client.connect(path);
  const hook = hookMessage({ hook: "openSession", grants: PROMPT, user, ...rhost ? { rhost } : {} });
  await client.send({ ...hook, uid });
  return [client, await client.receive()];
}

Deno.test("Exchange fires the signal shortly before the budget ends", async () => {
  const fired = Promise.withResolvers<[number, Error]>();
  await using worker = serveHere(defineModule({
    async account({ signal }) {
      const begin = performance.now();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      fired.resolve([performance.now() - begin, signal.reason]);
      return "authinfo_unavail";
    },
  }));
  assert.equal(code(await decide(worker.path, { budget_ms: 400 })), "authinfo_unavail");
  const [ms, reason] = await fired.promise;
  assert.ok(ms > 300 && ms < 400, `fired after ${ms} ms of 400`);
  assert.equal(reason.name, "TimeoutError");
});

Deno.test("Exchange has the signal fired already if the budget is spent when it is asked for", async () => {
  await using worker = serveHere(defineModule({
    async account(context) {
      await delay(120);
      return context.signal.aborted ? "authinfo_unavail" : "success";
    },
  }));
  assert.equal(code(await decide(worker.path, { budget_ms: 100 })), "authinfo_unavail");
});

Deno.test("Exchange has Secrets wiped when the application hangs up, also behind the deadline", async () => {
  const late = Promise.withResolvers<Uint8Array>();
  await using worker = serveHere(defineModule({
    grants: { session: ["prompt"] },
    async openSession({ conversation, signal }) {
      const octets = (await conversation.promptHidden("Token?")).use((bytes) => bytes);
      signal.addEventListener("abort", () => late.resolve(octets));
      return await new Promise<"success">(() => {});
    },
  }));
  const client = await Client.connect(worker.path);
  await client.send(hookMessage({ hook: "openSession", grants: PROMPT, budget_ms: 100 }));
  await client.receive();
  await client.send({ type: "answers", answers: [{ answer: typed("hunter22") }] });
  const octets = await late.promise;
  assert.notDeepEqual(octets, new Uint8Array(8), "the application still waits");
  client[Symbol.dispose]();
  for (let i = 0; i < 100 && octets.some((octet) => octet !== 0); i++) await delay(10);
  assert.deepEqual(octets, new Uint8Array(8));
});

Deno.test("Exchange stops the signal's clock while a person is asked", async () => {
  const signals: AbortSignal[] = [];
  const answered = Promise.withResolvers<void>();
  await using worker = serveHere(prompts((signal) => {
    signals.push(signal);
  }, answered.promise));
  using client = await Client.connect(worker.path);
  await client.send(hookMessage({ hook: "openSession", grants: PROMPT, budget_ms: 300 }));
  await client.receive();
  await delay(500);
  assert.equal(signals[0]!.aborted, false, "the person may think for longer than the budget");
  await client.send({ type: "answers", answers: [{ answer: typed("42") }] });
  await delay(100);
  assert.equal(signals[0]!.aborted, false, "the time of the question does not count");
  await delay(300);
  assert.equal(signals[0]!.aborted, true, "the clock goes on after the answer");
  answered.resolve();
  assert.equal(code(await client.receive()), "success");
});

Deno.test("Exchange answers busy at once past the cap of hooks, and harms no other", async () => {
  await using worker = serveHere(asks, { hooks: 1 });
  using first = await Client.connect(worker.path);
  await first.send(hookMessage());
  assert.equal((await first.receive())?.type, "lookup_passwd");
  assert.deepEqual(fault(await decide(worker.path)), [
    "busy",
    `too many hooks are in flight${behind("busy")}`,
  ]);
  await first.send({ type: "absent" });
  assert.equal(code(await first.receive()), "user_unknown");
  using third = await Client.connect(worker.path);
  await third.send(hookMessage());
  assert.equal((await third.receive())?.type, "lookup_passwd");
  await third.send({ type: "absent" });
  assert.equal(code(await third.receive()), "user_unknown");
});

Deno.test("Exchange does not count hooks that wait for a person among those at work", async () => {
  await using worker = serveHere(prompts(), { hooks: 1 });
  const [one] = await waitingClient(worker.path, "alice");
  const [two] = await waitingClient(worker.path, "bob");
  using _one = one;
  using _two = two;
  assert.equal(code(await decide(worker.path)), "success");
  assert.equal(worker.context.traffic.inFlight, 2);
  for (const client of [one, two]) {
    await client.send({ type: "answers", answers: [{ answer: typed("42") }] });
    assert.equal(code(await client.receive()), "success");
  }
  assert.equal(worker.context.traffic.inFlight, 0);
});

Deno.test("Exchange caps what waits for one person, by user and remote host", async () => {
  await using worker = serveHere(prompts(), { waiting_per_person: 1 });
  const [one, question] = await waitingClient(worker.path, "alice", "here");
  using _one = one;
  assert.equal(question?.type, "converse");
  const [again, answer] = await waitingClient(worker.path, "alice", "here");
  using _again = again;
  assert.deepEqual(fault(answer), [
    "busy",
    `too many hooks wait for a person, or for this one${behind("busy")}`,
  ]);
  const [elsewhere, other] = await waitingClient(worker.path, "alice", "there");
  using _elsewhere = elsewhere;
  assert.equal(other?.type, "converse");
});

Deno.test("Exchange counts callers of set-uid programs by uid", async () => {
  await using worker = serveHere(prompts(), { waiting_per_person: 1 });
  const [mallory, question] = await waitingClient(worker.path, "root", undefined, 1000);
  using _mallory = mallory;
  assert.equal(question?.type, "converse");
  const [console, same] = await waitingClient(worker.path, "root");
  using _console = console;
  assert.equal(same?.type, "converse");
  const [admin, other] = await waitingClient(worker.path, "root", undefined, 1001);
  using _admin = admin;
  assert.equal(other?.type, "converse");
  const [again, answer] = await waitingClient(worker.path, "bob", undefined, 1000);
  using _again = again;
  assert.equal(fault(answer)[0], "busy");
});

Deno.test("Exchange caps what waits for persons in all", async () => {
  await using worker = serveHere(prompts(), { waiting: 1 });
  const [one, question] = await waitingClient(worker.path, "alice");
  using _one = one;
  assert.equal(question?.type, "converse");
  const [two, answer] = await waitingClient(worker.path, "bob");
  using _two = two;
  assert.equal(fault(answer)[0], "busy");
});

Deno.test("Exchange frees the place of a person who hangs up", async () => {
  await using worker = serveHere(prompts(), { waiting_per_person: 1 });
  const [one] = await waitingClient(worker.path, "alice");
  one[Symbol.dispose]();
  for (let i = 0; i < 100 && worker.context.traffic.inFlight > 0; i++) await delay(10);
  const [two, question] = await waitingClient(worker.path, "alice");
  using _two = two;
  assert.equal(question?.type, "converse");
});

Deno.test("Exchange.sweep() closes a connection that sends nothing", async () => {
  await using worker = serveHere(yes);
  using client = await Client.connect(worker.path);
  for (let i = 0; i < 100 && worker.context.open.size === 0; i++) await delay(10);
  const [exchange] = worker.context.open;
  exchange!.sweep(performance.now() + FIRST_FRAME_MAX_MS - 100);
  assert.equal(worker.context.open.size, 1);
  exchange!.sweep(performance.now() + FIRST_FRAME_MAX_MS + 1);
  assert.equal(await client.receive(), undefined);
  assert.equal(worker.context.open.size, 0);
});

Deno.test("Exchange.sweep() gives up a hook whose caller neither reads nor hangs up", async () => {
  clearRecords();
  await using worker = serveHere(asks);
  using client = await Client.connect(worker.path);
  await client.send(hookMessage({ budget_ms: 50 }));
  await client.receive();
  const [exchange] = worker.context.open;
  exchange!.sweep(performance.now());
  assert.equal(worker.context.open.size, 1);
  exchange!.sweep(performance.now() + 50 + OVERDUE_MAX_MS);
  assert.equal(await client.receive(), undefined);
  assert.equal(worker.context.traffic.inFlight, 0);
  await logged(/account: the caller did not end it in time/);
});

Deno.test("Exchange.sweep() lets a person think, but not for ever", async () => {
  await using worker = serveHere(prompts());
  const [client] = await waitingClient(worker.path, "alice");
  using _client = client;
  const [exchange] = worker.context.open;
  exchange!.sweep(performance.now() + PERSON_MAX_MS - 1_000);
  assert.equal(worker.context.open.size, 1);
  exchange!.sweep(performance.now() + PERSON_MAX_MS + 1);
  assert.equal(await client.receive(), undefined);
  assert.equal(worker.context.traffic.inFlight, 0);
});

Deno.test("Exchange lets a handler fill neither the worker's log nor the application's", async () => {
  clearRecords();
  await using worker = serveHere(defineModule({
    account({ log }) {
      for (let i = 0; i < 10_000; i++) log.info("line {i}", { i });
      setTimeout(() => {
        for (let i = 0; i < 10_000; i++) log.info("late line {i}", { i });
        log.info("last");
      });
      return "success";
    },
  }));
  using client = await Client.connect(worker.path);
  await client.send(hookMessage());
  const messages = await client.rest();
  assert.ok(messages.filter(({ type }) => type === "log").length <= LIMITS.LOG_LINES_MAX);
  await delay(10);
  const lines = records.filter((line) => line.includes("pam-deno.test"));
  assert.ok(lines.length <= LIMITS.LOG_LINES_MAX, `${lines.length} lines`);
  assert.match(lines.join("\n"), /9970 more log lines of this hook were left out/);
});
