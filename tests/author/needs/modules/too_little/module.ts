// SPDX-License-Identifier: MIT
/** Needs more than it declares. */
import { defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

export default defineModule({
  options: v.object({ list: v.string(), seen: v.optional(v.string()) }),
  permissions: { sys: ["hostname"] },
  async account({ options, user, conversation, lookup }) {
    const list = await Deno.readTextFile(options.list);
    if (options.seen !== undefined) await Deno.writeTextFile(options.seen, user, { append: true });
    if (Deno.hostname() === "" || user === "mallory") new Deno.Command("/bin/true").outputSync();
    try {
      // @ts-expect-error the grant is not declared
      await lookup.ageing();
    } catch {
      conversation.info(`${Deno.env.get("LANG") ?? "C"}: the shadow entry cannot be read`);
    }
    return list.split("\n").includes(user) ? "success" : "perm_denied";
  },
}) as PamModule;
