// SPDX-License-Identifier: MIT
import { assertCode, runHook } from "@pam-deno/sdk/testing";
import { join } from "node:path";
import module from "./module.ts";

Deno.test("account lets in who is on the list, and keeps who came", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [list, seen] = [join(folder, "list"), join(folder, "seen")];
    await Deno.writeTextFile(list, "alice\n");
    await Deno.writeTextFile(seen, await Deno.readTextFile("/etc/hosts").catch(() => ""));
    const options = [`list=${list}`, `seen=${seen}`];
    assertCode(await runHook(module, "account", { user: "alice", options }), "success");
    for (const user of ["bob", "mallory"]) {
      assertCode(await runHook(module, "account", { user, options }), "perm_denied");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
