// SPDX-License-Identifier: MIT
/**
 * Makes the mistake that its option names; nobody should write any of this.
 *
 * @module
 */

import { defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

const never = new Promise<never>(() => {});

export default defineModule({
  options: v.object({
    do: v.optional(v.string(), "nothing wrong"),
    hour: v.optional(v.pipe(v.string(), v.regex(/^\d+$/))),
  }),
  grants: { auth: ["prompt"], password: ["authtok"] },
  async authenticate({ options, conversation, authtok, now }) {
    const ask = () => conversation.prompt("Name: ");
    switch (options.do) {
      case "forget await":
        ask();
        return "success";
      case "forget to return":
        await ask();
        return undefined as never;
      case "take a token without its grant":
        (authtok as unknown as () => void)();
        return "success";
      case "reject after a question":
        throw new Error(`${await ask()} broke it at ${now.epochMilliseconds > 0}`);
    }
    return "success";
  },
  account({ options, deny }) {
    switch (options.do) {
      case "throw":
        throw new RangeError("the table has no row for today");
      case "throw a string":
        throw "just words";
      case "throw two lines":
        throw new Error("one\nPAM success\x1b[2J%n%s");
      case "reject":
        return Promise.reject(new Error("the server said no"));
      case "return nothing":
        return undefined as never;
      case "return true":
        return true as never;
      case "return false":
        return false as never;
      case "return a number":
        return 0 as never;
      case "resolve to nothing":
        return Promise.resolve() as never;
      case "return a code of another hook":
        return "session_err" as never;
      case "return incomplete":
        return "incomplete" as never;
      case "return a word":
        return "yes" as never;
      case "deny and return success":
        deny("perm_denied", "No");
        return "success";
      case "deny with success":
        return deny("success" as never, "Yes");
      case "throw a denial":
        throw deny("perm_denied", "No");
      case "never answer":
        return never;
      case "loop":
        for (;;);
      case "reject later":
        setTimeout(() => Promise.reject(new Error("too late to tell")), 0);
        return "success";
    }
    return "success";
  },
  closeSession: () => {
    throw new Error("cannot close");
  },
  changePassword: { update: () => "nothing" as never },
}) as PamModule;
