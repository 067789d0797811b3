// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { encode, MESSAGES, WireError } from "../../../sdk/wire/mod.ts";
import { decodeStream } from "./stream.ts";
import { parseVector, readVectors, show, type VectorFile } from "./vector_file.ts";

const VECTORS = readVectors();

/** Chunks as a socket may cut them: whole, octet by octet, across the length word. */
const CHUNK_SIZES = [Infinity, 1, 3];

function check(vector: VectorFile, size: number): void {
  let message;
  try {
    message = decodeStream(vector.octets, Math.min(size, Math.max(vector.octets.length, 1)));
  } catch (error) {
    assert(error instanceof WireError, String(error));
    assert.equal(error.kind, vector.expect);
    return;
  }
  assert.equal("ok", vector.expect);
  assert.equal(message.type, vector.message);
  assert.deepEqual(show(message), vector.fields);
  assert.deepEqual(encode(message), vector.octets);
}

for (const [name, vector] of VECTORS) {
  Deno.test(`decode() and encode() agree with tests/vectors/${name}`, () => {
    for (const size of CHUNK_SIZES) check(vector, size);
  });
}

Deno.test("the vectors have for each message what is least, most, too much and too little", () => {
  const names = new Set(VECTORS.map(([name]) => name));
  const missing = Object.entries(MESSAGES).flatMap(([message, { fields }]) => {
    const cuts = Object.keys(fields).map((field) => `truncated_at_${field}`);
    return ["ok_min", "ok_max", "trailing", "trailing_frame", ...cuts]
      .map((what) => `${message}_${what}.txt`)
      .filter((name) => !names.has(name) && !names.has(name.replace("truncated_at_", "truncated_at_has_")));
  });
  assert.deepEqual(missing, []);
});

Deno.test("the vectors have every expectation", () => {
  const kinds = new Set(VECTORS.map(([, { expect }]) => expect));
  assert.equal(kinds.size, 8);
});

const GOOD = "message: failed\nexpect: ok\ncomment: c\nfield.code: conv_err\n\n00 00 00 02 08 13\n";

Deno.test("parseVector() reads a vector", () => {
  const vector = parseVector(GOOD);
  assert.deepEqual(vector.fields, ["field.code: conv_err"]);
  assert.deepEqual(vector.octets, Uint8Array.of(0, 0, 0, 2, 8, 19));
});

Deno.test("parseVector() refuses what the grammar does not have", () => {
  const bad: [string, string, RegExp][] = [
    ["message: failed", "massage: failed", /key 'message'/],
    ["message: failed", "message: passed", /message is wanted/],
    ["expect: ok", "expect: maybe", /expectation is wanted/],
    ["expect: ok", "expect: truncated", /only for 'ok'/],
    ["comment: c\n", "", /key 'comment'/],
    ["field.code", "note", /field is wanted/],
    ["00 02", "00 2", /octet is wanted/],
    ["00 02", "00 02*x", /octet is wanted/],
  ];
  for (const [from, to, complaint] of bad) {
    assert.throws(() => parseVector(GOOD.replace(from, to)), complaint);
  }
});
