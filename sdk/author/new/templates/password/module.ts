// SPDX-License-Identifier: MIT
/**
 * Looks at new passwords before pam_unix changes them: who chooses one that is too short, has too few different characters, or has the user's
 * name in it, is refused.
 *
 * @module
 */

import { defineModule, PamError, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";
import { faultOf } from "./policy.ts";

const Count = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d{0,2}$/, "Write a number of characters"),
  v.transform(Number),
);

export default defineModule({
  // The words behind the module's name on the pam.d line. One that is not here is logged and ignored.
  options: v.object({
    length: v.optional(Count, "12"),
    different: v.optional(Count, "6"),
  }),
  // What it needs from the login: to read the passwords, old and new. From the machine it needs nothing.
  grants: { password: ["authtok"] },
  permissions: {},
  changePassword: {
    // The first pass, `preliminary`, is left out: there is nothing to look at yet, and it succeeds.
    async update({ user, options, authtok, privileged, conversation, log, deny }) {
      let fault: string | undefined;
      try {
        // `using` wipes the octets when the block ends.
        using password = await authtok();
        fault = password.use((octets) => faultOf(octets, { user, demands: options }));
      } catch (error) {
        if (!(error instanceof PamError)) throw error;
        log.warn("no new password to look at: {problem}", { problem: error.message });
        return "authtok_err";
      }
      // It has looked. The password is changed by pam_unix, behind this line.
      if (fault === undefined) return "success";
      log.info("a new password is not good enough", { privileged });
      if (!privileged) return deny("authtok_err", fault);
      conversation.error(`${fault}; root may set it all the same`);
      return "success";
    },
  },
}) as PamModule;
