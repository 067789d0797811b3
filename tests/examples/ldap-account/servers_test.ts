// SPDX-License-Identifier: MIT
// Which servers ldap-account takes for those that are meant, in which order it asks them, and for how long, through the real libpam.
import assert from "node:assert/strict";
import { Harness } from "../../integration/harness.ts";
import { assertSeen } from "../../integration/scene.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { entry, Fake, message, result } from "./fake.ts";
import { configure, Folder, LATER, login, PATIENT } from "./scenes.ts";
import { freePort, PEOPLE, Slapd, USERS } from "./slapd.ts";

const BASE = `base=${PEOPLE}`;
/** What a hook may take at most: the time of all servers, and some for a machine that has other things to do. */
const HOOK_MS_MAX = 2500;
const UNAVAILABLE = { code: "authinfo_unavail", shown: [LATER] } as const;

let folder: Folder;
let certificates: Certificates;

Deno.test.beforeAll(async () => {
  folder = new Folder();
  certificates = await makeCertificates(folder.path);
});

Deno.test.afterAll(() => folder?.[Symbol.dispose]());

Deno.test("account takes no server for the one that is meant, unless its certificate says so", async () => {
  const { ca, stranger, good, named, other, expired } = certificates;
  await using sound = await Slapd.start({ certificate: good, ca, entries: USERS });
  await using nameless = await Slapd.start({ certificate: named, ca, entries: USERS });
  await using strange = await Slapd.start({ certificate: other, ca, entries: USERS });
  await using old = await Slapd.start({ certificate: expired, ca, entries: USERS });
  const cases = [
    ["good", "localhost", sound, ca, undefined],
    ["good-address", "127.0.0.1", sound, ca, undefined],
    ["unsigned", "localhost", sound, stranger, /self-signed certificate|unable to verify/],
    ["unlisted", "localhost", sound, undefined, /self-signed certificate|unable to verify/],
    ["named", "localhost", nameless, ca, undefined],
    ["named-address", "127.0.0.1", nameless, ca, /does not match certificate's altnames/],
    ["other", "localhost", strange, ca, /does not match certificate's altnames/],
    ["other-address", "127.0.0.1", strange, ca, /does not match certificate's altnames/],
    ["expired", "localhost", old, ca, /unable to verify/],
  ] as const;
  await using own = new Harness();
  for (const [name, host, slapd, ca] of cases) {
    for (const [tls, port] of [["ldaps", slapd.tlsPort], ["starttls", slapd.port]] as const) {
      configure(
        own,
        { server: `${host}:${port}`, tls, ...PATIENT, ...ca === undefined ? {} : { ca } },
        {},
        `${name}-${tls}`,
      );
    }
  }
  await own.serve();
  for (const [name, , , , log] of cases) {
    for (const tls of ["ldaps", "starttls"]) {
      const seen = await login(own, "alice", { module: `${name}-${tls}`, args: [BASE] });
      assertSeen(seen, log === undefined ? { code: "success" } : { ...UNAVAILABLE, log }, `${name}-${tls}`);
    }
  }
});

Deno.test("account asks servers in order, and one that was down last", async () => {
  await using slapd = await Slapd.start({
    certificate: certificates.good,
    ca: certificates.ca,
    entries: USERS,
  });
  await using own = new Harness();
  await using hanging = new Fake();
  const servers = [`127.0.0.1:${freePort()}`, `127.0.0.1:${hanging.port}`, `127.0.0.1:${slapd.port}`];
  configure(own, { server: servers, tls: "none" });
  await own.serve();
  const first = await login(own, "alice", { args: [BASE] });
  assertSeen(first, { code: "success", log: /is of no use: .*No answer within 800 ms/ });
  assert.equal(hanging.asked, 1);
  const second = await login(own, "alice", { args: [BASE] });
  assertSeen(second, { code: "success" });
  assert.equal(hanging.asked, 1);
  assert.ok(!second.log.some(({ text }) => text.includes("of no use")), JSON.stringify(second));
  // With nobody else to ask, those that were down are asked again.
  await slapd.stop();
  hanging.behaviour = async (id, send) => {
    await send(message(id, entry(`uid=alice,${PEOPLE}`, { uid: ["alice"] })));
    await send(message(id, result(0)));
  };
  assertSeen(await login(own, "alice", { args: [BASE] }), { code: "success" });
});

Deno.test("account ends within the time for all servers", async () => {
  await using own = new Harness();
  await using one = new Fake();
  await using two = new Fake();
  await using three = new Fake();
  const server = [one, two, three].map(({ port }) => `127.0.0.1:${port}`);
  configure(own, { server, tls: "none" });
  await own.serve();
  const seen = await login(own, "alice", { args: [BASE, "limit=400ms", "total=600ms"] });
  assertSeen(seen, { ...UNAVAILABLE, log: /No directory server can be asked/ });
  assert.ok(seen.ms >= 590 && seen.ms < HOOK_MS_MAX, `it took ${seen.ms} ms`);
  assert.deepEqual([one.asked, two.asked, three.asked], [1, 1, 0]);
});
