// SPDX-License-Identifier: MIT
/**
 * Keeps people from elsewhere out on weekends: the ten lines that README.md begins with.
 *
 * @module
 */

import { defineModule, type PamModule } from "@pam-deno/sdk";

export default defineModule({
  account({ now, items, deny }) {
    const { dayOfWeek } = now.toZonedDateTimeISO("Europe/Berlin");
    if (dayOfWeek < 6 || items.rhost === undefined) return "success";
    return deny("perm_denied", "Closed until Monday: come to the console");
  },
}) as PamModule;
