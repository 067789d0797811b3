// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import {
  findUser,
  IdentityError,
  isTakenHere,
  pickUid,
  UID_FIRST,
  UID_LAST,
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
        assert.ok(uid >= UID_FIRST && uid <= UID_LAST);
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
    /No user id of 61184 to 65519 is free: name a user with "run_as"/,
  );
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
    assert.ok(!all.some(({ uid }) => uid === prober.uid));
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
