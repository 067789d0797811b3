// SPDX-License-Identifier: MIT
/**
 * Asks: `do=name`, `form`, `hidden`, `token`, `texts`. What it learns goes to the log, of secrets only the length.
 *
 * @module
 */

import { defineModule, PamError, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

const ways = ["name", "form", "hidden", "token", "texts", "set"] as const;

export default defineModule({
  options: v.object({
    do: v.optional(v.picklist(ways), "name"),
    prompt: v.optional(v.string()),
    wants: v.optional(v.string()),
  }),
  grants: { auth: ["prompt", "authtok", "set_authtok"], password: ["authtok", "set_authtok"] },
  async authenticate({ options, user, conversation, authtok, setAuthtok, log, deny }) {
    try {
      switch (options.do) {
        case "name":
          log.info("user is {user}", { user });
          return "success";
        case "form": {
          const [, floor, pin] = await conversation.converse([
            { style: "text_info", text: "Three things" },
            { style: "prompt_echo_on", text: "Floor: " },
            { style: "prompt_echo_off", text: "PIN: " },
            { style: "error_msg", text: "Be quick" },
          ]);
          log.info("floor {floor}, {digits} digits", { floor, digits: pin.use((bytes) => bytes.length) });
          return floor === "3" ? "success" : deny("auth_err", `Nobody works on floor ${floor}`);
        }
        case "hidden": {
          using answer = await conversation.promptHidden("Code: ");
          const right = answer.equals(new TextEncoder().encode("one two three"));
          return right ? "success" : deny("maxtries", "Enough");
        }
        case "token": {
          using password = await authtok(options.prompt);
          const length = password.use((bytes) => bytes.length);
          log.info("a password of {length} octets", { length });
          return password.equals(new TextEncoder().encode(options.wants ?? "")) ? "success" : "auth_err";
        }
        case "texts":
          for (let i = 1; i <= 20; i++) conversation.info(`text ${i}`);
          return await conversation.prompt("Read all? ") === "yes" ? "success" : "auth_err";
        case "set":
          setAuthtok(new TextEncoder().encode("set by the first module"));
          return "success";
      }
    } catch (error) {
      if (!(error instanceof PamError)) throw error;
      log.warn("asking failed: {code}", { code: error.code });
      return error.code === "conv_err" ? "conv_err" : "auth_err";
    }
  },
  changePassword: {
    preliminary: () => "success",
    async update({ oldAuthtok, authtok, log, options }) {
      using old = await oldAuthtok("Old one: ");
      using fresh = await authtok(options.prompt);
      const lengths = [old, fresh].map((secret) => secret.use((bytes) => bytes.length));
      log.info("from {0} to {1} octets", { ...lengths });
      return "success";
    },
  },
}) as PamModule;
