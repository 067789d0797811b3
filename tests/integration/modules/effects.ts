// SPDX-License-Identifier: MIT
/**
 * Reads and sets what belongs to the login: items, environment, module data, delay. `code=…` is what it ends with.
 *
 * @module
 */

import { type Code, dataKey, defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

const count = dataKey("count", v.number());
const reason = dataKey("reason", v.string());

const code = v.optional(v.string(), "success");

export default defineModule({
  options: v.object({ code, delay: v.optional(v.string()), why: v.optional(v.string()) }),
  grants: {
    auth: ["set_item:user", "set_item:tty", "set_item:rhost"],
    session: ["get_env", "env:APP_*", "env:DESK"],
  },
  authenticate({ items, options, failDelay, deny, log }) {
    const { service, user, tty, rhost, ruser, user_prompt, xdisplay, authtok_type } = items;
    log.info("items", { service, user, tty, rhost, ruser, user_prompt, xdisplay, authtok_type });
    items.set("tty", "pts/7");
    items.set("rhost", "");
    items.set("user", "root");
    if (options.delay !== undefined) failDelay(Temporal.Duration.from(options.delay));
    return options.code === "denied" ? deny("auth_err", "No") : options.code as Code<"authenticate">;
  },
  account({ data, options, continuity, log, deny }) {
    const times = (data.get(count) ?? 0) + 1;
    log.info("call {times}, {continuity}", { times, continuity });
    if (options.why === "forget") data.delete(count);
    else data.set(count, times);
    if (options.why !== undefined && options.why !== "forget") data.set(reason, options.why);
    return options.code === "denied" ? deny("acct_expired", "Over") : options.code as Code<"account">;
  },
  openSession({ environment, log, options }) {
    const [lang, old] = [environment.get("LANG"), environment.get("APP_OLD")];
    log.info("environment", { lang, old, empty: environment.get("APP_EMPTY") });
    environment.set("APP_NEW", `${lang} = 100%\n`);
    environment.set("APP_BLANK", "");
    environment.delete("APP_OLD");
    environment.delete("APP_NEVER");
    environment.set("DESK", environment.get("APP_OLD") === undefined ? "gone" : "there");
    return options.code as Code<"openSession">;
  },
  closeSession: ({ data }) => data.get(count) === undefined ? "session_err" : "success",
  changePassword: {
    preliminary: ({ data, deny }) => data.get(reason) === undefined ? deny("try_again", "Why?") : "success",
    update({ data, conversation, log }) {
      conversation.info(`Because: ${data.get(reason)}`);
      log.info("after {count} calls", { count: data.get(count) });
      data.delete(reason);
      return "success";
    },
  },
}) as PamModule;
