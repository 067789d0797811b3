// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";

const ROOT = join(import.meta.dirname!, "../..");

Deno.test("bench.ts measures every service and names what is missing", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "scripts/bench.ts", "--json", "--rounds=100", "--count-ms=100"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const found = JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
  for (const key of ["ratio_to_permit", "ratio_to_unix", "ratio_to_c_responder"]) {
    assert.ok(found[key] > 0, `${key} is ${found[key]}`);
  }
  assert.ok(found.decisions_per_second_16 > 0);
  assert.ok(found.worker_idle_pss_kib > 1024);
  const services = [
    "c_responder",
    "pam_deno",
    "pam_exec",
    "pam_permit",
    "pam_python",
    "pam_script",
    "pam_unix",
  ];
  assert.deepEqual([...Object.keys(found.services), ...Object.keys(found.missing)].sort(), services);
  for (const [name, { p50_us, p99_us }] of Object.entries<Record<string, number>>(found.services)) {
    assert.ok(0 < p50_us! && p50_us! <= p99_us!, `${name}: ${p50_us}, ${p99_us}`);
  }
});

Deno.test("bench.ts refuses a number of rounds that says nothing", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "scripts/bench.ts", "--rounds=1"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  assert.equal(code, 1);
  assert.match(new TextDecoder().decode(stderr), /--rounds takes an integer from 100 on, not 1/);
});
