// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { currentUser, machineUser } from "../../../sdk/author/simulate/machine_user.ts";
import { peopleOf, userOf, withEntries } from "../../../sdk/author/simulate/people.ts";

Deno.test("userOf() takes a name, with groups if they are said", () => {
  assert.deepEqual(userOf("alice"), { name: "alice", entry: undefined });
  assert.deepEqual(userOf("alice:staff,ops"), { name: "alice", entry: { groups: ["staff", "ops"] } });
});

for (const word of ["", ":staff", "alice:", "alice:a,,b", "al\nice"]) {
  Deno.test(`userOf() refuses ${JSON.stringify(word)}`, () => {
    assert.throws(() => userOf(word), {
      name: "PeopleError",
      message: /^--user .* write NAME, or NAME:GROUP,GROUP$/,
    });
  });
}

const ALICE = {
  uid: 1001,
  groups: ["staff", "ops"],
  shell: "/bin/zsh",
  ageing: { lastChange: 20_000, expire: 20_454, locked: true },
};

Deno.test("peopleOf() reads users from JSON with comments", () => {
  const text = `// ours\n[{ "name": "alice", ${JSON.stringify(ALICE).slice(1)}, { "name": "bob" }]`;
  assert.deepEqual(peopleOf(text, "u.json"), [{ name: "alice", entry: ALICE }, { name: "bob", entry: {} }]);
});

Deno.test("peopleOf() reads users from CSV", () => {
  const text =
    '\ufeffname,uid,groups,shell,lastChange,expire,locked\r\n# ours\r\nalice,1001,"staff, ops",/bin/zsh,' +
    "20000,20454,yes\r\n\r\nbob,,,,,,\r\n";
  assert.deepEqual(peopleOf(text, "u.csv"), [{ name: "alice", entry: ALICE }, { name: "bob", entry: {} }]);
});

const WRONG: readonly [text: string, says: RegExp][] = [
  [
    '[{ "name": "alice", "grups": [] },\n {}, 7]',
    /^u:1:21: "grups" is unknown: write one of name, uid, .*\nu:2:2: "name" is missing\nu:2:6: this user is not an object$/,
  ],
  [
    '[{ "name": "alice", "ageing": { "expire": 1.5 } }]',
    /^u:1:43: "expire" is not a whole number from -1 to /,
  ],
  ['{ "alice": {} }', /^u:1:1: the file is not a list of users$/],
  ["[{", /^u:1:\d: not JSON with comments:/],
  ["[]", /^u: there is no user in it$/],
  ["name\n", /^u: there is no user in it$/],
  ["", /^u: there is no user in it$/],
  ["name,colour\nalice,blue\n", /^u:1: the column "colour" is unknown: write one of name, uid, /],
  ["uid\n7\n", /^u:1: there is no column "name"$/],
  [
    "name,uid\nalice,seven\n,1\n",
    /^u:2: "uid" is not a whole number from 0 to \d+\nu:3: "name" is not a name/,
  ],
  ["name,locked\nalice,perhaps\n", /^u:2: "ageing.locked" is neither true nor false$/],
  ['name\n"alice\n', /^u: it is no CSV: Quote Not Closed/],
  ["name,uid\nalice\n", /^u: it is no CSV: Invalid Record Length/],
];

for (const [text, says] of WRONG) {
  Deno.test(`peopleOf() refuses ${JSON.stringify(text)}, and says where`, () => {
    assert.throws(() => peopleOf(text, "u"), { name: "PeopleError", message: says });
  });
}

Deno.test("withEntries() asks the machine for users without an entry, and says whom it does not know", async () => {
  const notes: string[] = [];
  const asked = [userOf("alice"), userOf("bob:ops"), userOf("carol"), userOf("__proto__:x")];
  const lookUp = (name: string) => Promise.resolve(name === "alice" ? { uid: 7 } : undefined);
  const { names, users } = await withEntries(asked, lookUp, (text) => notes.push(text));
  assert.deepEqual(names, ["alice", "bob", "carol", "__proto__"]);
  assert.deepEqual(Object.entries(users), [
    ["alice", { uid: 7 }],
    ["bob", { groups: ["ops"] }],
    ["carol", {}],
    ["__proto__", { groups: ["x"] }],
  ]);
  assert.deepEqual(notes, [
    "this machine has no user carol: taken for one with uid 1000 in a group of the same name",
  ]);
});

Deno.test("withEntries() refuses a user who is named twice", async () => {
  await assert.rejects(
    withEntries([userOf("alice"), userOf("alice:ops")], () => Promise.resolve(undefined), () => {}),
    { name: "PeopleError", message: 'the user "alice" is named twice: name each once' },
  );
});

Deno.test("machineUser() knows root and nobody who is not there", async () => {
  const root = await machineUser("root");
  assert.equal(root?.uid, 0);
  assert.equal(root?.groups?.[0], "root");
  assert.equal(await machineUser("nobody-of-this-name"), undefined);
  // getent(1) would take it for a number, and find root.
  assert.equal(await machineUser("0"), undefined);
  assert.equal(await machineUser("--help"), undefined);
  assert.match(await currentUser() ?? "", /^\S+$/);
});
