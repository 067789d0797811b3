// SPDX-License-Identifier: MIT
/**
 * A worker that opens new databases at given times, and tries the same code in each. Prints `success N` or `refused N`.
 *
 * Usage: `deno run -A opener.ts FOLDER COUNT START_MS EVERY_MS`
 *
 * @module
 */

import { Attempts } from "../../../examples/totp/attempts.ts";

const [folder = "", ...numbers] = Deno.args;
const [count = 0, start = 0, every = 0] = numbers.map(Number);

for (let i = 0; i < count; i++) {
  // To the millisecond: what is tested is who comes at once.
  while (Date.now() < start + i * every);
  using attempts = new Attempts(`${folder}/${i}.db`);
  const attempt = attempts.begin({ name: "alice", known: true }, { failures: 9, within: 60 }, Date.now());
  const right = attempts.finish(attempt!, "alice", () => 60);
  console.log(`${right ? "success" : "refused"} ${i}`);
}
