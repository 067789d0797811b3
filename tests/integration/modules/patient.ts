// SPDX-License-Identifier: MIT
/**
 * Waits: `at=handler` for ever, `at=lookup` between look-ups without end, `at=person` for an answer, `at=text` behind texts.
 * `ms=…` waits so long and is well then.
 *
 * @module
 */

import { defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

const digits = v.optional(v.pipe(v.string(), v.digits()), "0");

export default defineModule({
  options: v.object({ at: v.optional(v.string()), ms: digits }),
  grants: { auth: ["prompt"] },
  async account({ options, lookup, conversation, log, signal }) {
    switch (options.at) {
      case "handler":
        log.info("waiting");
        return await new Promise<never>((_, reject) => {
          signal.addEventListener("abort", () => {
            log.info("given up: {name}", { name: (signal.reason as Error).name });
            reject(signal.reason);
          });
        });
      case "lookup":
        await lookup.groups();
        await lookup.passwd();
        log.info("waiting");
        return await new Promise<never>(() => {});
      case "text":
        conversation.info("wait");
        log.info("waiting");
        return await new Promise<never>(() => {});
    }
    if (options.ms !== "0") await new Promise((resolve) => setTimeout(resolve, Number(options.ms)));
    return "success";
  },
  async authenticate({ conversation }) {
    return await conversation.prompt("Still there? ") === "yes" ? "success" : "auth_err";
  },
}) as PamModule;
