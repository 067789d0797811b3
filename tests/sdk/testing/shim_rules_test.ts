// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import {
  COMMON_CODES,
  type FailureClass,
  FAILURES,
  type Hook,
  HOOK_CODES,
  HOOKS,
  UNDEFINED_HOOKS,
} from "../../../sdk/hooks.ts";
import {
  failedCode,
  failureCode,
  isLeftOut,
  isLibpamWord,
  type Request,
  requestProblem,
  resultProblem,
  textForLog,
  textForPerson,
  textProblem,
  undefinedCode,
  userFailureCode,
} from "../../../sdk/testing/shim_rules.ts";
import { CODES, type PamCode } from "../../../sdk/tokens.ts";
import { LIMITS } from "../../../sdk/wire/schema.ts";
import type { MessageOf } from "../../../sdk/wire/types.ts";

const ALL_HOOKS = Object.keys(HOOKS) as Hook[];
const ALL_CODES = Object.keys(CODES) as PamCode[];

const result = (effects: Partial<MessageOf<"result">> = {}): MessageOf<"result"> => ({
  type: "result",
  code: "success",
  data_action: "keep",
  data: new Uint8Array(0),
  fail_delay_us: 0,
  items: [],
  environment: [],
  tokens: [],
  user_files: [],
  ...effects,
});

Deno.test("resultProblem() admits exactly the codes of each hook", () => {
  for (const hook of ALL_HOOKS) {
    const admitted = ALL_CODES.filter((code) => resultProblem(result({ code }), hook, []) === undefined);
    const legal: readonly string[] = [...COMMON_CODES, ...HOOK_CODES[hook]];
    assert.deepEqual(new Set<string>(admitted), new Set(legal), hook);
    assert.equal(
      resultProblem(result({ code: "incomplete" }), hook, []),
      "the result is incomplete, which is not a code of this hook",
    );
  }
});

Deno.test("resultProblem() admits a message with refusals only", () => {
  const message = "No";
  for (const code of ["success", "ignore", "new_authtok_reqd"] as const) {
    assert.equal(
      resultProblem(result({ code, message }), "account", []),
      `the result ${code} has the message of a refusal`,
    );
  }
  assert.equal(resultProblem(result({ code: "perm_denied", message }), "account", []), undefined);
});

Deno.test("resultProblem() admits items, environment and tokens only with success and new_authtok_reqd", () => {
  const effects: Partial<MessageOf<"result">>[] = [
    { items: [{ item: "tty", value: "tty1" }] },
    { environment: [{ name: "TICKET", value: "1" }] },
    { tokens: [{ token: "authtok", value: new Uint8Array([1]) }] },
  ];
  const file = { user_files: [{ name: "token", content: new Uint8Array([1]) }] };
  for (const code of ["ignore", "perm_denied", "session_err"] as const) {
    assert.equal(
      resultProblem(result({ code, ...file }), "openSession", ["user_file:token"]),
      `the result ${code} sets items, environment, tokens or user files`,
    );
  }
  const grants = ["set_item:tty", "env:TICKET", "set_authtok"];
  for (const effect of effects) {
    for (const code of ["success", "new_authtok_reqd"] as const) {
      assert.equal(resultProblem(result({ code, ...effect }), "account", grants), undefined);
    }
    for (const code of ["ignore", "perm_denied", "acct_expired"] as const) {
      assert.equal(
        resultProblem(result({ code, ...effect }), "account", grants),
        `the result ${code} sets items, environment, tokens or user files`,
      );
    }
    assert.match(resultProblem(result(effect), "account", []) ?? "", /which the grant .* does not cover$/);
  }
});

Deno.test("resultProblem() never admits the service, an empty user, or a token with a NUL", () => {
  const items = (item: "service" | "user", value: string) => result({ items: [{ item, value }] });
  assert.match(
    resultProblem(items("service", "sshd"), "account", ["set_item:service"]) ?? "",
    /sets item service/,
  );
  assert.equal(
    resultProblem(items("user", ""), "account", ["set_item:user"]),
    "the result sets an empty user",
  );
  const tokens = result({ tokens: [{ token: "authtok", value: new Uint8Array([65, 0]) }] });
  assert.equal(
    resultProblem(tokens, "authenticate", ["set_authtok"]),
    "the result sets a token with a NUL in it",
  );
});

Deno.test("resultProblem() checks the names of variables whatever the grant", () => {
  const set = (name: string, ...grants: string[]) =>
    resultProblem(result({ environment: [{ name, value: "x" }] }), "openSession", grants);
  assert.equal(set("KRB5CCNAME", "env:KRB5CCNAME"), undefined);
  assert.equal(set("KRB5CCNAME", "env:KRB5*"), undefined);
  assert.match(
    set("KRB5CCNAME", "env:KRB5CC") ?? "",
    /variable KRB5CCNAME, which the grant env:NAME does not cover/,
  );
  for (const name of ["LD_PRELOAD", "PATH", "BASH_ENV", "PYTHONPATH"]) {
    assert.match(set(name, `env:${name}`, `env:${name[0]}*`) ?? "", /whatever its name/, name);
  }
  for (const name of ["", "1A", "A-B", "A=B", "A B", "Ä"]) {
    assert.equal(set(name, `env:${name}`), "the result sets a variable with a name that is none", name);
  }
});

Deno.test("resultProblem() refuses data without the action set, and a delay above the limit", () => {
  const data = new Uint8Array([1]);
  for (const data_action of ["keep", "delete"] as const) {
    assert.equal(
      resultProblem(result({ data_action, data }), "account", []),
      "the result has module data, but does not set them",
    );
  }
  assert.equal(
    resultProblem(result({ data_action: "set", data, code: "perm_denied" }), "account", []),
    undefined,
  );
  const { FAIL_DELAY_MAX_US } = LIMITS;
  assert.equal(resultProblem(result({ fail_delay_us: FAIL_DELAY_MAX_US }), "account", []), undefined);
  assert.equal(
    resultProblem(result({ fail_delay_us: FAIL_DELAY_MAX_US + 1 }), "account", []),
    `the result asks for a delay of more than ${FAIL_DELAY_MAX_US} microseconds`,
  );
});

Deno.test("requestProblem() wants the grant of each request, in a hook that has what is asked for", () => {
  const converse: Request = { type: "converse", messages: [{ style: "prompt_echo_on", text: "Colour? " }] };
  const problem = (request: Request, hook: Hook, ...grants: string[]) =>
    requestProblem(request, hook, grants, 1);
  assert.match(
    problem(converse, "authenticate") ?? "",
    /converse without the grant prompt: write grant=prompt on/,
  );
  for (const hook of ALL_HOOKS) {
    const hasTokens = ["authenticate", "preliminary", "update"].includes(hook);
    assert.equal(problem(converse, hook, "prompt"), undefined);
    assert.equal(problem({ type: "lookup_passwd" }, hook), undefined);
    assert.equal(problem({ type: "lookup_groups" }, hook), undefined);
    assert.match(problem({ type: "lookup_ageing" }, hook) ?? "", /without the grant shadow/);
    assert.equal(problem({ type: "lookup_ageing" }, hook, "shadow"), undefined);
    assert.match(
      problem({ type: "get_token", token: "authtok" }, hook, "set_authtok") ?? "",
      /without the grant authtok/,
    );
    assert.equal(
      problem({ type: "get_token", token: "authtok" }, hook, "authtok"),
      hasTokens ? undefined : "the worker sent get_token, but there is no token in this hook",
    );
  }
  const text: Request = { type: "converse", messages: [{ style: "text_info", text: "Hello" }] };
  assert.equal(problem(text, "authenticate", "prompt"), "the worker sent a converse without a prompt in it");
});

Deno.test("requestProblem() and textProblem() count", () => {
  const { REQUESTS_MAX, TEXTS_MAX } = LIMITS;
  assert.equal(requestProblem({ type: "lookup_passwd" }, "account", [], REQUESTS_MAX), undefined);
  assert.equal(
    requestProblem({ type: "lookup_passwd" }, "account", [], REQUESTS_MAX + 1),
    `the worker sent more than ${REQUESTS_MAX} requests`,
  );
  const text: MessageOf<"text"> = { type: "text", style: "error_msg", text: "No" };
  assert.equal(textProblem(text, TEXTS_MAX), undefined);
  assert.equal(textProblem(text, TEXTS_MAX + 1), `the worker sent more than ${TEXTS_MAX} texts`);
  assert.equal(
    textProblem({ ...text, style: "prompt_echo_on" }, 1),
    "the worker sent a text in the style of a prompt",
  );
});

Deno.test("resultProblem() admits user files under their grant, on auth and session lines, each once", () => {
  const files = (hook: Hook, names: readonly string[], ...grants: string[]) =>
    resultProblem(result({ user_files: names.map((name) => ({ name })) }), hook, grants);
  for (const hook of ["authenticate", "setCredentials", "openSession", "closeSession"] as const) {
    assert.equal(files(hook, ["token", "ticket-1"], "user_file:token", "user_file:ticket-*"), undefined);
  }
  const uncovered = "the result writes user file token, which the grant user_file:NAME does not cover";
  assert.equal(files("openSession", ["token"], "user_file:tokens", "env:token"), uncovered);
  for (const hook of ["account", "preliminary", "update"] as const) {
    assert.equal(files(hook, ["token"], "user_file:token"), uncovered);
  }
  for (const name of ["", ".", "../x", "a/b", "-a", "ä"]) {
    assert.equal(
      files("openSession", [name], "user_file:a*"),
      "the result writes a user file with a name that is none",
    );
  }
  assert.equal(
    files("openSession", ["token", "other", "token"], "user_file:token", "user_file:other"),
    "the result writes user file token twice",
  );
});

Deno.test("undefinedCode() follows the table, and ignores what is in none", () => {
  for (const hook of ALL_HOOKS) {
    const row = Object.entries(UNDEFINED_HOOKS).find(([name]) => name === hook)?.[1];
    for (const defined of ALL_HOOKS.filter((name) => name !== hook)) {
      assert.equal(
        undefinedCode(hook, [defined]),
        defined === row?.with ? row.then : "ignore",
        `${hook} ${defined}`,
      );
    }
  }
});

Deno.test("failureCode() follows the table, and no failure lets anybody in", () => {
  for (const failure of Object.keys(FAILURES) as FailureClass[]) {
    for (const hook of ALL_HOOKS) {
      const code = failureCode(failure, hook);
      assert.equal(code, FAILURES[failure][hook]);
      assert.ok(!["success", "ignore", "new_authtok_reqd"].includes(code), `${failure} ${hook}`);
    }
  }
});

Deno.test("failedCode() and userFailureCode() let no code through that would resume or admit", () => {
  for (const code of ["success", "conv_again", "incomplete"] as const) {
    assert.equal(failedCode(code), "conv_err");
  }
  assert.equal(failedCode("authtok_err"), "authtok_err");
  assert.equal(userFailureCode("conv_again", "authenticate"), "conv_err");
  assert.equal(userFailureCode("conv_err", "update"), "conv_err");
  assert.equal(userFailureCode("success", "authenticate"), "system_err");
  assert.equal(userFailureCode("authtok_err", "authenticate"), "system_err");
});

Deno.test("isLibpamWord() knows the words that pam_get_authtok(3) reads", () => {
  const words = [
    "use_first_pass",
    "try_first_pass",
    "use_authtok",
    "authtok_type=UNIX",
    "use_first_pas",
    "tz=UTC",
    "debug",
  ];
  assert.deepEqual(words.filter(isLibpamWord), words.slice(0, 4));
});

Deno.test("isLeftOut() leaves out a user prompt that is no line, and nothing else", () => {
  assert.equal(isLeftOut("user_prompt", "Name:\n"), true);
  assert.equal(isLeftOut("user_prompt", "x".repeat(LIMITS.ITEM_MAX + 1)), true);
  assert.equal(isLeftOut("user_prompt", "Name: "), false);
  assert.equal(isLeftOut("tty", "tty\n"), false);
});

Deno.test("textForPerson() and textForLog() take control characters out", () => {
  assert.equal(textForPerson("a\x1b[2Jb\nc\td\x7fe\x85f\r"), "a[2Jb\nc\tdef");
  assert.equal(textForLog("a\x1b[2Jb\nc\td\x7fe\x85f\r"), "a[2Jb c def");
  assert.equal(textForPerson("Grüße, 世界 🙂"), "Grüße, 世界 🙂");
});
