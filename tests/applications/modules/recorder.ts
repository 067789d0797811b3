// SPDX-License-Identifier: MIT
/**
 * Writes one line of JSON for every hook to the log: what it saw. What it answers is on the line of pam.d, for each hook:
 * `answer=account:acct_expired`, `deny=openSession:perm_denied:Enough` with a text for the person, `text=account:Hello` to show
 * one. It needs no grant. Each hook adds its name to the data, or those of `keep=authenticate` do, and writes down what was there before.
 *
 * @module
 */

import { type ContextOf, dataKey, defineModule, type Hook, type PamModule, type Result } from "@pam-deno/sdk";
import * as v from "valibot";
import type { Recorded } from "../recorded.ts";

const words = v.optional(
  v.union([v.pipe(v.string(), v.transform((word) => [word])), v.array(v.string())]),
  [],
);

const options = v.object({
  /** Which of several recorders this is. */
  as: v.optional(v.string(), "recorder"),
  answer: words,
  deny: words,
  text: words,
  /** Hooks that add their name to the data; all of them if left out. */
  keep: words,
});

type Options = v.InferOutput<typeof options>;
type Seen = ContextOf<Options, never>[Hook];

const trail = dataKey("trail", v.array(v.string()));

/** The words behind `HOOK:` of an option. */
function of(hook: Hook, list: readonly string[]): string | undefined {
  return list.find((word) => word.startsWith(`${hook}:`))?.slice(hook.length + 1);
}

function record<H extends Hook>(
  hook: H,
  context: Seen,
  flags: Partial<Recorded> = {},
): Result<H> {
  const { options, service, user, items, caller, silent, continuity, data, log, conversation, deny } =
    context;
  const before = data.get(trail) ?? [];
  const recorded: Recorded = {
    as: options.as,
    hook,
    service,
    user,
    tty: items.tty,
    rhost: items.rhost,
    ruser: items.ruser,
    caller: { ...caller },
    silent,
    continuity,
    trail: before,
    ...flags,
  };
  // In a message, braces are placeholders.
  log.info(JSON.stringify(recorded).replaceAll(/[{}]/g, "$&$&"));
  if (options.keep.length === 0 || options.keep.includes(hook)) data.set(trail, [...before, hook]);
  const text = of(hook, options.text);
  if (text !== undefined) conversation.info(text);
  const refusal = of(hook, options.deny);
  if (refusal !== undefined) {
    const [code, ...message] = refusal.split(":");
    return deny(code as never, message.join(":")) as Result<H>;
  }
  return (of(hook, options.answer) ?? "success") as Result<H>;
}

export default defineModule({
  options,
  authenticate: (context) =>
    record("authenticate", context, { disallowNullAuthtok: context.disallowNullAuthtok }),
  setCredentials: (context) => record("setCredentials", context, { verb: context.verb }),
  account: (context) => record("account", context, { disallowNullAuthtok: context.disallowNullAuthtok }),
  openSession: (context) => record("openSession", context),
  closeSession: (context) => record("closeSession", context),
  changePassword: {
    preliminary: (context) =>
      record("preliminary", context, {
        onlyIfExpired: context.onlyIfExpired,
        privileged: context.privileged,
      }),
    update: (context) =>
      record("update", context, { onlyIfExpired: context.onlyIfExpired, privileged: context.privileged }),
  },
}) as PamModule;
