// SPDX-License-Identifier: MIT
import { getLogger } from "@logtape/logtape";
import { defineModule } from "@pam-deno/sdk";
import assert from "node:assert/strict";
import { Door } from "../../../sdk/supervisor/door.ts";
import { bindModuleSocket } from "../../../sdk/supervisor/socket.ts";
import { libc } from "../../../sdk/supervisor/libc.ts";
import { knock } from "../../../sdk/supervisor/knock.ts";
import { connectUnix } from "../../../sdk/supervisor/unix_client.ts";
import { makeFolder, serveHere } from "../worker/harness.ts";
import { logged } from "../worker/records.ts";

const EVERY = { everyMs: 60_000, answerMs: 100 };

/** A socket that is in the backlog of nobody, and what its household was told. */
function household(isPrompt = true) {
  const folder = makeFolder();
  const socket = bindModuleSocket(folder.path, "deaf");
  const causes: string[] = [];
  const door = new Door(
    socket,
    { isPrompt, replaceAll: (cause) => void causes.push(cause) },
    getLogger(["pam-deno", "module", "deaf"]),
    EVERY,
  );
  return {
    socket,
    door,
    causes,
    [Symbol.dispose]() {
      door[Symbol.dispose]();
      socket[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}

Deno.test("Door is content with a worker that answers, as often as it knocks", async () => {
  await using worker = serveHere(defineModule({ account: () => "success" }));
  const { answer } = await knock(worker.path, 2_000, connectUnix);
  assert.match(answer, /version 0/);
});

Deno.test("Door has workers replaced that answer nobody, and then makes a new socket", async () => {
  using house = household();
  await house.door.knock();
  assert.deepEqual(house.causes, [], "once may be an accident");
  await house.door.knock();
  const cause = "was alive and answered nobody at its socket: no answer within 100 ms";
  assert.deepEqual(house.causes, [cause]);
  const before = Deno.lstatSync(house.socket.path).ino;
  await house.door.knock();
  await house.door.knock();
  assert.deepEqual(house.causes, [cause, cause]);
  assert.notEqual(Deno.lstatSync(house.socket.path).ino, before);
});

Deno.test("Door leaves workers alone that are held up: others see to that", async () => {
  using house = household(false);
  for (let i = 0; i < 4; i++) await house.door.knock();
  assert.deepEqual(house.causes, []);
});

Deno.test("Door makes a new socket at once in the place of one that was shut, and tidies up after it", async () => {
  const path = await (async () => {
    using house = household();
    const shutdown = Deno.dlopen("libc.so.6", { shutdown: { parameters: ["i32", "i32"], result: "i32" } });
    assert.equal(shutdown.symbols.shutdown(house.socket.fd, 0), 0);
    shutdown.close();
    await house.door.knock();
    assert.match(house.causes.join(), /errno 111$/);
    await logged(/error .*deaf\.sock let nobody in: made a new one \[socket-silent\]/);
    const line = await connectUnix(house.socket.path);
    line.close();
    // Under the same number, and nobody inherits it who is not meant to.
    assert.equal(libc().symbols.fcntl(house.socket.fd, 1, 0), 1);
    return house.socket.path;
  })();
  assert.throws(() => Deno.lstatSync(path), Deno.errors.NotFound);
});
