// SPDX-License-Identifier: MIT
/**
 * Lets people log in at hours of work, and the members of one group always.
 *
 * @module
 */

import { defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";
import { isOpen, nextOpening, refusal } from "./policy.ts";

const Time = v.pipe(
  v.string(),
  v.isoTime("Write a time as in 08:00"),
  v.transform((text) => Temporal.PlainTime.from(text)),
);

function isTimeZone(text: string): boolean {
  try {
    return Temporal.PlainDate.from("2026-01-01").toZonedDateTime(text).timeZoneId !== "";
  } catch {
    return false;
  }
}

export default defineModule({
  // The words behind the module's name on the pam.d line. One that is not here is logged and ignored.
  options: v.object({
    tz: v.optional(v.pipe(v.string(), v.check(isTimeZone, "Write a name as in Europe/Berlin")), "UTC"),
    open: v.optional(Time, "08:00"),
    close: v.optional(Time, "18:00"),
    always: v.optional(v.string()),
  }),
  // What it needs from the login and from the machine: nothing but to decide.
  grants: {},
  permissions: {},
  async account({ now, options, lookup, log, deny }) {
    const at = now.toZonedDateTimeISO(options.tz);
    if (isOpen(options, at)) return "success";
    if (options.always !== undefined && (await lookup.groups()).includes(options.always)) return "success";
    const opening = nextOpening(options, at);
    log.info("refused: closed until {opening}", { opening: opening?.toString() ?? "further notice" });
    return deny("perm_denied", refusal(opening));
  },
}) as PamModule;
