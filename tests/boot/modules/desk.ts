// SPDX-License-Identifier: MIT
/**
 * Asks a person something, and lets everybody in.
 *
 * @module
 */

import { defineModule, type PamModule } from "@pam-deno/sdk";

export default defineModule({
  grants: { auth: ["prompt"] },
  async authenticate({ conversation }) {
    await conversation.prompt("Name of the desk: ");
    return "success";
  },
  account: () => "success",
}) as PamModule;
