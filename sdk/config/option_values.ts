// SPDX-License-Identifier: MIT
/**
 * Options that stand for a place which only the supervisor knows: a file in the module's state folder, or a credential.
 *
 * @module
 */

import { join } from "node:path";
import { nearest } from "../nearest.ts";
import type { ModulePlaces } from "./layout.ts";
import type { ConfigFile } from "./schema.ts";
import type { Source } from "./source.ts";

/** A file in the state folder; `.` is the folder itself. */
const FILE = /^(?:\.|(?!\.\.?$)[A-Za-z0-9_.-]{1,128})$/;

/** The options of a file with the paths put in: `{ "state": FILE }` and `{ "credential": NAME }` stand for one. Mistakes go to `source`. */
export function fillOptions(
  source: Source | undefined,
  said: Pick<ConfigFile, "options" | "state" | "credentials">,
  places: ModulePlaces,
): Readonly<Record<string, unknown>> {
  const filled = Object.entries(said.options).map(([name, value]) => {
    const place = placeholder(value);
    if (!place) return [name, value];
    const problem = problemOf(place, said);
    if (problem) source?.problem(["options", name], problem);
    return [name, join(places[place.of], place.name)];
  });
  return Object.fromEntries(filled);
}

interface Placeholder {
  readonly of: keyof ModulePlaces;
  readonly name: string;
}

function placeholder(value: unknown): Placeholder | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const [entry, ...more] = Object.entries(value);
  if (!entry || more.length > 0 || typeof entry[1] !== "string") return undefined;
  if (entry[0] === "state") return { of: "state", name: entry[1] };
  if (entry[0] === "credential") return { of: "credentials", name: entry[1] };
  return undefined;
}

function problemOf({ of, name }: Placeholder, said: Pick<ConfigFile, "state" | "credentials">) {
  const quoted = JSON.stringify(name);
  if (of === "state") {
    if (!said.state) return `there is no state folder for ${quoted}: add "state": true`;
    return FILE.test(name)
      ? undefined
      : `${quoted} is not the name of a file: use letters, digits and _.-, or "." for the folder`;
  }
  if (Object.hasOwn(said.credentials, name)) return undefined;
  const near = nearest(name, Object.keys(said.credentials));
  return `there is no credential ${quoted}: ${
    near ? `did you mean ${JSON.stringify(near)}?` : `add "credentials": { ${quoted}: "/PATH" }`
  }`;
}
