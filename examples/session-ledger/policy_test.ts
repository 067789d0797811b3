// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Closer, type Policy, refusal, sessionMeant, standingOf } from "./policy.ts";
import type { Session } from "./store.ts";

const POLICY: Policy = {
  limit: 3,
  groupLimits: [{ group: "staff", max: 10 }, { group: "guests", max: 2 }],
  services: [],
  root: "exempt",
};
const ALICE = { user: "alice", uid: 1000, groups: ["alice", "staff"], service: "sshd" };

Deno.test("standingOf() counts a user's sessions for the user, and for the groups that have a limit", () => {
  assert.deepEqual(standingOf(ALICE, POLICY), {
    scopes: ["user:alice", "group:staff"],
    limits: [{ scope: "user:alice", max: 3 }, { scope: "group:staff", max: 10 }],
  });
  assert.deepEqual(standingOf({ ...ALICE, groups: ["alice"] }, { ...POLICY, limit: undefined }), {
    scopes: ["user:alice"],
    limits: [],
  });
});

Deno.test("standingOf() leaves out root, unless it is counted, and services that do not count", () => {
  const nothing = { scopes: [], limits: [] };
  const root = { ...ALICE, user: "toor", uid: 0 };
  assert.deepEqual(standingOf(root, POLICY), nothing);
  assert.deepEqual(standingOf(root, { ...POLICY, root: "counted" }).limits[0], {
    scope: "user:toor",
    max: 3,
  });
  assert.deepEqual(
    standingOf({ ...ALICE, service: "cron" }, { ...POLICY, services: ["sshd", "login"] }),
    nothing,
  );
  assert.equal(standingOf(ALICE, { ...POLICY, services: ["sshd", "login"] }).scopes.length, 2);
});

Deno.test("standingOf() never has a limit for what it does not count", () => {
  const name = fc.constantFrom("alice", "bob", "staff", "guests", "root");
  const request = fc.record({ user: name, uid: fc.nat(2), groups: fc.array(name), service: name });
  const policy = fc.record({
    limit: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    groupLimits: fc.uniqueArray(fc.record({ group: name, max: fc.integer({ min: 1, max: 9 }) }), {
      selector: ({ group }) => group,
    }),
    services: fc.array(name),
    root: fc.constantFrom("exempt" as const, "counted" as const),
  });
  fc.assert(
    fc.property(request, policy, (request, policy) => {
      const { scopes, limits } = standingOf(request, policy);
      for (const { scope } of limits) assert.ok(scopes.includes(scope));
      assert.equal(new Set(scopes).size, scopes.length);
      if (policy.root === "exempt" && request.uid === 0) assert.deepEqual(scopes, []);
    }),
    { seed: 4 },
  );
});

Deno.test("refusal() tells the person what the limit is", () => {
  assert.equal(
    refusal({ scope: "user:alice", max: 3, open: 3 }),
    "You may have 3 sessions open, and have 3: close one and try again",
  );
  assert.equal(
    refusal({ scope: "group:staff", max: 1, open: 2 }),
    "The members of staff may have 1 session open together, and have 2: try again later",
  );
});

const SESSION: Session = {
  id: "a",
  host: "here",
  service: "sshd",
  user: "alice",
  tty: "ssh",
  pid: 812,
  started: 5200,
  opened: 0,
  scopes: [],
};
const CLOSER: Closer = { service: "sshd", user: "alice", tty: "ssh", pid: 812, started: 5200 };

Deno.test("sessionMeant() finds the one session that this very process opened", () => {
  const others = [{ ...SESSION, id: "b", pid: 813 }, { ...SESSION, id: "c", started: 5201 }];
  assert.equal(sessionMeant([...others, SESSION], CLOSER), SESSION);
});

Deno.test("sessionMeant() takes nobody else's session, and does not guess", () => {
  const cases: [readonly Session[], Closer][] = [
    [[], CLOSER],
    [[SESSION, { ...SESSION, id: "b" }], CLOSER],
    [[SESSION], { ...CLOSER, pid: 813 }],
    [[SESSION], { ...CLOSER, started: 5201 }],
    [[SESSION], { ...CLOSER, user: "bob" }],
    [[SESSION], { ...CLOSER, service: "login" }],
    [[SESSION], { ...CLOSER, tty: undefined }],
    [[{ ...SESSION, started: undefined } as unknown as Session], { ...CLOSER, started: undefined }],
  ];
  for (const [sessions, closer] of cases) assert.equal(sessionMeant(sessions, closer), undefined);
});
