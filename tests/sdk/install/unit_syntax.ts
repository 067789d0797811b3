// SPDX-License-Identifier: MIT
/**
 * Reads unit files as systemd does, written from systemd.syntax(7): whoever writes them does not use this.
 *
 * @module
 */

/** The directives of a unit file in their order, comments and sections left out. */
export function directives(text: string): [name: string, value: string][] {
  const found: [string, string][] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    let line = lines[at]!;
    if (/^\s*(?:[#;]|$)/.test(line) || /^\[[^\]]*\]$/.test(line)) continue;
    while (line.endsWith("\\") && at + 1 < lines.length) line = `${line.slice(0, -1)} ${lines[++at]}`;
    const equals = line.indexOf("=");
    if (equals < 0) throw new Error(`not a directive: ${JSON.stringify(line)}`);
    found.push([line.slice(0, equals).trim(), line.slice(equals + 1).trim()]);
  }
  return found;
}

/** The words of a value: quotes and backslashes taken away, `%%` made one, any other specifier refused. */
export function words(value: string): string[] {
  const found: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < value.length; at++) {
    const char = value[at]!;
    if (char === "\\") {
      word = (word ?? "") + (value[++at] ?? "");
    } else if (char === quote) {
      quote = "";
    } else if (quote === "" && (char === '"' || char === "'")) {
      [quote, word] = [char, word ?? ""];
    } else if (quote === "" && " \t\n\r".includes(char)) {
      if (word !== undefined) found.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + char;
    }
  }
  if (quote !== "") throw new Error(`no end of the quotes: ${value}`);
  if (word !== undefined) found.push(word);
  return found.map((word) => {
    if (/%(?!%)/.test(word.replaceAll("%%", ""))) throw new Error(`a specifier: ${word}`);
    return word.replaceAll("%%", "%");
  });
}
