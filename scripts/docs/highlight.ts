// SPDX-License-Identifier: MIT
/**
 * Colours for code, put in when the site is built: classes that the style sheet knows, and no script in the page.
 *
 * @module
 */

// @ts-types="./highlight_js.d.ts"
import hljs from "highlight.js/lib/common";
import type { Language } from "./highlight_js.d.ts";

/** A line of pam.d: its type, its control, the module that libpam loads, and words behind it. */
const PAM: Language = {
  name: "pam.d",
  contains: [
    { scope: "comment", begin: /#/, end: /$/ },
    { scope: "keyword", begin: /^-?(?:account|auth|password|session)\b|^@include\b/ },
    { scope: "literal", begin: /\b(?:required|requisite|sufficient|optional|include|substack)\b/ },
    { scope: "literal", begin: /\[/, end: /\]/ },
    { scope: "title", begin: /\bpam_\w+\.so\b/ },
    { scope: "attr", begin: /\b[\w-]+(?==)/ },
  ],
};

/** What stands behind the fence of a block, and the language that it means; empty for none. */
const WORDS: Readonly<Record<string, string>> = {
  "": "",
  bash: "bash",
  c: "c",
  console: "",
  css: "css",
  diff: "diff",
  h: "c",
  html: "xml",
  ini: "ini",
  js: "typescript",
  json: "json",
  jsonc: "json",
  md: "markdown",
  pam: "pam",
  sh: "bash",
  text: "",
  toml: "ini",
  ts: "typescript",
  tsx: "typescript",
  txt: "",
  yaml: "yaml",
  yml: "yaml",
};

/** What a file is written in, by its name. */
const FILES: readonly (readonly [name: RegExp, word: string])[] = [
  [/\.([a-z]+)$/, "$1"],
  [/(?:^|\/)pam\.d$/, "pam"],
  [/^scripts\/[^.]+$/, "sh"],
];

hljs.registerLanguage("pam", () => PAM);

/** What may stand behind the fence of a block. */
export const LANGUAGE_WORDS: readonly string[] = Object.keys(WORDS).filter((word) => word !== "");

/** Whether `word` may stand behind the fence of a block. */
export function isLanguage(word: string): boolean {
  return Object.hasOwn(WORDS, word);
}

/** The word for the language of a file; empty if it has no colours. */
export function languageOf(path: string): string {
  for (const [name, word] of FILES) {
    const match = name.exec(path);
    const found = match === null ? "" : word.replace("$1", match[1] ?? "");
    if (match !== null && isLanguage(found)) return found;
  }
  return "";
}

/** The code as HTML, with a class on each word that has a colour. */
export function highlight(code: string, word: string): string {
  const language = WORDS[word] ?? "";
  return language === "" ? escapeHtml(code) : hljs.highlight(code, { language, ignoreIllegals: true }).value;
}

/** A text that means nothing in HTML, also inside of an attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}
