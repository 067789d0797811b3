// SPDX-License-Identifier: MIT
/**
 * Writes the C half of the protocol, its fingerprint, also in `sdk/version.ts`, and the tables of PROTOCOL.md from
 * `sdk/wire/schema.ts`. `deno task gen` runs it.
 *
 * @module
 */

import { COMMON_CODES, FAILURES, HOOK_CODES, HOOKS, UNDEFINED_HOOKS } from "../sdk/hooks.ts";
import { FLAGS } from "../sdk/tokens.ts";
import { ENUMS, LIMITS, MESSAGES, VERSION } from "../sdk/wire/schema.ts";
import type { Definition } from "../sdk/wire/types.ts";
import { ORIGIN } from "./gen/c_code.ts";
import { messageHeader, messageSource } from "./gen/c_messages.ts";
import { type HookTables, tokensHeader, tokensSource } from "./gen/c_tokens.ts";
import { checkDefinition } from "./gen/check.ts";
import type { GeneratedFile } from "./gen/files.ts";
import { fingerprint, fingerprintModule } from "./gen/fingerprint.ts";
import { fillMarkers, protocolParts } from "./gen/protocol_tables.ts";

/** The protocol as `schema.ts` has it. */
export const DEFINITION: Definition = { version: VERSION, limits: LIMITS, enums: ENUMS, messages: MESSAGES };

const TABLES: HookTables = {
  hooks: HOOKS,
  common: COMMON_CODES,
  codes: HOOK_CODES,
  undefinedHooks: UNDEFINED_HOOKS,
  failures: FAILURES,
  flags: FLAGS,
};

/** All that is made from the definition, as it should be in the repository whose root is `root`. */
export function wireFiles(root: URL): GeneratedFile[] {
  checkDefinition(DEFINITION);
  const read = (path: string) => Deno.readTextFileSync(new URL(path, root));
  const parts = protocolParts(DEFINITION, TABLES, read("sdk/wire/schema.ts"));
  return [
    { path: "shim/message_gen.h", text: messageHeader(DEFINITION, ORIGIN) },
    { path: "shim/message_gen.c", text: messageSource(DEFINITION, ORIGIN) },
    { path: "shim/tokens_gen.h", text: tokensHeader(DEFINITION, ORIGIN, TABLES) },
    { path: "shim/tokens_gen.c", text: tokensSource(DEFINITION, ORIGIN, TABLES) },
    { path: "sdk/wire/fingerprint_gen.ts", text: fingerprintModule(DEFINITION) },
    { path: "sdk/version.ts", text: identified(read("sdk/version.ts")) },
    { path: "PROTOCOL.md", text: fillMarkers(read("PROTOCOL.md"), parts) },
  ];
}

/** `sdk/version.ts` with the protocol's version and fingerprint of today; its own version is written by people. */
function identified(text: string): string {
  const today = `protocol ${VERSION} fingerprint ${fingerprint(DEFINITION).toHex()}`;
  return text.replace(/protocol \d+ fingerprint [0-9a-f]+/, today);
}
