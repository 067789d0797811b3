// SPDX-License-Identifier: MIT
/**
 * Stores the word that a person typed, if it begins with `stale`, and lets them pass; refuses `refused`. What it does with any other word
 * is on the line: `right=store`, `right=success` without storing, `right=ignore`. Each hook writes down what it found, as the recorder
 * does. It has no account hook.
 *
 * @module
 */

import { type ContextOf, dataKey, defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

const options = v.object({ right: v.optional(v.picklist(["store", "success", "ignore"]), "store") });

const typed = dataKey("typed", v.string());

type Options = v.InferOutput<typeof options>;
type Session = ContextOf<Options, never>["openSession"];

/** Writes down a hook; the word that was found is its trail. */
function record(
  hook: "authenticate" | "setCredentials" | "openSession",
  { service, user, caller, continuity, data, log }: Pick<
    Session,
    "service" | "user" | "caller" | "continuity" | "data" | "log"
  >,
  more: { readonly verb?: string } = {},
): void {
  const found = data.get(typed);
  const trail = found === undefined ? [] : [found];
  const recorded = { as: "fickle", hook, service, user, caller: { ...caller }, continuity, trail, ...more };
  // In a message, braces are placeholders.
  log.info(JSON.stringify(recorded).replaceAll(/[{}]/g, "$&$&"));
}

export default defineModule({
  options,
  grants: { auth: ["authtok"] },
  async authenticate(context) {
    record("authenticate", context);
    using token = await context.authtok();
    const word = token.use((octets) => new TextDecoder().decode(octets));
    if (word === "refused") return "auth_err";
    const what = word.startsWith("stale") ? "store" : context.options.right;
    if (what === "store") context.data.set(typed, word);
    return what === "ignore" ? "ignore" : "success";
  },
  setCredentials(context) {
    record("setCredentials", context, { verb: context.verb });
    return "success";
  },
  openSession(context) {
    record("openSession", context);
    return "success";
  },
}) as PamModule;
