// SPDX-License-Identifier: MIT
/**
 * Writes down what the recorder does and more: all items, the names of the PAM environment, and what comes of a hidden question and of
 * one that shows. It needs grants on every line: see `probed.ts`. `expired=yes` makes account say that the password has expired.
 *
 * @module
 */

import { type ContextOf, dataKey, defineModule, type Hook, PamError, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";
import type { Probed } from "../probed.ts";

type Options = { readonly expired: "yes" | "no" };
type Grants = "prompt" | "get_env";
type Seen = ContextOf<Options, Grants>[Hook];

/** The variables that applications were seen to put into the PAM environment, and some that they might. */
const VARIABLES = [
  "DBUS_SESSION_BUS_ADDRESS",
  "DISPLAY",
  "GREETD_SOCK",
  "HOME",
  "KRB5CCNAME",
  "LANG",
  "LOGNAME",
  "MAIL",
  "PATH",
  "SHELL",
  "SSH_AUTH_INFO_0",
  "SSH_CLIENT",
  "SSH_CONNECTION",
  "TERM",
  "USER",
  "XDG_SEAT",
  "XDG_SESSION_CLASS",
  "XDG_SESSION_DESKTOP",
  "XDG_SESSION_TYPE",
  "XDG_VTNR",
];

/** A line of the log has no room for more. */
const VALUE_MAX = 40;

const trail = dataKey("trail", v.array(v.string()));

/** What became of a question: whether it was answered with the password that everybody has, or the code with which it failed. */
async function ask(question: () => Promise<string>): Promise<string> {
  try {
    return await question() === "correct horse" ? "password" : "answered";
  } catch (error) {
    if (error instanceof PamError) return error.code;
    throw error;
  }
}

async function probe(hook: Hook, context: Seen, more: Partial<Probed> = {}): Promise<"success"> {
  const { service, user, items, caller, silent, continuity, data, log, conversation, environment } = context;
  conversation.info(`${hook} says hello`);
  const hidden = await ask(async () => {
    using answer = await conversation.promptHidden(`${hook} hidden: `);
    return answer.use((octets) => new TextDecoder().decode(octets));
  });
  const shown = await ask(() => conversation.prompt(`${hook} shown: `));
  const before = data.get(trail) ?? [];
  const probed: Probed = {
    as: "prober",
    hook,
    service,
    user,
    tty: items.tty,
    rhost: items.rhost,
    ruser: items.ruser,
    xdisplay: items.xdisplay,
    userPrompt: items.user_prompt,
    caller: { ...caller },
    silent,
    continuity,
    trail: before,
    environment: Object.fromEntries(
      VARIABLES.flatMap((name) => {
        const value = environment.get(name);
        return value === undefined ? [] : [[name, value.slice(0, VALUE_MAX)]];
      }),
    ),
    answers: { hidden, shown },
    ...more,
  };
  // In a message, braces are placeholders.
  log.info(JSON.stringify(probed).replaceAll(/[{}]/g, "$&$&"));
  data.set(trail, [...before, hook]);
  return "success";
}

export default defineModule({
  options: v.object({ expired: v.optional(v.picklist(["yes", "no"]), "no") }),
  grants: {
    auth: ["prompt", "get_env"],
    account: ["prompt", "get_env"],
    session: ["prompt", "get_env"],
    password: ["prompt", "get_env"],
  },
  authenticate: (context) =>
    probe("authenticate", context, { disallowNullAuthtok: context.disallowNullAuthtok }),
  setCredentials: (context) => probe("setCredentials", context, { verb: context.verb }),
  async account(context) {
    await probe("account", context, { disallowNullAuthtok: context.disallowNullAuthtok });
    return context.options.expired === "yes" ? "new_authtok_reqd" : "success";
  },
  openSession: (context) => probe("openSession", context),
  closeSession: (context) => probe("closeSession", context),
  changePassword: {
    preliminary: (context) =>
      probe("preliminary", context, {
        onlyIfExpired: context.onlyIfExpired,
        privileged: context.privileged,
      }),
    update: (context) =>
      probe("update", context, { onlyIfExpired: context.onlyIfExpired, privileged: context.privileged }),
  },
}) as PamModule;
