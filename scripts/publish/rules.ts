// SPDX-License-Identifier: MIT
/**
 * What a package on JSR consists of: what its exports reach, and what is named here. Nothing more, and nothing less.
 *
 * @module
 */

/** A package as it would be published. */
export interface Package {
  /** Its name, with the scope. */
  readonly name: string;
  /** What would be published, from the package's folder: paths with their texts. */
  readonly files: ReadonlyMap<string, string>;
  /** The files of the package that its exports reach. */
  readonly reached: readonly string[];
}

/** In every package. */
const ALWAYS = ["LICENSE", "README.md", "deno.json"];

/** What no export reaches and is published all the same, with the reason. */
const BESIDES: Readonly<Record<string, readonly string[]>> = {
  "@pam-deno/sdk": ["CHANGES.md"],
  "@pam-deno/account-ageing": ["pam.d"],
  "@pam-deno/credentials": ["pam.d"],
  "@pam-deno/ldap-account": ["pam.d"],
  // The program that prints the ledger.
  "@pam-deno/session-ledger": ["pam.d", "report.ts"],
  "@pam-deno/time-of-day": ["pam.d", "rules.jsonc"],
  // The program that makes a secret for somebody.
  "@pam-deno/totp": ["enroll.ts", "pam.d"],
};

/** The links of errors lead to the pages of the published version. */
function isErrorPage(name: string, path: string): boolean {
  return name === "@pam-deno/sdk" && /^docs\/errors\/[A-Za-z0-9-]+\.md$/.test(path);
}

/** Names that no package has, whoever names them. */
const NEVER: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/_test\.tsx?$|(?:^|\/)tests?\//, "a test"],
  [/(?:^|\/)(?:build|dist|coverage|node_modules)\//, "something that was built or fetched"],
  [/(?:^|\/)\.|\.(?:pem|key|p12|jks|kdbx)$|(?:^|\/)id_(?:rsa|ecdsa|ed25519)$/, "hidden or a key"],
];

/** Texts that no package has. */
const SECRETS: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/, "a private key"],
  [/\b(?:npm|ghp|gho|ghs)_[A-Za-z0-9]{36}\b|\bjsrp?_[A-Za-z0-9]{30,}\b|\bgithub_pat_\w{22,}/, "a token"],
];

/** What is wrong with a package: a sentence each, with the remedy. `license` is the text that each LICENSE must have. */
export function* packageFindings({ name, files, reached }: Package, license: string): Iterable<string> {
  const besides = BESIDES[name];
  if (besides === undefined) {
    yield `${name}: nobody has said what belongs to it: name it in scripts/publish/rules.ts`;
  }
  const wanted = [...ALWAYS, ...besides ?? []];
  for (const path of [...reached, ...wanted]) {
    if (files.has(path)) continue;
    const why = wanted.includes(path) ? "belongs to it" : "is reached by its exports";
    yield `${name}: ${path} ${why} and is not published: see "publish" in its deno.json`;
  }
  for (const [path, text] of files) {
    for (const [pattern, what] of NEVER) {
      if (pattern.test(path)) yield `${name}: ${path} is ${what}: exclude it under "publish"`;
    }
    for (const [pattern, what] of SECRETS) {
      if (pattern.test(text)) yield `${name}: ${path} has ${what} in it: take it out, and make a new one`;
    }
    if (!reached.includes(path) && !wanted.includes(path) && !isErrorPage(name, path)) {
      yield `${name}: ${path} is published and no export reaches it: exclude it, or name it in scripts/publish/rules.ts`;
    }
  }
  const found = files.get("LICENSE");
  if (found !== undefined && found !== license) {
    yield `${name}: its LICENSE is not that of this tree: copy it`;
  }
}
