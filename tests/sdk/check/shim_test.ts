// SPDX-License-Identifier: MIT
import fc from "fast-check";
import assert from "node:assert/strict";
import { join } from "node:path";
import { ElfError, readSharedObject } from "../../../sdk/check/elf.ts";
import { securityFolders } from "../../../sdk/check/shim.ts";
import { FINGERPRINT, VERSION } from "../../../sdk/wire/mod.ts";
import { IDENT, PAM_DENO_VERSION } from "../../../sdk/version.ts";
import { ROOT, Scene, SHIM } from "./scene.ts";

const SECURITY = securityFolders().find((folder) => {
  try {
    return Deno.statSync(join(folder, "pam_permit.so")).isFile;
  } catch {
    return false;
  }
})!;

/** The shim with some octets replaced by as many others. */
function patched(from: string, to: string): Uint8Array {
  assert.equal(from.length, to.length);
  const bytes = Deno.readFileSync(SHIM);
  const at = new TextDecoder("latin1").decode(bytes).indexOf(from);
  assert.ok(at > 0, from);
  bytes.set(new TextEncoder().encode(to), at);
  return bytes;
}

Deno.test("shim, runtime and deno.json are of one version, and say the protocol's fingerprint", () => {
  const { version } = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")));
  assert.equal(PAM_DENO_VERSION, version);
  assert.equal(IDENT, `pam_deno ${version} protocol ${VERSION} fingerprint ${FINGERPRINT.toHex()}`);
  assert.equal(readSharedObject(SHIM).ident, IDENT);
});

Deno.test("readSharedObject() gives the six functions that nm(1) finds", () => {
  const { stdout } = new Deno.Command("nm", { args: ["-D", "--defined-only", SHIM] }).outputSync();
  const names = [...new TextDecoder().decode(stdout).matchAll(/ T (\w+)$/gm)].map(([, name]) => name!).sort();
  assert.equal(names.length, 6);
  assert.deepEqual(readSharedObject(SHIM).exports, names);
});

Deno.test("readSharedObject() finds the same in a shim that was stripped", () => {
  const file = Deno.makeTempFileSync({ suffix: ".so" });
  try {
    assert.ok(new Deno.Command("strip", { args: ["-o", file, SHIM] }).outputSync().success);
    assert.deepEqual(readSharedObject(file), readSharedObject(SHIM));
  } finally {
    Deno.removeSync(file);
  }
});

Deno.test("readSharedObject() refuses whatever is damaged, and nothing else happens", () => {
  const whole = Deno.readFileSync(SHIM);
  const file = Deno.makeTempFileSync();
  const places = fc.oneof(fc.nat(63), fc.integer({ min: whole.length - 4_096, max: whole.length - 1 }));
  let refused = 0;
  try {
    const property = fc.property(
      fc.array(fc.tuple(places, fc.nat(255)), { maxLength: 8 }),
      fc.option(fc.nat(whole.length)),
      (changes, length) => {
        const bytes = whole.slice();
        for (const [at, octet] of changes) bytes[at] = octet;
        Deno.writeFileSync(file, bytes.subarray(0, length ?? bytes.length));
        try {
          readSharedObject(file);
        } catch (error) {
          assert.ok(error instanceof ElfError, String(error));
          refused++;
        }
      },
    );
    fc.assert(property, { numRuns: 300 });
    assert.ok(refused > 0);
  } finally {
    Deno.removeSync(file);
  }
});

/** Runs a test on an installation whose shim was replaced. */
function withShim(
  what: string,
  id: string,
  says: RegExp,
  replace: (file: string, scene: Scene) => void,
): void {
  Deno.test(`checkInstallation() finds ${id}: ${what}`, async () => {
    await using scene = new Scene();
    const file = join(scene.securityDir, "pam_deno.so");
    replace(file, scene);
    const found = await scene.finds(id);
    assert.match(`${found.where} ${found.what} ${found.remedy}`, says);
    try {
      Deno.removeSync(file);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    Deno.copyFileSync(SHIM, file);
    Deno.chmodSync(file, 0o644);
    Deno.chmodSync(scene.securityDir, 0o755);
    await scene.lacks(id);
  });
}

withShim("no file", "shim-missing", /none of the folders.*security/, (file) => Deno.removeSync(file));
withShim("a link to nothing", "unreadable", /No such file/, (file) => {
  Deno.removeSync(file);
  Deno.symlinkSync("nothing", file);
});
withShim("for root alone", "shim-mode", /not everybody may read it/, (file) => Deno.chmodSync(file, 0o600));
withShim("writable by all", "file-unsafe", /can change the shim/, (file) => Deno.chmodSync(file, 0o666));
withShim("in a folder of all", "place-unsafe", /written to by others/, (_, scene) => {
  Deno.chmodSync(scene.securityDir, 0o777);
});
withShim(
  "a text",
  "shim-broken",
  /not in the format ELF/,
  (file) => Deno.writeTextFileSync(file, "x".repeat(100)),
);
withShim("cut off", "shim-broken", /cut off or damaged/, (file) => {
  Deno.writeFileSync(file, Deno.readFileSync(SHIM).subarray(0, 9_999));
});
withShim("another module", "shim-functions", /lacks pam_sm_.*session/, (file) => {
  Deno.copyFileSync(join(SECURITY, "pam_rootok.so"), file);
});
withShim("another module that has all six", "shim-version", /does not say what it was made from/, (file) => {
  Deno.copyFileSync(join(SECURITY, "pam_permit.so"), file);
});
withShim("a library", "shim-exports", /besides the six functions/, (file) => {
  Deno.copyFileSync(`/lib/${Deno.build.arch}-linux-gnu/libc.so.6`, file);
});
withShim("another machine", "shim-machine", /ELF machine/, (file) => {
  const bytes = Deno.readFileSync(SHIM);
  bytes[18] = 8;
  Deno.writeFileSync(file, bytes);
});
withShim("another protocol", "shim-protocol", /version 9 of the protocol, this program 1/, (file) => {
  Deno.writeFileSync(file, patched(" protocol 1", " protocol 9"));
});
withShim("another definition", "shim-version", /another definition/, (file) => {
  const hex = FINGERPRINT.toHex();
  Deno.writeFileSync(file, patched(hex, hex.replace(/^./, (digit) => digit === "0" ? "1" : "0")));
});
withShim("another version", "shim-version", /of version 9.1.0.*they work together/, (file) => {
  Deno.writeFileSync(file, patched(IDENT, IDENT.replace(/ [0-9]+\./, " 9.")));
});

Deno.test("checkInstallation() looks at the shim that a line names by its whole path", async () => {
  await using scene = new Scene();
  const line = `account required ${
    scene.at("own", "pam_deno.so")
  } config_dir=${scene.layout.configDir} hours`;
  const file = scene.pam("demo", line);
  Deno.mkdirSync(scene.at("own"));
  assert.equal((await scene.finds("shim-missing", { securityDirs: [] })).where, `${file}:1`);
  Deno.copyFileSync(SHIM, scene.at("own", "pam_deno.so"));
  Deno.chmodSync(scene.at("own", "pam_deno.so"), 0o666);
  await scene.lacks("shim-missing", { securityDirs: [] });
  assert.equal(
    (await scene.finds("file-unsafe", { securityDirs: [] })).where,
    scene.at("own", "pam_deno.so"),
  );
});
