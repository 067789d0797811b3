// SPDX-License-Identifier: MIT
/**
 * Which permission checks were the module's: those of its hooks and of its loading, and not those of tests, fixtures and runner, which
 * share a process with it.
 *
 * A check belongs to the module if it was made between a hook's begin and end, and the innermost of our files in its stack is one that
 * the module imports; a server that a test runs beside the hook has another file there. Stacks go through `await`. Where a stack has
 * nobody's file, as behind a callback of Node's, the hook that was running is taken. Running the tests twice, with and without the module,
 * would not tell the two apart: without it a test stops at its first assertion.
 *
 * @module
 */

import * as v from "valibot";
import { LINE_TYPES, type LineType } from "../../hooks.ts";
import type { Words } from "../../words.ts";
import { type Mark, markOf } from "./marks.ts";

/** Deno's kinds of permissions. */
const KINDS = ["read", "write", "net", "env", "sys", "run", "ffi", "import"] as const;
/** The longest value or frame, in characters: a mark has the words of a line. */
const TEXT_MAX = 131_072;

/** One permission check. */
export interface Check {
  /** Its kind: `read`, `net`, … */
  readonly kind: string;
  /** What of it; `undefined` for all there is. */
  readonly value: string | undefined;
  /** Where from, the innermost first; empty if nobody knows. */
  readonly stack: readonly string[];
}

/** When the module needed something. */
export interface Moment {
  /** The hook, or `load`. */
  readonly hook: string;
  /** The test that ran it, as `FILE:LINE`, or `profile NAME`. */
  readonly by: string;
  /** The line of the module's own sources, as `FILE:LINE`, if it is known. */
  readonly at: string | undefined;
  /** The options of the hook, as words. */
  readonly words: Words;
}

/** A permission that the module used. */
export interface PermissionUse extends Moment {
  /** Its kind. */
  readonly kind: string;
  /** What of it; `undefined` for all there is. */
  readonly value: string | undefined;
  /** Whether the hook had looked before whether it has one of that kind, and so can do without. */
  readonly looked: boolean;
}

/** A grant that the module used. */
export interface GrantUse extends Moment {
  /** On which type of line. */
  readonly line: LineType;
  /** The word. */
  readonly grant: string;
}

/** All that the module used. */
export interface Uses {
  /** Permissions. */
  readonly permissions: readonly PermissionUse[];
  /** Grants. */
  readonly grants: readonly GrantUse[];
  /** Which hooks were run by tests or profiles. */
  readonly hooks: ReadonlySet<string>;
}

/** Whose files are whose, as URLs. */
export interface Owners {
  /** Of the module: its main file and all that it imports. */
  readonly module: ReadonlySet<string>;
  /** What the URLs of the SDK's files begin with. */
  readonly sdk: readonly string[];
  /** The files of `needs` itself. */
  readonly own: ReadonlySet<string>;
  /** The folder that places are named from, as a URL with a slash at the end. */
  readonly folder: string;
}

const TEXT = v.pipe(v.string(), v.maxLength(TEXT_MAX));
const LINE = v.object({
  permission: v.picklist(KINDS),
  value: v.nullish(TEXT),
  stack: v.nullish(v.array(TEXT)),
});

/** The lines of Deno's audit. Tests could have written into it: what is no line of Deno's is left out. */
export function readAudit(text: string): Check[] {
  return text.split("\n").flatMap((line) => {
    const { success, output } = v.safeParse(LINE, parse(line));
    if (!success) return [];
    return [{ kind: output.permission, value: output.value ?? undefined, stack: output.stack ?? [] }];
  });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Sorts the checks out. */
export function usesIn(checks: readonly Check[], owners: Owners): Uses {
  const sorting = new Sorting(owners);
  for (const check of checks) sorting.take(check);
  return sorting;
}

function isMark({ kind, value }: Check): boolean {
  return kind === "env" && value !== undefined && markOf(value) !== undefined;
}

interface Running extends Moment {
  readonly line: LineType;
  /** The kinds of permissions for which it looked whether it has them. */
  readonly looked: Set<string>;
}

interface Frame {
  readonly file: string;
  readonly line: string;
}

/** What `deno test` takes for tests. */
export const TEST_FILE = /(?:^|[/._])test\.(?:ts|tsx|mts|js|mjs|jsx|cts|cjs)$/;

const FRAME = /((?:file|https?):\/\/[^\s)]+?):(\d+):\d+\)?$/;

class Sorting implements Uses {
  readonly permissions: PermissionUse[] = [];
  readonly grants: GrantUse[] = [];
  readonly hooks = new Set<string>();
  readonly #owners: Owners;
  readonly #running = new Map<number, Running>();
  #loading = false;
  #profile: string | undefined;
  #before: readonly string[] = [];

  constructor(owners: Owners) {
    this.#owners = owners;
  }

  take(check: Check): void {
    const mark = isMark(check) ? markOf(check.value!) : undefined;
    if (mark === undefined) this.#check(check);
    else this.#mark(mark, check);
    this.#before = check.stack;
  }

  #mark(mark: Mark, { stack }: Check): void {
    switch (mark.is) {
      case "load":
        // Whatever was still running in the process of another file of tests is gone with it.
        this.#running.clear();
        this.#profile = undefined;
        this.#loading = true;
        return;
      case "loaded":
        this.#loading = false;
        return;
      case "profile":
        this.#profile = mark.name;
        return;
      case "begin": {
        const by = this.#profile === undefined ? this.#testIn(stack) : `profile ${this.#profile}`;
        const { hook, words } = mark;
        const line = LINE_TYPES[hook as keyof typeof LINE_TYPES];
        this.#running.set(mark.id, { hook, words, by, line, at: undefined, looked: new Set() });
        return;
      }
      case "needed": {
        const of = this.#running.get(mark.id);
        if (of) {
          const { hook, by, words, line } = of;
          this.grants.push({ hook, by, words, line, grant: mark.grant, at: this.#moduleIn(stack) });
        }
        return;
      }
      case "end":
        if (mark.failure !== "misconfigured") this.hooks.add(this.#running.get(mark.id)?.hook ?? "");
        this.#running.delete(mark.id);
        return;
      case "query":
        if (!this.#isOthers(stack)) {
          for (const { looked } of this.#running.values()) {
            looked.add(mark.kind);
          }
        }
        return;
      case "run":
        this.#check({ kind: "run", value: mark.program, stack });
    }
  }

  #check({ kind, value: said, stack }: Check): void {
    const value = kind === "net" && said !== undefined ? hostOf(said) : said;
    const moment = this.#momentOf(stack, value);
    if (moment === undefined) return;
    // Checks of some of Deno's functions carry the stack of the check before.
    const known = stack.length > 0 && stack.join("\n") !== this.#before.join("\n");
    const at = known ? this.#moduleIn(stack) : undefined;
    const { hook, by, words, looked } = moment;
    this.permissions.push({ hook, by, words, kind, value, at, looked: looked?.has(kind) ?? false });
  }

  /** When the module did it; `undefined` if it was not the module. */
  #momentOf(stack: readonly string[], value: string | undefined): Moment & Partial<Running> | undefined {
    if (this.#loading) return { hook: "load", by: "when it is loaded", at: undefined, words: {} };
    if (this.#running.size === 0 || this.#isOthers(stack)) return undefined;
    // Of several hooks at once it is the one that was told of it.
    const running = [...this.#running.values()];
    return running.findLast(({ words }) => value !== undefined && isNamed(value, words)) ?? running.at(-1);
  }

  /** Whether the innermost of all files that belong to somebody is one that the module does not import. */
  #isOthers(stack: readonly string[]): boolean {
    const { module, sdk, own } = this.#owners;
    const first = framesOf(stack).find(({ file }) => !isPackage(file));
    if (first === undefined || own.has(first.file) || sdk.some((url) => first.file.startsWith(url))) {
      return false;
    }
    return !module.has(first.file);
  }

  #testIn(stack: readonly string[]): string {
    const { module, sdk, own } = this.#owners;
    const frames = framesOf(stack).filter(({ file }) =>
      !isPackage(file) && !own.has(file) && !module.has(file) && !sdk.some((url) => file.startsWith(url))
    );
    // A test may have helpers in files of their own.
    const frame = frames.find(({ file }) => TEST_FILE.test(file)) ?? frames.at(-1);
    return frame === undefined ? "a test" : this.#place(frame);
  }

  #moduleIn(stack: readonly string[]): string | undefined {
    const { module, sdk } = this.#owners;
    const frame = framesOf(stack).find(({ file }) =>
      module.has(file) && !isPackage(file) && !sdk.some((url) => file.startsWith(url))
    );
    return frame && this.#place(frame);
  }

  #place({ file, line }: Frame): string {
    const { folder } = this.#owners;
    const name = file.startsWith(folder) ? file.slice(folder.length) : file.replace(/^file:\/\//, "");
    return `${decodeURIComponent(name)}:${line}`;
  }
}

/** The ports of URLs without one. */
const PORTS: Readonly<Record<string, string>> = {
  "http:": "80",
  "https:": "443",
  "ws:": "80",
  "wss:": "443",
};

/** A host with its port: requests are checked by their URL. */
function hostOf(value: string): string {
  const url = /^(?:https?|wss?):\/\//.test(value) ? URL.parse(value) : null;
  return url === null ? value : `${url.hostname}:${url.port || PORTS[url.protocol]}`;
}

/** Whether what was used, or something above it, is among the options. */
function isNamed(value: string, words: Words): boolean {
  return Object.values(words).flat().some((word) =>
    typeof word === "string" && word !== "" && (value.startsWith(word) || word.startsWith(`${value}/`))
  );
}

function framesOf(stack: readonly string[]): Frame[] {
  return stack.flatMap((text) => {
    const [, file, line] = FRAME.exec(text) ?? [];
    return file === undefined ? [] : [{ file, line: line! }];
  });
}

/** Whether a file is of a package, which both the module and its tests may use. */
function isPackage(file: string): boolean {
  return /\/node_modules\/|\/npm\/[^/]+\/(?:@[^/]+\/)?[^/]+\/\d+\./.test(file);
}
