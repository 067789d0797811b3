// SPDX-License-Identifier: MIT
/**
 * Tries what its option says, `try=NAME`, on `at=…`, and tells what came of it.
 *
 * @module
 */

import { defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";
import { ATTEMPTS } from "./attempts.ts";

/** How long an attempt may take; what waits longer has got nothing either. */
const ATTEMPT_MAX_MS = 2_000;

export default defineModule({
  options: v.object({ try: v.string(), at: v.optional(v.string(), "") }),
  async account({ options, conversation }) {
    const attempt = ATTEMPTS[options.try];
    if (!attempt) throw new Error(`there is no attempt ${options.try}`);
    let code: "success" | "perm_denied" = "perm_denied";
    let told: string;
    try {
      const late = new Promise((_, reject) =>
        setTimeout(reject, ATTEMPT_MAX_MS, new Error("nothing came of it"))
      );
      const got = await Promise.race([(async () => await attempt(options.at))(), late]);
      code = "success";
      told = `got ${typeof got === "string" ? got : Deno.inspect(got, { depth: 1, compact: true })}`;
    } catch (error) {
      told = `refused: ${error instanceof Error ? error.message : String(error)}`;
    }
    conversation.info(told.replaceAll(/\s+/g, " ").slice(0, 300));
    return code;
  },
}) as PamModule;
