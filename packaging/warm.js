// SPDX-License-Identifier: MIT
// Loads what is started at logins, the runtime of the workers and the supervisor, so that Deno keeps its compiled code; says so, and
// holds the files of the cache open until nobody needs that any more.
import "file:///usr/lib/pam-deno/worker.js";
import "file:///usr/lib/pam-deno/supervise.js";

console.log("loaded");
await Deno.stdin.read(new Uint8Array(1));
