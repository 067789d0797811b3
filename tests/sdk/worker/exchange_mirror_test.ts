// SPDX-License-Identifier: MIT
// Module data over the split of a process, on connections as the shim makes them.
import assert from "node:assert/strict";
import * as v from "valibot";
import { dataKey, defineModule, type PamModule } from "../../../mod.ts";
import { FLAGS } from "../../../sdk/tokens.ts";
import { Client, decide, hookMessage } from "./client.ts";
import { serveHere } from "./harness.ts";
import { code, delay, fault } from "./modules.ts";

const MONITOR = { pid: 700, started: 5_000 };
const CHILD = { pid: 701, started: 5_040, parent_pid: MONITOR.pid, parent_started: MONITOR.started };

const before = { hook: "authenticate", ...CHILD } as const;
const open = { hook: "openSession", ...MONITOR } as const;
const close = { hook: "closeSession", ...MONITOR } as const;

const by = dataKey("by", v.string());
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));

/** The data, as the work of a test sees them. */
interface Box {
  set(value: string): void;
  delete(): void;
}

/** A module whose openSession does `work`. */
function carries(work: (data: Box) => void = () => {}): PamModule {
  return defineModule({
    authenticate({ data }) {
      data.set(by, "child");
      return "success";
    },
    openSession({ continuity, conversation, data }) {
      conversation.info(`${continuity} ${data.get(by)}`);
      work({ set: (value) => data.set(by, value), delete: () => data.delete(by) });
      return "success";
    },
    closeSession({ continuity, data, deny }) {
      return deny("session_err", `${continuity} ${data.get(by)}`);
    },
  }) as PamModule;
}

/** Opens a session: what it showed, and how it ended. */
async function opened(path: string) {
  using client = await Client.connect(path);
  await client.send(hookMessage(open));
  const messages = await client.rest();
  const [shown] = messages.flatMap((message) => message.type === "text" ? [message.text] : []);
  return { shown, end: messages.at(-1) };
}

Deno.test("a session that resumes puts the data on its handle, where the next hook finds them", async () => {
  await using worker = serveHere(carries());
  assert.equal(code(await decide(worker.path, before)), "success");
  const { shown, end } = await opened(worker.path);
  assert.equal(shown, "resumed child");
  assert.ok(end?.type === "result");
  assert.deepEqual([end.code, end.data_action, text(end.data)], ["success", "set", '{"by":"child"}']);
  const closed = await decide(worker.path, { ...close, data: end.data });
  assert.ok(closed?.type === "result");
  assert.deepEqual([closed.message, closed.data_action], ["same child", "keep"]);
});

Deno.test("a session that resumes may change the data, and delete them", async () => {
  await using changes = serveHere(carries((data) => data.set("parent")));
  await decide(changes.path, before);
  const { end } = await opened(changes.path);
  assert.ok(end?.type === "result");
  assert.deepEqual([end.data_action, text(end.data)], ["set", '{"by":"parent"}']);
  await using deletes = serveHere(carries((data) => data.delete()));
  await decide(deletes.path, before);
  const gone = await opened(deletes.path);
  assert.ok(gone.end?.type === "result");
  assert.deepEqual([gone.end.data_action, gone.end.data.length], ["delete", 0]);
});

Deno.test("a session that throws has used up what was left for it", async () => {
  await using worker = serveHere(carries(() => {
    throw new Error("Away");
  }));
  await decide(worker.path, before);
  const { shown, end } = await opened(worker.path);
  assert.equal(shown, "resumed child");
  assert.equal(fault(end)[0], "threw");
  assert.equal((await opened(worker.path)).shown, "none undefined");
});

Deno.test("a session whose handle has what an older attempt left gets what the last one left", async () => {
  await using worker = serveHere(carries());
  await decide(worker.path, before);
  const given = await decide(worker.path, { ...open, data: bytes({ by: "parent" }) });
  assert.ok(given?.type === "result");
  assert.deepEqual([given.data_action, text(given.data)], ["set", '{"by":"child"}']);
  assert.equal(worker.context.mirror.size, 0);
});

Deno.test("a session whose handle has what setCredentials made of the data keeps them", async () => {
  await using worker = serveHere(defineModule({
    authenticate({ data }) {
      data.set(by, "child");
      return "success";
    },
    setCredentials({ data }) {
      data.set(by, `${data.get(by)} and parent`);
      return "success";
    },
    openSession: ({ continuity, data, deny }) => deny("session_err", `${continuity} ${data.get(by)}`),
  }));
  await decide(worker.path, before);
  const flags = FLAGS.establish_cred;
  const own = await decide(worker.path, { ...open, hook: "setCredentials", flags });
  assert.ok(own?.type === "result");
  assert.deepEqual([own.data_action, text(own.data)], ["set", '{"by":"child and parent"}']);
  const session = await decide(worker.path, { ...open, data: own.data });
  assert.ok(session?.type === "result");
  assert.equal(session.message, "same child and parent");
  assert.equal(worker.context.mirror.size, 0);
});

Deno.test("a hook that the application gave up leaves nothing, and takes what was left before", async () => {
  const entered = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  await using worker = serveHere(defineModule({
    authenticate({ data }) {
      data.set(by, "child");
      return "success";
    },
    async account() {
      entered.resolve();
      await go.promise;
      return "success";
    },
    openSession: () => "success",
  }));
  const authenticated = await decide(worker.path, before);
  assert.ok(authenticated?.type === "result");
  assert.equal(worker.context.mirror.size, 1);
  {
    using client = await Client.connect(worker.path);
    await client.send(hookMessage({ ...before, hook: "account", data: authenticated.data }));
    await entered.promise;
  }
  for (let i = 0; i < 500 && worker.context.mirror.size > 0; i++) await delay(10);
  assert.equal(worker.context.mirror.size, 0);
  go.resolve();
  await delay(0);
  assert.equal(worker.context.mirror.size, 0);
});

Deno.test("a hook for which there was no room takes what was left before", async () => {
  await using worker = serveHere(carries(), { hooks: 1 });
  await decide(worker.path, before);
  assert.ok(worker.context.traffic.begin());
  assert.equal(fault(await decide(worker.path, { ...before, hook: "authenticate" }))[0], "busy");
  assert.equal(worker.context.mirror.size, 0);
  worker.context.traffic.end();
});

Deno.test("a session for which there was no room uses nothing up", async () => {
  await using worker = serveHere(carries(), { hooks: 1 });
  await decide(worker.path, before);
  assert.ok(worker.context.traffic.begin());
  assert.equal(fault((await opened(worker.path)).end)[0], "busy");
  worker.context.traffic.end();
  assert.equal((await opened(worker.path)).shown, "resumed child");
});
