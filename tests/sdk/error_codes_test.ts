// SPDX-License-Identifier: MIT
// Codes are for good, and every error that a person sees has one.
import assert from "node:assert/strict";
import { walkSync } from "../docs/errors.ts";
import { codeIn, docsLink, plainError, rangeError, splitCode, typeError, withCode } from "../../sdk/coded.ts";
import { ERROR_CODES, type ErrorCode } from "../../sdk/error_codes.ts";
import { codeOf, CODES_BY_NAME } from "../../sdk/failure_codes.ts";
import { PAM_DENO_VERSION } from "../../sdk/version.ts";
import { byteLength } from "../../sdk/text.ts";

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

/** Every code that ever was: it may grow, and nothing may be taken out of it. */
const EVER = Deno.readTextFileSync(new URL("error_codes.txt", import.meta.url)).trim().split("\n");

Deno.test("a code that was there once is there for good, and a new one is written down", () => {
  assert.deepEqual(CODES.toSorted(), EVER);
});

Deno.test("codes are words with hyphens, and say in one line what happened", () => {
  for (const code of CODES) {
    const [, summary] = ERROR_CODES[code];
    assert.match(code, /^[a-z]+(?:-[a-z]+)*$/);
    assert.match(summary, /^[A-Za-z].*[^.]$/, code);
    assert.ok(summary.length <= 90, code);
  }
});

Deno.test("every code is used by the source, and every code in the shim is one", () => {
  const sources = [...walkSync("sdk"), ...walkSync("shim")].filter((path) =>
    !path.endsWith("error_codes.ts")
  );
  const source = sources.map((path) => Deno.readTextFileSync(path)).join("\n");
  assert.deepEqual(CODES.filter((code) => !source.includes(`"${code}"`)), []);
  const inShim = [...source.matchAll(/LOG_SEE\("([^"]+)"\)/g)].map(([, code]) => code!);
  assert.ok(inShim.length >= 6);
  assert.deepEqual(inShim.filter((code) => !Object.hasOwn(ERROR_CODES, code)), []);
});

/** What throws without a code: errors of the language that are caught where they are thrown, and of the wire. */
const UNCODED =
  /SyntaxError|"no object"|The connection is gone|self-test has no application|is not one frame/;

Deno.test("nothing that authors meet throws an error of the language without a code", () => {
  const places = ["sdk/testing", "sdk/libpam", "sdk/worker"].flatMap((folder) => [...walkSync(folder)]);
  const top = [...walkSync("sdk")].filter((path) => !path.replace(/^.*\/sdk\//, "").includes("/"));
  const bare: string[] = [];
  for (const path of [...top, ...places]) {
    if (path.endsWith("/coded.ts")) continue;
    const text = Deno.readTextFileSync(path).replaceAll(/^ *\/?\*.*$/gm, "");
    for (const [found] of text.matchAll(/new (?:Type|Range|Syntax)?Error\([^]{0,120}/g)) {
      const allowed = UNCODED.test(found) ||
        /arrived as something else|Cannot listen on descriptor|this\.#over|is not available|String\(error\)/
          .test(found);
      if (!allowed) bare.push(`${path}: ${found}`);
    }
  }
  assert.deepEqual(bare, []);
});

/** Lines that pass on what has a code already, or is the module's own. */
const PASSED_ON =
  /^\("\{(?:line|shown|message|text)\}"|^\(text,|^\(\s*withCode\(|^\("\{name\} is not fit to serve: \{problem\}"/;

Deno.test("every error that worker and supervisor log has a code", () => {
  let seen = 0;
  for (const path of [...walkSync("sdk/worker"), ...walkSync("sdk/supervisor")]) {
    for (const [found] of Deno.readTextFileSync(path).matchAll(/(?<=logger\.error)\([^]{0,60}/g)) {
      seen++;
      assert.match(found, PASSED_ON, path);
    }
  }
  assert.ok(seen >= 12);
});

Deno.test("withCode() cuts the text and never the code", () => {
  const behind = ` [busy] https://jsr.io/@pam-deno/sdk/${PAM_DENO_VERSION}/docs/errors/busy.md`;
  assert.equal(withCode("busy", "too many"), `too many${behind}`);
  for (const max of [120, 511]) {
    const text = withCode("busy", "ä\n".repeat(2_000), max);
    assert.ok(text.endsWith(`…${behind}`), text);
    assert.ok(byteLength(text) <= max && byteLength(text) > max - 8);
  }
});

Deno.test("splitCode() takes off what withCode() put there, also of another version, and nothing else", () => {
  assert.deepEqual(splitCode(withCode("busy", "a [b] c")), {
    text: "a [b] c",
    code: "busy",
    docs: docsLink("busy"),
  });
  const older = docsLink("busy").replace(PAM_DENO_VERSION, "0.0.9-rc.1");
  assert.equal(splitCode(`x [busy] ${older}`).docs, older);
  for (
    const text of ["", "x", "x [busy]", `x [busy] ${docsLink("threw")}`, `${withCode("busy", "x")} and more`]
  ) {
    assert.deepEqual(splitCode(text), { text, code: undefined, docs: undefined });
  }
  assert.equal(codeIn(`${withCode("busy", "x")} and more`), "busy");
  const began = performance.now();
  splitCode(" [a-a".repeat(100_000));
  assert.ok(performance.now() - began < 1_000, "a long text takes no long time");
});

Deno.test("errors of the SDK have code and link in the message and as properties that print nothing twice", () => {
  for (
    const [make, kind] of [[typeError, TypeError], [rangeError, RangeError], [plainError, Error]] as const
  ) {
    const error = make("busy", "too many");
    assert.ok(error instanceof kind);
    assert.equal(error.message, withCode("busy", "too many"));
    assert.equal(error.errorCode, "busy");
    assert.equal(error.docs, docsLink("busy"));
    assert.deepEqual(Object.keys(error), []);
  }
});

Deno.test("codeOf() knows an error by its own code, by its text, then by its name", () => {
  class ConfigError extends Error {
    override name = "ConfigError";
  }
  assert.equal(codeOf(Object.assign(new ConfigError("x"), { errorCode: "busy" })), "busy");
  assert.equal(codeOf(new ConfigError(withCode("deny-thrown", "x"))), "deny-thrown");
  assert.equal(codeOf(new ConfigError("x")), "config-invalid");
  assert.equal(codeOf(new TypeError("x")), undefined);
  assert.equal(codeOf("x"), undefined);
});

Deno.test("codes by name are those of classes that there are", () => {
  const source = [...walkSync("sdk")].map((path) => Deno.readTextFileSync(path)).join("\n");
  for (const name of Object.keys(CODES_BY_NAME)) assert.match(source, new RegExp(`class ${name} extends`));
});

Deno.test("every kind of error that the programs have has a code", () => {
  const source = [...walkSync("sdk")].map((path) => Deno.readTextFileSync(path)).join("\n");
  const names = [...source.matchAll(/class (\w+Error) extends \w*Error\b/g)].map(([, name]) => name!);
  assert.ok(names.length >= 35);
  // What the other errors of commands have in common is thrown as none.
  assert.deepEqual(names.filter((name) => !Object.hasOwn(CODES_BY_NAME, name)), ["CodedError"]);
});
