// SPDX-License-Identifier: MIT
/**
 * The module of the README: logins are open from one time of day to another.
 *
 * @module
 */

import { defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

const Time = v.pipe(v.string(), v.isoTime(), v.transform((text) => Temporal.PlainTime.from(text)));

export default defineModule({
  options: v.object({ tz: v.optional(v.string(), "UTC"), open: Time, close: Time }),
  account({ now, options, deny }) {
    const time = now.toZonedDateTimeISO(options.tz).toPlainTime();
    const { compare } = Temporal.PlainTime;
    return compare(time, options.open) >= 0 && compare(time, options.close) < 0
      ? "success"
      : deny("perm_denied", `Logins are open from ${options.open} to ${options.close}`);
  },
}) as PamModule;
