// SPDX-License-Identifier: MIT
/**
 * What package.json of the npm package says beyond what `deno pack` makes of deno.json.
 *
 * @module
 */

/** A package.json. */
export type Manifest = Readonly<Record<string, unknown>>;

/**
 * Node.js from this major version on: the first that has Temporal without a flag. A test runs the package under it.
 */
export const NODE_LEAST = 26;

const DESCRIPTION = "Write PAM policy in TypeScript: the SDK of pam-deno, with its test kit";

const KEYWORDS = ["pam", "linux-pam", "authentication", "authorization", "login", "policy", "deno"];

/** The keys of package.json in the order in which people look for them; others follow as they came. */
const ORDER = [
  "name",
  "version",
  "description",
  "keywords",
  "license",
  "type",
  "engines",
  "exports",
  "main",
  "types",
  "dependencies",
];

/**
 * Completes the package.json that `deno pack` made. An entry point names its types and its file, once: a program that knows neither `import`
 * nor `types` takes `default`.
 */
export function completeManifest(made: Manifest): Manifest {
  const complete: Manifest = {
    ...made,
    description: DESCRIPTION,
    keywords: KEYWORDS,
    engines: { node: `>=${NODE_LEAST}` },
  };
  const keys = [
    ...ORDER.filter((key) => key in complete),
    ...Object.keys(complete).filter((key) => !ORDER.includes(key)),
  ];
  return Object.fromEntries(keys.map((key) => [key, complete[key]]));
}
