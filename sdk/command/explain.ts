// SPDX-License-Identifier: MIT
/**
 * `pam-deno explain`: shows the page about a code that stands behind an error, without a network.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { optional, withDefault } from "@optique/core/modifiers";
import type { InferValue, Suggestion } from "@optique/core/parser";
import { argument, command, constant, flag } from "@optique/core/primitives";
import type { ValueParser } from "@optique/core/valueparser";
import { join } from "node:path";
import { docsLink } from "../coded.ts";
import { ERROR_CODES, ERROR_GROUPS, type ErrorCode, type ErrorGroup } from "../error_codes.ts";
import { nearest } from "../nearest.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit_code.ts";

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

/** What stands around a code where people copy it from: its link, the brackets, the word of a class in the log. */
function codeFrom(input: string): string {
  const last = input.trim().split("/").at(-1)!;
  return last.replace(/\.md$/, "").replace(/^\[|\]$/g, "").replaceAll("_", "-").toLowerCase();
}

/** Parses a code, also as it stands in the log or in a link. */
function errorCode(): ValueParser<"sync", ErrorCode> {
  return {
    mode: "sync",
    metavar: "CODE",
    placeholder: "deny-thrown",
    parse(input) {
      const code = codeFrom(input);
      if (Object.hasOwn(ERROR_CODES, code)) return { success: true, value: code as ErrorCode };
      const near = nearest(code, CODES);
      return {
        success: false,
        error: near === undefined
          ? message`There is no code ${input}: \`pam-deno explain\` lists all of them.`
          : message`There is no code ${input}: did you mean ${near}?`,
      };
    },
    format: (code) => code,
    *suggest(prefix): Iterable<Suggestion> {
      for (const text of CODES) if (text.startsWith(prefix)) yield { kind: "literal", text };
    },
  };
}

/** Its words. */
export const EXPLAIN = command(
  "explain",
  object({
    command: constant("explain"),
    code: optional(argument(errorCode(), {
      description: message`The word in brackets behind an error, such as ${"deny-thrown"}.`,
    })),
    json: withDefault(flag("--json", { description: message`Print one JSON document.` }), false),
  }),
  {
    brief: message`Say what an error means, and what to do.`,
    description:
      message`Errors end with a code in brackets and a link to a page about it: what happened, why, and what to do. This shows the page without a network. Without a code, all of them are listed.`,
  },
);

/** Shows the page, or the list. */
export async function runExplain(
  { code, json }: InferValue<typeof EXPLAIN>,
  { layout, output }: Context,
): Promise<number> {
  if (code === undefined) {
    if (json) output.json({ codes: CODES.map(entryOf) });
    else output.result(output.wrapped(listText()));
    return EXIT.done;
  }
  const text = await Deno.readTextFile(join(layout.sdkDir, "docs", "errors", `${code}.md`));
  if (json) output.json({ ...entryOf(code), text });
  else output.result(pageText(text, { wrapped: (part) => output.wrapped(part), colour: output.colour }));
  return EXIT.done;
}

function entryOf(code: ErrorCode) {
  const [group, summary] = ERROR_CODES[code];
  return { code, group, summary, docs: docsLink(code) };
}

function listText(): string {
  const groups = (Object.entries(ERROR_GROUPS) as [ErrorGroup, string][]).map(([group, heading]) => {
    const lines = CODES.map(entryOf).filter((entry) => entry.group === group)
      .map(({ code, summary }) => `  ${code}: ${summary}`);
    return [heading, ...lines].join("\n");
  });
  return `${groups.join("\n\n")}\n\n\`pam-deno explain CODE\` says what to do.`;
}

/** How a page is shown. */
export interface PageOptions {
  /** Breaks the lines of a paragraph. */
  wrapped(text: string): string;
  /** Whether headings may be bold. */
  readonly colour: boolean;
}

const BOLD = ["\u001b[1m", "\u001b[22m"] as const;

/** A page as it is read in a terminal: paragraphs are wrapped, code stays as it is, links are named. */
export function pageText(markdown: string, { wrapped, colour }: PageOptions): string {
  const [on, off] = colour ? BOLD : ["", ""];
  // Every second part is code, with the language in its first line.
  const parts = markdown.trim().split(/^```(?:ts|sh)?$/m).map((part, i) => {
    if (i % 2 === 1) {
      return part.trim().split("\n").map((line) => line === "" ? "" : `    ${line}`).join("\n");
    }
    return part.trim().split(/\n{2,}/).map((block) => {
      const heading = /^#+ (.*)$/.exec(block)?.[1];
      if (heading !== undefined) return `${on}${heading}${off}`;
      // Each item of a list is a paragraph of its own.
      return block.split(/\n(?=- )/).map((item) => wrapped(plain(item))).join("\n");
    }).join("\n\n");
  });
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function plain(text: string): string {
  return text.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, "$1").replaceAll(/\s*\n\s*/g, " ");
}
