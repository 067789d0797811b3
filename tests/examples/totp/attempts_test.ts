// SPDX-License-Identifier: MIT
// The database of totp, made by several processes at the same moment.
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../integration/harness.ts";

const PROCESSES = 3;
const DATABASES = 40;
const EVERY_MS = 40;
/** The time that all processes have to get ready. */
const READY_MS = 2000;

Deno.test(`${PROCESSES} workers that make a database at once all get it, and one of them takes the code`, async () => {
  const folder = await Deno.makeTempDir({ prefix: "pam-deno-totp-" });
  try {
    const start = Date.now() + READY_MS;
    const words = [join(ROOT, "tests/examples/totp/opener.ts"), folder, DATABASES, start, EVERY_MS].map(
      String,
    );
    const outputs = await Promise.all(
      Array.from({ length: PROCESSES }, () =>
        new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", ...words],
          env: { LD_PRELOAD: "", NO_COLOR: "1" },
        }).output()),
    );
    const text = outputs.map(({ stdout, stderr }) =>
      new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)
    );
    const lines = text.join("").trim().split("\n").sort();
    const expected = Array.from({ length: DATABASES }, (_, i) => [
      `success ${i}`,
      ...Array(PROCESSES - 1).fill(`refused ${i}`),
    ]);
    assert.deepEqual(lines, expected.flat().sort());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
