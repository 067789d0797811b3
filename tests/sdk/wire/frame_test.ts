// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameReader, LIMITS, WireError } from "../../../sdk/wire/mod.ts";
import { framed } from "./vector_file.ts";

function all(reader: FrameReader): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame.slice());
  return frames;
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function refuses(octets: readonly number[], kind: string): void {
  const reader = new FrameReader();
  reader.push(Uint8Array.from(octets));
  assert.throws(() => reader.next(), (error) => error instanceof WireError && error.kind === kind);
}

Deno.test("FrameReader gives a whole frame without copying it", () => {
  const chunk = framed(Uint8Array.of(7, 8, 9));
  const reader = new FrameReader();
  reader.push(chunk);
  const frame = reader.next();
  assert.deepEqual(frame, Uint8Array.of(7, 8, 9));
  assert.equal(frame?.buffer, chunk.buffer);
  assert.equal(reader.next(), undefined);
  assert.equal(reader.unfinished, false);
});

Deno.test("FrameReader gives several frames out of one chunk", () => {
  const reader = new FrameReader();
  reader.push(concat([framed(Uint8Array.of(1)), framed(Uint8Array.of(2, 2)), Uint8Array.of(0, 0)]));
  assert.deepEqual(all(reader), [Uint8Array.of(1), Uint8Array.of(2, 2)]);
  assert.equal(reader.unfinished, true);
});

Deno.test("FrameReader refers to nothing of a chunk after next() returned undefined", () => {
  const frame = framed(Uint8Array.of(1, 2, 3, 4, 5, 6));
  const reader = new FrameReader();
  const buffer = new Uint8Array(3);
  const got: Uint8Array[] = [];
  for (let at = 0; at < frame.length; at += buffer.length) {
    const part = frame.subarray(at, at + buffer.length);
    buffer.set(part);
    reader.push(buffer.subarray(0, part.length));
    got.push(...all(reader));
    buffer.fill(0xff);
  }
  assert.deepEqual(got, [Uint8Array.of(1, 2, 3, 4, 5, 6)]);
});

Deno.test("FrameReader takes a chunk before the last one has been used up", () => {
  const reader = new FrameReader();
  reader.push(framed(Uint8Array.of(1)));
  reader.push(framed(Uint8Array.of(2)));
  assert.deepEqual(all(reader), [Uint8Array.of(1), Uint8Array.of(2)]);
});

Deno.test("FrameReader takes empty chunks", () => {
  const reader = new FrameReader();
  reader.push(new Uint8Array(0));
  assert.equal(reader.next(), undefined);
  assert.equal(reader.unfinished, false);
  reader.push(Uint8Array.of(0, 0, 0));
  assert.equal(reader.next(), undefined);
  reader.push(new Uint8Array(0));
  assert.equal(reader.next(), undefined);
  assert.equal(reader.unfinished, true);
  reader.push(Uint8Array.of(1, 9));
  assert.deepEqual(reader.next(), Uint8Array.of(9));
  assert.equal(reader.unfinished, false);
});

Deno.test("FrameReader takes a frame of FRAME_MAX octets, whole and octet by octet", () => {
  const frame = framed(new Uint8Array(LIMITS.FRAME_MAX).fill(3));
  for (const size of [frame.length, 1]) {
    const reader = new FrameReader();
    const got: Uint8Array[] = [];
    for (let at = 0; at < frame.length; at += size) {
      reader.push(frame.subarray(at, at + size));
      got.push(...all(reader));
    }
    assert.deepEqual(got.map(({ length }) => length), [LIMITS.FRAME_MAX]);
  }
});

Deno.test("FrameReader refuses a length above the limit before it has a body", () => {
  refuses([0, 0, 0x40, 1], "too_long");
  refuses([0, 1, 0, 0], "too_long");
  refuses([0x80, 0, 0, 1], "too_long");
  refuses([0xff, 0xff, 0xff, 0xff], "too_long");
});

Deno.test("FrameReader refuses a frame without a tag", () => {
  refuses([0, 0, 0, 0], "truncated");
  refuses([0, 0, 0, 0, 7], "truncated");
});

Deno.test("FrameReader.wipe() overwrites what is held of an unfinished frame", () => {
  const reader = new FrameReader();
  reader.push(Uint8Array.of(0, 0, 0, 9, 3, 0x73));
  assert.equal(reader.next(), undefined);
  const rest = Uint8Array.of(0x65, 0x63);
  reader.push(rest);
  reader.wipe();
  assert.deepEqual(rest, Uint8Array.of(0, 0));
  reader.push(new Uint8Array(7).fill(1));
  assert.deepEqual(reader.next(), Uint8Array.of(0, 0, 1, 1, 1, 1, 1, 1, 1));
});

Deno.test("FrameReader gives nothing more after an error", () => {
  const reader = new FrameReader();
  reader.push(concat([Uint8Array.of(0, 0, 0, 0), framed(Uint8Array.of(1))]));
  assert.throws(() => reader.next(), WireError);
  assert.throws(() => reader.next(), WireError);
  reader.push(framed(Uint8Array.of(1)));
  assert.throws(() => reader.next(), WireError);
});

Deno.test("FrameReader gives the same frames however the stream is cut", () => {
  const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 });
  const cuts = fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(bodies, cuts, (bodies, cuts) => {
    const stream = concat(bodies.map((body) => framed(body)));
    const reader = new FrameReader();
    const got: Uint8Array[] = [];
    for (let at = 0, i = 0; at < stream.length; i++) {
      const end = at + Math.max(1, cuts[i % cuts.length]!);
      reader.push(stream.slice(at, end));
      got.push(...all(reader));
      at = end;
    }
    assert.deepEqual(got, bodies.map((body) => Uint8Array.from(body)));
    assert.equal(reader.unfinished, false);
  }));
});
