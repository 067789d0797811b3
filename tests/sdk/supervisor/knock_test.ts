// SPDX-License-Identifier: MIT
import { defineModule } from "@pam-deno/sdk";
import assert from "node:assert/strict";
import { join } from "node:path";
import { knock, KnockError } from "../../../sdk/supervisor/knock.ts";
import { makeFolder, serveHere } from "../worker/harness.ts";

Deno.test("knock() is answered by a worker, and runs nothing of its module", async () => {
  let asked = 0;
  const module = defineModule({ account: () => (asked++, "success") });
  await using worker = serveHere(module);
  const { ms, answer } = await knock(worker.path);
  assert.ok(ms > 0);
  assert.match(answer, /version 0/);
  assert.equal(asked, 0);
});

Deno.test("knock() says that nobody is there", async () => {
  using folder = makeFolder();
  await assert.rejects(knock(join(folder.path, "absent.sock")), KnockError);
});

/** What a listener does with whoever connects, and what knock() says of it. */
async function answered(
  answer: (connection: Deno.Conn) => Promise<unknown>,
  timeoutMs = 2_000,
): Promise<string> {
  using folder = makeFolder();
  const path = join(folder.path, "x.sock");
  using listener = Deno.listen({ transport: "unix", path });
  const serving = listener.accept().then(async (connection) => {
    await answer(connection);
    return connection;
  });
  try {
    await knock(path, timeoutMs);
    throw new Error("knock() was content");
  } catch (error) {
    assert.ok(error instanceof KnockError, String(error));
    return error.message;
  } finally {
    (await serving).close();
  }
}

Deno.test("knock() does not wait for ever", async () => {
  const begin = performance.now();
  assert.match(await answered(() => Promise.resolve(), 200), /no answer within 200 ms/);
  assert.ok(performance.now() - begin < 5_000);
});

Deno.test("knock() knows that who answers is no worker", async () => {
  assert.match(
    await answered((connection) => connection.write(new Uint8Array([0xff, 0xff, 0xff, 0xff]))),
    /octets/,
  );
  assert.match(await answered((connection) => connection.write(new Uint8Array([0, 0, 0, 1, 0x77]))), /tag/);
  assert.match(
    await answered((connection) => Promise.resolve((connection as Deno.UnixConn).closeWrite())),
    /hung up/,
  );
});
