// SPDX-License-Identifier: MIT
/**
 * What a worker that is tried tells of its module and of each hook, in lines of standard output. It is the module's word: it is shown,
 * and decides nothing.
 *
 * @module
 */

import * as v from "valibot";
import { type Hook, HOOKS } from "../../hooks.ts";
import { CODES, type PamCode, TOKENS } from "../../tokens.ts";
import { DECLARATION, type Declaration } from "../../supervisor/probe.ts";

/** The first words of the lines. */
export const WORDS = { declared: "declared ", ended: "ended ", synced: "synced " } as const;

/** What a module declares, and what it says to the options of its line. */
export interface Declared extends Declaration {
  /** The options that it knows; `null` if it takes any. */
  readonly known: readonly string[] | null;
  /** Why the options of the line are refused, if they are. */
  readonly error?: string | undefined;
  /** What of the options is not used, a sentence each. */
  readonly warnings: readonly string[];
}

/** What was seen of one hook from within the worker. */
export interface Sighting {
  /** The hook. */
  readonly hook: Hook;
  /** What it ended with, if the answer could be sent. */
  readonly code?: PamCode | undefined;
  /** The class of the failure, if it was one, and what the log says of it. */
  readonly fault?: { readonly kind: string; readonly message: string } | undefined;
  /** The kinds of what it asked and sent, in order. */
  readonly sent: readonly string[];
  /** Items that it set. */
  readonly items: Readonly<Record<string, string>>;
  /** Variables that it set, or deleted (`null`). */
  readonly environment: Readonly<Record<string, string | null>>;
  /** Tokens that it set, by name only. */
  readonly tokens: readonly string[];
  /** User files that it wrote or deleted, by name only. */
  readonly userFiles: Readonly<Record<string, "written" | "deleted">>;
  /** What became of the module data, and which keys they have then. */
  readonly data: { readonly action: string; readonly keys: readonly string[] };
  /** The delay after a failure that it asked for, in microseconds. */
  readonly failDelayUs: number;
  /** Where the module data came from, as the module is told. */
  readonly continuity: "same" | "resumed" | "none";
}

const HOOK = v.picklist(Object.keys(HOOKS) as Hook[]);
const CODE = v.picklist(Object.keys(CODES) as PamCode[]);
const TEXT = v.string();

const DECLARED = v.object({
  ...DECLARATION.entries,
  known: v.nullable(v.array(TEXT)),
  error: v.optional(TEXT),
  warnings: v.array(TEXT),
});

const SIGHTING = v.object({
  hook: HOOK,
  code: v.optional(CODE),
  fault: v.optional(v.object({ kind: TEXT, message: TEXT })),
  sent: v.array(TEXT),
  items: v.record(TEXT, TEXT),
  environment: v.record(TEXT, v.nullable(TEXT)),
  tokens: v.array(v.picklist(Object.keys(TOKENS))),
  userFiles: v.record(TEXT, v.picklist(["written", "deleted"])),
  data: v.object({ action: TEXT, keys: v.array(TEXT) }),
  failDelayUs: v.number(),
  continuity: v.picklist(["same", "resumed", "none"]),
});

/** Reads what a line says of the module; `undefined` if that cannot be read. */
export function readDeclared(json: string): Declared | undefined {
  return read(DECLARED, json) as Declared | undefined;
}

/** Reads what a line says of a hook; `undefined` if that cannot be read. */
export function readSighting(json: string): Sighting | undefined {
  return read(SIGHTING, json) as Sighting | undefined;
}

function read(schema: v.GenericSchema, json: string): unknown {
  try {
    const { success, output } = v.safeParse(schema, JSON.parse(json));
    return success ? output : undefined;
  } catch {
    return undefined;
  }
}
