// SPDX-License-Identifier: MIT
/**
 * Writes the index of the pages about errors from `sdk/error_codes.ts`. `deno task gen` runs it.
 *
 * @module
 */

import { ERROR_CODES, ERROR_GROUPS } from "../sdk/error_codes.ts";
import type { GeneratedFile } from "./gen/files.ts";
import { formatted } from "./gen/formatted.ts";

/** `docs/errors/README.md`. */
export function errorFiles(root: URL): GeneratedFile[] {
  const groups = Object.entries(ERROR_GROUPS).map(([group, heading]) => {
    const codes = Object.entries(ERROR_CODES).filter(([, [of]]) => of === group);
    const lines = codes.map(([code, [, summary]]) => `- [${code}](${code}.md): ${summary}`);
    return `## ${heading}\n\n${lines.join("\n")}\n`;
  });
  const text = `<!-- Generated from sdk/error_codes.ts: run deno task gen -->

# What errors mean

Errors of pam-deno end with a code and a link to its page, in the log, in a terminal and in what the SDK throws:
\`… [deny-thrown] https://jsr.io/@pam-deno/sdk/VERSION/docs/errors/deny-thrown.md\`. A code is for good: it keeps its
name and its meaning. \`pam-deno explain CODE\` shows the page without a network, \`pam-deno explain\` this list; what
\`pam-deno check\` finds has codes too. What the SDK throws has the code in \`errorCode\` and the link in \`docs\`; in a
\`PamError\` and a \`LibpamError\`, \`code\` is libpam's own.

${groups.join("\n")}`;
  return [{ path: "docs/errors/README.md", text: formatted(root, text, "md") }];
}
