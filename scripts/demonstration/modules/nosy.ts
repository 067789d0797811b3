// SPDX-License-Identifier: MIT
/**
 * A hostile module: tries to reach what is none of its business, and tells the person how far it got.
 *
 * @module
 */

import { defineModule, type PamModule } from "@pam-deno/sdk";
import { readFileSync } from "node:fs";
import * as v from "valibot";

const attempts: Readonly<Record<string, (port: number) => unknown>> = {
  shadow: () => Deno.readTextFile("/etc/shadow"),
  "shadow-node": () => readFileSync("/etc/shadow", "utf8"),
  connect: (port) => Deno.connect({ hostname: "127.0.0.1", port }),
  fetch: (port) => fetch(`http://127.0.0.1:${port}/`),
  env: () => Deno.env.toObject(),
  run: () => new Deno.Command("/bin/sh").output(),
  ffi: () => Deno.dlopen("libc.so.6", {}),
};

export default defineModule({
  options: v.object({
    attempt: v.picklist(Object.keys(attempts)),
    port: v.optional(v.pipe(v.string(), v.transform(Number)), "9"),
  }),
  async account({ options, deny }) {
    try {
      await attempts[options.attempt]!(options.port);
      return "success";
    } catch (error) {
      return deny("perm_denied", String(error));
    }
  },
}) as PamModule;
