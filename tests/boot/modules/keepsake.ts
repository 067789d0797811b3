// SPDX-License-Identifier: MIT
/**
 * Leaves a file for everybody whose session it opens.
 *
 * @module
 */

import { defineModule, type PamModule } from "@pam-deno/sdk";

export default defineModule({
  grants: { session: ["user_file:note"] },
  openSession({ userFiles }) {
    userFiles.set("note", "you were here");
    return "success";
  },
}) as PamModule;
