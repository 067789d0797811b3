// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { type PamLine, parsePamFile, readPamLines, shimArguments } from "../../../sdk/config/pam_d.ts";

const one = (text: string): PamLine => {
  const lines = parsePamFile(text, "/etc/pam.d/x");
  assert.equal(lines.length, 1, text);
  return lines[0]!;
};

Deno.test("parsePamFile() reads type, control, module and arguments, and where they stand", () => {
  assert.deepEqual(
    parsePamFile("# a comment\n\n\taccount  required\tpam_deno.so grant=prompt tod a=b # more\n", "/f"),
    [{
      file: "/f",
      line: 3,
      type: "account",
      optional: false,
      control: "required",
      bracketed: false,
      module: "pam_deno.so",
      args: ["grant=prompt", "tod", "a=b"],
      problem: undefined,
    }],
  );
});

Deno.test("parsePamFile() reads a control in brackets, with spaces and over two lines", () => {
  const { control, bracketed, module, problem } = one(
    "-AUTH [success=1   default=ignore \\\n new_authtok_reqd=1] pam_x.so",
  );
  assert.deepEqual([control, bracketed, module, problem], [
    "success=1 default=ignore new_authtok_reqd=1",
    true,
    "pam_x.so",
    undefined,
  ]);
});

Deno.test("parsePamFile() knows a `-` before the type, and types and controls in any case", () => {
  const { type, optional, control } = one("-Session REQUISITE pam_x.so");
  assert.deepEqual([type, optional, control], ["session", true, "requisite"]);
});

Deno.test("parsePamFile() joins lines over comments and empty lines, and names the first", () => {
  const lines = parsePamFile(
    "\nauth \\\n# between\n\n  required \\\n pam_a.so x \\\n y\nauth required pam_b.so\n",
    "/f",
  );
  assert.deepEqual(lines.map(({ line, module, args }) => [line, module, args]), [
    [2, "pam_a.so", ["x", "y"]],
    [8, "pam_b.so", []],
  ]);
});

Deno.test("parsePamFile() ends a line at a comment, whatever stands in it", () => {
  const lines = parsePamFile("auth required pam_a.so x # y \\\nauth required pam_b.so\n", "/f");
  assert.deepEqual(lines.map(({ args, module }) => [module, args]), [["pam_a.so", ["x"]], ["pam_b.so", []]]);
});

Deno.test("parsePamFile() keeps an argument in brackets together", () => {
  assert.deepEqual(one("auth required pam_x.so [a b\\] c] d[e]").args, ["a b] c", "d[e]"]);
});

Deno.test("parsePamFile() reads @include, include and substack", () => {
  const lines = parsePamFile("@include common-auth\nauth include other\nauth substack third\n", "/f");
  assert.deepEqual(lines.map(({ type, control, module, problem }) => [type, control, module, problem]), [
    ["@include", "", "common-auth", undefined],
    ["auth", "include", "other", undefined],
    ["auth", "substack", "third", undefined],
  ]);
});

for (
  const [what, text, problem] of [
    [
      "an unknown type",
      "acount required pam_x.so",
      '"acount" is not one of auth, account, session, password',
    ],
    ["no control", "auth", "it has no control word"],
    [
      "an unknown control",
      "auth needed pam_x.so",
      '"needed" is not one of required, requisite, sufficient, optional, include, substack, and not in brackets',
    ],
    ["no module", "auth required", "it names no module"],
    ["an @include of nothing", "@include", "@include names no file"],
    [
      "a backslash at the end of the file",
      "auth required pam_x.so \\\n",
      "the file ends with a backslash: libpam drops the line",
    ],
  ] as const
) {
  Deno.test(`parsePamFile() says what is wrong with ${what}`, () => assert.equal(one(text).problem, problem));
}

Deno.test("shimArguments() parts the shim's options, the module and its options", () => {
  const line = one(
    "auth required /usr/lib/security/pam_deno.so timeout=2s use_first_pass grant=prompt otp a use_authtok b=c",
  );
  assert.deepEqual(shimArguments(line), {
    shim: ["timeout=2s", "grant=prompt"],
    name: "otp",
    options: ["a", "b=c"],
  });
  assert.deepEqual(shimArguments(one("auth required pam_deno.so timeout=2s")), {
    shim: ["timeout=2s"],
    name: undefined,
    options: [],
  });
});

Deno.test("shimArguments() is silent about other modules and files that are included", () => {
  for (
    const text of ["auth required pam_unix.so x", "auth include pam_deno.so x", "@include pam_deno.so x"]
  ) {
    assert.equal(shimArguments(one(text)), undefined, text);
  }
});

Deno.test("readPamLines() reads folders in order, leaves out what no service is, and lets earlier folders win", () => {
  const folder = Deno.makeTempDirSync({ prefix: "pam-deno-test-" });
  try {
    const files: Record<string, string> = {
      "etc/sshd": "account required pam_a.so",
      "etc/sshd.dpkg-old": "account required pam_old.so",
      "etc/login~": "account required pam_old.so",
      "etc/.login.swp": "account required pam_old.so",
      "lib/sshd": "account required pam_hidden.so",
      "lib/login": "account required pam_b.so",
    };
    for (const [name, text] of Object.entries(files)) {
      Deno.mkdirSync(join(folder, name, ".."), { recursive: true });
      Deno.writeTextFileSync(join(folder, name), text);
    }
    Deno.symlinkSync("nowhere", join(folder, "etc/dangling"));
    const lines = readPamLines(["none", "etc", "lib"].map((name) => join(folder, name)));
    assert.deepEqual(lines.map(({ file, module }) => [file, module]), [
      [join(folder, "etc/sshd"), "pam_a.so"],
      [join(folder, "lib/login"), "pam_b.so"],
    ]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
