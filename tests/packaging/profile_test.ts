// SPDX-License-Identifier: MIT
/** The profile for pam-auth-update: what Debian's own tool makes of it, and who gets in then. */

import assert from "node:assert/strict";
import { debianPackage, earlierPackage } from "./built.ts";
import { Root } from "./root.ts";
import { addSite, install, serving } from "./site.ts";

const ENABLE = "pam-auth-update --package --enable pam-deno";

/** A root folder with the package and two users. */
async function make(deb: string): Promise<Root> {
  const root = await Root.make();
  try {
    await install(root, deb);
    await root.must("useradd alice && useradd mallory && usermod -p '*' alice && usermod -p '*' mallory");
    return root;
  } catch (error) {
    await root[Symbol.asyncDispose]();
    throw error;
  }
}

/** The lines of the first block of common-account. */
function lines(root: Root): string[] {
  const text = root.read("/etc/pam.d/common-account")!;
  return text.split("\n").filter((line) => line.startsWith("account")).map((line) =>
    line.replace(/\s+/g, " ").trim()
  );
}

/** What an application that includes common-account is told at the end. */
async function ask(root: Root, user: string): Promise<string> {
  const { stdout, stderr } = await root.run(["pamtester", "su", user, "acct_mgmt"]);
  return (stdout + stderr).trim().split("\n").at(-1)!.replace(/^pamtester: /, "");
}

const DONE = "account management done.";
const DENIED = "Permission denied";
const EXPIRED = "Authentication token is no longer valid; new one required";

Deno.test({
  name: "the profile is off, and asks the module before everybody else when it is on",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using root = await make(await debianPackage());
    const off = lines(root);
    assert.ok(!off.some((line) => line.includes("pam_deno")));
    await root.must(ENABLE);
    assert.deepEqual(lines(root), [
      "account [success=1 default=ignore] pam_succeed_if.so quiet uid = 0",
      "account required pam_deno.so site",
      ...off,
    ]);
    // A profile of another package that would end the first block early comes behind ours, and its jumps go where they should.
    root.write(
      "/usr/share/pam-configs/other",
      "Name: other\nDefault: no\nPriority: 1000\nAccount-Type: Primary\nAccount:\n\t[success=end default=ignore]\tpam_rootok.so\n",
    );
    await root.must("pam-auth-update --package --enable other");
    assert.deepEqual(lines(root), [
      "account [success=1 default=ignore] pam_succeed_if.so quiet uid = 0",
      "account required pam_deno.so site",
      "account [success=2 default=ignore] pam_rootok.so",
      ...off,
    ]);
    await root.must("pam-auth-update --package --disable pam-deno other");
    assert.deepEqual(lines(root), off);
  },
});

Deno.test({
  name:
    "with the profile the module decides about everybody but root, and root gets in whatever happens to it",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using root = await make(await debianPackage());
    await root.must(ENABLE);
    // Nobody has added the module.
    assert.equal(await ask(root, "root"), DONE);
    assert.equal(await ask(root, "alice"), "Error in service module");
    await addSite(root);
    assert.equal(await ask(root, "root"), DONE);
    assert.match(await ask(root, "alice"), /^Authentication service cannot retrieve authentication info/);
    {
      await using _serving = await serving(root);
      assert.equal(await ask(root, "root"), DONE);
      assert.equal(await ask(root, "alice"), DONE);
      assert.equal(await ask(root, "mallory"), DENIED);
      // pam_unix ends the stack when a password has expired: whoever stood behind it would not be asked.
      await root.must("chage -d 0 alice && chage -d 0 mallory");
      assert.equal(await ask(root, "alice"), EXPIRED);
      assert.equal(await ask(root, "mallory"), DENIED);
      await root.must("chage -d 2026-01-01 -E 1 alice && chage -d 2026-01-01 mallory");
      assert.notEqual(await ask(root, "alice"), DONE);
    }
    assert.equal(await ask(root, "root"), DONE);
    assert.notEqual(await ask(root, "mallory"), DONE);
  },
});

Deno.test({
  name: "an upgrade leaves the profile on, with the options that the administrator gave the line",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using root = await make(await earlierPackage());
    await root.must(ENABLE);
    await root.must("sed -i 's/pam_deno.so site/& tz=UTC/' /etc/pam.d/common-account");
    const before = root.read("/etc/pam.d/common-account");
    await install(root, await debianPackage());
    assert.equal(root.read("/etc/pam.d/common-account"), before);
    assert.ok(lines(root).includes("account required pam_deno.so site tz=UTC"));
    await root.must("dpkg -r pam-deno");
    assert.ok(!lines(root).some((line) => line.includes("pam_deno")));
  },
});
