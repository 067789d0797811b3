// SPDX-License-Identifier: MIT
/**
 * Makes a sentence for the author of what a process said that could not load a module.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { splitCode, withCode } from "../coded.ts";
import { LOADED_BADLY } from "../worker/loading.ts";

/** What Deno says of a permission that is not there: its remedy is for whoever starts it. */
const NOT_CAPABLE = /^NotCapable: (Requires .*? access to .*?), run again with the --allow-[a-z]+ flag$/;
/** What Deno says of a file that waits for ever, and where it stands. */
const NEVER_RESOLVED = "Top-level await promise never resolved";

/** What is known of the process. */
export interface LoadComplaintOptions {
  /** The folder that it was started from: the module's own files stand in `module` of it, packages in `npm`. */
  readonly folder: string;
}

/**
 * A line of the log of a process that ended while it loaded a module, without the frames that are not the module's own and with one code.
 * Other lines stay as they are.
 */
export function loadComplaint(said: string, { folder }: LoadComplaintOptions): string {
  if (said.includes(NEVER_RESOLVED)) {
    return withCode("module-broken", "it waits at its top level for what never comes: wait in a handler");
  }
  if (!said.startsWith(LOADED_BADLY)) return said;
  const base = pathToFileURL(`${folder}/`).href;
  const isForeign = (part: string) =>
    /^at\s.*(?:file|node|ext):/.test(part) &&
    ![`${base}module/`, `${base}npm/`].some((own) => part.includes(own));
  const [first = "", ...rest] = splitCode(said.slice(LOADED_BADLY.length)).text.split(" | ");
  const { text, code = "module-broken" } = splitCode(first);
  const missing = NOT_CAPABLE.exec(text);
  const cause = missing
    ? `it wants something of the machine while it is loaded, when it has no permission yet (${
      missing[1]
    }): do that in a handler`
    : code === "module-broken"
    ? `it threw while it was loaded: ${text}`
    : text.replace(/^[A-Z]\w*Error: /, "");
  return withCode(code, [cause, ...rest.filter((part) => !isForeign(part))].join(" | "));
}
