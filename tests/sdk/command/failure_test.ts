// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { buildBundle } from "../../../scripts/build_bundle.ts";
import { SubjectError } from "../../../sdk/author/subject.ts";
import { docsLink } from "../../../sdk/coded.ts";
import type { ErrorCode } from "../../../sdk/error_codes.ts";
import { CommandError, DeclinedError, reportFailure, UsageError } from "../../../sdk/command/failure.ts";
import { Output } from "../../../sdk/command/output.ts";
import { ConfigError } from "../../../sdk/config/config.ts";
import { PlaceError } from "../../../sdk/config/place.ts";
import { BundleError } from "../../../sdk/install/bundle.ts";
import { InstallError } from "../../../sdk/install/events.ts";
import { ProjectError } from "../../../sdk/install/import_map.ts";
import { JailError } from "../../../sdk/install/jail.ts";
import { RecordError } from "../../../sdk/install/record.ts";
import { behind } from "../codes.ts";

/** A stream that keeps what is written. */
class Sink {
  text = "";
  writeSync(bytes: Uint8Array): number {
    this.text += new TextDecoder().decode(bytes);
    return bytes.length;
  }
  isTerminal(): boolean {
    return false;
  }
}

function report(error: unknown, options: { json?: boolean; debug?: boolean } = {}) {
  const [stdout, stderr] = [new Sink(), new Sink()];
  const status = reportFailure(error, new Output(stdout, stderr), { json: false, debug: false, ...options });
  return { status, stdout: stdout.text, stderr: stderr.text };
}

for (
  const [kind, code] of [
    [BundleError, "bundle-failed"],
    [CommandError, undefined],
    [ConfigError, "config-invalid"],
    [InstallError, "install-failed"],
    [JailError, "jail-failed"],
    [PlaceError, "place-unsafe"],
    [ProjectError, "project-refused"],
    [RecordError, "record-damaged"],
    [SubjectError, "module-not-found"],
  ] as readonly [new (message: string) => Error, ErrorCode | undefined][]
) {
  Deno.test(`reportFailure() gives the message of ${kind.name} with its code, and status 1`, () => {
    assert.deepEqual(report(new kind("FILE:1:2: this\nthat")), {
      status: 1,
      stdout: "",
      stderr: "pam-deno: FILE:1:2: this\npam-deno: that\n" +
        (code === undefined ? "" : `pam-deno:${behind(code)}\n`),
    });
  });
}

Deno.test("reportFailure() says a code once: that of what was thrown, or the one that came with the text", () => {
  const own = report(new CommandError("no", { code: "module-unknown" }));
  assert.equal(own.stderr, `pam-deno: no\npam-deno:${behind("module-unknown")}\n`);
  const inside = report(new InstallError(`no: ${behind("no-default-export")}`), { json: true });
  assert.equal(inside.stderr, `pam-deno: no: ${behind("no-default-export")}\n`);
});

Deno.test("reportFailure() gives programs code and link of every failure", () => {
  for (
    const [error, code] of [
      [new CommandError("no"), "failed"],
      [new UsageError("no"), "misused"],
      [new DeclinedError("no"), "declined"],
      [new TypeError("no"), "unexpected"],
      [new Deno.errors.NotFound("no"), "system-refused"],
      [Object.assign(new Error("full"), { code: "ENOSPC" }), "system-refused"],
      [new ConfigError("no"), "config-invalid"],
      [new CommandError("no", { code: "grant-missing" }), "grant-missing"],
    ] as const
  ) {
    const { code: said, docs } = JSON.parse(report(error, { json: true }).stdout).error;
    assert.deepEqual({ said, docs }, { said: code, docs: docsLink(code) });
  }
});

Deno.test("reportFailure() has a status for who misused it and one for who declined", () => {
  assert.equal(report(new UsageError("no such word")).status, 2);
  assert.equal(report(new DeclinedError("nothing was changed")).status, 3);
});

Deno.test("reportFailure() gives what the system says of a file", () => {
  let error;
  try {
    Deno.readTextFileSync("/nonexistent/file");
  } catch (caught) {
    error = caught;
  }
  const { status, stderr } = report(error);
  assert.equal(status, 1);
  assert.match(stderr, /^pam-deno: No such file or directory .*'\/nonexistent\/file'\n$/);
});

Deno.test("an ordinary user is told who may do it", { ignore: Deno.uid() !== 0 }, async () => {
  const folder = Deno.makeTempDirSync({ prefix: "pam-deno-failure-" });
  try {
    Deno.chmodSync(folder, 0o755);
    await buildBundle(folder, "pam-deno", "sdk/command/main.ts");
    Deno.mkdirSync(join(folder, "state"), { mode: 0o700 });
    const deno = [Deno.execPath(), "run", "--no-config", "--allow-read", "--allow-env", "--allow-sys=uid"];
    const words = ["lines", "policy", "--state-dir", join(folder, "state")];
    const { code, stderr } = await new Deno.Command("setpriv", {
      args: [
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        ...deno,
        join(folder, "pam-deno.js"),
        ...words,
      ],
      env: { DENO_DIR: join(folder, "none"), NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stderr);
    assert.match(said, /^pam-deno: Permission denied .*\npam-deno: run this as root\n$/m);
    assert.equal(code, 1);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("reportFailure() says of a mistake of ours where to report it, without a stack", () => {
  const { status, stdout, stderr } = report(new TypeError("x is not a function\nsecond line"));
  assert.equal(status, 1);
  assert.equal(stdout, "");
  assert.equal(
    stderr,
    "pam-deno: TypeError: x is not a function\n" +
      "pam-deno: this is a mistake in pam-deno: please report it where you have pam-deno from, with what the same command says with --debug\n",
  );
});

Deno.test("reportFailure() shows where a mistake of ours came from with --debug", () => {
  const { stderr } = report(new TypeError("x is not a function"), { debug: true });
  assert.match(stderr, /^ {4}at .*failure_test\.ts:\d+:\d+/m);
});

Deno.test("reportFailure() gives programs one JSON document, whatever was thrown", () => {
  for (
    const [error, kind] of [
      [new InstallError("no"), "failed"],
      [new UsageError("no"), "misused"],
      [new DeclinedError("no"), "declined"],
      [new TypeError("no"), "unexpected"],
      ["a text", "unexpected"],
    ] as const
  ) {
    const { stdout } = report(error, { json: true });
    const document = JSON.parse(stdout);
    assert.deepEqual(Object.keys(document), ["error"]);
    assert.equal(document.error.kind, kind);
    assert.equal(typeof document.error.message, "string");
  }
});

Deno.test("reportFailure() shows nothing that could move the cursor or turn the direction of the text", () => {
  const evil = "\u001b[2J\u001b]0;x\u0007\u009b1A\u202eread\u2028pam-deno: all is well\r\tx";
  const harmful = /[\p{Cc}\p{Zl}\u202a-\u202e]/u;
  for (const error of [new InstallError(`no: ${evil}\n  indented`), new TypeError(evil)]) {
    for (const options of [{}, { json: true }, { debug: true }]) {
      const { stdout, stderr } = report(error, options);
      assert.doesNotMatch(`${stdout}${stderr}`.replaceAll("\n", ""), harmful);
      if (stdout) assert.doesNotMatch(JSON.parse(stdout).error.message.replaceAll("\n", ""), harmful);
    }
  }
  assert.match(report(new InstallError("no\n  indented")).stderr, /^pam-deno: {3}indented$/m);
});
