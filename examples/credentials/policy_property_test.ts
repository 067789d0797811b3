// SPDX-License-Identifier: MIT
// The policy over whole lives of a session: whatever comes in which order, the rules of the README hold.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  contentOf,
  endOf,
  isGood,
  LIFETIME_S_MAX,
  NEAR_END_MS,
  plan,
  REST_MS,
  type Token,
  TOKEN_MAX,
  tokenProblem,
  type TokenRecord,
} from "./policy.ts";

const SEED = 6749;

const verb = fc.constantFrom("establish", "reinitialize", "refresh");
const time = fc.integer({ min: 0, max: 2 ** 41 });
const near = fc.integer({ min: -2 * NEAR_END_MS, max: 2 * NEAR_END_MS });
const recordAt = (now: number): fc.Arbitrary<TokenRecord> =>
  fc.record({
    user: fc.constant("alice"),
    file: fc.constant<`oauth-${string}`>("oauth-0011223344556677"),
    held: fc.boolean(),
    ends: fc.option(near.map((ms) => now + ms)),
    failed: fc.option(near.map((ms) => now + ms)),
  });
const scene = time.chain((now) =>
  fc.record({
    verb,
    now: fc.constant(now),
    insist: fc.boolean(),
    record: fc.option(recordAt(now), { nil: undefined }),
  })
);

Deno.test("plan() never fetches for a token that lasts, and always for one that must be there and is not", () => {
  fc.assert(
    fc.property(scene, ({ verb, now, insist, record }) => {
      const next = plan(verb, record, now, insist);
      const lasts = record?.held === true && (record.ends === null || record.ends > now + NEAR_END_MS);
      if (verb === "establish" && lasts) assert.equal(next, "keep");
      if (insist && !isGood(record, now) && verb !== "refresh") assert.equal(next, "fetch");
      if (next === "keep") assert.ok(isGood(record, now) || verb === "refresh");
      if (next === "rest") {
        assert.ok(record?.failed != null && Math.abs(now - record.failed) < REST_MS && !insist);
      }
      if (verb === "refresh" && record === undefined) assert.equal(next, "keep");
    }),
    { seed: SEED, numRuns: 5000 },
  );
});

const token: fc.Arbitrary<Token> = fc.record({
  value: fc.oneof(fc.stringMatching(/^[\x21-\x7e]{1,80}$/), fc.string({ unit: "binary" })),
  lifetime: fc.option(fc.oneof(fc.double({ noNaN: false }), fc.integer({ min: 0, max: 9999 })), {
    nil: undefined,
  }),
  scope: fc.option(fc.string({ unit: "binary" }), { nil: undefined }),
});

Deno.test("contentOf() is one line that gives the token back, for each token that is taken", () => {
  fc.assert(
    fc.property(token, time, (token, now) => {
      if (tokenProblem(token) !== undefined) return;
      assert.equal(contentOf(token, "token", now), `${token.value}\n`);
      const json = contentOf(token, "json", now);
      assert.equal(json.indexOf("\n"), json.length - 1);
      const read = JSON.parse(json);
      assert.equal(read.access_token, token.value);
      const ends = endOf(token, now);
      assert.equal(read.expires_at === undefined, ends === null);
      assert.ok(ends === null || (ends >= now && ends <= now + LIFETIME_S_MAX * 1000));
    }),
    { seed: SEED, numRuns: 3000 },
  );
});

Deno.test("tokenProblem() takes what RFC 6750 allows, up to a length", () => {
  const good = { value: "x".repeat(TOKEN_MAX), lifetime: undefined, scope: undefined };
  assert.equal(tokenProblem(good), undefined);
  for (const value of ["", " x", "x\ny", "x\0", "ü", `${good.value}x`]) {
    assert.notEqual(tokenProblem({ ...good, value }), undefined, value.slice(0, 9));
  }
  for (const lifetime of [0, -1, NaN]) assert.notEqual(tokenProblem({ ...good, lifetime }), undefined);
});
