// SPDX-License-Identifier: MIT
// What ldap-account makes of the entries of a real slapd, through the real libpam.
import assert from "node:assert/strict";
import { Harness } from "../../integration/harness.ts";
import { assertSeen, tell } from "../../integration/scene.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { configure, Folder, LATER, login, PATIENT } from "./scenes.ts";
import {
  group,
  GROUPS,
  ldif,
  PEOPLE,
  person,
  READER,
  READER_PASSWORD,
  Slapd,
  SUFFIX,
  USERS,
} from "./slapd.ts";

const STRANGE = ["a*b", "x(y)z", "back\\slash", "comma,plus+", "ümlaut", "#hash;", 'quo"te', "semi;<>="];
const dnOf = (uid: string) => `uid=${uid},${PEOPLE}`;
const groupOf = (cn: string) => `cn=${cn},${GROUPS}`;

const ENTRIES = [
  USERS,
  ...STRANGE.map((uid) => person(uid)),
  person("tomorrow", { shadowExpire: 40_000 }),
  person("never", { shadowExpire: -1 }),
  person("here", { host: ["other.example", "THIS.example"] }),
  person("elsewhere", { host: "other.example" }),
  person("anywhere", { host: "*" }),
  person("not-here", { host: ["*", "!this.example"] }),
  person("sshd-only", { authorizedService: "sshd" }),
  person("not-sshd", { authorizedService: ["*", "!sshd"] }),
  person("guessed", { userPassword: "wonderland" }),
  person("nested"),
  person("circle"),
  person("twin"),
  person("twin", {}, "hidden"),
  person("only-hidden", {}, "hidden"),
  ldif(groupOf("posix"), { objectClass: "posixGroup", cn: "posix", gidNumber: 4000, memberUid: ["alice"] }),
].join("");

const ADDED = [
  group("staff", "member", [dnOf("alice")]),
  group("unique", "uniqueMember", [dnOf("alice")]),
  group("inner", "member", [dnOf("nested")]),
  group("middle", "member", [groupOf("inner")]),
  group("outer", "member", [groupOf("middle")]),
  group("hare", "member", [dnOf("circle"), groupOf("tortoise")]),
  group("tortoise", "member", [groupOf("hare")]),
].join("");

let folder: Folder;
let certificates: Certificates;
let slapd: Slapd;
let harness: Harness;

Deno.test.beforeAll(async () => {
  folder = new Folder();
  certificates = await makeCertificates(folder.path);
  const { good, ca } = certificates;
  slapd = await Slapd.start({ certificate: good, ca, entries: ENTRIES });
  await slapd.add(ADDED);
  harness = new Harness();
  const password = folder.write("password", `${READER_PASSWORD}\n`, 0o600);
  const server = `localhost:${slapd.tlsPort}`;
  const bind = { bind_dn: READER, bind_password_file: { credential: "bind-password" } };
  const credentials = { "bind-password": password };
  configure(harness, { server, ca, ...bind, ...PATIENT }, { credentials });
  configure(harness, { server, ca, ...PATIENT }, {}, "anonymous");
  configure(
    harness,
    { server: `127.0.0.1:${slapd.port}`, ca, tls: "starttls", ...bind, ...PATIENT },
    { credentials },
    "starttls",
  );
  configure(harness, { server: `127.0.0.1:${slapd.port}`, tls: "none", ...PATIENT }, {}, "clear");
  await harness.serve();
});

Deno.test.afterAll(async () => {
  await harness?.[Symbol.asyncDispose]();
  await slapd?.[Symbol.asyncDispose]();
  folder?.[Symbol.dispose]();
});

const BASE = `base=${PEOPLE}`;

Deno.test("account allows whom the directory has, over LDAPS, StartTLS and in clear", async () => {
  for (const module of ["ldap-account", "anonymous", "starttls", "clear"]) {
    assertSeen(await login(harness, "alice", { module, args: [BASE] }), { code: "success" }, module);
    const unknown = await login(harness, "nobody", { module, args: [BASE] });
    assertSeen(unknown, { code: "user_unknown", log: /info .*Refused, unknown: no entry/ }, module);
  }
});

Deno.test("account escapes names in filters and in DN templates", async () => {
  for (const args of [[BASE], [`dn=uid={user},${PEOPLE}`]]) {
    for (const user of STRANGE) assertSeen(await login(harness, user, { args }), { code: "success" }, user);
    for (
      const user of [
        "*",
        "a*",
        "al*ce",
        "alice)(uid=*",
        "*)(objectClass=*",
        "alice,ou=people",
        "alice\\",
        "alice+cn=alice",
      ]
    ) {
      assertSeen(await login(harness, user, { args }), { code: "user_unknown" }, user);
    }
  }
});

Deno.test("account takes names as the directory spells them, unless told otherwise", async () => {
  for (const args of [[BASE], [`dn=uid={user},${PEOPLE}`]]) {
    const seen = await login(harness, "ALICE", { args });
    assertSeen(seen, { code: "user_unknown", log: /the directory spells it "alice"/ });
    const either = [...args, "ignore_case"];
    assertSeen(await login(harness, "ALICE", { args: either }), { code: "success" });
    // slapd takes these for the same.
    for (const user of ["alice ", " alice", "\uff41lice", "\u{1d41a}lice"]) {
      const other = await login(harness, user, { args: either });
      assertSeen(other, { code: "user_unknown" }, JSON.stringify(user));
    }
    const posix = [...either, `group=${groupOf("posix")}`, "member=memberUid"];
    assertSeen(await login(harness, "ALICE", { args: posix }), { code: "success" });
  }
});

Deno.test("account takes a filter and a template with more in them", async () => {
  const filter = "filter=(&(objectClass=posixAccount)(|(uid={user})(cn={user}))(!(shadowExpire=11322)))";
  assertSeen(await login(harness, "alice", { args: [BASE, filter] }), { code: "success" });
  assertSeen(await login(harness, "expired", { args: [BASE, filter] }), { code: "user_unknown" });
});

Deno.test("account refuses a name that stands for several entries", async () => {
  const seen = await login(harness, "twin", { args: [`base=${SUFFIX}`] });
  assertSeen(seen, {
    code: "service_err",
    shown: [LATER],
    log: /warning .*Refused, unclear: more than one entry/,
  });
});

Deno.test("account sees what it may see as whom it binds", async () => {
  const args = [`base=ou=hidden,${SUFFIX}`];
  assertSeen(await login(harness, "only-hidden", { args }), { code: "success" });
  const seen = await login(harness, "only-hidden", { module: "anonymous", args });
  assertSeen(seen, { code: "service_err", shown: [LATER], log: /err .*cannot be checked: .*Code: 0x20/ });
});

Deno.test("account refuses an account that has ended", async () => {
  const expired = await login(harness, "expired", { args: [BASE] });
  const log = /info .*Refused, expired: shadowExpire is 11322, the account ended 2000-12-31T00:00:00Z/;
  assertSeen(expired, { code: "acct_expired", shown: ["error_msg Your account has expired"], log });
  for (const user of ["tomorrow", "never"]) {
    assertSeen(await login(harness, user, { args: [BASE] }), { code: "success" }, user);
  }
  assertSeen(await login(harness, "expired", { args: [BASE, "check=none"] }), { code: "success" });
});

Deno.test("account refuses an account that ppolicy has locked", async () => {
  const locked = { code: "perm_denied", shown: ["error_msg Your account is locked"] } as const;
  assertSeen(await login(harness, "guessed", { args: [BASE] }), { code: "success" });
  for (let tries = 0; tries < 2; tries++) assert.equal(await slapd.takes(dnOf("guessed"), "wrong"), false);
  assert.equal(await slapd.takes(dnOf("guessed"), "wonderland"), false, "ppolicy has not locked it");
  assertSeen(await login(harness, "guessed", { args: [BASE] }), locked);
  assertSeen(await login(harness, "guessed", { args: [BASE, "lockout=10m"] }), locked);
  // The lock of the directory lasts longer than the line says: the line decides.
  await slapd.set("guessed", "pwdAccountLockedTime", "20260101000000Z");
  assertSeen(await login(harness, "guessed", { args: [BASE] }), locked);
  assertSeen(await login(harness, "guessed", { args: [BASE, "lockout=10m"] }), { code: "success" });
  await slapd.set("guessed", "pwdAccountLockedTime", "000001010000Z");
  assertSeen(await login(harness, "guessed", { args: [BASE, "lockout=10m"] }), locked);
  assertSeen(await login(harness, "guessed", { args: [BASE, "check=expire"] }), { code: "success" });
});

Deno.test("account asks host for this machine", async () => {
  const args = [BASE, "check=host", "hostname=this.example"];
  const denied = { code: "perm_denied", shown: ["error_msg You may not log in on this machine"] } as const;
  for (const user of ["here", "anywhere"]) {
    assertSeen(await login(harness, user, { args }), { code: "success" }, user);
  }
  for (const user of ["elsewhere", "not-here", "alice"]) {
    assertSeen(await login(harness, user, { args }), denied, user);
  }
  const kernel = await login(harness, "elsewhere", { args: [BASE, "check=host"] });
  assertSeen(kernel, { ...denied, log: new RegExp(`host does not admit "${Deno.hostname()}"`) });
});

Deno.test("account asks authorizedService for the service", async () => {
  const args = [BASE, "check=service"];
  const denied = { code: "perm_denied", shown: ["error_msg You may not use this service"] } as const;
  const cases = [["sshd-only", "sshd", true], ["sshd-only", "login", false], [
    "not-sshd",
    "login",
    true,
  ]] as const;
  for (const [user, service, allowed] of cases) {
    assertSeen(
      await login(harness, user, { args, service }),
      allowed ? { code: "success" } : denied,
      `${user} ${service}`,
    );
  }
  assertSeen(await login(harness, "not-sshd", { args, service: "sshd" }), denied);
  assertSeen(await login(harness, "alice", { args, service: "sshd" }), denied);
});

const OUTSIDE = {
  code: "perm_denied",
  shown: ["error_msg You are not in a group that may log in here"],
} as const;

Deno.test("account asks for a group in four ways", async () => {
  const ways = [
    [`group=${groupOf("staff")}`],
    [`group=${groupOf("unique")}`, "member=uniqueMember"],
    [`group=${groupOf("posix")}`, "member=memberUid"],
    [`group=${groupOf("Staff").toUpperCase()}`, "member=memberOf"],
    [`group=${groupOf("nothing")}`, `group=${groupOf("staff")}`],
  ];
  for (const way of ways) {
    assertSeen(await login(harness, "alice", { args: [BASE, ...way] }), { code: "success" }, way.join(" "));
    assertSeen(await login(harness, "never", { args: [BASE, ...way] }), OUTSIDE, way.join(" "));
  }
  assertSeen(await login(harness, "alice", { args: [BASE, `group=${groupOf("nothing")}`] }), OUTSIDE);
});

Deno.test("account follows groups in groups, as far as it is told, and out of circles", async () => {
  const up = [BASE, `group_base=${GROUPS}`];
  for (const by of [[...up, "member=member"], [BASE, "member=memberOf"]]) {
    const outer = [...by, `group=${groupOf("outer")}`];
    assertSeen(
      await login(harness, "nested", { args: [...outer, "nested=2"] }),
      { code: "success" },
      by.join(" "),
    );
    assertSeen(await login(harness, "nested", { args: [...outer, "nested=1"] }), OUTSIDE, by.join(" "));
    const plain = [BASE, `group=${groupOf("outer")}`, by.at(-1)!];
    assertSeen(await login(harness, "nested", { args: plain }), OUTSIDE, by.join(" "));
    const tortoise = [...by, `group=${groupOf("tortoise")}`, "nested=16"];
    assertSeen(await login(harness, "circle", { args: tortoise }), { code: "success" }, by.join(" "));
    assertSeen(await login(harness, "circle", { args: [...outer, "nested=16"] }), OUTSIDE, by.join(" "));
  }
});

Deno.test("account takes no part of an answer for a whole one where slapd has a size limit", async () => {
  const { good, ca } = certificates;
  const entries = [ENTRIES, person("both"), person("both", {}, "groups")].join("");
  await using small = await Slapd.start({ certificate: good, ca, entries, more: "sizelimit 1" });
  await small.add(ADDED + group("second", "member", [dnOf("alice")]));
  await using own = new Harness();
  configure(own, { server: `localhost:${small.tlsPort}`, ca, ...PATIENT });
  await own.serve();
  const cut = { code: "service_err", shown: [LATER], log: /its size limit cut the answer short/ } as const;
  assertSeen(await login(own, "alice", { args: [BASE] }), { code: "success" });
  assertSeen(await login(own, "both", { args: [`base=${SUFFIX}`] }), cut);
  const nested = [BASE, `group_base=${GROUPS}`, "nested=4"];
  assertSeen(await login(own, "nested", { args: [...nested, `group=${groupOf("outer")}`] }), {
    code: "success",
  });
  assertSeen(await login(own, "alice", { args: [...nested, `group=${groupOf("outer")}`] }), cut);
});

Deno.test("account refuses a line that it does not understand", async () => {
  const cases: [string[], RegExp][] = [
    [[], /Cannot tell where users are: write "base="/],
    [[BASE, "gruop=x"], /Unknown option: the options are/],
    [[BASE, "filter=(uid=alice)"], /Cannot tell whose entry it is/],
    [[BASE, "nested=3"], /Cannot tell which group is meant/],
  ];
  for (const [args, log] of cases) {
    assertSeen(await login(harness, "alice", { args }), { code: "service_err", log }, args.join());
  }
});

Deno.test("account connects to no server that only the line names", async () => {
  for (const server of ["127.0.0.2:636", "ldap.example.org:636", `localhost:${slapd.port}`]) {
    const seen = await login(harness, "alice", { args: [BASE, `server=${server}`] });
    const log = /err .*it is not granted: write the server under/;
    assertSeen(seen, { code: "service_err", shown: [LATER], log }, server);
  }
});

Deno.test("account never logs the password of its account", () => {
  const all = [...harness.syslog.map(tell), harness.output].join("\n");
  assert.ok(all.includes("Refused"));
  assert.ok(!all.includes(READER_PASSWORD) && !all.includes("BEGIN"));
});
