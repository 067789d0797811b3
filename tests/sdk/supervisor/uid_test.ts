// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import {
  findUser,
  findUserByNumber,
  IdentityError,
  isTakenHere,
  pickThrowawayUid,
  pickUid,
  UID_FIRST,
  UID_LAST,
  UID_THROWAWAY,
  Users,
} from "../../../sdk/supervisor/uid.ts";
import { checkReach } from "../../../sdk/supervisor/uid.ts";
import { makeFolder } from "../worker/harness.ts";

Deno.test("pickUid() gives a name always the same number of systemd's range, and never one that is taken", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.uniqueArray(fc.integer({ min: UID_FIRST, max: UID_LAST }), { maxLength: 500 }),
      (name, taken) => {
        const uid = pickUid(name, (uid) => taken.includes(uid));
        assert.ok(uid >= UID_FIRST && uid < UID_THROWAWAY);
        assert.ok(!taken.includes(uid));
        assert.equal(pickUid(name, (uid) => taken.includes(uid)), uid);
      },
    ),
  );
});

Deno.test("pickUid() spreads names over the range", () => {
  const uids = new Set(Array.from({ length: 200 }, (_, i) => pickUid(`module-${i}`, () => false)));
  assert.ok(uids.size > 180, `${uids.size} of 200 are different`);
});

Deno.test("pickUid() says so if none is free", () => {
  assert.throws(
    () => pickUid("x", () => true),
    /No user id of 61184 to 63351 is free: name a user with "run_as"/,
  );
});

Deno.test("pickThrowawayUid() gives no number that a module could ever have", () => {
  for (let i = 0; i < 200; i++) {
    const uid = pickThrowawayUid(() => false);
    assert.ok(uid >= UID_THROWAWAY && uid <= UID_LAST, String(uid));
  }
  assert.throws(() => pickThrowawayUid(() => true), /No user id of 63352 to 65519 is free/);
});

Deno.test("isTakenHere() knows the users and groups of the system", () => {
  assert.equal(isTakenHere(0), true);
  assert.equal(isTakenHere(65_534), true);
  assert.equal(isTakenHere(61_999), false);
});

Deno.test("Users gives every module a number of its own, and a probe another with the module's group", () => {
  const users = new Users();
  const names = Array.from({ length: 8 }, (_, i) => `module-${i}`);
  const all = names.map((name) => users.of({ name, run_as: undefined, dangerous: [] }));
  assert.equal(new Set(all.map(({ uid }) => uid)).size, names.length);
  for (const identity of all) {
    assert.equal(identity.gid, identity.uid);
    assert.deepEqual(identity.groups, []);
    const prober = users.prober(identity);
    assert.equal(prober.gid, identity.gid);
    assert.ok(prober.uid >= UID_THROWAWAY, "a number that is no module's, whether it runs or not");
    for (const uid of users.bundlers("module-0")) assert.ok(uid >= UID_THROWAWAY);
  }
  assert.deepEqual(users.of({ name: "module-0", run_as: undefined, dangerous: [] }), all[0]);
});

Deno.test("Users takes who is named, with a group of the module's own, and root only if that is said", () => {
  const users = new Users();
  const nobody = users.of({ name: "a", run_as: "nobody", dangerous: [] });
  assert.equal(nobody.uid, 65_534);
  assert.equal(nobody.groups.length, 1);
  assert.notEqual(nobody.groups[0], nobody.gid);
  for (const run_as of ["root", 0]) {
    assert.throws(() => users.of({ name: "b", run_as, dangerous: [] }), /is root: add "root" to "dangerous"/);
    assert.equal(users.of({ name: "b", run_as, dangerous: ["root"] }).uid, 0);
  }
  assert.throws(() => findUser("no-such-user", 1), IdentityError);
});

/** A number that no user has, and a group has: on Debian, 42 is the group that reads /etc/shadow. */
function groupAlone(): { gid: number; group: string } | undefined {
  const lines = (file: string) =>
    Deno.readTextFileSync(file).trim().split("\n").map((line) => line.split(":"));
  const users = new Set(lines("/etc/passwd").map(([, , uid]) => uid));
  const [group, , gid] = lines("/etc/group").find(([, , gid]) => !users.has(gid)) ?? [];
  return group === undefined ? undefined : { gid: Number(gid), group };
}

Deno.test("Users gives a user that is named by its number its own group, and nobody that of somebody else", () => {
  const users = new Users();
  const of = (run_as: number) => users.of({ name: "a", run_as, dangerous: [] });
  // The user sync, 4, is in the group nogroup, 65534, on Debian.
  const sync = findUser("sync", 1);
  assert.notEqual(sync.uid, sync.gid);
  assert.deepEqual({ ...of(sync.uid), groups: [] }, { uid: sync.uid, gid: sync.gid, groups: [] });
  const { gid, group } = groupAlone()!;
  assert.throws(() => of(gid), {
    name: "IdentityError",
    message:
      `"run_as": there is no user ${gid} here, and the group of this number is "${group}": make the user, or name another`,
  });
  assert.deepEqual(findUserByNumber(59_998, 7), { uid: 59_998, gid: 59_998, groups: [7] });
});

/** Two names that get the same number, if there is nobody else. */
function alike(): [string, string] {
  const seen = new Map<number, string>();
  for (let i = 0;; i++) {
    const name = `module-${i}`;
    const uid = pickUid(name, () => false);
    const other = seen.get(uid);
    if (other !== undefined) return [other, name];
    seen.set(uid, name);
  }
}

Deno.test({
  name: "Users lets a module be who it was, whichever others come and go, and nobody else be that",
  ignore: Deno.uid() !== 0,
  fn() {
    using folder = makeFolder();
    const [a, b] = alike();
    const uidOf = (users: Users, name: string) => users.of({ name, run_as: undefined, dangerous: [] }).uid;
    // Whatever order they are asked in.
    const first = new Users(folder.path, [a, b]);
    const [ofB, ofA] = [uidOf(first, b), uidOf(first, a)];
    assert.notEqual(ofA, ofB);
    assert.equal(ofA, uidOf(new Users(folder.path, [a]), a));
    for (const [name, uid] of [[a, ofA], [b, ofB]] as const) {
      Deno.mkdirSync(join(folder.path, name));
      Deno.chownSync(join(folder.path, name), uid, uid);
    }
    assert.equal(uidOf(new Users(folder.path, [b]), b), ofB, "although the number of the other is free now");
    Deno.removeSync(join(folder.path, b));
    assert.notEqual(uidOf(new Users(folder.path, [b]), b), ofA, "what the other kept is not taken over");
  },
});

Deno.test("checkReach() names the first folder or file that is closed to a user", () => {
  using folder = makeFolder();
  Deno.chmodSync(folder.path, 0o755);
  const inner = join(folder.path, "inner");
  const file = join(inner, "file");
  Deno.mkdirSync(inner, { mode: 0o711 });
  Deno.writeTextFileSync(file, "", { mode: 0o644 });
  const stranger = { uid: 64_000, gid: 64_000, groups: [] };
  checkReach(stranger, [file, inner]);
  Deno.chmodSync(file, 0o600);
  assert.throws(
    () => checkReach(stranger, [file]),
    new RegExp(`^PlaceError: ${file} is closed .*: chmod o\\+r ${file}`),
  );
  Deno.chmodSync(inner, 0o700);
  assert.throws(
    () => checkReach(stranger, [inner]),
    new RegExp(`^PlaceError: ${inner} is closed .*: chmod o\\+x ${inner}`),
  );
  checkReach({ uid: 0, gid: 0, groups: [] }, [inner]);
});
