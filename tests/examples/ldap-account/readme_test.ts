// SPDX-License-Identifier: MIT
// ldap-account as its README installs, configures and wires it; where its password may be; what its bundle is made of.
import assert from "node:assert/strict";
import { join } from "node:path";
import { ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
import { parse } from "jsonc-parser";
import { bundleModule } from "../../../sdk/install/bundle.ts";
import { builtinRefusal } from "../../../sdk/refused_builtins.ts";
import { Harness, ROOT, SHIM } from "../../integration/harness.ts";
import { assertSeen } from "../../integration/scene.ts";
import { pamDeno } from "../../sdk/command/program.ts";
import { Command } from "../../sdk/supervisor/site.ts";
import { addWords, configurations, pamLines } from "../readme.ts";
import { makeCertificates } from "./certificates.ts";
import { configure, Folder, LATER, login, MODULE, NAME, PATIENT } from "./scenes.ts";
import { group, PEOPLE, person, READER, READER_PASSWORD, Slapd, USERS } from "./slapd.ts";

const NEEDS_ROOT = { ignore: Deno.uid() !== 0 };

Deno.test(
  "ldap-account decides as its README installs, configures and wires it (needs root)",
  NEEDS_ROOT,
  async () => {
    using folder = new Folder();
    const { good, ca } = await makeCertificates(folder.path);
    await using slapd = await Slapd.start({ certificate: good, ca, entries: USERS + person("nobody") });
    await slapd.add(group("staff", "member", [`uid=nobody,${PEOPLE}`]));
    const password = folder.write("password", `${READER_PASSWORD}\n`, 0o600);
    const replaced = {
      "ldap.example.org:636": `localhost:${slapd.tlsPort}`,
      "/etc/pam-deno/ldap-ca.pem": ca,
      "/etc/pam-deno/secrets/ldap": password,
    };
    const names = ["config", "runtime", "state", "keep", "cache", "unit", "pam"];
    for (const name of names) Deno.mkdirSync(join(folder.path, name), { mode: 0o755 });
    const places = names.flatMap((name) => [`--${name}-dir`, join(folder.path, name)]);

    const [add, module, ...words] = addWords(NAME, replaced);
    const added = await pamDeno([add!, join(ROOT, module!), ...words, "--yes", ...places]);
    assert.equal(added.status, 0, added.stderr);
    const file = join(folder.path, "config", "modules", "ldap-account.jsonc");
    const { module: installed } = parse(Deno.readTextFileSync(file));
    Deno.writeTextFileSync(file, JSON.stringify({ ...configurations(NAME, replaced)[0], module: installed }));

    await using server = new Command(["serve", ...places], { LD_PRELOAD: "" });
    await server.printed(/^ready ldap-account \(account\) in \d+ ms/m);
    using services = ServiceDirectory.create({ dir: folder.path });
    const shim = [`runtime_dir=${join(folder.path, "runtime")}`, `config_dir=${join(folder.path, "config")}`];
    const lines = pamLines(NAME).map((line) => line.replace("pam_deno.so", [SHIM, ...shim].join(" ")));
    Deno.writeTextFileSync(join(services.path, "readme"), `${lines.join("\n")}\n`);
    Deno.writeTextFileSync(
      join(services.path, "behind"),
      `${lines.join("\n")}\naccount required pam_permit.so\n`,
    );
    const account = async (user: string, service = "readme") => {
      await using transaction = Transaction.start({ service, user, confdir: services.path });
      return transaction.account();
    };
    assert.equal(await account("nobody"), "success");
    assert.equal(await account("alice"), "perm_denied");
    assert.equal(await account("unheard-of"), "user_unknown");
    await slapd.stop();
    assert.equal(await account("root"), "perm_denied");
    assert.equal(await account("root", "behind"), "success");
    assert.equal(await account("alice", "behind"), "perm_denied");
    assert.equal(await account("nobody"), "success");
    assert.equal(await account("alice"), "perm_denied");
  },
);

Deno.test(
  "ldap-account reads a password that only its own user can read (needs root)",
  NEEDS_ROOT,
  async () => {
    using folder = new Folder();
    const { good, ca } = await makeCertificates(folder.path);
    await using slapd = await Slapd.start({ certificate: good, ca, entries: USERS });
    const uid = 61_190;
    const cases = [
      ["own", READER_PASSWORD, 0o600, uid, undefined],
      ["roots", READER_PASSWORD, 0o640, 0, undefined],
      [
        "open",
        READER_PASSWORD,
        0o604,
        uid,
        /err .*Cannot trust "bind_password_file=", .*: others can read it; run chmod 600/,
      ],
      ["grouped", READER_PASSWORD, 0o640, uid, /others can read it/],
      ["empty", "\n", 0o600, uid, /it is empty/],
      ["long", "x".repeat(5000), 0o600, uid, /it has more than 4096 bytes/],
      ["wrong", "guess", 0o600, uid, /Cannot bind: it says .*0x31/],
    ] as const;
    await using harness = new Harness();
    for (const [at, [name, text, mode, owner]] of cases.entries()) {
      const file = folder.write(name, text, mode);
      Deno.chownSync(file, owner, uid + at);
      const options = {
        server: `localhost:${slapd.tlsPort}`,
        ca,
        base: PEOPLE,
        bind_dn: READER,
        bind_password_file: file,
        ...PATIENT,
      };
      configure(harness, options, { run_as: uid + at }, name);
      if (owner !== 0) Deno.chownSync(file, uid + at, uid + at);
    }
    await harness.serve();
    for (const [name, text, , , log] of cases) {
      const seen = await login(harness, "alice", { module: name });
      assertSeen(
        seen,
        log === undefined ? { code: "success" } : { code: "service_err", shown: [LATER], log },
        name,
      );
      assert.ok(text === "\n" || !JSON.stringify(seen).includes(text));
    }
  },
);

Deno.test("ldap-account takes a file without certificates for none at all", async () => {
  using folder = new Folder();
  await using harness = new Harness();
  const server = "localhost:1";
  const cases = [
    ["empty", "", /Cannot use "ca=", .*: it holds no certificate in PEM, or a broken one/],
    ["broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", /or a broken one/],
  ] as const;
  for (const [name, text] of cases) {
    configure(harness, { server, ca: folder.write(name, text), base: PEOPLE }, {}, name);
  }
  configure(harness, { server, ca: join(folder.path, "missing"), base: PEOPLE }, {}, "missing");
  await harness.serve();
  for (const [name, , log] of [...cases, ["missing", "", /Cannot read "ca=", .*: No such file/] as const]) {
    assertSeen(
      await login(harness, "alice", { module: name }),
      { code: "service_err", shown: [LATER], log },
      name,
    );
  }
});

Deno.test("ldap-account is one file that imports nothing but what a worker may have", async () => {
  using folder = new Folder();
  const { file } = await bundleModule({ entry: MODULE, sdk: ROOT, into: folder.path });
  const text = Deno.readTextFileSync(file);
  const imports = [...text.matchAll(/^import .*?from "(.*?)";$|\bimport\("(.*?)"\)|\brequire\("(.*?)"\)/gm)];
  const names = [...new Set(imports.map(([, one, two, three]) => one ?? two ?? three))].sort();
  const expected = ["assert", "buffer", "crypto", "events", "net", "sqlite", "stream", "tls", "util"];
  assert.deepEqual(names, expected.map((name) => `node:${name}`));
  assert.deepEqual(names.map((name) => builtinRefusal(name!)).filter(Boolean), []);
});
