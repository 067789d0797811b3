// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { findNotice, NOLOGIN_FILES, NOTICE_MAX } from "./nologin.ts";

/** A folder that is gone at the end. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();

  /** A path in it. */
  at(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file and returns its path. */
  write(name: string, text: string | Uint8Array): string {
    Deno.writeFileSync(this.at(name), typeof text === "string" ? new TextEncoder().encode(text) : text);
    return this.at(name);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

Deno.test("findNotice() looks at the files of pam_nologin, in its order", () => {
  assert.deepEqual(NOLOGIN_FILES, ["/run/nologin", "/etc/nologin"]);
  using folder = new Folder();
  const [first, second] = [folder.at("first"), folder.at("second")];
  assert.deepEqual(findNotice([first, second]), { is: "absent" });
  folder.write("second", "Down until eight\n");
  assert.deepEqual(findNotice([first, second]), { is: "present", text: "Down until eight" });
  folder.write("first", "  Down\n\tuntil nine  \n\n");
  assert.deepEqual(findNotice([first, second]), { is: "present", text: "  Down\n\tuntil nine" });
  Deno.removeSync(first);
  Deno.symlinkSync(folder.at("nothing"), first);
  assert.deepEqual(findNotice([first, second]), { is: "present", text: "Down until eight" });
});

Deno.test("findNotice() reads the start of a long file, and what is not UTF-8 in it as U+FFFD", () => {
  using folder = new Folder();
  assert.deepEqual(findNotice([folder.write("empty", "")]), { is: "present", text: "" });
  const long = findNotice([folder.write("long", "x".repeat(NOTICE_MAX * 3))]);
  assert.deepEqual(long, { is: "present", text: "x".repeat(NOTICE_MAX) });
  const octets = Uint8Array.of(0x41, 0xff, 0x42);
  assert.deepEqual(findNotice([folder.write("octets", octets)]), { is: "present", text: "A\ufffdB" });
});

Deno.test("findNotice() waits for no pipe, and takes whatever is there for closed", () => {
  using folder = new Folder();
  const pipe = folder.at("pipe");
  assert.ok(new Deno.Command("mkfifo", { args: [pipe] }).outputSync().success);
  for (const path of [pipe, folder.path, "/etc/"]) {
    assert.deepEqual(findNotice([path]), {
      is: "present",
      text: "",
      problem: `${path}: Cannot read it: it is not a file`,
    });
  }
});

Deno.test("findNotice() says that nobody can tell rather than that there is no file", () => {
  using folder = new Folder();
  const unknown = (path: string) => {
    const notice = findNotice([path, folder.write("open", "never reached")]);
    assert.equal(notice.is, "unknown", JSON.stringify(notice));
    return notice.is === "unknown" ? notice.problem : "";
  };
  const loop = folder.at("loop");
  Deno.symlinkSync(loop, loop);
  assert.match(unknown(loop), /^\/.*\/loop: Cannot read it: .*loop/i);
  const missing = folder.at("missing");
  assert.equal(
    unknown(join(missing, "nologin")),
    `${missing}: Cannot look for a file in it: make the folder, and reload the module`,
  );
  const file = folder.write("file", "");
  assert.match(unknown(join(file, "nologin")), /\/file: Cannot look for a file in it: it is not a folder$/);
});

Deno.test({
  name: "findNotice() needs to see the folder of a file that a sandbox may hide, and names what to grant",
  permissions: { read: ["/run/nologin", "/etc/nologin-of-a-test"] },
  fn() {
    assert.deepEqual(findNotice(["/etc/nologin-of-a-test"]), { is: "absent" });
    const grant = (path: string) =>
      `${path}: Cannot look at it: grant it under "permissions": { "read": ["${path}"] } in the module's configuration`;
    assert.deepEqual(findNotice(["/run/nologin"]), { is: "unknown", problem: grant("/run") });
    assert.deepEqual(findNotice(["/etc/nologin"]), { is: "unknown", problem: grant("/etc/nologin") });
  },
});

Deno.test({
  name: "findNotice() takes a file that the worker may not read for closed (needs root)",
  ignore: Deno.uid() !== 0,
  async fn() {
    using folder = new Folder();
    const file = folder.write("nologin", "For root alone\n");
    Deno.chmodSync(folder.path, 0o755);
    Deno.chmodSync(file, 0o600);
    const code = `import { findNotice } from ${JSON.stringify(new URL("nologin.ts", import.meta.url).href)};
      console.log(JSON.stringify(findNotice([${JSON.stringify(file)}])));`;
    const program = join(folder.path, "program.ts");
    Deno.writeTextFileSync(program, code);
    const { stdout, stderr } = await new Deno.Command("setpriv", {
      args: ["--reuid", "65534", "--regid", "65534", "--clear-groups", Deno.execPath(), "run", "-A", program],
      clearEnv: true,
      env: { HOME: "/nonexistent", DENO_DIR: join(folder.path, "cache"), DENO_NO_UPDATE_CHECK: "1" },
      cwd: "/",
    }).output();
    const [out, err] = [stdout, stderr].map((octets) => new TextDecoder().decode(octets));
    assert.notEqual(out, "", err);
    assert.deepEqual(JSON.parse(out!), {
      is: "present",
      text: "",
      problem:
        `${file}: Cannot read it: it must be readable for the user that the module runs as; run chmod a+r ${file}`,
    });
  },
});
