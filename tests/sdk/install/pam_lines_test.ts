// SPDX-License-Identifier: MIT
import { ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";
import { join } from "node:path";
import { breakGlassLines, pamLines } from "../../../sdk/install/pam_lines.ts";

Deno.test("pamLines() writes a line for each type that the module has a hook on, with the grants of that type", () => {
  const lines = pamLines({
    shim: "pam_deno.so",
    options: ["timeout=2s"],
    name: "gate",
    hooks: ["authenticate", "setCredentials", "openSession"],
    grants: { auth: ["prompt", "authtok"], account: ["shadow"] },
  });
  assert.deepEqual(lines, [
    "auth required pam_deno.so timeout=2s grant=prompt,authtok gate",
    "session required pam_deno.so timeout=2s gate",
  ]);
});

/** What a stack says to a user: libpam's own modules, with one that always refuses in the place of ours. */
function ask(user: string, files: Readonly<Record<string, string>>): string {
  using services = ServiceDirectory.create();
  for (const [name, text] of Object.entries(files)) {
    // libpam looks for files that are included in its own folder, unless they are named by their path.
    Deno.writeTextFileSync(
      join(services.path, name),
      text.replace(" policy\n", ` ${join(services.path, "policy")}\n`),
    );
  }
  using transaction = Transaction.start({ service: "login", user, confdir: services.path });
  return transaction.account();
}

const [pair] = breakGlassLines(["account"]);
const ours = `${pair}\naccount required pam_deny.so\n`;
const permit = "account required pam_permit.so\n";

for (
  const [where, files] of [
    ["first in a file", { login: `${ours}${permit}` }],
    ["last in a file", { login: `${permit}${ours}` }],
    ["in a file that is included", { login: `account include policy\n${permit}`, policy: ours }],
    ["in a file that is included as a substack", {
      login: `account substack policy\n${permit}`,
      policy: ours,
    }],
    ["in the middle", { login: `${permit}${ours}${permit}` }],
  ] as const
) {
  Deno.test(`breakGlassLines() lets root and nobody else past the next line, ${where}`, () => {
    assert.equal(ask("root", files), "success");
    assert.equal(ask("daemon", files), "auth_err");
  });
}

Deno.test("breakGlassLines() lets root past nothing but the next line", () => {
  assert.equal(ask("root", { login: `${ours}account required pam_deny.so\n` }), "auth_err");
});
