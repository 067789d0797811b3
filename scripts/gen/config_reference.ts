// SPDX-License-Identifier: MIT
/**
 * The reference of the configuration: what `docs/configuration.md` and pam-deno.conf(5) say. Keys, types, defaults and limits come
 * from the definition, mistakes from the parser.
 *
 * @module
 */

import { ConfigError, parseModuleConfig } from "../../sdk/config/config.ts";
import { DANGER_MEANINGS } from "../../sdk/config/dangers.ts";
import type { Schema } from "./config_schema.ts";
import type { Block, Term } from "./document.ts";

/** A whole file, which the tests parse. */
export const EXAMPLE = `{
  "module": "npm:@example/directory@1.4.0",
  // Whom it may ask, and what it may read.
  "permissions": {
    "net": ["ldap.example.org:636"],
    "read": [{ "option": "groups" }],
  },
  "options": {
    "groups": "/etc/pam-deno/groups.json",
    "password": { "credential": "ldap" },
    "cache": { "state": "cache.db" },
  },
  "credentials": { "ldap": "/etc/pam-deno/secrets/ldap" },
  "state": true,
  "limits": { "hooks": 512 },
}`;

/** A file with mistakes, and what is said about them. */
const MISTAKEN = `{
  "module": "npm:@example/directory@^1.4.0",
  "permisions": { "net": ["ldap.example.org:636"] },
  "limits": { "hooks": 0 }
}`;

const GRANTS: readonly (readonly [word: string, lets: string])[] = [
  ["prompt", "ask the user a question: a module that may ask can phish"],
  ["authtok", "read the password of this transaction; on auth and password lines only"],
  ["set_authtok", "set the password for later modules; on auth and password lines only"],
  ["set_item:NAME", "set the item NAME; `set_item:user` is the power to become somebody else"],
  ["env:NAME", "set or delete the PAM environment variable NAME; with `*` at its end, all that begin so"],
  [
    "user_file:NAME",
    "write or delete the user's file NAME in the runtime folder; with `*` at its end, all that begin so; on auth and session lines only",
  ],
  ["get_env", "read the PAM environment"],
  ["shadow", "read the ageing fields of the user's shadow entry, never the hash"],
];

/** The reference, from the schema with its notes. */
export function configReference(schema: Schema): Block[] {
  const { permissions, limits, ...others } = schema.properties!;
  return [
    ...introduction(),
    { heading: "Keys", level: 1 },
    {
      terms: [
        ...keyTerms(others, schema.required),
        ...keyTerms({ permissions: permissions!, limits: limits! }),
      ],
    },
    { heading: "Permissions", level: 1 },
    {
      text:
        "The keys of `permissions` are those of a permission set in deno.json. What is not granted is refused twice: by Deno, and by the sandbox of the module's unit. What the module declares that it needs grants nothing; if the configuration gives less, it is not started, and the message says what to add.",
    },
    { terms: keyTerms(permissions!.properties!) },
    {
      text:
        'In a list, `{ "option": "NAME" }` stands for the value, or the values, of an option in `options`. What stands only on a pam.d line widens nothing. Paths are absolute, without `..` and without commas.',
    },
    { heading: "Limits", level: 1 },
    { text: "The keys of `limits` are whole numbers, for each worker." },
    { terms: keyTerms(limits!.properties!) },
    ...dangerous(),
    ...kept(),
    ...unit(schema),
    ...withoutSystemd(),
    ...grants(),
  ];
}

function introduction(): Block[] {
  return [
    { heading: "The file", level: 1 },
    {
      text:
        "Each module has a file `/etc/pam-deno/modules/NAME.jsonc`. NAME is the module's name on pam.d lines: at most 64 of a-z, 0-9, `_` and `-`, a letter or digit first. `pam-deno add` writes it, and `pam-deno reload NAME` makes a change take effect: the new worker must start before the old one leaves.",
    },
    {
      text:
        "It is JSON with comments and commas at the end, of at most 64 KiB. It belongs to root, nobody else may write it, and everybody may read it: secrets stand in files of their own, see `credentials`.",
    },
    { code: EXAMPLE, language: "jsonc" },
    {
      text:
        "A key that is not known, a value out of its limits or a word that means nothing is an error, never ignored, and a module with an error in its file is not started or reloaded. All errors are said at once, each with its line and column:",
    },
    { code: complaints(), language: "text" },
    {
      text:
        'Editors find the same mistakes, and complete keys, with the JSON Schema that comes with the package, once the file says `"$schema": "file:///usr/share/pam-deno/pam-deno.schema.json"`.',
    },
  ];
}

/** What the parser says of the mistaken file. */
function complaints(): string {
  try {
    parseModuleConfig(MISTAKEN, "directory", "/etc/pam-deno/modules/directory.jsonc");
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("the mistaken file has no mistake");
}

function keyTerms(keys: Readonly<Record<string, Schema>>, required: readonly string[] = []): Term[] {
  return Object.entries(keys).map(([key, schema]) => {
    const facts = [typeOf(schema)];
    if (required.includes(key)) facts.push("required");
    else if (schema.default !== undefined) facts.push(`default \`${JSON.stringify(schema.default)}\``);
    if (schema.unit) facts.push(`in ${schema.unit}`);
    const examples = (schema.examples ?? []).map((example) => `\`"${key}": ${spaced(example)}\``);
    return {
      term: `\`${key}\``,
      about: [
        `${facts.join(", ")}. ${schema.description}`,
        ...examples.length > 0 ? [`Example: ${examples.join(" or ")}`] : [],
      ],
    };
  });
}

/** What a value may be, in words. */
function typeOf(schema: Schema): string {
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(", or ");
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  switch (schema.type) {
    case "string":
      return "Text";
    case "boolean":
      return "`true` or `false`";
    case "integer":
      return `${schema.minimum} to ${schema.maximum}`;
    case "array":
      return "List";
    case "object":
      return "Object";
  }
  throw new Error(`the reference has no words for ${JSON.stringify(schema)}`);
}

/** JSON on one line, with a space where people put one. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{ ${
    Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${spaced(inner)}`).join(", ")
  } }`;
}

function dangerous(): Block[] {
  return [
    { heading: "What is dangerous", level: 1 },
    {
      text:
        "Some of what can be granted breaks the sandbox. It is an error unless its word stands in `dangerous` too, and it is said in the log at every start, by `pam-deno add` and by `pam-deno check`. A word that nothing needs is an error as well, so that the list is never longer than what it allows.",
    },
    {
      head: ["word", "the module"],
      table: Object.entries(DANGER_MEANINGS).map(([word, means]) => [`\`${word}\``, means]),
    },
    {
      code:
        `{\n  "module": "/srv/policy/module.ts",\n  "permissions": { "run": ["/usr/bin/id"] },\n  "dangerous": ["run"]\n}`,
      language: "jsonc",
    },
  ];
}

function kept(): Block[] {
  return [
    { heading: "What a module keeps, and secrets", level: 1 },
    {
      text:
        "With `state` a module has a folder of its own, with `credentials` copies of secrets of its own. It may read and write the one and read the others, without a word in `permissions`. It learns the paths from options, which the administrator names as the module wants them:",
    },
    {
      code:
        `{\n  "module": "/srv/ledger/module.ts",\n  "state": true,\n  "credentials": { "key": "/etc/pam-deno/secrets/ledger" },\n  "options": {\n    "database": { "state": "ledger.db" },\n    "key_file": { "credential": "key" }\n  }\n}`,
      language: "jsonc",
    },
    {
      text:
        '`{ "state": "." }` is the folder itself. Under systemd the folder is `/var/lib/pam-deno-state/NAME` and the copies are in `/run/credentials/pam-deno@NAME.service`.',
    },
  ];
}

function unit(schema: Schema): Block[] {
  const { permissions, limits, ...others } = schema.properties!;
  const rows = (keys: Readonly<Record<string, Schema>>, at = "") =>
    Object.entries(keys).flatMap(([key, { service }]) => service ? [[`\`${at}${key}\``, service]] : []);
  return [
    { heading: "What becomes of it in the unit", level: 1 },
    {
      text:
        "Under systemd each module is a unit `pam-deno@NAME.service`. The template is the sandbox of a module without permissions: a user of its own, no capabilities, no network, an empty /run and /var, no homes, nothing to be written, and no programs but those in /usr. `pam-deno add` and `pam-deno reload` write `/etc/systemd/system/pam-deno@NAME.service.d/50-pam-deno.conf`, which opens it as far as the configuration does; changes of it need a restart of the unit, and so do another bundle, since nothing that the old one started may go on, and new contents of a credential, which systemd copies at the start; that keeps callers waiting for a moment and loses none but a hook that waits longer than 3 s for a person. For settings of your own use `systemctl edit pam-deno@NAME`.",
    },
    {
      head: ["key", "in the unit"],
      table: [
        ...rows(permissions!.properties!, "permissions."),
        ...rows(others),
        ...rows(limits!.properties!, "limits."),
      ],
    },
    {
      text:
        "A file that is granted alone in a place that the unit hides is bound as it is at the start: whoever replaces it by renaming another one should grant its folder. A module whose name is longer than 22 characters gets a user name made of its name's SHA-256.",
    },
  ];
}

function withoutSystemd(): Block[] {
  return [
    { heading: "Without systemd", level: 1 },
    {
      text:
        "`pam-deno serve` gives each module the same permissions and limits. As root it also gives each a uid of its own from 61184 to 63351, unless `run_as` says another, a network of its own unless `net` is granted, and copies of its credentials; what a module keeps belongs to its uid, and it keeps that uid for as long as the folder is there. Without `write` and `state` no process of the module can fill a file anywhere, those that `run` starts included. There are no hidden places and no filter of addresses: there Deno's permissions and the uid are what holds. As an ordinary user it runs everything as that user.",
    },
  ];
}

function grants(): Block[] {
  return [
    { heading: "Grants", level: 1 },
    {
      text:
        "What a module may do to a login does not stand in this file but on the pam.d line, behind `grant=`, and the shim enforces it. Without any, a module reads the items, shows texts, writes to the log and decides. pam_deno(8) has the details.",
    },
    { head: ["grant", "lets the module"], table: GRANTS.map(([word, lets]) => [`\`${word}\``, lets]) },
  ];
}
