// SPDX-License-Identifier: MIT
import { assertCode, FakeTransaction } from "@pam-deno/sdk/testing";
import assert from "node:assert/strict";
import { join } from "node:path";
import module from "./module.ts";

Deno.test("openSession hands the rules on", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const rules = join(folder, "rules");
    await Deno.writeTextFile(rules, "none");
    using transaction = new FakeTransaction(module, { options: [`rules=${rules}`] });
    assertCode(await transaction.run("openSession"), "success");
    assert.deepEqual(transaction.environment, { APP_RULES: "none" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
