// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { PAM_DENO_VERSION } from "../../../sdk/version.ts";
import { COMMANDS, onTerminal, PAM_DENO, pamDeno } from "./program.ts";

Deno.test("pam-deno help names every command, and goes to stdout", async () => {
  const { status, stdout, stderr } = await pamDeno(["help"]);
  assert.equal(status, 0);
  assert.equal(stderr, "");
  for (const command of [...COMMANDS, "help", "completion"]) {
    assert.match(stdout, new RegExp(`^ +${command} +\\S`, "m"), `${command} is not in:\n${stdout}`);
  }
});

Deno.test("pam-deno without a word prints the same help as --help, -h and help", async () => {
  const [first, ...others] = await Promise.all(
    [[], ["--help"], ["-h"], ["help"]].map((args) => pamDeno(args)),
  );
  assert.match(first!.stdout, /^Login policy in TypeScript/);
  for (const other of others) assert.deepEqual(other, first);
});

for (const command of COMMANDS) {
  Deno.test(`pam-deno ${command} --help tells its words, and so does help ${command}`, async () => {
    const [asOption, asCommand] = await Promise.all([
      pamDeno([command, "--help"]),
      pamDeno(["help", command]),
    ]);
    assert.equal(asOption.status, 0);
    assert.equal(asOption.stderr, "");
    assert.match(asOption.stdout, new RegExp(`^Usage: pam-deno ${command}\\b`, "m"));
    assert.match(asOption.stdout, /^ +--config-dir DIR /m);
    assert.deepEqual(asCommand, asOption);
  });
}

Deno.test("pam-deno --version prints the version and nothing else", async () => {
  assert.deepEqual(await pamDeno(["--version"]), { status: 0, stdout: `${PAM_DENO_VERSION}\n`, stderr: "" });
});

Deno.test("pam-deno suggests the command that was meant", async () => {
  const { status, stdout, stderr } = await pamDeno(["stauts"]);
  assert.equal(status, 2);
  assert.equal(stdout, "");
  assert.equal(
    stderr,
    'pam-deno: Unexpected option or argument: "stauts". Did you mean `status`?\n' +
      "pam-deno: `pam-deno help` tells what there is\n",
  );
});

Deno.test("pam-deno suggests the option that was meant", async () => {
  const { status, stderr } = await pamDeno(["check", "--strcit"]);
  assert.equal(status, 2);
  assert.match(stderr, /Unexpected option or argument: "--strcit"\. Did you mean `--strict`\?/);
});

for (
  const [args, expected] of [
    [["remove"], /Expected a `NAME`/],
    [["remove", "A B"], /a-z, 0-9, _ and -/],
    [["remove", "one", "two"], /Unexpected option or argument: "two"/],
    [["add"], /Expected a `SPECIFIER`/],
    [
      ["add", "x.js", "--sha256", "abc"],
      /64 hexadecimal digits, or a file that begins with them: abc is neither/,
    ],
    [["add", "x.js", "--sha256", "/etc/passwd"], /\/etc\/passwd begins with something else/],
    [["add", "x.ts", "--option", "open"], /Expected KEY=VALUE, not "open"/],
    [["add", "x.ts", "--dangerous", "everything"], /Expected one of "run", "ffi"/],
    [["rollback", "one", "--to", "xyz"], /8 to 64 hexadecimal digits, not "xyz"/],
    [["new"], /Expected a `NAME`/],
    [["new", "Office"], /only a-z, 0-9, _ and -, and at most 64 of them/],
    [["new", "pam-deno"], /and is not pam-deno/],
    [["new", "../office"], /only a-z, 0-9, _ and -/],
    [["new", "office", "--template", "acount"], /Expected one of "account".* Did you mean "account"\?/],
    [["new", "office", "--sdk", "npm"], /Expected one of "here" and "jsr"/],
    [["completion", "tcsh"], /tcsh/],
    [["status", "--config-dir"], /--config-dir/],
  ] as const
) {
  Deno.test(`pam-deno ${args.join(" ")} is misused: status 2, nothing on stdout`, async () => {
    const { status, stdout, stderr } = await pamDeno(args);
    assert.equal(status, 2);
    assert.equal(stdout, "");
    assert.match(stderr, expected);
  });
}

Deno.test("pam-deno with --json prints one JSON document even if the command line is wrong", async () => {
  const { status, stdout, stderr } = await pamDeno(["status", "--json", "--frobnicate"]);
  assert.equal(status, 2);
  const { error } = JSON.parse(stdout);
  assert.equal(error.kind, "misused");
  assert.match(error.message, /--frobnicate/);
  assert.match(stderr, /--frobnicate/);
});

Deno.test("pam-deno takes the options for unusual layouts before and behind the command", async () => {
  const before = await pamDeno(["--config-dir", "/nonexistent", "lines", "office"]);
  const behind = await pamDeno(["lines", "office", "--config-dir", "/nonexistent"]);
  assert.equal(before.status, 1);
  assert.match(before.stderr, /office was not added/);
  assert.deepEqual(behind, before);
});

for (const columns of [40, 66]) {
  Deno.test(`pam-deno help fits a terminal of ${columns} columns`, async () => {
    const runs = await Promise.all(
      ["", ...COMMANDS].map((command) => onTerminal(`${PAM_DENO} help ${command}`, { columns })),
    );
    for (const { status, text } of runs) {
      assert.equal(status, 0);
      // deno-lint-ignore no-control-regex
      const lines = text.replace(/\x1b\[[0-9;]*m/g, "").split("\n").map((line) => line.trimEnd());
      assert.ok(lines.length > 5);
      const long = lines.filter((line) => line.length > columns);
      assert.deepEqual(long, []);
    }
  });
}

Deno.test("pam-deno help has no colour where it is not wanted", async () => {
  const [wanted, unwanted, dumb] = await Promise.all([
    onTerminal(`${PAM_DENO} help`),
    onTerminal(`${PAM_DENO} help`, { env: { NO_COLOR: "1" } }),
    onTerminal(`${PAM_DENO} help`, { env: { TERM: "dumb" } }),
  ]);
  const escape = "\x1b[";
  assert.ok(wanted!.text.includes(escape));
  assert.ok(!unwanted!.text.includes(escape));
  assert.ok(!dumb!.text.includes(escape));
});

Deno.test("pam-deno ends quietly when nobody reads what it prints", async () => {
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", `set -o pipefail; { sleep 0.01; ${PAM_DENO} completion bash; } | true`],
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "");
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.equal(code, 0);
});

Deno.test("pam-deno fails when what it prints cannot be written", async () => {
  const { code, stderr } = await new Deno.Command("bash", { args: ["-c", `${PAM_DENO} help > /dev/full`] })
    .output();
  assert.equal(code, 1);
  assert.match(new TextDecoder().decode(stderr), /^pam-deno: .*No space left on device/);
});
