// SPDX-License-Identifier: MIT
/**
 * Each mistake of a stack: it is found, and it is not found any more when the remedy was followed.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Severity } from "../../../sdk/check/finding.ts";
import { DECLARATION, Scene } from "./scene.ts";

interface Mistake {
  readonly id: string;
  readonly severity: Severity;
  /** What is found names this. */
  readonly says: RegExp;
  /** The line that is named, `FILE:LINE`. */
  readonly where?: string;
  /** Files, their lines parted by `;`. */
  readonly wrong: Readonly<Record<string, string>>;
  /** The same, mended. */
  readonly right: Readonly<Record<string, string>>;
  /** Hooks of the module `hours`; it is installed only if they are given. */
  readonly hooks?: string[];
}

const ROOT_FIRST = "account [success=1 default=ignore] pam_succeed_if.so quiet uid = 0";
const OURS = "account required SHIM hours";
const YES = "account required pam_permit.so";
const DEBIAN_AUTH =
  "auth [success=1 default=ignore] pam_unix.so;auth requisite pam_deny.so;auth required pam_permit.so";

const MISTAKES: readonly Mistake[] = [
  ...["optional", "sufficient", "[default=ignore]", "[success=ok default=ignore]"].map((
    control,
  ): Mistake => ({
    id: "refusal-ignored",
    severity: "warning",
    says:
      /a refusal by the module \(perm_denied.* and where the module cannot answer \(authinfo_unavail, service_err/,
    wrong: { demo: `account ${control} SHIM hours;${YES}` },
    right: { demo: `${OURS};${YES}` },
  })),
  {
    id: "line-fails-open",
    severity: "warning",
    says: /cannot answer \(authinfo_unavail\) everybody passes/,
    wrong: { demo: `account [success=ok authinfo_unavail=ignore default=bad] SHIM hours;${YES}` },
    right: { demo: `account [success=ok default=bad] SHIM hours;${YES}` },
  },
  {
    id: "line-fails-open",
    severity: "warning",
    says: /service_err/,
    wrong: {
      demo:
        `account [success=ok ignore=ignore service_err=1 default=die] SHIM hours;account required pam_deny.so;${YES}`,
    },
    right: {
      demo: `account [success=1 ignore=ignore default=die] SHIM hours;account required pam_deny.so;${YES}`,
    },
  },
  {
    id: "refusal-ignored",
    severity: "warning",
    says: /refusal/,
    wrong: {
      demo: `account substack inner;${YES}`,
      inner: "account optional SHIM hours;account required pam_permit.so",
    },
    right: { demo: `account substack inner;${YES}`, inner: `${OURS};${YES}` },
  },
  {
    id: "line-decides-alone",
    severity: "note",
    says: /one way of several/,
    wrong: { demo: "auth sufficient SHIM hours;auth required pam_unix.so" },
    right: { demo: "auth required SHIM hours;auth required pam_unix.so" },
  },
  {
    id: "unreachable-ignored",
    severity: "warning",
    says: /while nobody serves the module/,
    wrong: { demo: `account required SHIM on_unreachable=ignore hours;${YES}` },
    right: { demo: `${OURS};${YES}` },
  },
  {
    id: "stack-of-ignores",
    severity: "error",
    says: /only say ignore or no.*account required pam_permit.so/,
    wrong: { demo: "account [default=ignore] SHIM hours;account required pam_echo.so" },
    right: { demo: `account required SHIM hours;account required pam_echo.so;${YES}` },
  },
  {
    id: "stack-of-ignores",
    severity: "error",
    says: /add the line: auth required pam_unix\.so$/m,
    wrong: { demo: "auth [default=ignore] SHIM hours;auth required pam_echo.so" },
    right: { demo: "auth required SHIM hours;auth required pam_echo.so;auth required pam_unix.so" },
  },
  {
    id: "alone-in-stack",
    severity: "warning",
    says: /authenticates: auth required pam_unix\.so$/m,
    wrong: { demo: "auth required SHIM hours" },
    right: { demo: "auth required SHIM hours;auth required pam_unix.so" },
  },
  {
    id: "alone-in-stack",
    severity: "warning",
    says: /where the module answers ignore/,
    wrong: { demo: OURS },
    right: { demo: `${OURS};${YES}` },
  },
  {
    id: "alone-in-stack",
    severity: "error",
    says: /has no hook for this one/,
    wrong: { demo: OURS },
    right: { demo: `${OURS};${YES}` },
    hooks: ["openSession"],
  },
  {
    id: "jump-too-far",
    severity: "error",
    says: /jump over 2 lines goes past the end/,
    where: "demo:1",
    wrong: { demo: `account [success=2 default=bad] SHIM hours;${YES}` },
    right: { demo: `account [success=1 default=bad] SHIM hours;${YES}` },
  },
  {
    id: "jump-too-far",
    severity: "error",
    says: /jump over 2 lines/,
    where: "inner:1",
    wrong: {
      demo: `account substack inner;${YES};${YES}`,
      inner: `account [success=2 default=bad] pam_unix.so;${OURS}`,
    },
    right: {
      demo: `account include inner;${YES};${YES}`,
      inner: `account [success=2 default=bad] pam_unix.so;${OURS}`,
    },
  },
  {
    id: "jump-leaves-file",
    severity: "warning",
    says: /skips lines of the file that includes it/,
    where: "inner:1",
    wrong: {
      demo: `@include inner;${YES};${YES}`,
      inner: `account [success=2 default=bad] pam_localuser.so;${OURS}`,
    },
    right: {
      demo: `@include inner;${YES};${YES}`,
      inner: `account [success=1 default=bad] pam_localuser.so;${OURS}`,
    },
  },
  {
    id: "line-not-reached",
    severity: "warning",
    says: /where pam_unix.so \(.*demo:1\) succeeds/,
    where: "demo:2",
    wrong: { demo: `account sufficient pam_unix.so;${OURS};${YES}` },
    right: { demo: `account required pam_unix.so;${OURS};${YES}` },
  },
  {
    id: "line-not-reached",
    severity: "warning",
    says: /pam_unix.so/,
    wrong: { demo: `${DEBIAN_AUTH.replace("requisite pam_deny.so", "required SHIM hours")}` },
    right: { demo: `${DEBIAN_AUTH};auth required SHIM hours` },
  },
  {
    id: "no-break-glass",
    severity: "warning",
    says: /root does not get in.*account \[success=1 default=ignore\] pam_succeed_if.so quiet uid = 0/,
    where: "demo:1",
    wrong: { demo: `${OURS};${YES}` },
    right: { demo: `${ROOT_FIRST};${OURS};${YES}` },
  },
  {
    id: "no-break-glass",
    severity: "warning",
    says: /root does not get in/,
    wrong: { demo: `account sufficient pam_succeed_if.so uid >= 0;${OURS};${YES}` },
    right: { demo: `account sufficient pam_succeed_if.so user = root;${OURS};${YES}` },
  },
  {
    id: "break-glass-broken",
    severity: "warning",
    says: /no line says success/,
    where: "demo:1",
    wrong: { demo: `${ROOT_FIRST};${OURS}` },
    right: { demo: `${ROOT_FIRST};${OURS};${YES}` },
  },
  {
    id: "root-without-password",
    severity: "error",
    says: /without any password/,
    where: "demo:1",
    wrong: { demo: `auth sufficient pam_succeed_if.so uid = 0;auth required SHIM hours;${DEBIAN_AUTH}` },
    right: {
      demo:
        `auth [success=1 default=ignore] pam_succeed_if.so uid = 0;auth required SHIM hours;${DEBIAN_AUTH}`,
    },
  },
  {
    id: "password-line-too-late",
    severity: "warning",
    says: /pam_unix.so \(.*demo:1\) has changed the password already/,
    where: "demo:2",
    wrong: { demo: "password required pam_unix.so;password required SHIM hours" },
    right: { demo: "password required SHIM hours;password required pam_unix.so" },
    hooks: ["update"],
  },
  {
    id: "password-line-too-late",
    severity: "warning",
    says: /pam_unix/,
    wrong: { demo: "password required pam_unix.so;password required SHIM hours" },
    right: { demo: "password required SHIM hours;password required pam_unix.so" },
  },
  {
    id: "session-under-sudo",
    severity: "note",
    says: /in spite of session_err/,
    wrong: { sudo: "session required SHIM hours;session required pam_unix.so" },
    right: { su: "session required SHIM hours;session required pam_unix.so" },
  },
  {
    id: "control-broken",
    severity: "error",
    says: /sucess is no code/,
    where: "demo:1",
    wrong: { demo: `account [sucess=1 default=bad] SHIM hours;${YES}` },
    right: { demo: `account [success=1 default=bad] SHIM hours;${YES}` },
  },
  {
    id: "control-broken",
    severity: "error",
    says: /a jump over no line/,
    wrong: { demo: `account [success=ok default=0] pam_unix.so;${OURS};${YES}` },
    right: { demo: `account [success=ok default=ignore] pam_unix.so;${OURS};${YES}` },
  },
  {
    id: "stack-broken",
    severity: "error",
    says: /gone is not in any folder/,
    where: "demo:2",
    wrong: { demo: `${OURS};@include gone;${YES}` },
    right: { demo: `${OURS};@include here;${YES}`, here: "session required pam_unix.so" },
  },
  {
    id: "stack-broken",
    severity: "error",
    says: /includes itself/,
    where: "demo:2",
    wrong: { demo: `${OURS};account include demo;${YES}` },
    right: { demo: `${OURS};${YES}` },
  },
  {
    id: "service-not-read",
    severity: "warning",
    says: /lower case.*rename it to demo/,
    wrong: { Demo: `${OURS};${YES}` },
    right: { demo: `${OURS};${YES}` },
  },
];

async function write(scene: Scene, files: Mistake["wrong"]): Promise<void> {
  for await (const { name } of Deno.readDir(scene.at("pam.d"))) Deno.removeSync(scene.at("pam.d", name));
  for (const [service, lines] of Object.entries(files)) scene.pam(service, ...lines.split(";"));
}

for (const { id, severity, says, where, wrong, right, hooks } of MISTAKES) {
  Deno.test(`checkInstallation() finds ${id}: ${Object.values(wrong).join(" | ").slice(0, 90)}`, async () => {
    await using scene = new Scene();
    if (hooks) await scene.install("hours", { declaration: { ...DECLARATION, hooks } });
    await write(scene, wrong);
    const found = await scene.finds(id);
    assert.equal(found.severity, severity);
    assert.match(`${found.what} ${found.remedy}`, says);
    if (where) assert.equal(found.where, scene.at("pam.d", where));
    await write(scene, right);
    await scene.lacks(id);
  });
}

Deno.test("checkInstallation() takes what stands in /etc for what the system brings along", async () => {
  await using scene = new Scene();
  const [etc, usr] = [scene.at("pam.d"), scene.at("usr-pam.d")];
  Deno.mkdirSync(usr);
  scene.pam("demo", OURS, YES);
  Deno.renameSync(`${etc}/demo`, `${usr}/demo`);
  const layout = { ...scene.layout, pamDirs: [etc, usr] };
  assert.equal((await scene.finds("no-break-glass", { layout })).where, `${usr}/demo:1`);
  scene.pam("demo", ROOT_FIRST, OURS, YES);
  await scene.lacks("no-break-glass", { layout });
});

/** What Debian 12 has in its files, comments left out. */
const DEBIAN: Readonly<Record<string, string>> = {
  "common-account":
    "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so;account requisite pam_deny.so;account required pam_permit.so",
  "common-auth": `${DEBIAN_AUTH};auth optional pam_cap.so`,
  "common-password":
    "password [success=1 default=ignore] pam_unix.so obscure yescrypt;password requisite pam_deny.so;password required pam_permit.so",
  "common-session":
    "session [default=1] pam_permit.so;session requisite pam_deny.so;session required pam_permit.so;session required pam_unix.so;session optional pam_systemd.so",
  sshd: "@include common-auth;account required pam_nologin.so;HERE;@include common-account;" +
    "session [success=ok ignore=ignore module_unknown=ignore default=bad] pam_selinux.so close;session required pam_loginuid.so;" +
    "session optional pam_keyinit.so force revoke;@include common-session;session optional pam_motd.so noupdate;@include common-password",
  su:
    "auth sufficient pam_rootok.so;HERE;session required pam_env.so readenv=1;@include common-auth;@include common-account;@include common-session",
  cron:
    "@include common-auth;session required pam_loginuid.so;HERE;@include common-account;@include common-session",
};

Deno.test("checkInstallation() is content with right lines in Debian's own files", async () => {
  await using scene = new Scene();
  const hooks = ["authenticate", "account", "openSession", "preliminary", "update"];
  await scene.install("hours", { declaration: { ...DECLARATION, hooks } });
  scene.serve("hours");
  for (const type of ["account", "auth", "session", "password"]) {
    const first = `${type} [success=1 default=ignore] pam_succeed_if.so quiet uid = 0`;
    const here = `${type === "password" ? "" : `${first};`}${type} required SHIM hours`;
    // The others have no password lines of their own.
    const files = Object.entries(DEBIAN).map(([service, lines]) => [
      service,
      lines.replace("HERE;", type === "password" && service !== "sshd" ? "" : `${here};`),
    ]);
    await write(scene, Object.fromEntries(files));
    const bad = (await scene.check()).filter(({ severity, where }) =>
      severity !== "note" && where.includes("/pam.d/")
    );
    assert.deepEqual(bad, [], type);
  }
});

Deno.test("checkInstallation() names what goes wrong where lines stand in the wrong place in Debian's own files", async () => {
  await using scene = new Scene();
  const find = async (changes: Readonly<Record<string, string>>) => {
    await write(scene, {
      ...Object.fromEntries(
        Object.entries(DEBIAN).map(([name, lines]) => [name, lines.replace("HERE;", "")]),
      ),
      ...changes,
    });
    const found = (await scene.check()).filter(({ severity, id }) =>
      severity !== "note" && id !== "module-unknown"
    );
    return new Set(found.filter(({ where }) => where.includes("/pam.d/")).map(({ id }) => id));
  };
  const account = DEBIAN["common-account"]!;
  assert.deepEqual(await find({ "common-account": `${account};${OURS}` }), new Set(["no-break-glass"]));
  // Between pam_unix, which jumps over one line, and pam_deny, which it jumped over until now.
  const between = await find({
    "common-account": account.replace("account requisite", `${OURS};account requisite`),
  });
  assert.ok(between.has("stack-refuses-all") && between.has("line-not-reached"));
  assert.ok(
    (await find({ "common-account": account.replace("account requisite pam_deny.so", OURS) })).has(
      "line-not-reached",
    ),
  );
  assert.ok(
    (await find({ "common-password": `${DEBIAN["common-password"]};password required SHIM hours` })).has(
      "password-line-too-late",
    ),
  );
});
