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
  const { signal } = new AbortController();
  const limit = { failures: 9, within: 60 };
  const attempt = await attempts.begin({ name: "alice", known: true }, limit, Date.now(), signal);
  const right = await attempts.finish(attempt!, "alice", () => 60, signal);
  console.log(`${right ? "success" : "refused"} ${i}`);
}
