// SPDX-License-Identifier: MIT
// A module's bundle and the installed runtime each have their own copy of the SDK, and run without any
// permission.
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { PamError } from "../../sdk/error.ts";
import { isSecret } from "../../sdk/secret.ts";
import { bytesOf, resultOf, runHook } from "./run_hook.ts";

const ROOT = new URL("../../", import.meta.url);

/** Another copy of the SDK, as a module's bundle would hold it. */
async function anotherCopy(): Promise<{ sdk: typeof import("../../mod.ts"); remove: () => Promise<void> }> {
  const directory = await Deno.makeTempDir({ prefix: "pam-deno-copy-" });
  const skipped = /\/sdk\/(worker|supervisor|libpam|testing)$/;
  await cp(new URL("mod.ts", ROOT), `${directory}/mod.ts`);
  await cp(new URL("sdk", ROOT), `${directory}/sdk`, {
    recursive: true,
    filter: (path) => !skipped.test(path),
  });
  return {
    sdk: await import(`file://${directory}/mod.ts`),
    remove: () => Deno.remove(directory, { recursive: true }),
  };
}

Deno.test("a module made with another copy of the SDK runs, and knows the runtime's errors and secrets", async () => {
  const { sdk, remove } = await anotherCopy();
  try {
    assert.notEqual(sdk.PamError, PamError, "it is another copy");
    const module = sdk.defineModule({
      grants: { auth: ["prompt", "authtok", "set_authtok"] },
      async authenticate({ conversation, authtok, setAuthtok }) {
        const error = await conversation.prompt("?").catch((reason: unknown) => reason);
        if (!(error instanceof sdk.PamError) || error.code !== "conv_err") return "system_err";
        using password = await authtok();
        using own = new sdk.Secret(bytesOf("hunter22"));
        if (!(password instanceof sdk.Secret) || !own.equals(password) || !password.equals(own)) {
          return "auth_err";
        }
        setAuthtok(own);
        return "success";
      },
    });
    const seen = await runHook(module, "authenticate", { answers: [undefined] });
    assert.equal(resultOf(seen).code, "success");
    assert.deepEqual(resultOf(seen).tokens, [{ token: "authtok", value: bytesOf("hunter22") }]);
    assert.ok(isSecret(new sdk.Secret(new Uint8Array(0))));
    assert.ok(new sdk.PamError("conv_err", "x") instanceof PamError);
  } finally {
    await remove();
  }
});

Deno.test("loadModule() and dispatch() need no permission", async () => {
  const code = `
    import { defineModule } from "${ROOT}mod.ts";
    import { dispatch } from "${ROOT}sdk/dispatch.ts";
    import { loadModule } from "${ROOT}sdk/load.ts";
    const module = defineModule({
      account({ log, now, random, deny }) {
        log.info("at {now}", { now: { nested: now } });
        return deny("perm_denied", String(random(1).length));
      },
    });
    const hook = {
      type: "hook", version: 1, fingerprint: new Uint8Array(8), hook: "account", flags: 0, budget_ms: 1, pid: 1, uid: 0,
      euid: 0, module: "m", grants: [], options: [], environment: [], items: [{ item: "user", value: "anna" }],
    };
    const outcome = dispatch(loadModule(module, { name: "m" }), hook, {
      caller: { log: (level, text) => console.log(level, text) },
      now: () => Temporal.Instant.fromEpochMilliseconds(0),
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    });
    console.log(outcome.code, outcome.message);
    for (const name of ["read", "write", "net", "env", "run", "sys", "ffi"]) {
      const { state } = await Deno.permissions.query({ name });
      if (state === "granted") throw new Error(name + " is granted");
    }
  `;
  const file = await Deno.makeTempFile({ suffix: ".js" });
  try {
    await Deno.writeTextFile(file, code);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--config", new URL("deno.json", ROOT).pathname, file],
      env: { NO_COLOR: "1" },
    }).output();
    assert.equal(new TextDecoder().decode(stderr), "");
    assert.equal(
      new TextDecoder().decode(stdout),
      "info at { nested: 1970-01-01T00:00:00Z }\nperm_denied 1\n",
    );
  } finally {
    await Deno.remove(file);
  }
});
