// SPDX-License-Identifier: MIT
/**
 * Returns what its options say: `account=perm_denied`, `message=…` to refuse with it. Logs what it saw of every call.
 *
 * @module
 */

import { type Code, defineModule, type Hook, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

const optional = v.optional(v.string());
const options = v.object({
  authenticate: optional,
  setCredentials: optional,
  account: optional,
  openSession: optional,
  closeSession: optional,
  preliminary: optional,
  update: optional,
  message: optional,
  text: optional,
});

type Options = v.InferOutput<typeof options>;

interface Called {
  readonly options: Options;
  readonly silent: boolean;
  readonly user: string;
  readonly service: string;
  readonly now: Temporal.Instant;
  readonly log: { info(message: string, properties: Record<string, unknown>): void };
  readonly conversation: { info(text: string): void };
}

function answer<H extends Hook, D>(
  hook: H,
  { options, silent, user, service, now, log, conversation }: Called,
  deny: (code: never, message: string) => D,
  flags: Record<string, unknown> = {},
): Code<H> | D {
  const ms = Math.abs(now.epochMilliseconds - Date.now());
  log.info("called {hook}", { hook, user, service, silent, ...flags, now: ms < 60_000 });
  if (options.text !== undefined) conversation.info(options.text);
  const code = (options[hook] ?? "success") as Code<H>;
  return options.message === undefined || code === "success" ? code : deny(code as never, options.message);
}

export default defineModule({
  options,
  authenticate: (context) =>
    answer("authenticate", context, context.deny, { nonull: context.disallowNullAuthtok }),
  setCredentials: (context) => answer("setCredentials", context, context.deny, { verb: context.verb }),
  account: (context) => answer("account", context, context.deny, { nonull: context.disallowNullAuthtok }),
  openSession: (context) => answer("openSession", context, context.deny),
  closeSession: (context) => answer("closeSession", context, context.deny),
  changePassword: {
    preliminary: (context) =>
      answer("preliminary", context, context.deny, { expired: context.onlyIfExpired }),
    update: (context) => answer("update", context, context.deny, { expired: context.onlyIfExpired }),
  },
}) as PamModule;
