// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import fc from "fast-check";
import { EqualityFilter, FilterParser } from "ldapts";
import { dnFor, filterFor, isSameDn, isWithin, namingsOf, parseDn } from "./names.ts";

const RUNS = { seed: 20_261_120, numRuns: 2000 };
/** Names with what means something in filters and in distinguished names. */
const name = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'*()\\&|!=,+<>;"# \0/:~{}$ab'),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
  ),
  minLength: 1,
  maxLength: 12,
});

Deno.test("filterFor() never lets a name out of its place", () => {
  fc.assert(
    fc.property(name, (user) => {
      const parsed = FilterParser.parseString(filterFor("(uid={user})", user));
      assert.ok(parsed instanceof EqualityFilter);
      assert.deepEqual([parsed.attribute, parsed.value], ["uid", user]);
    }),
    RUNS,
  );
});

Deno.test("filterFor() escapes what RFC 4515 says", () => {
  assert.equal(
    filterFor("(|(uid={user})(cn={user}))", "a*(b)\\\0"),
    "(|(uid=a\\2a\\28b\\29\\5c\\00)(cn=a\\2a\\28b\\29\\5c\\00))",
  );
  assert.equal(filterFor("(uid={user})", "$& $1"), "(uid=$& $1)");
});

Deno.test("dnFor() never lets a name out of its place", () => {
  fc.assert(
    fc.property(name, (user) => {
      const parts = parseDn(dnFor("uid={user},ou=people,o=x", user));
      if (user.normalize("NFKC").trim() === "") return;
      assert.equal(parts?.length, 3);
      assert.deepEqual(parts.slice(1), parseDn("ou=people,o=x"));
      assert.equal(parts[0]?.includes("+["), false);
    }),
    RUNS,
  );
});

Deno.test("dnFor() escapes what RFC 4514 says, and more", () => {
  assert.equal(
    dnFor("uid={user},o=x", ' #a,b+c"\\<>;=\0é'),
    "uid=\\20\\23a\\2cb\\2bc\\22\\5c\\3c\\3e\\3b\\3d\\00\\c3\\a9,o=x",
  );
});

Deno.test("isSameDn() knows the ways to write one name", () => {
  const same = [
    ["uid=alice,ou=People,dc=Example", "UID = ALICE , ou=people,DC=example"],
    ["cn=a\\,b,o=x", "cn=a\\2Cb,o=x"],
    ["cn=a+sn=b,o=x", "sn=b+cn=a,o=x"],
    ["cn=two  blanks,o=x", "cn=two blanks,o=x"],
    ["cn=\\c3\\a9,o=x", "cn=é,o=x"],
    ["cn=end\\ ,o=x", "cn=end\\20,o=x"],
    ["cn=a\\\\,o=x", "cn=a\\5c,o=x"],
    ["", ""],
  ] as const;
  for (const [one, other] of same) assert.ok(isSameDn(one, other), `${one} | ${other}`);
});

Deno.test("isSameDn() tells names apart, and takes none that is broken", () => {
  const different = [
    ["uid=alice,o=x", "uid=bob,o=x"],
    ["cn=a\\,o=x", "cn=a,o=x"],
    ["uid=alice,o=x", "o=x"],
    ["cn=a+sn=b,o=x", "cn=a,sn=b,o=x"],
    ["cn=,o=x", "cn=,o=x"],
    ["alice", "alice"],
    ["cn=\\zz\\,o=x", "cn=\\zz\\,o=x"],
    ['cn="a",o=x', 'cn="a",o=x'],
    ["cn=\\ff,o=x", "cn=\\ff,o=x"],
  ] as const;
  for (const [one, other] of different) assert.ok(!isSameDn(one, other), `${one} | ${other}`);
});

Deno.test("isWithin() asks for the end of a name", () => {
  assert.ok(isWithin("uid=a,ou=p,o=x", "ou=P,o=x"));
  assert.ok(isWithin("o=x", "o=x"));
  assert.ok(!isWithin("o=x", "ou=p,o=x"));
  assert.ok(!isWithin("uid=a,ou=p,o=y", "ou=p,o=x"));
  assert.ok(!isWithin("uid=a\\,ou=p,o=x", "ou=p,o=x"));
});

Deno.test("namingsOf() finds where the name stands, and refuses where it cannot be checked", () => {
  assert.deepEqual(namingsOf("(&(objectClass=person)(mail={user}@example.org))", "filter"), [
    { attribute: "mail", before: "", after: "@example.org" },
  ]);
  assert.deepEqual(namingsOf("uid={user},ou=people", "dn"), [{ attribute: "uid", before: "", after: "" }]);
  const refused = [
    "(uid=alice)",
    "(uid={user}*)",
    "(uid>={user})",
    "({user}=x)",
    "(uid:=;{user})",
    "(&(uid={user})(x={user}*))",
  ];
  for (const filter of refused) assert.throws(() => namingsOf(filter, "filter"), SyntaxError, filter);
  for (const dn of ["uid=alice,o=x", "{user}=x", "uid={user}\\,o=x", "{user}"]) {
    assert.throws(() => namingsOf(dn, "dn"), SyntaxError, dn);
  }
});
