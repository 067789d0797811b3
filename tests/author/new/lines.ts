// SPDX-License-Identifier: MIT
/**
 * The templates, and the line that each is for.
 *
 * @module
 */

import { TEMPLATE_NAMES, type TemplateName } from "../../../sdk/author/new/templates.ts";

/** The templates. */
export const NAMES: readonly TemplateName[] = TEMPLATE_NAMES;

/** The lines that a module of a template needs, the one that leads root past it first. */
export const TEMPLATE_LINES: Readonly<Record<TemplateName, readonly string[]>> = Object.fromEntries(
  ([
    ["account", "required pam_deno.so NAME"],
    ["session", "required pam_deno.so grant=env:TMOUT NAME"],
    ["auth", "required pam_deno.so grant=prompt NAME"],
    ["password", "pam_deno.so grant=authtok NAME"],
  ] as const).map(([type, rest]) => [
    type,
    [`${type} [success=1 default=ignore] pam_succeed_if.so quiet uid = 0`, rest],
  ]),
) as unknown as Record<TemplateName, readonly string[]>;

/** For tests that only root can run. */
export const NEEDS_ROOT = { ignore: Deno.uid() !== 0 };
