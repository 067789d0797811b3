// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { type ModuleConfig, parseModuleConfig } from "../../../sdk/config/config.ts";
import { DEFAULT_LAYOUT } from "../../../sdk/config/layout.ts";
import { scopeError } from "../../../sdk/config/permissions.ts";
import { dropInFile, TEMPLATE_LIMITS, unitDropIn } from "../../../sdk/install/unit.ts";
import { CLOSED_PLACES, EMPTY_PLACES, quoteWord } from "../../../sdk/install/unit_paths.ts";
import { directives, words } from "./unit_syntax.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const TEMPLATE = join(ROOT, "packaging", "systemd", "pam-deno@.service");

function configured(config: Record<string, unknown>, name = "office-hours"): ModuleConfig {
  return parseModuleConfig(JSON.stringify({ module: "/srv/module.ts", ...config }), name, `${name}.jsonc`);
}

/** The directives of a drop-in, as `Name=value`; none if there is no drop-in. */
function lines(config: Record<string, unknown>, name?: string): string[] {
  const text = unitDropIn(configured(config, name));
  return text === undefined ? [] : text.split("[Service]\n")[1]!.trimEnd().split("\n");
}

Deno.test("unitDropIn() has nothing to say about a module without grants", () => {
  assert.equal(unitDropIn(configured({})), undefined);
  assert.equal(
    unitDropIn(configured({ permissions: { read: [], net: false }, options: { a: 1 } })),
    undefined,
  );
});

Deno.test("unitDropIn() says where it comes from", () => {
  assert.equal(
    unitDropIn(configured({ permissions: { write: ["/opt/ledger"] } })),
    `# Made by pam-deno of modules/office-hours.jsonc: edit that, then run pam-deno reload.
# What the module is granted, enforced by the kernel as well.
[Service]
LimitFSIZE=infinity
ReadWritePaths="-/opt/ledger"
NoExecPaths="-/opt/ledger"
`,
  );
  assert.equal(
    dropInFile(DEFAULT_LAYOUT, "office-hours"),
    "/etc/systemd/system/pam-deno@office-hours.service.d/50-pam-deno.conf",
  );
});

const RESOLVER = ["/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager"]
  .flatMap((path) => [`BindReadOnlyPaths=-${path}`, `NoExecPaths="-${path}"`]);
const CLOSED_BUT_SRV =
  "InaccessiblePaths=-/boot -/efi -/lost+found -/media -/mnt -/sys -/dev/shm -/dev/mqueue -/tmp -/var/tmp";
const EMPTY_HOMES = ["/home", "/root", "/run/user"].map((home) => `TemporaryFileSystem=${home}:ro,mode=0755`);

const cases: [what: string, config: Record<string, unknown>, expected: string[]][] = [
  [
    "needs nothing for what is there to be read",
    { permissions: { read: ["/etc/rules.json", "/usr/share"] } },
    [],
  ],
  ["binds what lies in an empty place", { permissions: { read: ["/var/lib/rules/", "/run/x"] } }, [
    `BindReadOnlyPaths="-/run/x"`,
    `NoExecPaths="-/run/x"`,
    `BindReadOnlyPaths="-/var/lib/rules/"`,
    `NoExecPaths="-/var/lib/rules/"`,
  ]],
  ["leaves a place alone that is granted as a whole", { permissions: { read: ["/var"] } }, [
    "TemporaryFileSystem=",
    "TemporaryFileSystem=/run:ro,mode=0755",
  ]],
  ["empties a closed place before it binds into it", { permissions: { read: ["/srv/rules"] } }, [
    "InaccessiblePaths=",
    CLOSED_BUT_SRV,
    "TemporaryFileSystem=/srv:ro,mode=0755",
    `BindReadOnlyPaths="-/srv/rules"`,
    `NoExecPaths="-/srv/rules"`,
  ]],
  ["opens a closed place that is granted as a whole", { permissions: { write: ["/srv"] } }, [
    "LimitFSIZE=infinity",
    "InaccessiblePaths=",
    CLOSED_BUT_SRV,
    `ReadWritePaths="-/srv"`,
    `NoExecPaths="-/srv"`,
  ]],
  ["empties all homes for a part of one", { permissions: { read: ["/home/u/rules"] } }, [
    "ProtectHome=tmpfs",
    ...EMPTY_HOMES,
    `BindReadOnlyPaths="-/home/u/rules"`,
    `NoExecPaths="-/home/u/rules"`,
  ]],
  ["does not bind for reading what may be written", {
    permissions: { read: ["/var/a", "/var/a/b", "/var/ab"], write: ["/var/a/"] },
  }, [
    "LimitFSIZE=infinity",
    `BindReadOnlyPaths="-/var/ab"`,
    `NoExecPaths="-/var/ab"`,
    `BindPaths="-/var/a/"`,
    `NoExecPaths="-/var/a/"`,
  ]],
  ["shows everything to a module that may read everything", {
    permissions: { read: true, write: ["/home/u"] },
    dangerous: ["read"],
  }, [
    "LimitFSIZE=infinity",
    "TemporaryFileSystem=",
    "InaccessiblePaths=",
    "InaccessiblePaths=-/sys -/dev/shm -/dev/mqueue",
    "ProtectHome=tmpfs",
    `BindReadOnlyPaths="-/home"`,
    `NoExecPaths="-/home"`,
    `BindReadOnlyPaths="-/root"`,
    `NoExecPaths="-/root"`,
    `BindReadOnlyPaths="-/run/user"`,
    `NoExecPaths="-/run/user"`,
    `ReadWritePaths="-/home/u"`,
    `NoExecPaths="-/home/u"`,
  ]],
  ["opens the network for names, with the resolver and without ports to listen on", {
    permissions: { net: ["192.0.2.1:636", "ldap.example.org:636"] },
  }, ["PrivateNetwork=no", "RestrictAddressFamilies=AF_INET AF_INET6", "IPAddressDeny=", ...RESOLVER]],
  ["opens the network for addresses alone", {
    permissions: { net: ["192.0.2.1:636", "[2001:db8::1]:636", "localhost:5432"] },
  }, [
    "PrivateNetwork=no",
    "RestrictAddressFamilies=AF_INET AF_INET6",
    "IPAddressAllow=192.0.2.1",
    "IPAddressAllow=2001:db8::1",
    "IPAddressAllow=localhost",
  ]],
  ["opens all of the network", { permissions: { net: true }, dangerous: ["net"] }, [
    "PrivateNetwork=no",
    "RestrictAddressFamilies=AF_INET AF_INET6",
    "RestrictAddressFamilies=AF_NETLINK",
    "IPAddressDeny=",
    "SocketBindDeny=",
    "SystemCallFilter=bind",
    ...RESOLVER,
  ]],
  ["binds the folder of a Unix socket, and opens no network", {
    permissions: { net: ["unix:/run/slapd/ldapi"] },
  }, [`BindReadOnlyPaths="-/run/slapd"`, `NoExecPaths="-/run/slapd"`]],
  ["binds a Unix socket alone that lies in a hidden place itself", {
    permissions: { net: ["unix:/run/db.sock"] },
  }, [`BindReadOnlyPaths="-/run/db.sock"`, `NoExecPaths="-/run/db.sock"`]],
  ["hands on variables", { permissions: { env: ["TZ", "LANG"] } }, [
    "PassEnvironment=LANG",
    "PassEnvironment=TZ",
  ]],
  ["hands on nothing for all variables", { permissions: { env: true }, dangerous: ["env"] }, []],
  ["needs nothing for facts that system calls tell", { permissions: { sys: ["hostname", "loadavg"] } }, []],
  ["shows /proc for facts that stand there", { permissions: { sys: ["osRelease", "networkInterfaces"] } }, [
    "ProcSubset=all",
    "RestrictAddressFamilies=AF_NETLINK",
  ]],
  ["needs nothing for programs of the system", {
    permissions: { run: ["/usr/bin/id", "/bin/ls"] },
    dangerous: ["run"],
  }, []],
  ["lets a program elsewhere be run, and binds it for reading", {
    permissions: { run: ["/opt/x/run"], ffi: ["/var/lib/y.so"], read: ["/var/lib/y.so"] },
    dangerous: ["run", "ffi"],
  }, [
    `BindReadOnlyPaths="-/var/lib/y.so"`,
    `BindReadOnlyPaths="-/opt/x/run"`,
    `ExecPaths="-/opt/x/run"`,
    `ExecPaths="-/var/lib/y.so"`,
  ]],
  ["makes a state folder, where no program can be run", { state: true }, [
    "LimitFSIZE=infinity",
    "StateDirectory=pam-deno-state/office-hours",
    "StateDirectoryMode=0700",
    `NoExecPaths="-/var/lib/private/pam-deno-state/office-hours"`,
  ]],
  ["makes a state folder for a user that is not dynamic", { state: true, run_as: "policy" }, [
    "DynamicUser=no",
    "User=policy",
    "LimitFSIZE=infinity",
    "StateDirectory=pam-deno-state/office-hours",
    "StateDirectoryMode=0700",
    "BindPaths=/var/lib/pam-deno-state/office-hours",
    `NoExecPaths="-/var/lib/pam-deno-state/office-hours"`,
  ]],
  ["does not bind what an option puts into the state folder", {
    state: true,
    options: { db: { state: "a.db" } },
    permissions: { write: [{ option: "db" }], read: [{ option: "db" }] },
  }, [
    "LimitFSIZE=infinity",
    "StateDirectory=pam-deno-state/office-hours",
    "StateDirectoryMode=0700",
    `NoExecPaths="-/var/lib/private/pam-deno-state/office-hours"`,
  ]],
  ["hands over credentials", { credentials: { ldap: "/etc/pam-deno/secrets/ldap", b: "/root/b" } }, [
    "LoadCredential=ldap:/etc/pam-deno/secrets/ldap",
    "LoadCredential=b:/root/b",
  ]],
  ["makes room for workers and their limits", {
    workers: 3,
    limits: { memory_mib: 512, tasks: 64, descriptors: 8192 },
  }, ["MemoryMax=3200M", "TasksMax=448", "LimitNOFILE=8192"]],
  ["tightens limits", { limits: { memory_mib: 200, tasks: 32 } }, ["MemoryMax=528M", "TasksMax=128"]],
];
for (const [what, config, expected] of cases) {
  Deno.test(`unitDropIn() ${what}`, () => {
    assert.deepEqual(lines(config), expected);
  });
}

Deno.test("unitDropIn() gives a module whose name is too long for a user a user of its own", () => {
  assert.deepEqual(lines({}, "a".repeat(22)), []);
  const [first, ...more] = lines({}, "a".repeat(23));
  assert.match(first!, /^User=_pam-deno-[0-9a-f]{20}$/);
  assert.deepEqual(more, []);
  assert.notEqual(first, lines({}, "b".repeat(23))[0]);
});

Deno.test("the template has what drop-ins take for granted", async () => {
  const template = directives(await Deno.readTextFile(TEMPLATE));
  const values = (name: string) => template.filter(([key]) => key === name).map(([, value]) => value);
  for (const [name, value] of Object.entries(TEMPLATE_LIMITS)) assert.deepEqual(values(name), [value]);
  const empty = values("TemporaryFileSystem").flatMap((value) => value.split(" "));
  for (const place of EMPTY_PLACES) assert.ok(empty.includes(`${place}:ro,mode=0755`), place);
  const closed = values("InaccessiblePaths").flatMap((value) => value.split(" ")).sort();
  assert.deepEqual(closed, CLOSED_PLACES.map((place) => `-${place}`).sort());
  assert.deepEqual(values("ProtectHome"), ["yes"]);
  assert.deepEqual(values("PrivateNetwork"), ["yes"]);
  assert.deepEqual(values("RestrictAddressFamilies"), ["AF_UNIX"]);
  assert.deepEqual(values("IPAddressDeny"), ["any"]);
  assert.deepEqual(values("User"), ["pam-deno-%i"]);
  assert.deepEqual(values("LimitFSIZE"), ["4M"]);
});

const HOSTILE = [
  `/srv/a" "/etc/shadow`,
  `/srv/a"\\`,
  `/srv/a\\`,
  "/srv/%i/%H",
  "/srv/a b\u00a0c",
  "/srv/a:/etc/shadow",
  "/srv/a:/etc:rbind",
  "/srv/'a'; ExecStart=/bin/sh",
  "/srv/#x",
  "/srv/-a",
  "/srv/$HOME",
];
for (const path of HOSTILE) {
  Deno.test(`unitDropIn() keeps ${JSON.stringify(path)} a path`, () => {
    const text = unitDropIn(configured({ permissions: { read: [path], write: [`${path}.w`] } }))!;
    const found = directives(text);
    const bound = found.filter(([key]) => key === "BindReadOnlyPaths").flatMap(([, value]) => words(value));
    const written = found.filter(([key]) => key === "BindPaths").flatMap(([, value]) => words(value));
    assert.deepEqual([bound, written], [[`-${path}`], [`-${path}.w`]]);
    assert.ok(found.every(([key]) => KNOWN.has(key)), text);
  });
}

for (const path of ["/srv/a\nExecStart=/bin/sh", "/srv/a\r", "/srv/a\0", "/srv/a\t"]) {
  Deno.test(`a path ${JSON.stringify(path)} reaches no unit`, () => {
    assert.throws(() => configured({ permissions: { read: [path] } }), { name: "ConfigError" });
    assert.throws(() => quoteWord(path), { name: "TypeError" });
  });
}

/** Everything that a drop-in may set. */
const KNOWN = new Set([
  "BindPaths",
  "BindReadOnlyPaths",
  "DynamicUser",
  "ExecPaths",
  "IPAddressAllow",
  "IPAddressDeny",
  "InaccessiblePaths",
  "LimitFSIZE",
  "LimitNOFILE",
  "LoadCredential",
  "MemoryMax",
  "NoExecPaths",
  "PassEnvironment",
  "PrivateNetwork",
  "ProcSubset",
  "ProtectHome",
  "ReadWritePaths",
  "RestrictAddressFamilies",
  "SocketBindDeny",
  "SystemCallFilter",
  "StateDirectory",
  "StateDirectoryMode",
  "TasksMax",
  "TemporaryFileSystem",
  "User",
]);

/** Texts with a liking for what means something in a unit file. */
const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      ..."\"'\\% :;#=[]$-+!@\t\n\r/*",
      "\u0085",
      "\u2028",
      "ExecStart=",
      "%i",
      "[Service]",
      "a",
    ),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 30,
});
const path = nasty.map((text) => `/${text}`);
const scopesOf = (scope: fc.Arbitrary<string>) => fc.array(scope, { maxLength: 4 });

Deno.test("unitDropIn() sets nothing that was not meant, whatever is configured", () => {
  fc.assert(
    fc.property(
      fc.record({
        read: scopesOf(path),
        write: scopesOf(path),
        net: scopesOf(fc.oneof(nasty, path.map((text) => `unix:${text}`))),
        env: scopesOf(nasty),
        run: scopesOf(path),
        ffi: scopesOf(path),
      }),
      (permissions) => {
        const good = Object.fromEntries(
          Object.entries(permissions).map(([kind, scopes]) => [
            kind,
            scopes.filter((scope) => scopeError(kind as keyof typeof permissions, scope) === undefined),
          ]),
        );
        const dangerous = (["run", "ffi"] as const).filter((kind) => good[kind]!.length > 0);
        const config = configured({ permissions: good, dangerous });
        const found = directives(unitDropIn(config) ?? "");
        for (const [key, value] of found) {
          assert.ok(KNOWN.has(key), `${key}=${value}`);
          if (!/^(?:Bind|BindReadOnly|ReadWrite|Exec|NoExec)Paths$/.test(key)) continue;
          const [word, ...more] = words(value);
          assert.deepEqual(more, [], value);
          assert.ok(isGranted(config, word!.slice(1)), `${key}=${value}`);
        }
        // The path of a socket is written by connecting to it, which a folder bound for reading allows.
        for (const written of good.write!.filter((path) => !good.net!.includes(`unix:${path}`))) {
          const wanted = found.some(([key, value]) =>
            /^(?:Bind|ReadWrite)Paths$/.test(key) && words(value)[0] === `-${written}`
          );
          assert.ok(wanted, written);
        }
      },
    ),
    { numRuns: Number(Deno.env.get("PROPERTY_RUNS") ?? 500) },
  );
});

/** Whether `path` was granted, is the folder of a socket that was, or is where a resolver is. */
function isGranted({ permissions }: ModuleConfig, path: string): boolean {
  return Object.values(permissions).some((scopes) =>
    Array.isArray(scopes) && scopes.some((scope) => {
      const file = scope.replace(/^unix:/, "");
      return file === path || (file !== scope && (file.slice(0, file.lastIndexOf("/")) || "/") === path);
    })
  ) || RESOLVER.some((line) => line.endsWith(`-${path}`));
}

const VERIFIER = "/usr/bin/systemd-analyze";
const hasVerifier = await Deno.stat(VERIFIER).then(() => true, () => false);

Deno.test({
  name: "systemd takes every drop-in without a complaint, hostile paths included",
  ignore: !hasVerifier,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "pam-deno-unit-" });
    try {
      const all: Record<string, unknown>[] = [
        ...cases.map(([, config]) => config),
        ...HOSTILE.map((path) => ({ permissions: { read: [path], write: [`${path}.w`] } })),
      ];
      const units: string[] = [];
      for (const [index, config] of all.entries()) {
        const text = unitDropIn(configured(config, `case-${index}`));
        if (text === undefined) continue;
        const unit = join(folder, `pam-deno-case-${index}.service`);
        await Deno.writeTextFile(unit, text.replace("[Service]", "[Service]\nExecStart=/bin/true"));
        units.push(unit);
      }
      assert.ok(units.length > 30);
      const { success, stderr } = await new Deno.Command(VERIFIER, {
        args: ["verify", "--man=no", "--recursive-errors=no", ...units],
        stdin: "null",
      }).output();
      const complaints = new TextDecoder().decode(stderr).split("\n").filter((line) => line.includes(folder));
      assert.deepEqual(complaints, []);
      assert.ok(success, new TextDecoder().decode(stderr));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
