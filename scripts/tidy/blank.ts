// SPDX-License-Identifier: MIT
/**
 * Blanks comments and texts out of C and TypeScript, so that the rules do not trip over prose. Lines stay where they are.
 *
 * @module
 */

/** What to blank. */
export type Blanked = "comments" | "comments and texts";

// A slash behind one of these, or behind one of these words, starts a regular expression.
const BEFORE_REGEXP = /(?:^|[(,=:[!&|?{};+*~<>-]|\b(?:return|typeof|case|of|in|yield|await))\s*$/;

/** The text with `what` replaced by spaces; newlines, and the quotes around texts, stay. */
export function blank(text: string, language: "c" | "ts", what: Blanked): string {
  const out: string[] = [];
  const texts = what === "comments and texts";
  const hide = (from: number, to: number): void => {
    out.push(text.slice(from, to).replace(/[^\n]/g, " "));
  };
  // Depths of braces at which a `${` of a template ends.
  const templates: number[] = [];
  let depth = 0;
  let at = 0;

  const literal = (open: number, end: number): void => {
    if (!texts) return void out.push(text.slice(open, end));
    out.push(text[open] ?? "");
    hide(open + 1, end - 1);
    if (end > open + 1) out.push(text[end - 1] ?? "");
  };
  const template = (open: number): number => {
    let end = open + 1;
    while (end < text.length && text[end] !== "`" && !text.startsWith("${", end)) {
      end += text[end] === "\\" ? 2 : 1;
    }
    if (text[end] === "$") {
      templates.push(depth++);
      end++;
    }
    return Math.min(end + 1, text.length);
  };

  while (at < text.length) {
    const char = text[at] ?? "";
    let end = at + 1;
    if (text.startsWith("//", at)) {
      end = text.indexOf("\n", at);
      hide(at, end = end < 0 ? text.length : end);
    } else if (text.startsWith("/*", at)) {
      end = text.indexOf("*/", at + 2);
      hide(at, end = end < 0 ? text.length : end + 2);
    } else if (char === '"' || char === "'") {
      literal(at, end = endOfQuoted(text, at));
    } else if (language === "ts" && (char === "`" || (char === "}" && templates.at(-1) === depth - 1))) {
      if (char === "}") {
        templates.pop();
        depth--;
      }
      literal(at, end = template(at));
    } else if (
      language === "ts" && char === "/" && BEFORE_REGEXP.test(text.slice(Math.max(0, at - 40), at))
    ) {
      literal(at, end = endOfRegExp(text, at));
    } else {
      if (char === "{") depth++;
      if (char === "}") depth--;
      out.push(char);
    }
    at = end;
  }
  return out.join("");
}

function endOfQuoted(text: string, open: number): number {
  let end = open + 1;
  while (end < text.length && text[end] !== text[open] && text[end] !== "\n") {
    end += text[end] === "\\" ? 2 : 1;
  }
  return Math.min(end + 1, text.length);
}

function endOfRegExp(text: string, open: number): number {
  let inClass = false;
  for (let end = open + 1; end < text.length && text[end] !== "\n"; end++) {
    const char = text[end];
    if (char === "\\") end++;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if (char === "/" && !inClass) return end + 1;
  }
  return open + 1;
}
