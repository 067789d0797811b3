// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { Allowance, LineReader, printable } from "../../../sdk/supervisor/lines.ts";

function read(max: number, chunks: string[]): [string, number][] {
  const lines: [string, number][] = [];
  const reader = new LineReader(max, { onLine: (line, lost) => void lines.push([line, lost]) });
  for (const chunk of chunks) reader.push(new TextEncoder().encode(chunk));
  reader.end();
  return lines;
}

Deno.test("LineReader puts lines together from any chunks", () => {
  assert.deepEqual(read(10, ["a\nb", "c\n", "\n", "d", "e"]), [["a", 0], ["bc", 0], ["de", 0]]);
  assert.deepEqual(read(10, [..."ready\nbeat 1\n"]), [["ready", 0], ["beat 1", 0]]);
});

Deno.test("LineReader cuts a line that is too long, and says by how much", () => {
  assert.deepEqual(read(4, ["abcdefgh\nij\n"]), [["abcd", 4], ["ij", 0]]);
  assert.deepEqual(read(4, ["abc", "def", "ghi"]), [["abcd", 5]]);
});

Deno.test("LineReader counts lines with nothing in them, and what it is not to decode", () => {
  let empty = 0;
  const reader = new LineReader(4, {
    onLine() {},
    onEmpty: (count) => empty += count,
    isWanted: () => false,
  });
  assert.equal(reader.push(new Uint8Array(65_536).fill(10)), 65_536);
  assert.equal(empty, 65_536);
  assert.equal(reader.push(new TextEncoder().encode("a\n\n\nb")), 3);
  assert.equal(empty, 65_538);
});

Deno.test("Allowance gives so many in each span, whoever asks", () => {
  const allowance = new Allowance(2, 250);
  assert.deepEqual([0, 100, 249, 250, 499, 400].map((now) => allowance.take(now)), [
    ...[true, true, false],
    ...[true, true, false],
  ]);
});

Deno.test("LineReader keeps no more than one line, however long it goes on", () => {
  const lines: [string, number][] = [];
  const reader = new LineReader(4, { onLine: (line, lost) => void lines.push([line, lost]) });
  const chunk = new Uint8Array(1 << 20).fill(65);
  for (let i = 0; i < 64; i++) reader.push(chunk);
  reader.push(Uint8Array.of(10));
  assert.deepEqual(lines, [["AAAA", 64 * (1 << 20) - 4]]);
});

Deno.test("printable() takes out what controls a terminal or forges a line", () => {
  assert.equal(printable("a\u001b[31mb\rc\u0085d\u2028e\tf"), "a\ufffd[31mb\ufffdc\ufffdd\ufffde f");
  assert.equal(printable("a\u202eb\u2066c\u200fd\u061c"), "a\ufffdb\ufffdc\ufffdd\ufffd");
});
