// SPDX-License-Identifier: MIT
/**
 * Finds out what a module declares, by loading its bundle in a process that may do nothing.
 *
 * @module
 */

import * as v from "valibot";
import { grantProblem } from "../grants.ts";
import { HOOKS, type LineType } from "../hooks.ts";
import type { Launch } from "./launch.ts";
import { printable } from "./lines.ts";
import type { OpenPermissions } from "../config/permissions.ts";
import { mistrustSoon } from "./proc.ts";
import { LIMITS } from "../wire/schema.ts";
import { letGo } from "./worker_process.ts";

/** How long a module may take to load. */
export const PROBE_MAX_MS = 5_000;
/** How many modules are loaded at once: more than there are processors would only make each late. */
const PROBES_AT_ONCE = 2;
/** What a probe may print. */
const OUTPUT_MAX = 65_536;

/** What a module says it is and needs. It is the module's word: it grants nothing. */
export interface Declaration {
  /** The hooks it defines, in the order of HOOKS. */
  readonly hooks: readonly (keyof typeof HOOKS)[];
  /** The grants it needs, by the type of the pam.d line. */
  readonly grants: { readonly [T in LineType]?: readonly string[] | undefined };
  /** The permissions it needs. */
  readonly permissions: OpenPermissions;
}

/** A module that cannot be loaded. The message says why. */
export class ProbeError extends Error {
  override name = "ProbeError";
}

const WORD = v.pipe(v.string(), v.maxLength(1024));

/** Grants that exist on a line of type `line`: nothing else can be written behind `grant=`. */
function grantsOf(line: LineType) {
  const grant = v.pipe(v.string(), v.check((word) => grantProblem(word, line) === undefined));
  return v.optional(v.pipe(v.array(grant), v.maxLength(LIMITS.GRANTS_MAX)));
}

/** The shape of a {@linkcode Declaration}. */
export const DECLARATION = v.object({
  hooks: v.pipe(
    v.array(v.picklist(Object.keys(HOOKS) as (keyof typeof HOOKS)[])),
    v.minLength(1),
    v.maxLength(7),
  ),
  grants: v.strictObject({
    auth: grantsOf("auth"),
    account: grantsOf("account"),
    session: grantsOf("session"),
    password: grantsOf("password"),
  }),
  permissions: v.record(
    v.string(),
    v.pipe(v.array(v.union([WORD, v.strictObject({ option: WORD })])), v.maxLength(256)),
  ),
});

/** Loads a module's bundle without any permission and gives what it declares. */
export async function probe(launch: Launch): Promise<Declaration> {
  const line = await runProbe(launch);
  try {
    return v.parse(DECLARATION, JSON.parse(line)) as Declaration;
  } catch {
    throw new ProbeError(
      "what it declares cannot be read: its main file must not print or exit when it is loaded",
    );
  }
}

let running = 0;
const waiting: (() => void)[] = [];

/**
 * Starts a process that loads a module and gives the last line that it printed, which may be anything. Others that are being loaded go
 * first; their time does not count.
 *
 * @throws {ProbeError} if it fails, or is not done within {@linkcode PROBE_MAX_MS}.
 */
export async function runProbe(launch: Launch): Promise<string> {
  if (running === PROBES_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    return await loadIn(launch);
  } finally {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }
}

async function loadIn({ command, args, env, expected }: Launch): Promise<string> {
  const child = new Deno.Command(command, {
    args: [...args],
    env: { ...env },
    clearEnv: true,
    cwd: "/",
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, PROBE_MAX_MS);
  const distrust = (await mistrustSoon(child.pid, expected))?.problem;
  if (distrust) child.kill("SIGKILL");
  await letGo(child.stdin);
  const [output, complaint, { success }] = await Promise.all([
    readAll(child.stdout),
    readAll(child.stderr),
    child.status,
  ]);
  clearTimeout(timer);
  if (distrust) throw new ProbeError(`its process is not what was started: ${distrust}`);
  if (late) {
    throw new ProbeError(
      `it did not load within ${PROBE_MAX_MS} ms: a module must not wait or loop at its top level`,
    );
  }
  if (!success) throw new ProbeError(explain(complaint));
  return output.trimEnd().split("\n").at(-1)!;
}

/** Reads a stream to its end and keeps its first {@linkcode OUTPUT_MAX} bytes. */
async function readAll(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    if (text.length < OUTPUT_MAX) text += decoder.decode(chunk, { stream: true });
  }
  return text.slice(0, OUTPUT_MAX);
}

/** What a process that failed had to say, fit for a log. */
function explain(complaint: string): string {
  const lines = complaint.trim().split("\n").slice(0, 12).map((line) =>
    printable(line.replace(/^<[0-7]>/, ""))
  );
  return lines.join("\n  ").slice(0, 4096) || "it ended without a word";
}
