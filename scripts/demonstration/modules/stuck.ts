// SPDX-License-Identifier: MIT
/**
 * A module that does not come to an end, in two ways.
 *
 * @module
 */

import { defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

export default defineModule({
  options: v.object({ how: v.picklist(["answers", "waits", "loops"]) }),
  account({ options }) {
    if (options.how === "answers") return "success";
    if (options.how === "waits") return new Promise<never>(() => {});
    for (;;);
  },
}) as PamModule;
