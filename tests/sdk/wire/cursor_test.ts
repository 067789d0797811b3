// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import fc from "fast-check";
import { Reader, Writer } from "../../../sdk/wire/cursor.ts";
import { WireError, type WireErrorKind } from "../../../sdk/wire/errors.ts";

const encoder = new TextEncoder();

/** `get` is refused as `kind`, and the reader is where it was. */
function refuses(octets: readonly number[], get: (reader: Reader) => unknown, kind: WireErrorKind): void {
  const reader = new Reader(Uint8Array.from(octets));
  assert.throws(() => get(reader), (error) => error instanceof WireError && error.kind === kind, kind);
  assert.equal(reader.left, octets.length);
}

function reads<T>(octets: readonly number[], get: (reader: Reader) => T, value: T): void {
  const reader = new Reader(Uint8Array.from(octets));
  assert.deepEqual(get(reader), value);
  reader.end();
}

/** What `put` writes, without the length word and the tag. */
function written(put: (writer: Writer) => void): number[] {
  const writer = new Writer(512);
  writer.begin(1);
  put(writer);
  return [...writer.finish().subarray(5)];
}

function refusesToWrite(put: (writer: Writer) => void, kind: WireErrorKind): void {
  assert.throws(() => written(put), (error) => error instanceof WireError && error.kind === kind, kind);
}

Deno.test("Reader reads integers", () => {
  reads([0xfe], (r) => r.u8(), 0xfe);
  reads([0xfe, 0xdc], (r) => r.u16(), 0xfedc);
  reads([0xfe, 0xdc, 0xba, 0x98], (r) => r.u32(), 0xfedcba98);
  reads([0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], (r) => r.i64(), Number.MAX_SAFE_INTEGER);
  reads([0xff, 0xe0, 0, 0, 0, 0, 0, 1], (r) => r.i64(), Number.MIN_SAFE_INTEGER);
  reads([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], (r) => r.i64(), -1);
  reads([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], (r) => r.i64(), -0x1_0000_0000);
});

Deno.test("Reader refuses integers that are cut off or too large", () => {
  refuses([], (r) => r.u8(), "truncated");
  refuses([1], (r) => r.u16(), "truncated");
  refuses([1, 2, 3], (r) => r.u32(), "truncated");
  refuses([1, 2, 3], (r) => r.i64(), "truncated");
  refuses([1, 2, 3, 4, 5, 6, 7], (r) => r.i64(), "truncated");
  refuses([0, 0x20, 0, 0, 0, 0, 0, 0], (r) => r.i64(), "bad_value");
  refuses([0xff, 0xe0, 0, 0, 0, 0, 0, 0], (r) => r.i64(), "bad_value");
  refuses([0x80, 0, 0, 0, 0, 0, 0, 0], (r) => r.i64(), "bad_value");
});

Deno.test("Reader reads and refuses bools, tokens and versions", () => {
  const tokens = [undefined, "one", undefined, "three"];
  reads([0], (r) => r.bool(), false);
  reads([1], (r) => r.bool(), true);
  refuses([2], (r) => r.bool(), "bad_value");
  refuses([], (r) => r.bool(), "truncated");
  reads([3], (r) => r.enum(tokens), "three");
  refuses([2], (r) => r.enum(tokens), "bad_value");
  refuses([255], (r) => r.enum(tokens), "bad_value");
  refuses([], (r) => r.enum(tokens), "truncated");
  reads([2], (r) => r.version([2, 1]), 2);
  refuses([3], (r) => r.version([2, 1]), "bad_version");
  refuses([], (r) => r.version([2, 1]), "truncated");
});

Deno.test("Reader reads strings, octets and counts", () => {
  reads([0, 3, 0x61, 0xc3, 0xa9], (r) => r.string("line", 3), "aé");
  reads([0, 0], (r) => r.string("line", 3), "");
  reads([0, 2, 0x61, 0x0a], (r) => r.string("text", 2), "a\n");
  reads([0, 3, 0xef, 0xbb, 0xbf], (r) => r.string("line", 3), "\ufeff");
  reads([0, 2, 0, 0xff], (r) => r.bytes(2), Uint8Array.of(0, 0xff));
  reads([0, 0xff], (r) => r.fixed(2), Uint8Array.of(0, 0xff));
  reads([1, 0], (r) => r.count(256), 256);
});

Deno.test("Reader refuses strings, octets and counts", () => {
  for (
    const get of [
      (r: Reader) => r.string("line", 3),
      (r: Reader) => r.string("text", 3),
      (r: Reader) => r.bytes(3),
    ]
  ) {
    refuses([0], get, "truncated");
    refuses([0, 2, 0x61], get, "truncated");
    refuses([0, 4, 0x61, 0x61, 0x61, 0x61], get, "too_long");
    refuses([0, 4], get, "too_long");
    refuses([0xff, 0xff, 0x61], get, "too_long");
  }
  refuses([0, 2, 0x0a, 0xff], (r) => r.string("line", 3), "bad_utf8");
  refuses([0, 2, 0x61, 0x7f], (r) => r.string("line", 3), "bad_value");
  refuses([0, 2, 0x61, 0x00], (r) => r.string("text", 3), "bad_value");
  refuses([1], (r) => r.fixed(2), "truncated");
  refuses([1, 1], (r) => r.count(256), "too_long");
  refuses([1], (r) => r.count(256), "truncated");
});

Deno.test("Reader.bytes() gives a copy", () => {
  const octets = Uint8Array.of(0, 1, 0x61);
  const got = new Reader(octets).bytes(1);
  octets.fill(0);
  assert.deepEqual(got, Uint8Array.of(0x61));
});

Deno.test("Reader.end() refuses what is left over", () => {
  refuses([1], (r) => r.end(), "trailing");
});

Deno.test("Reader.string() gives for every length what TextDecoder gives", () => {
  for (let length = 0; length <= 300; length++) {
    const text = Array.from({ length }, (_, i) => String.fromCharCode(0x20 + i % 95)).join("");
    reads([length >> 8, length & 0xff, ...encoder.encode(text)], (r) => r.string("line", 300), text);
  }
});

Deno.test("Reader.string() refuses a bad octet at every place of every length", () => {
  for (let length = 1; length <= 140; length++) {
    for (let at = 0; at < length; at++) {
      const octets = Array<number>(length).fill(0x61);
      octets[at] = 0xff;
      refuses([0, length, ...octets], (r) => r.string("text", 300), "bad_utf8");
      octets[at] = 0x00;
      refuses([0, length, ...octets], (r) => r.string("text", 300), "bad_value");
    }
  }
});

Deno.test("Writer writes integers, bools, tokens and versions", () => {
  assert.deepEqual(written((w) => w.u8(0xfe)), [0xfe]);
  assert.deepEqual(written((w) => w.u16(0xfedc)), [0xfe, 0xdc]);
  assert.deepEqual(written((w) => w.u32(0xfedcba98)), [0xfe, 0xdc, 0xba, 0x98]);
  assert.deepEqual(written((w) => w.i64(-1)), Array(8).fill(0xff));
  assert.deepEqual(written((w) => w.i64(Number.MIN_SAFE_INTEGER)), [0xff, 0xe0, 0, 0, 0, 0, 0, 1]);
  assert.deepEqual(written((w) => w.bool(true)), [1]);
  assert.deepEqual(written((w) => w.enum(new Map([["three", 3]]), "three")), [3]);
  assert.deepEqual(written((w) => w.version([2, 1], 1)), [1]);
});

Deno.test("Writer refuses what is no integer of its width", () => {
  for (const value of [-1, 256, 0.5, NaN, "1", undefined, null, 1n]) {
    refusesToWrite((w) => w.u8(value), "bad_value");
  }
  refusesToWrite((w) => w.u16(0x1_0000), "bad_value");
  refusesToWrite((w) => w.u32(0x1_0000_0000), "bad_value");
  refusesToWrite((w) => w.u32(-1), "bad_value");
  refusesToWrite((w) => w.i64(2 ** 53), "bad_value");
  refusesToWrite((w) => w.i64(-(2 ** 53)), "bad_value");
  refusesToWrite((w) => w.i64(Infinity), "bad_value");
});

Deno.test("Writer refuses values of the wrong type, tokens and versions that are none", () => {
  refusesToWrite((w) => w.bool(1), "bad_value");
  refusesToWrite((w) => w.bool(undefined), "bad_value");
  refusesToWrite((w) => w.enum(new Map([["one", 1]]), "constructor"), "bad_value");
  refusesToWrite((w) => w.enum(new Map([["one", 1]]), 1), "bad_value");
  refusesToWrite((w) => w.version([2, 1], 3), "bad_version");
  refusesToWrite((w) => w.version([2, 1], "2"), "bad_version");
  refusesToWrite((w) => w.string("text", 1, 3), "bad_value");
  refusesToWrite((w) => w.bytes("abc", 3), "bad_value");
  refusesToWrite((w) => w.bytes([1], 3), "bad_value");
  refusesToWrite((w) => w.fixed(Uint8Array.of(1), 2), "bad_value");
});

Deno.test("Writer refuses strings, octets and counts over their limit", () => {
  refusesToWrite((w) => w.string("line", "abcd", 3), "too_long");
  refusesToWrite((w) => w.string("line", "éé", 3), "too_long");
  refusesToWrite((w) => w.string("line", "a".repeat(200), 199), "too_long");
  refusesToWrite((w) => w.bytes(new Uint8Array(4), 3), "too_long");
  refusesToWrite((w) => w.count(4, 3), "too_long");
});

Deno.test("Writer refuses characters that a string must not hold", () => {
  for (const pad of ["", "a".repeat(200)]) {
    refusesToWrite((w) => w.string("line", `${pad}\ud800`, 300), "bad_utf8");
    refusesToWrite((w) => w.string("line", `${pad}\n\udfff`, 300), "bad_utf8");
    refusesToWrite((w) => w.string("line", `${pad}\u007f`, 300), "bad_value");
    refusesToWrite((w) => w.string("text", `${pad}\u0000`, 300), "bad_value");
  }
});

Deno.test("Writer refuses a frame over its limit", () => {
  refusesToWrite((w) => w.fixed(new Uint8Array(512), 512), "too_long");
  assert.equal(written((w) => w.fixed(new Uint8Array(511), 511)).length, 511);
  refusesToWrite((w) => {
    w.fixed(new Uint8Array(500), 500);
    w.string("line", "a".repeat(10), 100);
  }, "too_long");
  refusesToWrite((w) => {
    w.fixed(new Uint8Array(500), 500);
    w.string("line", "é".repeat(100), 300);
  }, "too_long");
});

Deno.test("Writer.string() writes what Reader.string() reads", () => {
  const text = fc.string({ unit: "binary", maxLength: 200 });
  fc.assert(fc.property(text, (text) => {
    if (text.includes("\0") || !text.isWellFormed()) return;
    const octets = written((w) => w.string("text", text, 800));
    reads(octets, (r) => r.string("text", 65535), text);
  }));
});

Deno.test("Reader.string() judges octets as TextDecoder does", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const octet = fc.oneof(
    fc.constantFrom(0x61, 0x80, 0x9f, 0xa0, 0xbf, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4),
    fc.nat(255),
  );
  fc.assert(
    fc.property(fc.array(octet.filter((o) => o !== 0), { maxLength: 8 }), (octets) => {
      let text: string | undefined;
      try {
        text = decoder.decode(Uint8Array.from(octets));
      } catch {
        return refuses([0, octets.length, ...octets], (r) => r.string("text", 8), "bad_utf8");
      }
      reads([0, octets.length, ...octets], (r) => r.string("text", 8), text);
    }),
    { numRuns: 2000 },
  );
});
