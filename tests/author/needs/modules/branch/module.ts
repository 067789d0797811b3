// SPDX-License-Identifier: MIT
/** Asks a server, and only for some answers the person. */
import { defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";
import { ask } from "./server.ts";

export default defineModule({
  options: v.object({ server: v.string() }),
  permissions: { net: [{ option: "server" }] },
  grants: { auth: ["prompt", "authtok"] },
  async authenticate({ options, user, conversation, signal, deny }) {
    const says = await ask(options.server, user, signal);
    if (says !== "code") return says === "yes" ? "success" : deny("auth_err", "No");
    return await conversation.prompt("Code: ") === "1234" ? "success" : deny("auth_err", "No");
  },
}) as PamModule;
