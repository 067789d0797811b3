// SPDX-License-Identifier: MIT
/**
 * What Deno noted of the permissions that a worker asked for: `DENO_AUDIT_PERMISSIONS`, with `DENO_TRACE_PERMISSIONS`.
 *
 * Deno notes each question and not the answer, so that is worked out here; a program that was not started is not noted.
 *
 * @module
 */

import * as v from "valibot";
import {
  type GrantableKind,
  isGrantable,
  missingPermissions,
  type ScopedPermissions,
} from "../../config/permissions.ts";
import { printable } from "../../supervisor/lines.ts";
import type { Place, Places } from "./places.ts";

/** A permission that the module's code asked for. */
export interface AskedPermission {
  /** Its kind. */
  readonly kind: GrantableKind;
  /** For what. */
  readonly scope: string;
  /** Whether it was held. */
  readonly held: boolean;
  /** Where it was first asked for. */
  readonly place: Place | undefined;
}

const LINE = v.object({
  permission: v.string(),
  value: v.nullable(v.string()),
  stack: v.optional(v.array(v.string())),
});

/** The permissions that the module's code asked for, each once, in the order in which they were first asked for. */
export function readAudit(
  text: string,
  { places, granted }: { readonly places: Places; readonly granted: ScopedPermissions },
): AskedPermission[] {
  const found = new Map<string, AskedPermission>();
  for (const line of text.split("\n")) {
    const { permission, value, stack } = parse(line) ?? {};
    if (permission === undefined || !isGrantable(permission) || value === undefined || value === null) {
      continue;
    }
    // What fetch is asked for is noted twice, once as a URL.
    if (permission === "net" && value.includes("://")) continue;
    // The runtime asks for things too, before the module's code and on its behalf.
    const frame = stack?.find((frame) => places.isOwn(frame));
    if (frame === undefined) continue;
    const held = missingPermissions({ [permission]: [value] }, granted).length === 0;
    const scope = printable(value);
    const key = `${permission} ${scope}`;
    if (!found.has(key)) found.set(key, { kind: permission, scope, held, place: places.find(frame) });
  }
  return [...found.values()];
}

function parse(line: string): v.InferOutput<typeof LINE> | undefined {
  try {
    const { success, output } = v.safeParse(LINE, JSON.parse(line));
    return success ? output : undefined;
  } catch {
    return undefined;
  }
}
