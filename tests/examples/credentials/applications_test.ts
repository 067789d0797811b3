// SPDX-License-Identifier: MIT
// The module credentials under real programs: what the person's shell sees, and what is left when they are gone.
import assert from "node:assert/strict";
import { join } from "node:path";
import { Sshd } from "../../applications/ssh.ts";
import { ROOT, scene, shareStage, type Stage } from "../../applications/stage.ts";
import { PASSWORD, PEOPLE } from "../../applications/view.ts";
import { pamLines } from "../readme.ts";
import { CLIENT, Issuer } from "./issuer.ts";

/** What a session does: shows its token, where it is, and whose. */
const LOOK = 'echo "token=$(cat "$OAUTH_TOKEN_FILE") file=$(stat -c "%n %U %a" "$OAUTH_TOKEN_FILE")."';

const lines = (required: "yes" | "no") => [
  "auth requisite pam_unix.so nodelay",
  "account required pam_unix.so",
  ...pamLines("credentials").map((line) => `${line} required=${required}`),
];

function wire(stage: Stage, required: "yes" | "no"): void {
  for (const service of ["sshd", "sudo"]) stage.pam(service, lines(required));
  stage.pam("su", ["auth sufficient pam_rootok.so", ...lines(required)]);
}

let issuer: Issuer;
let sshd: Sshd;
const stage = shareStage(async (stage) => {
  issuer = await Issuer.start();
  stage.write("/etc/pam-deno/client-secret", `${issuer.secret}\n`, 0o600);
  stage.module("credentials", join(ROOT, "examples/credentials/module.ts"), {
    permissions: { net: [{ option: "server" }] },
    credentials: { "client-secret": "/etc/pam-deno/client-secret" },
    options: {
      server: issuer.server,
      path: "/token",
      client_id: CLIENT,
      client_secret: { credential: "client-secret" },
      loopback_http: "yes",
    },
  });
  wire(stage, "yes");
  sshd = await Sshd.start(stage);
});
Deno.test.afterAll(async () => await issuer?.stop());

/** The lines of pam.d that are for a session with a token, and root. */
function linesWithRoot(): string[] {
  const text = Deno.readTextFileSync(join(ROOT, "examples/credentials/pam.d"));
  return text.split("\n").filter((line) => /^#(auth|session) /.test(line)).map((line) => line.slice(1));
}

/** The files of users that are there. */
function left(): string[] {
  return [...Deno.readDirSync(stage().outside("/run/pam-deno/user"))].map(({ name }) => name);
}

/** Asserts that what a session showed is a good token in a file of the user's; its path. */
async function assertToken(user: string, shown: string): Promise<string> {
  const [, token = "", path = "", rest] = /token=(\S+) file=(\S+) (.*)\./.exec(shown) ?? [];
  assert.equal(rest, `${user} 600`, shown);
  assert.ok(path.startsWith(`/run/pam-deno/user/${PEOPLE[user]!.uid}-oauth-`), path);
  assert.equal((await issuer.introspect(token)).active, true, "the server does not know the token");
  assert.ok(!stage().served.includes(token));
  return path;
}

/** Waits until the last session has ended. */
async function ended(): Promise<void> {
  await stage().take(() => left().length === 0);
}

for (const by of ["publickey", "password", "keyboard-interactive"] as const) {
  scene(`sshd: a session by ${by} finds its token, and leaves nothing`, async () => {
    const steps = by === "publickey" ? [] : [["assword: ", PASSWORD]] as const;
    const before = issuer.granted;
    const { code, stdout } = await sshd.connect({ user: "alice", by, command: LOOK, steps });
    assert.equal(code, 0, stdout);
    await assertToken("alice", stdout);
    await ended();
    // sshd establishes twice, in two processes, and opens a session.
    assert.equal(issuer.granted, before + 1);
  });
}

scene("su and sudo: the token is that of the user who is become, and is gone with the session", async () => {
  const su = await stage().run(["su", "bob", "-c", LOOK]);
  await assertToken("bob", su.stdout + su.stderr);
  await ended();
  const sudo = await stage().dialogue(["sudo", "-u", "bob", "sh", "-c", LOOK], [[
    "password for alice: ",
    PASSWORD,
  ]], {
    as: "alice",
  });
  assert.equal(sudo.code, 0, sudo.stdout);
  await assertToken("bob", sudo.stdout);
  await ended();
});

scene(
  "without the endpoint sshd, su and sudo refuse where a token is required, and else let in",
  async () => {
    await issuer.stop();
    const steps = [["assword: ", PASSWORD]] as const;
    const by = "keyboard-interactive";
    const come = () => sshd.connect({ user: "alice", by, command: "echo in", steps });
    const become = () => stage().run(["su", "bob", "-c", "echo in"]);
    const does = () =>
      stage().dialogue(["sudo", "-k", "-u", "bob", "echo", "in"], [["password for alice: ", PASSWORD]], {
        as: "alice",
      });
    for (const enter of [come, become, does]) {
      const { code, stdout } = await enter();
      assert.notEqual(code, 0, stdout);
      assert.doesNotMatch(stdout, /^in$/m);
    }
    await stage().take(({ lines }) =>
      lines.some(({ text }) => /no token from .*Connection refused/.test(text))
    );
    wire(stage(), "no");
    for (const enter of [come, become, does]) {
      const { code, stdout } = await enter();
      assert.equal(code, 0, stdout);
      assert.match(stdout, /^in$/m);
    }
  },
);

scene(
  "while nobody serves, sshd, su and sudo refuse whatever is required, and root has lines of its own",
  async () => {
    wire(stage(), "no");
    await stage().stop();
    const steps = [["password for alice: ", PASSWORD]] as const;
    const su = (user: string) => stage().run(["su", user, "-c", "echo in"]);
    for (
      const enter of [
        () => sshd.connect({ user: "alice", by: "publickey", command: "echo in" }),
        () => su("bob"),
        () => stage().dialogue(["sudo", "-k", "-u", "bob", "echo", "in"], steps, { as: "alice" }),
      ]
    ) {
      await stage().take();
      const { code, stdout } = await enter();
      assert.notEqual(code, 0, stdout);
      assert.doesNotMatch(stdout, /^in$/m);
      const refused = /session openSession credentials: unreachable, authinfo_unavail in /;
      await stage().take(({ shim }) => shim.some((line) => refused.test(line)));
    }
    const start = ["auth sufficient pam_rootok.so", "account required pam_unix.so"];
    const own = linesWithRoot();
    assert.equal(own.length, 3);
    // Lines that are skipped say nothing, and a stack in which no line says success refuses.
    stage().pam("su", [...start, ...own]);
    const alone = await su("root");
    assert.notEqual(alone.code, 0);
    assert.match(alone.stderr, /Permission denied/);
    stage().pam("su", [...start, "session required pam_unix.so", ...own]);
    assert.equal((await su("root")).stdout, "in\n");
    assert.notEqual((await su("bob")).code, 0);
  },
);
