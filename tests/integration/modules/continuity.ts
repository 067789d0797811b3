// SPDX-License-Identifier: MIT
/**
 * Stores who authenticated, and shows in each hook what is there of it: `HOOK CONTINUITY VALUE`. `HOOK=CODE` is what a hook ends with.
 *
 * @module
 */

import { type Code, type Context, dataKey, defineModule, type Hook, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

const by = dataKey("by", v.string());

const code = v.optional(v.string(), "success");
const Options = v.object({
  value: v.optional(v.string(), "set"),
  authenticate: code,
  account: code,
  openSession: code,
});
type Options = v.InferOutput<typeof Options>;

type Shown = Pick<Context<Hook, Options>, "continuity" | "conversation" | "data">;

function show({ continuity, data, conversation }: Shown, hook: Hook): void {
  conversation.info(`${hook} ${continuity} ${data.get(by) ?? "-"}`);
}

export default defineModule({
  options: Options,
  authenticate(context) {
    const { data, options } = context;
    if (options.value !== "none") data.set(by, options.value);
    show(context, "authenticate");
    return options.authenticate as Code<"authenticate">;
  },
  setCredentials(context) {
    show(context, "setCredentials");
    return "success";
  },
  account(context) {
    show(context, "account");
    return context.options.account as Code<"account">;
  },
  openSession(context) {
    show(context, "openSession");
    return context.options.openSession as Code<"openSession">;
  },
  closeSession(context) {
    show(context, "closeSession");
    return "success";
  },
  changePassword: {
    update(context) {
      context.data.set(by, "changed");
      show(context, "update");
      return "success";
    },
  },
}) as PamModule;
