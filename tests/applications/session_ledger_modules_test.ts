// SPDX-License-Identifier: MIT
/**
 * examples/session-ledger under sshd, login, su and sudo, with its SQLite database: two sessions are enough.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Session } from "../../examples/session-ledger/store.ts";
import { decisions, deploy, readmeLines, said, told } from "./deployed.ts";
import { type Output, until } from "./process.ts";
import { Sshd } from "./ssh.ts";
import { ROOT, scene, shareStage, type Step } from "./stage.ts";
import { PASSWORD } from "./view.ts";

const ENOUGH = "You may have 2 sessions open, and have 2: close one and try again";
const REPORT = join(ROOT, "examples/session-ledger/report.ts");
const ASKED: Step = ["assword: ", PASSWORD];
const OPEN = "openSession session-ledger: success";
const REFUSED = "openSession session-ledger: perm_denied";
const CLOSED = "closeSession session-ledger: success";

let sshd: Sshd;
const stage = shareStage(async (stage) => {
  deploy(stage, "session-ledger", { options: { limit: 2 } });
  const lines = [
    "auth required pam_unix.so nodelay",
    "account required pam_unix.so",
    ...readmeLines("session-ledger"),
    "session optional pam_unix.so",
  ];
  for (const service of ["sshd", "login", "sudo"]) stage.pam(service, lines);
  stage.pam("su", ["auth sufficient pam_rootok.so", ...lines]);
  sshd = await Sshd.start(stage);
});

let stays = 0;

/** A session that lasts until it is told to end. */
class Stay {
  readonly #name = `${++stays}`;
  readonly #user: string;
  /** What the person saw. It must be given something to run, which lasts. */
  readonly ended: Promise<Output>;

  constructor(user: string, enter: (command: string) => Promise<Output>) {
    this.#user = user;
    const name = this.#name;
    this.ended = enter(`touch in-${name}; until test -e out-${name}; do sleep 0.02; done; exit`);
    this.ended.catch(() => {});
  }

  #file(name: string): string {
    return stage().outside(`/run/home/${this.#user}/${name}-${this.#name}`);
  }

  /** Waits until the person's command runs. */
  async begun(): Promise<this> {
    await until(() => Deno.lstat(this.#file("in")).then(() => true, () => false), () => "a session");
    return this;
  }

  /** Ends it, and waits until it has ended. */
  async leave(): Promise<Output> {
    Deno.writeTextFileSync(this.#file("out"), "");
    return await this.ended;
  }
}

const bySshd = (user: string, by: "publickey" | "password" | "keyboard-interactive" = "publickey") =>
  new Stay(user, (command) => sshd.connect({ user, by, command, steps: by === "publickey" ? [] : [ASKED] }));
const byLogin = (user: string) =>
  new Stay(user, (command) => stage().dialogue(["login"], [["login: ", user], ASKED, ["$ ", command]]));
const bySu = (user: string) => new Stay(user, (command) => stage().run(["su", user, "-c", `cd; ${command}`]));

/** What was decided since the last time, once there is as much. */
async function decided(count: number) {
  const seen = await stage().take((seen) => told(seen).length >= count);
  return {
    ...seen,
    told: told(seen),
    pids: decisions(seen).map(({ pid }) => pid),
    said: said(seen, "session-ledger"),
  };
}

/** What the administrator's report has of the open sessions. */
async function report(...words: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "-A",
      REPORT,
      ...words,
      stage().outside("/run/pam-deno.keep/session-ledger/sessions.db"),
    ],
    env: { LD_PRELOAD: "", NO_COLOR: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const reported = async (): Promise<Session[]> => JSON.parse(await report("--json"));

scene(
  "session-ledger: sshd refuses a third login however it comes, and takes one when another has gone",
  async () => {
    const [first, second] = await Promise.all([bySshd("alice").begun(), bySshd("alice", "password").begun()]);
    assert.deepEqual((await decided(2)).told, [OPEN, OPEN]);

    const methods = ["publickey", "password", "keyboard-interactive"] as const;
    for (const { code, stdout } of await Promise.all(methods.map((by) => bySshd("alice", by).ended))) {
      assert.equal(code, 254, stdout);
      assert.ok(stdout.includes(`${ENOUGH}\n`), stdout);
    }
    const refused = await decided(3);
    assert.deepEqual(refused.told, [REFUSED, REFUSED, REFUSED]);
    assert.deepEqual(
      refused.said,
      Array(3).fill('Refused a session of "alice": 2 of 2 are open for "user:alice"'),
    );
    // Nothing of the three has begun.
    for (const number of [3, 4, 5]) assert.throws(() => stage().read(`/run/home/alice/in-${number}`));
    // Others have places of their own.
    const bob = await bySshd("bob").begun();
    assert.equal((await bob.leave()).code, 0);
    assert.deepEqual((await decided(2)).told, [OPEN, CLOSED]);

    assert.equal((await first!.leave()).code, 0);
    assert.deepEqual((await decided(1)).told, [CLOSED]);
    const third = await bySshd("alice", "keyboard-interactive").begun();
    assert.deepEqual((await decided(1)).told, [OPEN]);
    assert.match((await bySshd("alice").ended).stdout, new RegExp(`^${ENOUGH}$`, "m"));
    assert.deepEqual((await decided(1)).told, [REFUSED]);
    await Promise.all([second!.leave(), third.leave()]);
    assert.deepEqual((await decided(2)).told, [CLOSED, CLOSED]);
    assert.deepEqual(await reported(), []);
  },
);

scene("session-ledger: shells that share a connection are one session", async () => {
  const words = ["-o", "ControlMaster=auto", "-o", "ControlPath=/run/ssh/control"];
  const share = (command: string) => sshd.connect({ user: "alice", by: "publickey", command, words });
  const stay = await new Stay("alice", share).begun();
  assert.deepEqual((await decided(1)).told, [OPEN]);
  const shells = await Promise.all([1, 2, 3].map((n) => share(`echo shell ${n}`)));
  assert.deepEqual(shells.map(({ stdout }) => stdout), [1, 2, 3].map((n) => `shell ${n}\n`));
  assert.deepEqual((await reported()).map(({ user }) => user), ["alice"]);
  assert.equal((await stay.leave()).code, 0);
  assert.deepEqual((await decided(1)).told, [CLOSED]);
});

scene("session-ledger: the place of a session whose monitor was killed is free again", async () => {
  const killed = await bySshd("alice").begun();
  const { pids: [monitor], told: first } = await decided(1);
  assert.deepEqual(first, [OPEN]);
  const other = await bySshd("alice").begun();
  await decided(1);
  assert.equal((await bySshd("alice").ended).code, 254);
  assert.deepEqual((await decided(1)).told, [REFUSED]);

  assert.equal((await stage().run(["kill", "-KILL", `${monitor}`])).code, 0);
  assert.deepEqual((await reported()).map(({ user }) => user), ["alice", "alice"]);
  const next = await bySshd("alice").begun();
  const seen = await decided(1);
  assert.deepEqual(seen.told, [OPEN]);
  assert.match(seen.said[0]!, /^Ended 1 sessions whose processes are gone: "?[0-9a-f]{32}"?$/);
  // It is one place, not two.
  assert.equal((await bySshd("alice").ended).code, 254);
  assert.deepEqual((await decided(1)).told, [REFUSED]);
  assert.match(await report("--ended"), /^\S+ +\S+ +reaped +alice +sshd +ssh +127\.0\.0\.1 /m);
  // The person's shell does not need the monitor, and closes nothing when it ends.
  assert.equal((await killed.leave()).code, 0);
  await Promise.all([other.leave(), next.leave()]);
  assert.deepEqual((await decided(2)).told, [CLOSED, CLOSED]);
  assert.deepEqual(await reported(), []);
});

scene("session-ledger: login, su and sshd count together, and the report tells them apart", async () => {
  const login = await byLogin("bob").begun();
  const su = await bySu("bob").begun();
  const alice = await bySshd("alice").begun();
  const root = await sshd.connect({ user: "root", by: "publickey", command: "echo in" });
  assert.equal(root.stdout, "in\n");
  const { pids, told } = await decided(5);
  assert.deepEqual(told, [OPEN, OPEN, OPEN, OPEN, CLOSED]);

  const sessions = (await reported()).sort((a, b) => a.opened - b.opened);
  const brief = sessions.map(({ user, service, tty, rhost, ruser, pid, host }) => ({
    user,
    service,
    tty,
    rhost,
    ruser,
    pid,
    host,
  }));
  const host = Deno.hostname();
  assert.deepEqual(brief, [
    { user: "bob", service: "login", tty: "/dev/pts/0", rhost: "", ruser: undefined, pid: pids[0], host },
    { user: "bob", service: "su", tty: undefined, rhost: undefined, ruser: "root", pid: pids[1], host },
    { user: "alice", service: "sshd", tty: "ssh", rhost: "127.0.0.1", ruser: undefined, pid: pids[2], host },
  ]);
  const table = await report();
  assert.match(table, /^OPENED +USER +SERVICE +TTY +FROM +HOST +PID +ID\n/);
  assert.match(
    table,
    new RegExp(`^\\S+Z +bob +login +/dev/pts/0 +- +${host} +${pids[0]} +[0-9a-f]{32}$`, "m"),
  );
  assert.match(table, new RegExp(`^\\S+Z +alice +sshd +ssh +127\\.0\\.0\\.1 +${host} +${pids[2]} `, "m"));

  for (const stay of [byLogin("bob"), bySu("bob"), bySshd("bob")]) {
    const { code, stdout, stderr } = await stay.ended;
    assert.notEqual(code, 0);
    assert.ok((stdout + stderr).includes(`${ENOUGH}\n`), stdout + stderr);
  }
  assert.deepEqual((await decided(3)).told, [REFUSED, REFUSED, REFUSED]);
  for (const stay of [login, su, alice]) assert.equal((await stay.leave()).code, 0);
  assert.deepEqual((await decided(3)).told, [CLOSED, CLOSED, CLOSED]);
  assert.deepEqual(await reported(), []);
});

scene("session-ledger: sudo runs no command for who has no place: it is told perm_denied", async () => {
  const sudo = (user: string, file: string) =>
    stage().dialogue(["sudo", "-u", user, "touch", `/run/home/bob/${file}`], [["for alice: ", PASSWORD]], {
      as: "alice",
    });
  const ran = (file: string) =>
    Deno.lstat(stage().outside(`/run/home/bob/${file}`)).then(() => true, () => false);
  const first = await bySu("bob").begun();
  const allowed = await sudo("bob", "allowed");
  assert.equal(allowed.code, 0, allowed.stdout);
  assert.ok(await ran("allowed"));
  assert.deepEqual((await decided(3)).told, [OPEN, OPEN, CLOSED]);

  const second = await bySu("bob").begun();
  const refused = await sudo("bob", "refused");
  assert.equal(refused.code, 1, refused.stdout);
  assert.match(refused.stdout, /sudo: pam_open_session: Permission denied/);
  assert.ok(!await ran("refused"));
  const seen = await decided(2);
  assert.deepEqual(seen.told, [OPEN, REFUSED]);
  assert.deepEqual(seen.said[1], 'Refused a session of "bob": 2 of 2 are open for "user:bob"');
  // The session would be bob's: alice has none of her own, and root may have any number.
  assert.equal((await sudo("root", "by-root")).code, 0);
  await Promise.all([first.leave(), second.leave()]);
  await decided(4);
});
