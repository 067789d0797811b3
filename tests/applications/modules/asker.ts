// SPDX-License-Identifier: MIT
/**
 * Asks for a word, twice: where the answer shows, and where it does not. `wants=blue` is the right one.
 *
 * @module
 */

import { defineModule, PamError, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

export default defineModule({
  options: v.object({ wants: v.string() }),
  grants: { auth: ["prompt"] },
  async authenticate({ conversation, options, log, deny }) {
    try {
      const shown = await conversation.prompt("Colour: ");
      using hidden = await conversation.promptHidden("Again, unseen: ");
      const right = shown === options.wants && hidden.equals(new TextEncoder().encode(options.wants));
      return right ? "success" : deny("auth_err", "That is not the colour");
    } catch (error) {
      if (!(error instanceof PamError)) throw error;
      log.info("no answer: {code}", { code: error.code });
      return "conv_err";
    }
  },
}) as PamModule;
