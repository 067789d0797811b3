// SPDX-License-Identifier: MIT
/** C against TypeScript: both must make the same of the same octets. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { decode, encode, MESSAGES, WireError } from "../../../sdk/wire/mod.ts";
import { damage, message } from "./arbitrary.ts";
import { Recoder } from "./recode.ts";
import { decodeStream } from "./stream.ts";
import { framed } from "./vector_file.ts";

/** What the TypeScript half makes of some octets, as `Recoder.recode()` says it of the C half. */
function recodeHere(octets: Uint8Array) {
  try {
    return { frame: Uint8Array.from(encode(decodeStream(octets, Math.max(octets.length, 1)))) };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { kind: error.kind };
  }
}

Deno.test("decode() gives any message that encode() was given", () => {
  fc.assert(fc.property(message, (message) => {
    assert.deepEqual(decode(encode(message).subarray(4)), message);
  }));
});

Deno.test("the C half gives the octets of any message back", async () => {
  await using recoder = new Recoder();
  await fc.assert(
    fc.asyncProperty(message, async (message) => {
      const frame = encode(message);
      assert.deepEqual(await recoder.recode(frame), { frame: Uint8Array.from(frame) });
    }),
    { numRuns: 1000 },
  );
});

Deno.test("both halves refuse damaged frames for the same reason", async () => {
  await using recoder = new Recoder();
  await fc.assert(
    fc.asyncProperty(message, damage, async (message, damage) => {
      const octets = damage(encode(message));
      assert.deepEqual(await recoder.recode(octets), recodeHere(octets));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("both halves refuse damaged bodies in frames of the right length for the same reason", async () => {
  await using recoder = new Recoder();
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(message, damage, async (message, damage) => {
      const octets = framed(damage(encode(message).subarray(4)));
      const here = recodeHere(octets);
      seen.add("kind" in here ? here.kind : "ok");
      assert.deepEqual(await recoder.recode(octets), here);
    }),
    { numRuns: 4000 },
  );
  // A run that never met one of these has tried nothing.
  for (const kind of ["ok", "truncated", "trailing", "bad_value", "bad_tag"]) assert(seen.has(kind), kind);
});

Deno.test("both halves judge random octets behind every tag alike", async () => {
  await using recoder = new Recoder();
  const tags = fc.constantFrom(...Object.values(MESSAGES).map(({ tag }) => tag));
  const octet = fc.oneof({ arbitrary: fc.constantFrom(0, 1, 2), weight: 3 }, fc.nat(0xff));
  await fc.assert(
    fc.asyncProperty(tags, fc.array(octet, { maxLength: 64 }), async (tag, body) => {
      const octets = framed(Uint8Array.of(tag, ...body));
      assert.deepEqual(await recoder.recode(octets), recodeHere(octets));
    }),
    { numRuns: 2000 },
  );
});
