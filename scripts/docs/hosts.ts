// SPDX-License-Identifier: MIT
/**
 * Where pages may link to. Nobody is asked: a link is held to this list and to the form of a URL, so that a misspelt host is found
 * without a network.
 *
 * @module
 */

import { nearest } from "../../sdk/nearest.ts";

/** Hosts that pages may name; a new one is somebody's decision. */
export const HOSTS: readonly string[] = [
  // Where the sources of others are, and what their users say.
  "github.com",
  // Deno's built-in types, as the reference names them, and its documentation.
  "deno.land",
  "docs.deno.com",
  "developer.mozilla.org",
  "www.typescriptlang.org",
  "jsr.io",
  "docs.npmjs.com",
  // What standards and manual pages say.
  "www.rfc-editor.org",
  "datatracker.ietf.org",
  "man7.org",
  "manpages.debian.org",
  "wiki.debian.org",
  "www.freedesktop.org",
  "standardschema.dev",
  "spdx.org",
  "cwe.mitre.org",
  // Documentation of what is compared, and of what modules are made with.
  "docs.rs",
  "crates.io",
  "sssd.io",
  "documentation.ubuntu.com",
  "kanidm.github.io",
  "valibot.dev",
  "zod.dev",
  "arktype.io",
];

/** Hosts that belong to nobody: RFC 2606, and addresses for documentation. */
const NOBODY =
  /(?:^|\.)(?:example|invalid|test|localhost)$|(?:^|\.)example\.(?:com|net|org)$|^(?:127|203\.0\.113)\./;

/** What is wrong with a link to elsewhere, `undefined` if nothing is. */
export function externalProblem(href: string): string | undefined {
  if (!URL.canParse(href)) return `'${href}' is no URL: mend it`;
  const { protocol, hostname, username, password } = new URL(href);
  if (NOBODY.test(hostname)) return undefined;
  if (protocol !== "https:") return `'${href}': a page links with https: and nothing else`;
  if (username !== "" || password !== "") return `'${href}' has a name or a password in it: take it out`;
  if (HOSTS.includes(hostname)) return undefined;
  const found = nearest(hostname, HOSTS);
  const remedy = found === undefined ? "" : ` (the nearest is '${found}')`;
  return `'${hostname}' is not in the list of hosts in scripts/docs/hosts.ts: mend the link, or add it there${remedy}`;
}
