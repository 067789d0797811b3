// SPDX-License-Identifier: MIT
// Whose file is whose, and when it goes.
import { assertCode, type FakeTransaction } from "@pam-deno/sdk/testing";
import assert from "node:assert/strict";
import { USERS_MAX } from "./policy.ts";
import { Endpoint, file, token } from "./scene.ts";

/** The longest name of a user, in bytes; NAME_MAX of the protocol. */
const NAME_MAX = 256;

Deno.test("each session has a file of its own, and a file is the user's", async () => {
  await using endpoint = new Endpoint();
  using one = endpoint.transaction();
  using other = endpoint.transaction();
  const [first] = file(await one.run("openSession"));
  const [second] = file(await other.run("openSession"));
  assert.notEqual(first, second);
  one.setItem("user", "bob");
  const closed = await one.run("closeSession");
  assertCode(closed, "success");
  assert.deepEqual(closed.userFiles, {});
  const [third] = file(await one.run("openSession"));
  assert.notEqual(third, first);
  assert.match(one.environment["OAUTH_TOKEN_FILE"] ?? "", /\/1001-oauth-/);
});

Deno.test("an application that goes on with another user leaves a file of neither, if it closes for both", async () => {
  await using endpoint = new Endpoint();
  for (const order of [["alice", "bob"], ["bob", "alice"]] as const) {
    using transaction = endpoint.transaction();
    const names: Record<string, string> = {};
    for (const user of ["alice", "bob", "alice"]) {
      transaction.setItem("user", user);
      const opened = await transaction.run("openSession");
      // Who comes again has a token, and nothing is fetched.
      if (user in names) assert.deepEqual(opened.userFiles, {});
      else names[user] = file(opened)[0];
      assert.ok(transaction.environment["OAUTH_TOKEN_FILE"]?.endsWith(names[user] ?? ""));
    }
    for (const user of order) {
      transaction.setItem("user", user);
      assert.deepEqual(file(await transaction.run("closeSession")), [names[user], undefined]);
      assert.deepEqual(transaction.environment, {});
    }
    for (const user of order) {
      transaction.setItem("user", user);
      assert.deepEqual((await transaction.run("closeSession")).userFiles, {});
    }
  }
});

Deno.test("a user who gets no token is not led to the file of the user before", async () => {
  await using endpoint = new Endpoint((_, count) =>
    count === 1 ? token() : new Response("", { status: 503 })
  );
  using transaction = endpoint.transaction();
  const [name] = file(await transaction.run("setCredentials"));
  transaction.setItem("user", "bob");
  assertCode(await transaction.run("openSession"), "success");
  assert.deepEqual(transaction.environment, {});
  transaction.setItem("user", "alice");
  assertCode(await transaction.run("openSession"), "success");
  assert.ok(transaction.environment["OAUTH_TOKEN_FILE"]?.endsWith(name));
});

Deno.test(`${USERS_MAX} users of one PAM handle are remembered, whatever their names, and the latest are`, async () => {
  await using endpoint = new Endpoint();
  const names = Array.from({ length: USERS_MAX + 2 }, (_, i) => `${i}`.padEnd(NAME_MAX, "x"));
  const users = Object.fromEntries(names.map((name, i) => [name, { uid: 2000 + i }]));
  using transaction = endpoint.transaction([], { users });
  for (const user of names) {
    transaction.setItem("user", user);
    assertCode(await transaction.run("openSession"), "success");
  }
  for (const [i, user] of names.entries()) {
    transaction.setItem("user", user);
    const { userFiles } = await transaction.run("closeSession");
    assert.equal(Object.keys(userFiles).length, i < 2 ? 0 : 1, user);
  }
});

Deno.test("delete and closeSession take the file away, twice, in any order, or without an establish", async () => {
  await using endpoint = new Endpoint();
  const ways = {
    close: (transaction: FakeTransaction) => transaction.run("closeSession"),
    delete: (transaction: FakeTransaction) => transaction.run("setCredentials", { flags: ["delete_cred"] }),
  };
  for (const order of [["close", "delete"], ["delete", "close"]] as const) {
    using transaction = endpoint.transaction();
    const [name] = file(await transaction.run("setCredentials"));
    const first = await ways[order[0]](transaction);
    assertCode(first, "success");
    assert.deepEqual(file(first), [name, undefined]);
    assert.deepEqual(transaction.environment, {});
    for (const way of [...order, ...order]) {
      const again = await ways[way](transaction);
      assertCode(again, "success");
      assert.deepEqual(again.userFiles, {});
    }
    // What is opened again gets another file.
    assert.notEqual(file(await transaction.run("openSession"))[0], name);
  }
});
