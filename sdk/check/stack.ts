// SPDX-License-Identifier: MIT
/**
 * Puts the stacks of a service together out of the files of pam.d, as libpam does: `@include`, `include`, `substack`.
 *
 * @module
 */

import { basename } from "node:path";
import { type PamLine, type PamType, readPamFile } from "../config/pam_d.ts";
import { type Actions, readControl } from "./control.ts";

/** One element of a stack. */
export interface Entry {
  /** Where it stands; of a substack, and of what was to be included and could not be, the line that names it. */
  readonly line: PamLine;
  /** The files that it came through: the service's first, that of {@linkcode Entry.line} last. */
  readonly chain: readonly string[];
  /** How deep in substacks it is. */
  readonly level: number;
  /** What it is: `broken` fails whatever happens, `substack` is counted by jumps and does nothing. */
  readonly kind: "module" | "substack" | "broken";
  /** What becomes of its result. */
  readonly actions: Actions;
}

/** A stack. */
export interface Stack {
  /** The name of the service's file. */
  readonly service: string;
  /** Its type. */
  readonly type: PamType;
  /** What it is made of, in order. */
  readonly entries: readonly Entry[];
  /** What is wrong with it, by the line where. */
  readonly problems: readonly StackProblem[];
}

/** Something that is wrong with how a stack is put together. */
export interface StackProblem {
  /** The line. */
  readonly line: PamLine;
  /** What is wrong. */
  readonly what: string;
}

/** How deep files may include one another: libpam's own limit. */
const LEVELS_MAX = 16;

/** Lines of one stack that are looked at: files that include each other many times would otherwise never end. */
const ENTRIES_MAX = 512;

/** The files of pam.d, each read once. */
export class PamFiles {
  /** The files by the name of the service. */
  readonly services: ReadonlyMap<string, string>;
  readonly #read: Map<string, readonly PamLine[] | Error> = new Map();

  /** Takes the files by the name of their service. */
  constructor(services: ReadonlyMap<string, string>) {
    this.services = services;
  }

  /** The lines of a file, or why they cannot be read. */
  linesOf(file: string): readonly PamLine[] | Error {
    let lines = this.#read.get(file);
    if (lines === undefined) {
      try {
        lines = readPamFile(file);
      } catch (error) {
        lines = error as Error;
      }
      this.#read.set(file, lines);
    }
    return lines;
  }

  /** The file that an `include` of `name` means; `undefined` if there is none. */
  resolve(name: string): string | undefined {
    return name.startsWith("/") ? name : this.services.get(name);
  }

  /** The files that some other file includes: they are parts, not services. */
  parts(): ReadonlySet<string> {
    const included = new Set<string>();
    for (const file of this.services.values()) {
      const lines = this.linesOf(file);
      for (const line of lines instanceof Error ? [] : lines) {
        const target = includes(line) ? this.resolve(line.module) : undefined;
        if (target !== undefined && target !== file) included.add(target);
      }
    }
    return included;
  }
}

/** Whether a line takes the lines of another file. */
export function includes({ type, control, bracketed }: PamLine): boolean {
  return type === "@include" || (!bracketed && (control === "include" || control === "substack"));
}

/** Puts the stack of one type together. */
export function buildStack(files: PamFiles, service: string, type: PamType): Stack {
  const builder = new Builder(files, type);
  const file = files.services.get(service);
  if (file !== undefined) builder.add(file, 0, []);
  return { service, type, entries: builder.entries, problems: builder.problems };
}

class Builder {
  readonly #files: PamFiles;
  readonly #type: PamType;
  readonly entries: Entry[] = [];
  readonly problems: StackProblem[] = [];

  constructor(files: PamFiles, type: PamType) {
    this.#files = files;
    this.#type = type;
  }

  /** Adds the lines of a file; `chain` are the files that led to it. Gives why it cannot be read, if so. */
  add(file: string, level: number, chain: readonly string[]): string | undefined {
    if (chain.includes(file)) return `${file} includes itself`;
    if (chain.length >= LEVELS_MAX) return `files include one another more than ${LEVELS_MAX} deep`;
    const lines = this.#files.linesOf(file);
    if (lines instanceof Error) return lines.message;
    for (const line of lines) {
      if (this.entries.length >= ENTRIES_MAX) return `the stack has more than ${ENTRIES_MAX} lines`;
      this.#addLine(line, level, [...chain, file]);
    }
  }

  #addLine(line: PamLine, level: number, chain: readonly string[]): void {
    // A type that libpam does not know counts as the most sensitive one.
    const type = line.type ?? "auth";
    if (type !== this.#type && type !== "@include") return;
    const { actions } = readControl(line);
    if (line.problem !== undefined) {
      this.entries.push({ line, chain, level, kind: "broken", actions });
      return;
    }
    if (!includes(line)) {
      this.entries.push({ line, chain, level, kind: "module", actions });
      return;
    }
    const deeper = line.control === "substack";
    if (deeper) this.entries.push({ line, chain, level, kind: "substack", actions });
    const file = this.#files.resolve(line.module);
    const problem = file === undefined
      ? `${line.module} is not in any folder of pam.d`
      : this.add(file, level + (deeper ? 1 : 0), chain);
    if (problem === undefined) return;
    this.problems.push({ line, what: problem });
    this.entries.push({ line, chain, level, kind: "broken", actions });
  }
}

/** Whether a module's file on a line is `name`, whatever folder it is in. */
export function isModule({ line, kind }: Entry, ...names: readonly string[]): boolean {
  return kind === "module" && names.includes(basename(line.module));
}
