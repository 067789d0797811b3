// SPDX-License-Identifier: MIT
/**
 * Keeps in authenticate who came, and writes to the log what each hook finds of it: `HOOK found CONTINUITY of USER`.
 *
 * @module
 */

import { type Context, dataKey, defineModule, type Hook, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

const came = dataKey("came", v.string());

function tell(
  { continuity, data, log }: Pick<Context<Hook>, "continuity" | "data" | "log">,
  hook: Hook,
): "success" {
  log.warn("{hook} found {continuity} of {user}", { hook, continuity, user: data.get(came) ?? "-" });
  return "success";
}

export default defineModule({
  authenticate(context) {
    context.data.set(came, context.user);
    return tell(context, "authenticate");
  },
  setCredentials: (context) => tell(context, "setCredentials"),
  account: (context) => tell(context, "account"),
  openSession: (context) => tell(context, "openSession"),
  closeSession: (context) => tell(context, "closeSession"),
}) as PamModule;
