// SPDX-License-Identifier: MIT
// The policy against RFC 6238's own vectors, and against a model that shares no code with it: HMAC of node:crypto, and a set of used steps.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { Secret } from "otpauth";
import { judge } from "./policy.ts";

const SEED = 6238;

function codeOf(key: Uint8Array, algorithm: string, counter: number, digits: number): string {
  const message = new Uint8Array(8);
  new DataView(message.buffer).setBigUint64(0, BigInt(counter));
  const hash = createHmac(algorithm, key).update(message).digest();
  const offset = hash[hash.length - 1]! & 15;
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits).padStart(digits, "0");
}

Deno.test("judge() takes the codes of RFC 6238, appendix B", () => {
  const seed = "1234567890";
  const vectors = [
    ["SHA1", 20, ["94287082", "07081804", "14050471", "89005924", "69279037", "65353130"]],
    ["SHA256", 32, ["46119246", "68084774", "67062674", "91819424", "90698825", "77737706"]],
    ["SHA512", 64, ["90693936", "25091201", "99943326", "93441116", "38618901", "47863826"]],
  ] as const;
  const times = [59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000];
  for (const [algorithm, length, codes] of vectors) {
    const secret = Secret.fromLatin1(seed.repeat(7).slice(0, length));
    for (const [i, at] of times.entries()) {
      const generator = { secret, digits: 8, period: 30, algorithm };
      const verdict = judge({ answer: codes[i]!, generator, at, window: 0, usedUntil: 0 });
      assert.deepEqual(verdict, { right: true, usedUntil: (Math.floor(at / 30) + 1) * 30 });
    }
  }
});

Deno.test("judge() takes a code once and none of an earlier step, whatever the clock does", () => {
  const login = fc.record({
    // The clock of the machine jumps; the device is off by some steps.
    at: fc.integer({ min: 0, max: 3000 }),
    off: fc.integer({ min: -4, max: 4 }),
  });
  const setting = fc.record({
    key: fc.uint8Array({ minLength: 16, maxLength: 64 }),
    algorithm: fc.constantFrom("SHA1", "SHA256", "SHA512"),
    digits: fc.constantFrom(6, 7, 8),
    period: fc.constantFrom(15, 30, 60),
    window: fc.integer({ min: 0, max: 3 }),
    logins: fc.array(login, { maxLength: 20 }),
  });
  fc.assert(
    fc.property(setting, ({ key, algorithm, digits, period, window, logins }) => {
      const generator = { secret: new Secret({ buffer: key.slice().buffer }), digits, period, algorithm };
      let usedUntil = 0;
      let highest = -1;
      for (const { at, off } of logins) {
        const present = Math.floor(at / period);
        const step = Math.max(0, present + off);
        const answer = codeOf(key, algorithm, step, digits);
        const verdict = judge({ answer, generator, at, window, usedUntil });
        const same = (other: number) => other >= 0 && codeOf(key, algorithm, other, digits) === answer;
        const right = Array.from({ length: 2 * window + 1 }, (_, i) => present - window + i).filter(same);
        const latest = Math.max(-1, ...right);
        assert.equal(verdict.right, latest > highest);
        if (!verdict.right) continue;
        highest = latest;
        assert.equal(verdict.usedUntil, (latest + 1) * period);
        assert.ok(verdict.usedUntil > usedUntil);
        usedUntil = verdict.usedUntil;
      }
    }),
    { seed: SEED, numRuns: 300 },
  );
});

Deno.test("judge() takes no text that is not the code, spaces aside", () => {
  const secret = Secret.fromLatin1("12345678901234567890");
  const generator = { secret, digits: 6, period: 30, algorithm: "SHA1" };
  const right = [0, 1, 2].map((step) => codeOf(secret.bytes, "SHA1", step, 6));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[0-9 ]{0,12}$/)), (answer) => {
      const expected = right.includes(answer.split(" ").join(""));
      assert.equal(judge({ answer, generator, at: 45, window: 1, usedUntil: 0 }).right, expected);
    }),
    { seed: SEED, numRuns: 2000 },
  );
});
