// SPDX-License-Identifier: MIT
/**
 * Where LogTape's records go in a worker and in the supervisor: standard error, a line each.
 *
 * @module
 */

import { configureSync, type LogRecord, type Sink } from "@logtape/logtape";
import { splitCode } from "../coded.ts";
import { UNPRINTABLE } from "../text.ts";

/** Levels of syslog(3), in the prefix that a journal takes off a line: see sd-daemon(3). */
const PRIORITIES = { trace: 7, debug: 7, info: 6, warning: 4, error: 3, fatal: 3 } as const;

/** Names of properties whose values are never shown, whoever logs them. */
const SECRET_NAMES = /pass(?:wor[dt]|wd|phrase)|secret|tok(?:en)?$|authtok|credential|private.?key/i;

/** As many as stand side by side. */
const UNPRINTABLES = new RegExp(`${UNPRINTABLE.source}+`, UNPRINTABLE.flags);

/** The longest line, in characters. */
const LINE_MAX = 2_000;

/** The text of a record: one line, without control characters. Octets and values with a name like `password` are not shown. */
export function formatRecord({ message, rawMessage, properties }: LogRecord): string {
  const shown = new Set<unknown>();
  let text = "";
  for (const [index, part] of message.entries()) {
    if (index % 2 === 0) text += part;
    else {
      shown.add(part);
      text += showValue(nameOf(part, properties), part);
    }
  }
  for (const [name, value] of Object.entries(properties)) {
    const named = typeof rawMessage === "string" && rawMessage.includes(`{${name}}`);
    if (!named && !shown.has(value)) text += ` ${name}=${showValue(name, value)}`;
  }
  // The frames of a stack stay apart; nothing else that controls a terminal or ends a line is left.
  const flat = text.replace(/(?<!\s)\s*\n\s*/g, " | ");
  const line = flat.replace(UNPRINTABLES, " ");
  if (line.length <= LINE_MAX) return line;
  // The code and the link at the end stay; what is cut is what stands in front of them.
  const { text: cause } = splitCode(line);
  return `${cause.slice(0, LINE_MAX)}…${line.slice(cause.length)}`;
}

function nameOf(value: unknown, properties: Record<string, unknown>): string {
  return Object.keys(properties).find((name) => properties[name] === value) ?? "";
}

function showValue(name: string, value: unknown): string {
  if (SECRET_NAMES.test(name)) return "[redacted]";
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.stack ?? String(value);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} octets]`;
  return typeof value === "object" && value !== null ? inspect(value) : String(value);
}

function inspect(value: object): string {
  return Deno.inspect(value, { depth: 3, breakLength: Infinity, iterableLimit: 20, strAbbreviateSize: 200 });
}

/** How lines begin: with a `<N>` that a journal understands, or with a word. */
export type LogStyle = "journal" | "plain";

/** Options of {@linkcode configureLog}. */
export interface LogOptions {
  /** How lines begin. */
  readonly style: LogStyle;
  /** What stands before the text of a record, for example the name of a module. */
  readonly prefix?: (category: readonly string[]) => string;
}

/** Sends every record of this process to standard error. */
export function configureLog({ style, prefix = () => "" }: LogOptions): void {
  const encoder = new TextEncoder();
  const sink: Sink = (record) => {
    const priority = PRIORITIES[record.level];
    const start = style === "journal" ? `<${priority}>` : `${record.level} `;
    try {
      Deno.stderr.writeSync(encoder.encode(`${start}${prefix(record.category)}${formatRecord(record)}\n`));
    } catch {
      // Nobody reads it any more: there is nowhere to say so.
    }
  };
  configureSync({
    reset: true,
    sinks: { stderr: sink },
    loggers: [
      { category: [], sinks: ["stderr"], lowestLevel: "debug" },
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "warning", parentSinks: "override" },
    ],
  });
}
