// SPDX-License-Identifier: MIT
/**
 * Asks for a PIN: a second question behind the password.
 *
 * @module
 */

import { defineModule, PamError, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";
import { hashOf, isSame, NOBODYS, parsePins } from "./policy.ts";

/** How long a refusal takes at least: nobody tries all PINs in an afternoon. */
const DELAY = Temporal.Duration.from({ seconds: 2 });
const LATER = "PINs cannot be checked now: ask the administrator";

export default defineModule({
  // The words behind the module's name on the pam.d line, or the configuration's. One that is not here is logged and ignored.
  options: v.object({
    pins: v.pipe(v.string(), v.startsWith("/", "Write the absolute path of the file of PINs")),
  }),
  // What it needs from the login: to ask a question. From the machine: to read the file that the option names.
  grants: { auth: ["prompt"] },
  permissions: { read: [{ option: "pins" }] },
  async authenticate({ user, options, conversation, failDelay, log, deny }) {
    failDelay(DELAY);
    try {
      const pins = parsePins(await Deno.readTextFile(options.pins));
      // `using` wipes the octets when the block ends; in the log a Secret is [secret].
      using pin = await conversation.promptHidden("PIN: ");
      const kept = pins.get(user);
      const { salt, hash } = kept ?? NOBODYS;
      const given = await pin.use((octets) => hashOf(octets, salt));
      if (isSame(given, hash) && kept !== undefined) return "success";
      // Whoever has no PIN takes as long as whoever types a wrong one, and reads the same.
      log.info(kept === undefined ? "refused: there is no PIN for the user" : "refused: the PIN is wrong");
      return deny("auth_err", "This PIN is not right");
    } catch (error) {
      if (error instanceof PamError) {
        log.warn("nobody answered the question: {problem}", { problem: error.message });
        return "auth_err";
      }
      log.error("{file} cannot be used: {problem}", {
        file: options.pins,
        problem: error instanceof Error ? error.message : error,
      });
      return deny("service_err", LATER);
    }
  },
}) as PamModule;
