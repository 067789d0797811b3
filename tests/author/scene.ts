// SPDX-License-Identifier: MIT
/**
 * What the tests of authors' commands share: folders with modules of their own, and a module that is loaded as the commands load it.
 *
 * @module
 */

import { join } from "node:path";
import { bundleSubject } from "../../sdk/author/bundle.ts";
import { Rehearsal } from "../../sdk/author/rehearsal.ts";
import { findSubject } from "../../sdk/author/subject.ts";
import type { ScopedPermissions } from "../../sdk/config/permissions.ts";

/** The folder of this checkout. */
export const ROOT = join(import.meta.dirname!, "..", "..");

/** Where the programs are. */
export const LAYOUT = {
  libDir: join(ROOT, "build"),
  sdkDir: ROOT,
  cacheDir: join(ROOT, "build", "no-cache"),
};

/** A folder, closed to others, with files in it. Disposing removes it. */
export class Folder implements Disposable {
  /** Where it is. */
  readonly path: string = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "pam-deno-author-" }));

  /** Makes it. */
  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  /** Writes a file, and gives its path. */
  write(name: string, text: string): string {
    const path = join(this.path, name);
    Deno.mkdirSync(join(path, ".."), { recursive: true });
    Deno.writeTextFileSync(path, text);
    return path;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** A module's text with one account hook that does `body`, behind the lines `top`. */
export function accountModule(body: string, top = ""): string {
  return `import { defineModule, type PamModule } from "@pam-deno/sdk";
${top}
export default defineModule({ async account(context) { ${body} } }) as PamModule;
`;
}

/** Rehearses the module that `word` names. */
export async function rehearse(
  word: string,
  into: Folder,
  permissions: ScopedPermissions = {},
): Promise<Rehearsal> {
  const subject = findSubject(word);
  const bundle = await bundleSubject(subject, LAYOUT, into.path);
  return await Rehearsal.start({ layout: LAYOUT, bundle, word, name: subject.name, permissions });
}
