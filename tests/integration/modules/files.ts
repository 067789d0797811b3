// SPDX-License-Identifier: MIT
/**
 * Writes and deletes files of the user, and asks for netgroups and processes. `do=…` says which, `code=…` what it ends with.
 *
 * @module
 */

import {
  type Code,
  type Context,
  defineModule,
  PamError,
  type PamModule,
  type UserFiles,
} from "@pam-deno/sdk";
import * as v from "valibot";

const Options = v.object({
  do: v.optional(v.picklist(["write", "big", "delete", "change", "more", "path", "nothing"]), "write"),
  name: v.optional(v.string(), "ticket-1"),
  content: v.optional(v.string(), "OPS-7"),
  code: v.optional(v.string(), "success"),
});
type Options = v.InferOutput<typeof Options>;

async function work(userFiles: UserFiles<"user_file:ticket-*">, options: Options, log: Context["log"]) {
  const name = options.name as "ticket-1";
  switch (options.do) {
    case "write":
      return userFiles.set(name, options.content);
    case "big":
      return userFiles.set(name, "x".repeat(8192));
    case "delete":
      return userFiles.delete(name);
    case "change":
      userFiles.set("ticket-1", "first");
      userFiles.set("ticket-2", new Uint8Array([0, 10, 255]));
      userFiles.set("ticket-1", "second");
      return userFiles.delete("ticket-3");
    case "more":
      for (let i = 1; i <= 5; i++) userFiles.set(`ticket-${i}`, "x");
      return;
    case "path":
      return log.info("path {path}", { path: await userFiles.path(name) });
    case "nothing":
  }
}

export default defineModule({
  options: Options,
  grants: { auth: ["user_file:ticket-*"], session: ["user_file:ticket-*"] },
  async authenticate({ userFiles, options, log }) {
    await work(userFiles, options, log);
    return options.code as Code<"authenticate">;
  },
  async setCredentials({ userFiles, options, log }) {
    await work(userFiles, options, log);
    return options.code as Code<"setCredentials">;
  },
  async account({ caller, lookup, log }) {
    log.info("netgroup {member}, started {started}", {
      member: await lookup.inNetgroup("pam-deno-has-no-such-netgroup"),
      started: caller.started !== undefined,
    });
    const own = { pid: caller.pid, started: caller.started ?? 0 };
    try {
      const running = await lookup.running([own, { ...own, started: own.started + 1 }, own]);
      log.info("running {running}", { running: running.join(" ") });
    } catch (error) {
      if (error instanceof PamError) log.info("running: {code}", { code: error.code });
      else throw error;
    }
    return "success";
  },
  async openSession({ userFiles, options, log }) {
    await work(userFiles, options, log);
    return options.code as Code<"openSession">;
  },
  async closeSession({ userFiles, options, log }) {
    await work(userFiles, options, log);
    return options.code as Code<"closeSession">;
  },
}) as PamModule;
