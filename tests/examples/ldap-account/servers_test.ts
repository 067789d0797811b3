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

const UNSIGNED = /self-signed certificate|unable to verify/;
const MISNAMED = /does not match certificate's altnames/;

/** What becomes of each certificate: under which name the server is asked, whose signature counts, and what the log says. */
const CERTIFICATES = {
  good: [["localhost", "ca"], ["127.0.0.1", "ca"], ["localhost", "stranger", UNSIGNED], [
    "localhost",
    undefined,
    UNSIGNED,
  ]],
  named: [["localhost", "ca"], ["127.0.0.1", "ca", MISNAMED]],
  other: [["localhost", "ca", MISNAMED], ["127.0.0.1", "ca", MISNAMED]],
  expired: [["localhost", "ca", /unable to verify/]],
} as const satisfies Readonly<
  Record<string, readonly (readonly [string, "ca" | "stranger" | undefined, RegExp?])[]>
>;

for (const which of ["good", "named", "other", "expired"] as const) {
  Deno.test(`account takes no server for the one that is meant, unless its certificate says so: ${which}`, async () => {
    const { ca, [which]: certificate } = certificates;
    await using slapd = await Slapd.start({ certificate, ca, entries: USERS });
    await using own = new Harness();
    const cases = CERTIFICATES[which].flatMap(([host, authority, log], at) =>
      ([["ldaps", slapd.tlsPort], ["starttls", slapd.port]] as const).map(([tls, port]) => {
        const trusted = authority === undefined ? {} : { ca: certificates[authority] };
        const module = `${tls}-${at}`;
        configure(own, { server: `${host}:${port}`, tls, ...PATIENT, ...trusted }, {}, module);
        return { module, log };
      })
    );
    await own.serve();
    for (const { module, log } of cases) {
      const seen = await login(own, "alice", { module, args: [BASE] });
      assertSeen(seen, log === undefined ? { code: "success" } : { ...UNAVAILABLE, log }, module);
    }
  });
}

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
