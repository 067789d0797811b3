// SPDX-License-Identifier: MIT
// What ldap-account does about servers that refuse, hang or lie, through the real libpam.
import assert from "node:assert/strict";
import { Harness } from "../../integration/harness.ts";
import { assertSeen } from "../../integration/scene.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { type Behaviour, element, entry, Fake, message, reference, result } from "./fake.ts";
import { configure, Folder, LATER, login } from "./scenes.ts";
import { PEOPLE, READER } from "./slapd.ts";

const ALICE = `uid=alice,${PEOPLE}`;
const BASE = `base=${PEOPLE}`;
/** What a hook may take at most: the time of one server, and some for a machine that has other things to do. */
const HOOK_MS_MAX = 2500;

const SEED = 20_261_120;
const ROUNDS = 200;

/** Whole numbers below a limit, the same for the same seed. */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * limit);
  };
}

const octets = (...list: number[]) => Uint8Array.from(list);
const join = (list: readonly Uint8Array[]) => Uint8Array.from(list.flatMap((part) => [...part]));
const alice = entry(ALICE, { uid: ["alice"] });
const good: Behaviour = (id, send) => send(join([message(id, alice), message(id, result(0))]));

let folder: Folder;
let certificates: Certificates;
let fake: Fake;
let harness: Harness;

Deno.test.beforeAll(async () => {
  folder = new Folder();
  certificates = await makeCertificates(folder.path);
  fake = new Fake();
  harness = new Harness();
  configure(harness, { server: `127.0.0.1:${fake.port}`, tls: "none" });
  configure(
    harness,
    { server: `127.0.0.1:${fake.port}`, tls: "starttls", ca: certificates.ca },
    {},
    "starttls",
  );
  const password = folder.write("password", "secret", 0o600);
  const bind = { bind_dn: READER, bind_password_file: { credential: "password" } };
  configure(harness, { server: `127.0.0.1:${fake.port}`, tls: "none", ...bind }, {
    credentials: { password },
  }, "bound");
  const cached = { server: `127.0.0.1:${fake.port}`, tls: "none", cache_file: { state: "cache.db" } };
  configure(harness, cached, { state: true }, "cached");
  await harness.serve();
});

Deno.test.afterAll(async () => {
  await harness?.[Symbol.asyncDispose]();
  await fake?.[Symbol.asyncDispose]();
  folder?.[Symbol.dispose]();
});

const UNAVAILABLE = { code: "authinfo_unavail", shown: [LATER] } as const;
const UNUSABLE = { code: "service_err", shown: [LATER] } as const;

interface Case {
  readonly what: string;
  readonly behaviour: Behaviour;
  readonly expected: typeof UNAVAILABLE | typeof UNUSABLE | { readonly code: "user_unknown" };
  readonly log: RegExp;
}

/** A list of attributes that says it is longer than the message, as a message whose own lengths are right. */
function endless(id: number): Uint8Array {
  const list = octets(0x30, 0x7f);
  return message(id, element(0x64, element(0x04, ALICE), list));
}

/** The same behind something that is no list. */
function disguised(id: number): Uint8Array {
  const attribute = element(0x04, element(0x04, "uid"), octets(0x31, 0x7f));
  return message(id, element(0x64, element(0x04, ALICE), element(0x30, attribute)));
}

const CASES: readonly Case[] = [
  { what: "never answers", behaviour: () => {}, expected: UNAVAILABLE, log: /No answer within 800 ms/ },
  {
    what: "closes instead of answering",
    behaviour: (_, __, connection) => connection.closeWrite(),
    expected: UNAVAILABLE,
    log: /It closed the connection/,
  },
  {
    what: "closes in mid-answer",
    behaviour: async (id, send, connection) => {
      await send(message(id, alice).subarray(0, 20));
      await connection.closeWrite();
    },
    expected: UNAVAILABLE,
    log: /It closed the connection/,
  },
  {
    what: "closes between an entry and the end of the answer",
    behaviour: async (id, send, connection) => {
      await send(message(id, alice));
      await connection.closeWrite();
    },
    expected: UNAVAILABLE,
    log: /It closed the connection/,
  },
  {
    what: "speaks another protocol",
    behaviour: (_, send) => send(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")),
    expected: UNAVAILABLE,
    log: /something that is not LDAP/,
  },
  {
    what: "sends a list without an end",
    behaviour: (id, send) => send(endless(id)),
    expected: UNAVAILABLE,
    log: /not LDAP/,
  },
  {
    what: "disguises such a list",
    behaviour: (id, send) => send(disguised(id)),
    expected: UNAVAILABLE,
    log: /not LDAP/,
  },
  {
    what: "announces a message of two gigabytes",
    behaviour: (_, send) => send(octets(0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02)),
    expected: UNAVAILABLE,
    log: /a message of 2147483653 bytes/,
  },
  {
    what: "sends thousands of messages in one packet",
    behaviour: (_, send) =>
      send(join(Array(20_000).fill(message(9, element(0x65, octets(0x0a, 1, 0, 4, 0, 4, 0)))))),
    expected: UNUSABLE,
    log: /more than 2097152 bytes or 2048 messages/,
  },
  {
    what: "sends 10,000 entries where one is looked for",
    behaviour: async (id, send) => {
      for (let at = 0; at < 10_000; at++) {
        await send(message(id, entry(`uid=u${at},${PEOPLE}`, { uid: ["alice"] })));
      }
      await send(message(id, result(0)));
    },
    expected: UNUSABLE,
    log: /more than 2097152 bytes or 2048 messages/,
  },
  {
    what: "answers with another entry",
    behaviour: (id, send) =>
      send(join([message(id, entry("uid=alice,o=evil", { uid: ["alice"] })), message(id, result(0))])),
    expected: UNUSABLE,
    log: /It answered with .*uid=alice,o=evil.* which was not asked for/,
  },
  {
    what: "answers with somebody else",
    behaviour: (id, send) =>
      send(join([message(id, entry(`uid=bob,${PEOPLE}`, { uid: ["bob"] })), message(id, result(0))])),
    expected: UNUSABLE,
    log: /in which the user's name cannot be read as uid/,
  },
  {
    what: "answers another question",
    behaviour: (id, send) => send(join([message(id + 1, alice), message(id + 1, result(0))])),
    expected: UNAVAILABLE,
    log: /No answer within 800 ms/,
  },
  {
    what: "answers a search with a bind",
    behaviour: (id, send) => send(message(id, result(0, 0x61))),
    expected: UNUSABLE,
    log: /Cannot search/,
  },
  {
    what: "cuts its answer short",
    behaviour: (id, send) => send(join([message(id, alice), message(id, result(4))])),
    expected: UNUSABLE,
    log: /its size limit cut the answer short/,
  },
  {
    what: "sends an attribute in the place of the entry's name",
    behaviour: (id, send) => {
      const mallory = entry("uid=mallory,o=evil", { dn: [ALICE], uid: ["alice"] });
      return send(join([message(id, mallory), message(id, result(0))]));
    },
    expected: UNUSABLE,
    log: /It sent an attribute that is called dn/,
  },
  {
    what: "sends one octet at a time, and never all",
    behaviour: async (id, send) => {
      for (const octet of message(id, alice).subarray(0, 60)) {
        await send(octets(octet));
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    },
    expected: UNAVAILABLE,
    log: /No answer within 800 ms/,
  },
  {
    what: "refers to another server",
    behaviour: (id, send) => send(message(id, result(10))),
    expected: UNUSABLE,
    log: /it refers to another server, which is not asked/,
  },
  {
    what: "refers to another place",
    behaviour: (id, send) =>
      send(join([message(id, reference("ldap://127.0.0.1:1/o=x")), message(id, result(0))])),
    expected: { code: "user_unknown" },
    log: /no entry; 1 referrals were not followed/,
  },
  {
    what: "is busy",
    behaviour: (id, send) => send(message(id, result(51))),
    expected: UNAVAILABLE,
    log: /it says .*0x33/,
  },
  {
    what: "is unwilling",
    behaviour: (id, send) => send(message(id, result(53))),
    expected: UNUSABLE,
    log: /it says .*0x35/,
  },
];

for (const { what, behaviour, expected, log } of CASES) {
  Deno.test(`account answers ${expected.code} when the server ${what}, and is well afterwards`, async () => {
    fake.behaviour = good;
    assertSeen(await login(harness, "alice", { args: [BASE] }), { code: "success" });
    const [worker] = harness.pids("ldap-account").workers;
    // Over the connection that is there, and over a new one.
    for (const isNew of [false, true]) {
      if (isNew) fake.drop();
      fake.behaviour = behaviour;
      const seen = await login(harness, "alice", { args: [BASE] });
      assertSeen(seen, { ...expected, log });
      assert.ok(seen.ms < HOOK_MS_MAX, `it took ${seen.ms} ms`);
    }
    fake.behaviour = good;
    assertSeen(await login(harness, "alice", { args: [BASE] }), { code: "success" });
    assert.deepEqual(harness.pids("ldap-account").workers, [worker]);
  });
}

Deno.test("account outlives answers with octets that are wrong", async () => {
  fake.behaviour = good;
  assertSeen(await login(harness, "alice", { args: [BASE] }), { code: "success" });
  const [worker] = harness.pids("ldap-account").workers;
  const random = randomFrom(SEED);
  const codes = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    fake.behaviour = async (id, send, connection) => {
      const octets = join([message(id, alice), message(id, reference("ldap://x/")), message(id, result(0))]);
      for (let changes = random(4); changes >= 0; changes--) octets[random(octets.length)] = random(256);
      await send(octets);
      if (random(2) === 0) await connection.closeWrite();
    };
    codes.add((await login(harness, "alice", { args: [BASE, "limit=50ms"] })).code);
  }
  const known = ["authinfo_unavail", "service_err", "user_unknown", "success"];
  assert.ok(codes.size > 1 && [...codes].every((code) => known.includes(code)), [...codes].join());
  fake.behaviour = good;
  assertSeen(await login(harness, "alice", { args: [BASE] }), { code: "success" });
  assert.deepEqual(harness.pids("ldap-account").workers, [worker]);
});

Deno.test("account tries a connection that had died once more, and no more than that", async () => {
  fake.behaviour = good;
  assertSeen(await login(harness, "alice", { args: [BASE] }), { code: "success" });
  fake.asked = 0;
  let closes = 1;
  fake.behaviour = (id, send, connection) => closes-- > 0 ? connection.close() : good(id, send, connection);
  assertSeen(await login(harness, "alice", { args: [BASE] }), { code: "success" });
  assert.equal(fake.asked, 2);
  fake.asked = 0;
  closes = 5;
  assertSeen(await login(harness, "alice", { args: [BASE] }), UNAVAILABLE);
  assert.equal(fake.asked, 2);
});

Deno.test("account does not try again once something was answered", async () => {
  const args = [BASE, "group=cn=staff,dc=example"];
  let asked = 0;
  fake.behaviour = (id, send, connection) =>
    asked++ % 2 === 0 ? good(id, send, connection) : connection.close();
  assertSeen(await login(harness, "alice", { args: [BASE] }), { code: "success" });
  asked = 0;
  assertSeen(await login(harness, "alice", { args }), UNAVAILABLE);
  assert.equal(asked, 2);
});

Deno.test("account asks many at once over one connection", async () => {
  fake.drop();
  fake.accepted = 0;
  fake.behaviour = good;
  const seen = await Promise.all(Array.from({ length: 20 }, () => login(harness, "alice", { args: [BASE] })));
  assert.deepEqual(new Set(seen.map(({ code }) => code)), new Set(["success"]));
  assert.equal(fake.accepted, 1);
});

Deno.test("account takes nothing that came in clear behind the answer to StartTLS", async () => {
  fake.drop();
  const tls = "starttls";
  fake.behaviour = (id, send) =>
    send(
      join([
        message(id, result(0, 0x78)),
        message(id + 1, alice),
        message(id + 1, result(0)),
        message(2, alice),
        message(2, result(0)),
      ]),
    );
  assertSeen(await login(harness, "alice", { module: tls, args: [BASE] }), {
    ...UNAVAILABLE,
    log: /Cannot connect/,
  });
  fake.behaviour = (id, send) => send(message(id, result(2, 0x78)));
  assertSeen(await login(harness, "alice", { module: tls, args: [BASE] }), {
    ...UNAVAILABLE,
    log: /Cannot start TLS: it says/,
  });
  fake.behaviour = (id, send) => send(message(id, result(0)));
  assertSeen(await login(harness, "alice", { module: tls, args: [BASE] }), UNAVAILABLE);
  fake.behaviour = good;
  assertSeen(await login(harness, "alice", { module: tls, args: [BASE] }), UNAVAILABLE);
});

Deno.test("account uses its cache where nobody answers, and not where the server answers nonsense", async () => {
  const seen = () => login(harness, "alice", { module: "cached", args: [BASE, "cache=8h"] });
  fake.drop();
  fake.behaviour = good;
  assertSeen(await seen(), { code: "success" });
  const nonsense: Behaviour[] = [
    (id, send) => send(message(id, result(0, 0x61))),
    (id, send) => send(join([message(id, entry(ALICE, { dn: [ALICE] })), message(id, result(0))])),
    (id, send) => send(join([message(id, alice), message(id, result(4))])),
  ];
  for (const behaviour of nonsense) {
    fake.behaviour = behaviour;
    assertSeen(await seen(), UNUSABLE);
  }
  fake.behaviour = (_, __, connection) => connection.close();
  assertSeen(await seen(), { code: "success", log: /Allowed from the cache/ });
});

Deno.test("account answers service_err when the server does not take its password", async () => {
  fake.behaviour = (id, send) => send(message(id, result(49, 0x61)));
  const seen = await login(harness, "alice", { module: "bound", args: [BASE] });
  assertSeen(seen, { ...UNUSABLE, log: /warning .*Cannot bind: it says .*0x31/ });
});
