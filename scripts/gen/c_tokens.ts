// SPDX-License-Identifier: MIT
/**
 * Writes `tokens_gen.h` and `tokens_gen.c`: limits, enumerations, and the tables of hooks, codes and failures.
 *
 * @module
 */

import type { FAILURES, Hook, HOOKS, UNDEFINED_HOOKS } from "../../sdk/hooks.ts";
import type { Definition } from "../../sdk/wire/types.ts";
import { banner, bitSet, comment, enumeration, fill, macroCase, type Origin } from "./c_code.ts";
import { DefinitionError } from "./check.ts";
import { fingerprint, FINGERPRINT_SIZE } from "./fingerprint.ts";

/** The tables of `hooks.ts` and `tokens.ts` that the shim decides by. */
export interface HookTables {
  /** Hooks by their numbers, from 1 without a gap. */
  readonly hooks: typeof HOOKS;
  /** Codes that any hook may return. */
  readonly common: readonly string[];
  /** Codes that a hook may return beside them. */
  readonly codes: Readonly<Record<Hook, readonly string[]>>;
  /** What an undefined hook answers. */
  readonly undefinedHooks: typeof UNDEFINED_HOOKS;
  /** The codes of the classes of failure. */
  readonly failures: typeof FAILURES;
  /** Flags, to be compared with libpam's header. */
  readonly flags: Readonly<Record<string, number>>;
}

function limits(definition: Definition): string {
  return Object.entries(definition.limits).map(([name, value]) => `#define LIMIT_${name} ${value}`).join(
    "\n",
  );
}

function enums(definition: Definition): string {
  return Object.entries(definition.enums).map(([name, table]) => {
    const members = Object.entries(table).map(([token, value]) =>
      [`${macroCase(name)}_${macroCase(token)}`, value] as const
    );
    return `${enumeration(name, members)}#define ENUM_${macroCase(name)} ${bitSet(Object.values(table))}\n`;
  }).join("\n");
}

/** The part of `tokens_gen.h` that any definition has. */
function generalHeader(definition: Definition): string[] {
  return [
    "/* Lengths are in octets, without a terminator. */",
    limits(definition),
    "",
    `#define WIRE_VERSION ${definition.version}`,
    `#define WIRE_FINGERPRINT_SIZE ${FINGERPRINT_SIZE}`,
    `#define WIRE_FINGERPRINT_TEXT "${fingerprint(definition).toHex()}"`,
    "extern const uint8_t wire_fingerprint[WIRE_FINGERPRINT_SIZE];\n",
    "/* Bit n of ENUM_X is set if n is a value of enum x. */",
    enums(definition),
  ];
}

const HOOK_FUNCTIONS = `/* The code that a failure is for a hook; PAM_SYSTEM_ERR if either is none. */
int failure_code(enum failure, enum hook);
/* Whether a handler of the hook may return the code. */
bool hook_allows(enum hook, unsigned code);
/*
 * What a hook answers that the module does not define. defined holds
 * HOOK_BIT(HOOK_X) for each hook X that it does.
 */
int hook_undefined_code(enum hook, uint32_t defined);

/* Words for the log and for hooks/NAME; "unknown" if there is none. */
const char *hook_word(enum hook);
const char *code_token(unsigned code);
const char *failure_word(enum failure);
const char *item_word(unsigned item);
`;

/** `tokens_gen.h`; without `tables` only what any definition has. */
export function tokensHeader(definition: Definition, origin: Origin, tables?: HookTables): string {
  const head = [
    banner(origin),
    "#ifndef TOKENS_GEN_H\n#define TOKENS_GEN_H\n",
    "#include <stdbool.h>\n#include <stdint.h>\n",
    ...generalHeader(definition),
  ];
  if (tables !== undefined) {
    checkHooks(tables);
    const classes = Object.keys(tables.failures);
    head.push(
      "/* Hooks are numbered from 1 to HOOK_COUNT. */",
      `#define HOOK_COUNT ${Object.keys(tables.hooks).length}`,
      "#define HOOK_BIT(hook) (UINT32_C(1) << (hook))\n",
      "/* Classes of failure. */",
      enumeration("failure", classes.map((name, i) => [`FAILURE_${macroCase(name)}`, i] as const)),
      `#define FAILURE_COUNT ${classes.length}\n`,
      HOOK_FUNCTIONS,
    );
  }
  return [...head, "#endif /* TOKENS_GEN_H */\n"].join("\n");
}

function checkHooks(tables: HookTables): void {
  Object.entries(tables.hooks).forEach(([hook, number], i) => {
    if (number !== i + 1) {
      throw new DefinitionError(`HOOKS.${hook}`, `${number} is not ${i + 1}: number them from 1 on`);
    }
  });
}

/** The macro of a token of libpam. The header spells one code otherwise than pam.conf(5). */
function pamMacro(token: string): string {
  return token === "authtok_recover_err" ? "PAM_AUTHTOK_RECOVERY_ERR" : `PAM_${macroCase(token)}`;
}

function assertion(condition: string, why: string): string {
  return fill("_Static_assert(", [`${condition},`, `"${why}");`], "    ");
}

/** Assertions that make the platform's headers the judge of our tables. */
function assertions(definition: Definition, tables: HookTables): string {
  const lines: string[] = [];
  for (const name of ["code", "item", "token", "style"]) {
    for (const token of Object.keys(definition.enums[name]!)) {
      lines.push(assertion(`(int)${macroCase(name)}_${macroCase(token)} == ${pamMacro(token)}`, token));
    }
  }
  for (const [token, bit] of Object.entries(tables.flags)) {
    lines.push(assertion(`${pamMacro(token)} == 0x${bit.toString(16)}`, token));
  }
  const levels = { error: "LOG_ERR", warning: "LOG_WARNING", info: "LOG_INFO", debug: "LOG_DEBUG" };
  for (const [level, macro] of Object.entries(levels)) {
    lines.push(assertion(`(int)LEVEL_${macroCase(level)} == ${macro}`, level));
  }
  const codes = Object.keys(definition.enums.code!).length;
  lines.push(
    assertion(`_PAM_RETURN_VALUES == ${codes}`, "libpam has codes that sdk/tokens.ts lacks"),
    assertion("LIMIT_TEXT_MAX == PAM_MAX_MSG_SIZE - 1", "TEXT_MAX"),
    assertion("LIMIT_TOKEN_MAX == PAM_MAX_RESP_SIZE - 1", "TOKEN_MAX"),
    assertion("LIMIT_MESSAGES_MAX == PAM_MAX_NUM_MSG", "MESSAGES_MAX"),
  );
  return lines.join("\n");
}

/** A table of words as arrays of characters: no pointer, so nothing to relocate. */
function words(name: string, count: string, entries: readonly (readonly [string, string])[]): string {
  const size = Math.max(...entries.map(([, word]) => word.length)) + 1;
  const lines = entries.map(([index, word]) => `\t[${index}] = "${word}"`);
  return `static const char ${name}[${count}][${size}] = {\n${lines.join(",\n")}\n};\n`;
}

function codeSets(tables: HookTables): string {
  const line = (name: string, codes: readonly string[], base?: string) => {
    const bits = codes.map((code) => `CODE_BIT(CODE_${macroCase(code)})`);
    const all = base === undefined ? bits : [base, ...bits];
    return fill(name, all.map((bit, i) => bit + (i + 1 < all.length ? " |" : "")), "\t    ");
  };
  const sets = Object.keys(tables.hooks).map((hook) =>
    line(`\t[HOOK_${macroCase(hook)}] = `, tables.codes[hook as Hook], "COMMON_CODES")
  );
  return [
    "#define CODE_BIT(code) (UINT32_C(1) << (code))\n",
    "/* Codes that any hook may return. */",
    `static const uint32_t common_codes =\n${
      line("    ", tables.common).replaceAll("\t", "").replaceAll(/^ +/gm, "    ")
    };\n`,
    "/* Codes that a hook may return beside the common ones. */",
    `static const uint32_t hook_codes[HOOK_COUNT + 1] = {\n${
      sets.join(",\n").replaceAll("COMMON_CODES | ", "").replaceAll("COMMON_CODES |\n\t    ", "\n\t    ")
    }\n};\n`,
  ].join("\n");
}

function failureCodes(tables: HookTables): string {
  const rows = Object.entries(tables.failures).map(([name, codes]) => {
    const row = Object.entries(codes).map(([hook, code]) =>
      `\t\t[HOOK_${macroCase(hook)}] = CODE_${macroCase(code)}`
    );
    return `\t[FAILURE_${macroCase(name)}] = {\n${row.join(",\n")}\n\t}`;
  });
  return [
    `static const uint8_t failure_codes[FAILURE_COUNT][HOOK_COUNT + 1] = {\n${rows.join(",\n")}\n};`,
    "",
  ].join("\n");
}

function undefinedCode(tables: HookTables): string {
  const cases = Object.entries(tables.undefinedHooks).map(([hook, { with: partner, then }]) =>
    [
      `\tcase HOOK_${macroCase(hook)}:`,
      `\t\tif (defined & HOOK_BIT(HOOK_${macroCase(partner)}))`,
      `\t\t\treturn CODE_${macroCase(then)};`,
      "\t\tbreak;",
    ].join("\n")
  );
  return `int
hook_undefined_code(enum hook hook, uint32_t defined)
{
	switch ((int)hook) {
${cases.join("\n")}
	}
	return CODE_IGNORE;
}
`;
}

const FUNCTIONS = `/* Whether the number is that of a hook, whatever the caller made of it. */
static bool
is_hook(enum hook hook)
{
	return (unsigned)hook >= 1 && (unsigned)hook <= HOOK_COUNT;
}

int
failure_code(enum failure failure, enum hook hook)
{
	if ((unsigned)failure >= FAILURE_COUNT || !is_hook(hook))
		return CODE_SYSTEM_ERR;
	return failure_codes[failure][hook];
}

bool
hook_allows(enum hook hook, unsigned code)
{
	if (!is_hook(hook) || code >= 32)
		return false;
	return ((common_codes | hook_codes[hook]) & CODE_BIT(code)) != 0;
}
`;

const WORDS = `const char *
hook_word(enum hook hook)
{
	return is_hook(hook) ? hook_words[hook] : "unknown";
}

const char *
code_token(unsigned code)
{
	return code < CODE_COUNT ? code_tokens[code] : "unknown";
}

const char *
failure_word(enum failure failure)
{
	if ((unsigned)failure >= FAILURE_COUNT)
		return "unknown";
	return failure_words[failure];
}

const char *
item_word(unsigned item)
{
	if (item < ITEM_COUNT && item_words[item][0] != '\\0')
		return item_words[item];
	return "unknown";
}
`;

/** The fingerprint as a C array. */
function fingerprintArray(definition: Definition): string {
  const octets = [...fingerprint(definition)].map((octet) => `0x${octet.toString(16).padStart(2, "0")}`);
  return `const uint8_t wire_fingerprint[WIRE_FINGERPRINT_SIZE] = {\n${
    fill("\t", octets.map((octet, i) => octet + (i + 1 < octets.length ? "," : "")), "\t")
  }\n};\n`;
}

/** `tokens_gen.c`; without `tables` only the fingerprint. */
export function tokensSource(definition: Definition, origin: Origin, tables?: HookTables): string {
  if (tables === undefined) {
    return [banner(origin), '#include "tokens_gen.h"\n', fingerprintArray(definition)].join("\n");
  }
  const by = (name: string) =>
    Object.keys(definition.enums[name]!).map((token) =>
      [`${macroCase(name)}_${macroCase(token)}`, token] as const
    );
  const last = (name: string) => Math.max(...Object.values(definition.enums[name]!)) + 1;
  return [
    banner(origin),
    "#include <security/pam_modules.h>\n",
    "#include <syslog.h>\n",
    '#include "tokens_gen.h"\n',
    comment("The platform's headers are the judge of our tables."),
    assertions(definition, tables),
    "",
    `#define CODE_COUNT ${last("code")}`,
    `#define ITEM_COUNT ${last("item")}\n`,
    fingerprintArray(definition),
    codeSets(tables),
    failureCodes(tables),
    words("hook_words", "HOOK_COUNT + 1", by("hook")),
    words("code_tokens", "CODE_COUNT", by("code")),
    words("item_words", "ITEM_COUNT", by("item")),
    words(
      "failure_words",
      "FAILURE_COUNT",
      Object.keys(tables.failures).map((name) => [`FAILURE_${macroCase(name)}`, name] as const),
    ),
    FUNCTIONS,
    undefinedCode(tables),
    WORDS.trimEnd() + "\n",
  ].join("\n");
}
