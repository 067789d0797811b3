// SPDX-License-Identifier: MIT
/**
 * examples/ldap-account with a real slapd, over LDAPS, under sshd and su.
 *
 * @module
 */

import assert from "node:assert/strict";
import { makeCertificates } from "../examples/ldap-account/certificates.ts";
import { Folder } from "../examples/ldap-account/scenes.ts";
import {
  group,
  PEOPLE as USERS,
  person,
  READER,
  READER_PASSWORD,
  Slapd,
} from "../examples/ldap-account/slapd.ts";
import { deploy, readmeLines, said, told } from "./deployed.ts";
import { Sshd } from "./ssh.ts";
import { scene, shareStage } from "./stage.ts";
import { PASSWORD } from "./view.ts";

const LATER = "Logins cannot be checked now; the administrator finds the reason in the system log";
const LAST_DAY_IN_2000 = 11_322;
/** Whom the directory refuses, with what they read. */
const REFUSED = {
  bob: { code: "perm_denied", text: "You are not in a group that may log in here", su: "Permission denied" },
  carol: { code: "acct_expired", text: "Your account has expired", su: "User account has expired" },
  dave: { code: "perm_denied", text: "Your account is locked", su: "Permission denied" },
} as const;

let folder: Folder | undefined;
let slapd: Slapd;
let sshd: Sshd;
const stage = shareStage(async (stage) => {
  folder = new Folder();
  const { ca, good } = await makeCertificates(folder.path);
  const entries = [
    person("alice"),
    person("bob"),
    person("carol", { shadowExpire: LAST_DAY_IN_2000 }),
    person("dave"),
  ].join("");
  slapd = await Slapd.start({ certificate: good, ca, entries });
  const staff = ["alice", "carol", "dave"].map((uid) => `uid=${uid},${USERS}`);
  await slapd.add(group("staff", "member", staff));
  await slapd.set("dave", "pwdAccountLockedTime", "000001010000Z");

  stage.write("/etc/pam-deno/ldap-ca.pem", Deno.readTextFileSync(ca));
  stage.write("/etc/pam-deno/secrets/ldap", `${READER_PASSWORD}\n`, 0o600);
  deploy(stage, "ldap-account", { options: { server: [`127.0.0.1:${slapd.tlsPort}`], bind_dn: READER } });
  const lines = [
    ...readmeLines("ldap-account"),
    // As Debian's common-account ends: root passes our lines, and somebody must let root in.
    "account required pam_permit.so",
    "session required pam_permit.so",
  ];
  stage.pam("sshd", ["auth required pam_unix.so nodelay", ...lines]);
  stage.pam("su", ["auth sufficient pam_rootok.so", "auth required pam_unix.so nodelay", ...lines]);
  sshd = await Sshd.start(stage);
});
Deno.test.afterAll(async () => {
  await slapd?.[Symbol.asyncDispose]();
  folder?.[Symbol.dispose]();
});

const come = (user: string) => sshd.connect({ user, by: "publickey", command: "echo in" });
const become = (user: string) =>
  stage().dialogue(["su", user, "-c", "echo in"], [["Password: ", PASSWORD]], { as: "alice" });

async function decided(count: number) {
  const seen = await stage().take((seen) => told(seen).length >= count);
  return { told: told(seen), said: said(seen, "ldap-account") };
}

scene("ldap-account: sshd and su let in whom the directory has, and nobody notices", async () => {
  assert.deepEqual((await come("alice")).stdout, "in\n");
  const { code, stdout } = await become("alice");
  assert.deepEqual({ code, stdout }, { code: 0, stdout: "Password: \nin\n" });
  const seen = await decided(2);
  assert.deepEqual(seen.told, ["account ldap-account: success", "account ldap-account: success"]);
});

for (const [user, { code, text, su }] of Object.entries(REFUSED)) {
  scene(`ldap-account: sshd and su refuse ${user}, who reads: ${text}`, async () => {
    const visit = await come(user);
    assert.equal(visit.code, 255);
    assert.match(visit.stdout, new RegExp(`^${text}\n`));
    const became = await become(user);
    assert.equal(became.code, 1);
    assert.equal(became.stdout, `Password: \n${text}\nsu: ${su}\n`);
    const seen = await decided(2);
    assert.deepEqual(seen.told, Array(2).fill(`account ldap-account: ${code}`));
    assert.match(seen.said.at(-1)!, /^Refused, /);
  });
}

scene(
  "ldap-account: without its directory it goes by what it remembers, and root needs neither",
  async () => {
    await slapd.stop();
    const [alice, bob, root] = await Promise.all([come("alice"), come("bob"), come("root")]);
    assert.deepEqual([alice.code, alice.stdout], [0, "in\n"]);
    assert.equal(bob.code, 255);
    assert.match(bob.stdout, new RegExp(`^${REFUSED.bob.text}\n`));
    assert.deepEqual([root.code, root.stdout], [0, "in\n"]);
    const cached = await decided(2);
    assert.deepEqual(cached.told.sort(), [
      "account ldap-account: perm_denied",
      "account ldap-account: success",
    ]);
    assert.ok(
      cached.said.some((text) => /^Allowed from the cache, \d+ s old$/.test(text)),
      cached.said.join("\n"),
    );
    assert.ok(cached.said.some((text) => /^Refused from the cache, \d+ s old, group: /.test(text)));

    await slapd.start();
    assert.equal((await come("alice")).stdout, "in\n");
    const seen = await decided(1);
    assert.deepEqual(seen.told, ["account ldap-account: success"]);
    assert.doesNotMatch(seen.said.join("\n"), /from the cache/);
  },
);

scene("ldap-account: whom it has never asked about is refused while the directory is away", async () => {
  // Another line asks something else: what is remembered of the one does not count for the other.
  stage().pam("su", [
    "auth sufficient pam_rootok.so",
    ...readmeLines("ldap-account", "check=lock"),
    "account required pam_permit.so",
    "session required pam_permit.so",
  ]);
  await slapd.stop();
  try {
    const { code, stdout, stderr } = await stage().run(["su", "alice", "-c", "echo in"]);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    assert.ok(stderr.startsWith(`${LATER}\nsu: `), stderr);
    const seen = await decided(1);
    assert.deepEqual(seen.told, ["account ldap-account: authinfo_unavail"]);
    assert.match(seen.said.at(-1)!, /^The login cannot be checked: .*, and the cache has no answer$/);
    assert.ok(!seen.said.join("").includes(READER_PASSWORD));
    assert.equal((await stage().run(["su", "root", "-c", "echo in"])).stdout, "in\n");
  } finally {
    await slapd.start();
  }
});
