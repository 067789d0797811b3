// SPDX-License-Identifier: MIT
/**
 * Writes down what the recorder does and more: all items, some of the PAM environment, and what comes of a hidden question and of one
 * that shows; each hook says hello, too. `ask=no` leaves out texts and questions. `answer=account:new_authtok_reqd,…` is what hooks
 * answer, and with `become=bob` authenticate changes the user.
 *
 * @module
 */

import {
  type ContextOf,
  dataKey,
  defineModule,
  type Hook,
  PamError,
  type PamModule,
  type Result,
} from "@pam-deno/sdk";
import * as v from "valibot";
import type { Probed } from "../profiles_facts.ts";

const options = v.object({
  ask: v.optional(v.picklist(["yes", "no"]), "yes"),
  answer: v.optional(v.string(), ""),
  become: v.optional(v.string()),
});

type Context = ContextOf<v.InferOutput<typeof options>, "prompt" | "get_env">["openSession"];
type Seen =
  & Pick<Context, "options" | "service" | "user" | "caller" | "silent" | "continuity" | "data" | "log">
  & {
    readonly items: Pick<Context["items"], "tty" | "rhost" | "ruser" | "xdisplay" | "user_prompt">;
    readonly environment: Pick<Context["environment"], "get">;
    readonly conversation: Pick<Context["conversation"], "info" | "prompt" | "promptHidden">;
  };

/** The variables that applications were seen to put into the PAM environment, and some that they might. */
const VARIABLES = [
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
/** What everybody's password is. */
const PASSWORD = "correct horse";

const trail = dataKey("trail", v.array(v.string()));

/** What became of a question: whether it was answered with the password, or the code with which it failed. */
async function ask(question: () => Promise<string>): Promise<string> {
  try {
    return await question() === PASSWORD ? "password" : "answered";
  } catch (error) {
    if (error instanceof PamError) return error.code;
    throw error;
  }
}

async function talk(hook: Hook, { conversation }: Seen): Promise<Probed["answers"]> {
  conversation.info(`${hook} says hello`);
  const hidden = await ask(async () => {
    using answer = await conversation.promptHidden(`${hook} hidden: `);
    return answer.use((octets) => new TextDecoder().decode(octets));
  });
  return { hidden, shown: await ask(() => conversation.prompt(`${hook} shown: `)) };
}

async function probe<H extends Hook>(
  hook: H,
  context: Seen,
  more: Partial<Probed> = {},
): Promise<Result<H>> {
  const { options, service, user, items, caller, silent, continuity, data, log, environment } = context;
  const before = data.get(trail) ?? [];
  const variables = VARIABLES.flatMap((name) => {
    const value = environment.get(name);
    return value === undefined ? [] : [[name, value.slice(0, VALUE_MAX)]];
  });
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
    environment: Object.fromEntries(variables),
    answers: options.ask === "yes" ? await talk(hook, context) : undefined,
    ...more,
  };
  // In a message, braces are placeholders.
  log.info(JSON.stringify(probed).replaceAll(/[{}]/g, "$&$&"));
  data.set(trail, [...before, hook]);
  const answers = options.answer.split(",").map((word) => word.split(":"));
  return (answers.find(([which]) => which === hook)?.[1] ?? "success") as Result<H>;
}

const GRANTS = ["prompt", "get_env"] as const;

export default defineModule({
  options,
  grants: { auth: [...GRANTS, "set_item:user"], account: GRANTS, session: GRANTS, password: GRANTS },
  authenticate(context) {
    const { become } = context.options;
    if (become !== undefined) context.items.set("user", become);
    return probe("authenticate", context, { disallowNullAuthtok: context.disallowNullAuthtok });
  },
  setCredentials: (context) => probe("setCredentials", context, { verb: context.verb }),
  account: (context) => probe("account", context, { disallowNullAuthtok: context.disallowNullAuthtok }),
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
