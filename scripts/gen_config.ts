// SPDX-License-Identifier: MIT
/**
 * Writes the JSON Schema, the reference and the manual page of a module's configuration from `sdk/config/schema.ts`. `deno task gen`
 * runs it.
 *
 * @module
 */

import { configReference } from "./gen/config_reference.ts";
import { configSchema, publishedSchema } from "./gen/config_schema.ts";
import { type Block, toManual, toMarkdown } from "./gen/document.ts";
import type { GeneratedFile } from "./gen/files.ts";
import { formatted } from "./gen/formatted.ts";

const NOTE = "Generated from sdk/config/schema.ts and scripts/gen/config_reference.ts: run deno task gen";

/** When the text was last changed. */
const DATE = "2026-11-20";

/** All that is made from the definition of the configuration. */
export function configFiles(root: URL): GeneratedFile[] {
  const reference = configReference(configSchema());
  const markdown = toMarkdown("Configuration of a module", NOTE, reference);
  return [
    { path: "docs/pam-deno.schema.json", text: formatted(root, publishedSchema(), "json") },
    { path: "docs/configuration.md", text: formatted(root, markdown, "md") },
    {
      path: "packaging/man/pam-deno.conf.5",
      text: toManual(manualHead(root), [...reference, ...manualTail()]),
    },
  ];
}

function manualHead(root: URL): string[] {
  const { version } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  return [
    '.\\" SPDX-License-Identifier: MIT',
    `.\\" ${NOTE}`,
    `.TH PAM-DENO.CONF 5 ${DATE} "pam-deno ${version}" "File Formats"`,
    ".SH NAME",
    "pam\\-deno.conf \\- configuration of a module of pam\\-deno",
    ".SH SYNOPSIS",
    ".I /etc/pam\\-deno/modules/NAME.jsonc",
  ];
}

function manualTail(): Block[] {
  return [
    { heading: "Files", level: 1 },
    {
      terms: [
        { term: "`/etc/pam-deno/modules/NAME.jsonc`", about: ["The configuration of the module NAME."] },
        { term: "`/usr/share/pam-deno/pam-deno.schema.json`", about: ["Its JSON Schema, for editors."] },
        {
          term: "`/etc/systemd/system/pam-deno@NAME.service.d/50-pam-deno.conf`",
          about: ["What becomes of it for systemd."],
        },
        { term: "`/var/lib/pam-deno-state/NAME`", about: ["What the module keeps."] },
      ],
    },
    { heading: "See also", level: 1 },
    { text: "pam_deno(8), pam-deno(8), pam.conf(5), systemd.exec(5)" },
  ];
}
