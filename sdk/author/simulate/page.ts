// SPDX-License-Identifier: MIT
/**
 * Draws a picture as a page: one file that loads nothing, for light and dark, with a keyboard and on paper.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { cellsOf } from "./calendar.ts";
import { html, scriptData, visible } from "./html.ts";
import { KIND_WORDS, kindOf, nameOf, type Outcome } from "./outcome.ts";
import { gridsOf } from "./page_grid.ts";
import { colourRules, patternsOf } from "./page_looks.ts";
import { SCRIPT } from "./page_script.ts";
import { STYLE } from "./page_style.ts";
import { type Picture, toldValues, type Value } from "./picture.ts";
import { counted, percent } from "./terminal.ts";

/** The page, as HTML. Nothing that a module said is more than text in it. */
export function pageOf(picture: Picture): string {
  const style = `${STYLE}${colourRules(picture.marks)}\n`;
  const policy = [
    "default-src 'none'",
    `style-src '${sourceOf(style)}'`,
    `script-src '${sourceOf(SCRIPT)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const isComparison = picture.other !== undefined;
  const title = isComparison ? "Who could log in when, after a change" : "Who may log in when";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="pam-deno simulate">
<title>${title}: ${html(picture.module)}, ${picture.hook}</title>
<style>${style}</style>
</head>
<body>
<svg class="patterns" aria-hidden="true"><defs>${patternsOf(picture.marks)}</defs></svg>
<header>
<h1>${title}</h1>
${factsOf(picture)}
</header>
<section aria-labelledby="legend">
<h2 id="legend">What the colours mean</h2>
${legendOf(picture)}
</section>
<main>
${gridsOf(picture)}
<p class="keys" id="keys">Arrow keys, Home, End and Page go from cell to cell; Enter keeps one in the panel, Escape lets it go.</p>
</main>
<aside id="details" aria-label="The chosen cell"><p class="none">Point at a cell, or go to one, to see what is answered there.</p></aside>
<p id="status" class="status" role="status"></p>
${answersOf(picture)}
<script type="application/json" id="values">${scriptData(picture.values.map(valueData))}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

/** How a content security policy names a text. */
function sourceOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

function factsOf({ module, hook, options, other, calendar, rows }: Picture): string {
  const { days, zone, stepMin } = calendar;
  const words = (list: readonly string[]) =>
    list.map((word) => `<code>${html(word)}</code>`).join(" ") || "none";
  const names = (list: readonly string[]) =>
    [...new Set(list)].map((name) => html(name)).join(", ") || "none";
  const then = (name: string, value: () => string): [string, string][] =>
    other === undefined ? [] : [[name, value()]];
  // In pairs: what is asked on the left, when and about whom on the right.
  const facts: [string, string][] = [
    ["Module", `<code>${html(module)}</code>`],
    ["Hook", `<code>${hook}</code>`],
    ["Options", words(options)],
    ["Days", `${days[0]!.date} to ${days.at(-1)!.date}, ${html(zone)}`],
    ...then("Module then", () => `<code>${html(other!.module)}</code>`),
    ["Services", names(rows.map(({ service }) => service))],
    ...then("Options then", () => words(other!.options)),
    ["Hosts", names(rows.flatMap(({ rhost }) => rhost === undefined ? [] : [rhost]))],
    [
      "Questions",
      `${rows.length * cellsOf(calendar)}: ${counted(rows.length, "login")}, every ${
        counted(stepMin, "minute")
      }, each at the beginning of its cell`,
    ],
  ];
  return `<dl>\n${facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join("\n")}\n</dl>`;
}

function legendOf({ marks, rows, calendar }: Picture): string {
  const all = rows.length * cellsOf(calendar);
  const items = marks.map(({ name, meaning, cells }, i) =>
    `<li><svg aria-hidden="true"><rect class="m${i}" width="100%" height="100%"/></svg>` +
    `<span><span class="code">${html(name)}</span> ${cells} cells, ${percent(cells, all)}</span><small>${
      html(meaning)
    }</small></li>`
  );
  return `<ul class="legend">\n${items.join("\n")}\n</ul>`;
}

/** All answers, the most frequent first; of a comparison those that change. */
function answersOf(picture: Picture): string {
  const isComparison = picture.other !== undefined;
  const told = toldValues(picture);
  const head = isComparison ? ["Now", "Then"] : ["Code", "What is said"];
  const rows = told.map(({ cells, outcome, before }) => {
    const columns = before === undefined
      ? [codeOf(outcome), wordsOf(outcome)]
      : [before, outcome].map((one) => `${codeOf(one)} ${wordsOf(one)}`);
    return `<tr><td class="count">${cells}</td>${
      columns.map((column) => `<td>${column}</td>`).join("")
    }</tr>`;
  });
  const table = `<table>
<thead><tr><th class="count" scope="col">Cells</th>${
    head.map((name) => `<th scope="col">${name}</th>`).join("")
  }</tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>`;
  return `<section aria-labelledby="answers">
<h2 id="answers">${isComparison ? "Changes" : "Answers"}, and how often</h2>
${rows.length === 0 ? '<p class="none">Nothing changes.</p>' : table}
</section>`;
}

function codeOf(outcome: Outcome): string {
  return `<span class="code">${html(nameOf(outcome))}</span>`;
}

function wordsOf({ texts, cause, asked }: Outcome): string {
  const parts = [...texts, ...cause === undefined ? [] : [cause]].map((text) =>
    `<div class="said">${html(text)}</div>`
  );
  return [...parts, ...asked ? ["<div>It asked the person something, and nobody answered.</div>"] : []].join(
    "",
  );
}

/** What the panel says of a value. */
function valueData({ outcome, before }: Value) {
  return { outcome: outcomeData(outcome), ...before === undefined ? {} : { before: outcomeData(before) } };
}

function outcomeData(outcome: Outcome) {
  const { texts, cause, asked } = outcome;
  return {
    code: nameOf(outcome),
    meaning: KIND_WORDS[kindOf(outcome)],
    ...cause === undefined ? {} : { failure: visible(cause) },
    texts: texts.map((text) => visible(text)),
    asked: asked ?? false,
  };
}
