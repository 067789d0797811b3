// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import * as v from "valibot";
import { type LineWords, Options, parseServer } from "./settings.ts";

const LINE: LineWords = { server: "ldap.example.org", base: "ou=people,dc=example,dc=org" };
const complaint = (words: Readonly<Record<string, unknown>>) =>
  v.safeParse(Options, words as LineWords).issues?.[0].message;
const read = (words: LineWords) => v.parse(Options, { ...LINE, ...words });

Deno.test("Options means LDAPS, locks and ends, and no cache, where the line is silent", () => {
  const settings = read({});
  assert.deepEqual(settings.access, {
    servers: [{ host: "ldap.example.org", port: 636 }],
    tls: "ldaps",
    ca: undefined,
    bind: undefined,
    limitMs: 800,
    totalMs: 3000,
  });
  assert.deepEqual([...settings.checks], ["lock", "expire"]);
  assert.equal(settings.cache, undefined);
  assert.equal(settings.membership, undefined);
});

Deno.test("Options reads what the line says", () => {
  const settings = read({
    server: ["a.example:1636", "[::1]"],
    tls: "starttls",
    group: ["cn=a,o=x", "cn=b,o=x"],
    member: "memberOf",
    nested: "4",
    check: "host,service",
    hostname: "a,b",
    lockout: "15m",
    limit: "2s",
    total: "5s",
    cache: "8h",
    cache_file: "/var/lib/x/cache.db",
  });
  assert.deepEqual(settings.access.servers, [{ host: "a.example", port: 1636 }, { host: "::1", port: 389 }]);
  assert.deepEqual(settings.membership, {
    groups: ["cn=a,o=x", "cn=b,o=x"],
    by: "memberOf",
    nested: 4,
    base: undefined,
  });
  assert.deepEqual([...settings.checks], ["host", "service"]);
  assert.deepEqual(settings.hostnames, ["a", "b"]);
  assert.equal(settings.lockout?.total("minutes"), 15);
  assert.deepEqual(settings.cache, { file: "/var/lib/x/cache.db", limitMs: 28_800_000 });
  assert.deepEqual([...read({ check: "none" }).checks], []);
});

Deno.test("Options refuses what is unknown, missing, contradictory or unsafe, with a remedy", () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ gruop: "x" }, /^Unknown option: the options are server, tls,/],
    [{ server: undefined }, /^Cannot do without "server="/],
    [{ base: undefined }, /write "base=", as in/],
    [{ server: "ldaps://ldap.example.org" }, /write HOST:PORT/],
    [{ server: "a:99999" }, /write HOST:PORT/],
    [{ tls: "no" }, /write one of ldaps, starttls, none/],
    [{ tls: "none", ca: "/etc/ca.pem" }, /there is no certificate/],
    [{ tls: "none", bind_dn: "cn=a,o=x", bind_password_file: "/p" }, /Cannot send a password in clear/],
    [{ bind_dn: "cn=a,o=x" }, /Cannot bind with half of it/],
    [{ ca: "ca.pem" }, /write the absolute path/],
    [{ filter: "(uid=alice)" }, /Cannot tell whose entry it is/],
    [{ filter: "(uid={user}" }, /Cannot tell whose entry it is/],
    [{ filter: "(&(uid={user})" }, /Cannot read the filter/],
    [{ filter: "(&(uid={user})(cn=\\c3\\a9))" }, /write the letter itself/],
    [{ dn: "uid={user},o=x" }, /Cannot search and not search/],
    [{ base: undefined, dn: "uid={user},nothing" }, /Cannot read the name/],
    [{ member: "member" }, /Cannot tell which group/],
    [{ group: "staff" }, /write names as in/],
    [{ group: "cn=a,o=x", member: "memberUid", nested: "2" }, /its values are no groups/],
    [{ group: "cn=a,o=x", nested: "2" }, /write "group_base="/],
    [{ group: "cn=a,o=x", nested: "0", group_base: "o=x" }, /write a number from 1 to 16/],
    [{ check: "locks" }, /write some of lock, expire, host, service, or none/],
    [{ check: "none,lock" }, /write some of/],
    [{ cache: "8h" }, /Cannot cache without a file/],
    [{ cache: "8" }, /write a number and a unit/],
    [{ cache: "0s", cache_file: "/x" }, /write more than 0/],
    [{ cache: "31d", cache_file: "/x" }, /at most 2592000s/],
    [{ ignore_case: "yes" }, /write it without a value/],
  ];
  for (const [words, expected] of cases) {
    const given = Object.entries({ ...LINE, ...words }).filter(([, value]) => value !== undefined);
    assert.match(complaint(Object.fromEntries(given)) ?? "", expected, JSON.stringify(words));
  }
});

Deno.test("Options takes a password in clear to this machine only", () => {
  const bind = { tls: "none", bind_dn: "cn=a,o=x", bind_password_file: "/p" };
  assert.ok(read({ ...bind, server: ["127.0.0.1:389", "localhost", "[::1]:389"] }));
  assert.match(
    complaint({ ...LINE, ...bind, server: ["127.0.0.1:389", "127.0.0.1.example.org"] }) ?? "",
    /in clear/,
  );
});

Deno.test("parseServer() knows the ports", () => {
  assert.deepEqual(parseServer("LDAP.example.org", "ldaps"), { host: "ldap.example.org", port: 636 });
  assert.deepEqual(parseServer("[2001:db8::1]:1389", "starttls"), { host: "2001:db8::1", port: 1389 });
  for (const text of ["", "a b", "a:0", "a:x", "::1", "-a", "a/b", "a@b"]) {
    assert.throws(() => parseServer(text, "ldaps"), SyntaxError, text);
  }
});
