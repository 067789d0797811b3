// SPDX-License-Identifier: MIT
import type { AgeingFields } from "@pam-deno/sdk";
import fc from "fast-check";
import assert from "node:assert/strict";
import { answerAccount, answerChange, judge, type Verdict } from "./policy.ts";

const RUNS = { numRuns: 3000, seed: 20261120 };
const HIGHEST = 2 ** 31 - 1;

const day = fc.integer({ min: 1, max: 40_000 });
const days = fc.oneof(fc.integer({ min: 0, max: 400 }), fc.constantFrom(-1, 0, 1, HIGHEST));
const wild = fc.oneof(days, fc.integer({ min: -(2 ** 31), max: HIGHEST }), fc.maxSafeInteger());
const sane: fc.Arbitrary<AgeingFields> = fc.record({
  lastChange: fc.integer({ min: 1, max: 40_000 }),
  min: days,
  max: days,
  warn: days,
  inactive: days,
  expire: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 40_000 })),
});
const any: fc.Arbitrary<AgeingFields> = fc.record({
  lastChange: wild,
  min: wild,
  max: wild,
  warn: wild,
  inactive: wild,
  expire: wild,
});

/** From nothing to say to nobody may log in. */
const ORDER = ["valid", "aged", "inactive", "account_expired"];

Deno.test("judge() never gets better as days pass", () => {
  fc.assert(
    fc.property(sane, day, fc.integer({ min: 0, max: 1000 }), (fields, today, later) => {
      const [now, then] = [today, today + later].map((day) => ORDER.indexOf(judge(fields, day).is));
      assert.ok(now! >= 0 && now! <= then!, `${now} ${then}`);
    }),
    RUNS,
  );
});

Deno.test("judge() depends on nothing but how far away the dates are", () => {
  fc.assert(
    fc.property(sane, day, fc.integer({ min: 1, max: 10_000 }), (fields, today, shift) => {
      const expire = fields.expire === -1 ? -1 : fields.expire + shift;
      const shifted = { ...fields, lastChange: fields.lastChange + shift, expire };
      assert.deepEqual(judge(shifted, today + shift), judge(fields, today));
    }),
    RUNS,
  );
});

Deno.test("judge() tells from 0 to max days that are left, fewer each day", () => {
  fc.assert(
    fc.property(sane, day, (fields, today) => {
      const [now, next] = [judge(fields, today), judge(fields, today + 1)];
      if (now.is !== "valid" || now.daysLeft === undefined) return;
      assert.ok(now.daysLeft >= 0 && now.daysLeft <= fields.max);
      if (next.is === "valid") assert.equal(next.daysLeft, now.daysLeft - 1);
      else assert.ok(now.daysLeft === 0 || next.is === "account_expired", next.is);
    }),
    RUNS,
  );
});

Deno.test("judge() of an entry without limits is valid on every day", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: HIGHEST }), day, (lastChange, today) => {
      const fields = { lastChange, min: -1, max: -1, warn: -1, inactive: -1, expire: -1 };
      assert.deepEqual(judge(fields, today), { is: "valid", daysLeft: undefined, tooEarly: false });
    }),
    RUNS,
  );
});

Deno.test("whatever the numbers are, there is one answer, and every refusal has a text", () => {
  fc.assert(
    fc.property(
      any,
      day,
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      (fields, today, ...flags) => {
        const [locked, empty, refuseLocked, disallowEmpty] = flags;
        const verdict: Verdict = judge(fields, today);
        const answer = answerAccount({ verdict, locked, empty }, { refuseLocked, disallowEmpty });
        if (answer.code === "success") {
          assert.equal(verdict.is, "valid");
          assert.ok(!(locked && refuseLocked) && !(empty && disallowEmpty));
          assert.doesNotMatch(answer.warning ?? "", /NaN|Infinity|-\d|\d[.e]/);
        } else {
          assert.notEqual(answer.text, "");
        }
        const change = answerChange(verdict, { onlyIfExpired: locked, privileged: empty });
        const passes = change.code === "success" || change.code === "ignore";
        assert.equal("text" in change, !passes);
      },
    ),
    RUNS,
  );
});

Deno.test("stricter rules never let anybody in whom others refuse", () => {
  fc.assert(
    fc.property(any, day, fc.boolean(), fc.boolean(), (fields, today, locked, empty) => {
      const facts = { verdict: judge(fields, today), locked, empty };
      const lenient = answerAccount(facts, { refuseLocked: false, disallowEmpty: false });
      if (lenient.code === "success") return;
      for (const refuseLocked of [false, true]) {
        assert.notEqual(answerAccount(facts, { refuseLocked, disallowEmpty: true }).code, "success");
      }
    }),
    RUNS,
  );
});

Deno.test("whom the account check sends to change the password may change it, if nothing has happened between", () => {
  fc.assert(
    fc.property(any, day, fc.boolean(), (fields, today, privileged) => {
      const verdict = judge(fields, today);
      const answer = answerAccount({ verdict, locked: false, empty: false }, {
        refuseLocked: false,
        disallowEmpty: false,
      });
      for (const onlyIfExpired of [false, true]) {
        const { code } = answerChange(verdict, { onlyIfExpired, privileged });
        if (answer.code === "new_authtok_reqd") assert.equal(code, "success");
        if (answer.code === "success" && onlyIfExpired) assert.equal(code, "ignore");
      }
    }),
    RUNS,
  );
});
