// SPDX-License-Identifier: MIT
/**
 * Keeps members out: those of the netgroup `banned`, and those of the group `crew`. Such a rule fails open where a membership is not
 * found.
 *
 * @module
 */

import { defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

const options = v.object({ by: v.picklist(["netgroup", "group"]) });

export default defineModule({
  options,
  async account({ lookup, options: { by } }) {
    const isMember = by === "netgroup"
      ? await lookup.inNetgroup("banned")
      : (await lookup.groups()).includes("crew");
    return isMember ? "perm_denied" : "success";
  },
}) as PamModule;
