// SPDX-License-Identifier: MIT
/** Declares more than it needs. */
import { defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

export default defineModule({
  options: v.object({ rules: v.string(), motd: v.optional(v.string()) }),
  permissions: {
    read: [{ option: "rules" }, { option: "motd" }, "/usr/lib"],
    net: ["directory.example.org:636"],
    env: ["LANG"],
  },
  grants: { auth: ["prompt"], session: ["env:APP_*", "get_env"] },
  authenticate: () => "ignore",
  async openSession({ options, environment }) {
    await Deno.readTextFile("/usr/lib/os-release");
    environment.set("APP_RULES", await Deno.readTextFile(options.rules));
    return "success";
  },
  closeSession: () => "success",
}) as PamModule;
