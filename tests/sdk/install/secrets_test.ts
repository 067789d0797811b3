// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { readModuleConfig } from "../../../sdk/config/config.ts";
import { InstallError } from "../../../sdk/install/events.ts";
import { haveSecretsChanged } from "../../../sdk/install/secrets.ts";
import { CREDENTIAL_MAX } from "../../../sdk/supervisor/entrusted.ts";

function withModule(check: (one: { source: string; copy: string; changed: () => boolean }) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    const [source, copy] = [join(folder, "source"), join(folder, "copy")];
    Deno.mkdirSync(join(folder, "modules"));
    const said = { module: join(folder, "module.ts"), credentials: { key: source } };
    Deno.writeTextFileSync(join(folder, "modules", "keeps.jsonc"), JSON.stringify(said));
    const config = readModuleConfig(folder, "keeps");
    assert.equal(config.credentials[0]!.path, "/run/credentials/pam-deno@keeps.service/key");
    const credentials = config.credentials.map((one) => ({ ...one, path: copy }));
    check({ source, copy, changed: () => haveSecretsChanged({ ...config, credentials }) });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("haveSecretsChanged() compares the files with the copies, whatever their times", () => {
  withModule(({ source, copy, changed }) => {
    Deno.writeTextFileSync(source, "one");
    assert.equal(changed(), true, "there is no copy");
    for (const [text, expected] of [["one", false], ["two", true], ["one!", true], ["", true]] as const) {
      Deno.writeTextFileSync(copy, text);
      Deno.utimeSync(copy, 0, 0);
      assert.equal(changed(), expected, text);
    }
  });
});

Deno.test("haveSecretsChanged() refuses what systemd could not copy", () => {
  withModule(({ source, changed }) => {
    const assertRefused = (why: RegExp) =>
      assert.throws(changed, (error: Error) => {
        assert.ok(error instanceof InstallError);
        assert.match(error.message, /keeps\.jsonc: the credential "key", /);
        assert.match(error.message, why);
        return true;
      });
    assertRefused(/No such file/);
    Deno.writeFileSync(source, new Uint8Array(CREDENTIAL_MAX + 1));
    assertRefused(/more than 1048576 bytes/);
    Deno.removeSync(source);
    Deno.mkdirSync(source);
    assertRefused(/not a file/);
  });
});
