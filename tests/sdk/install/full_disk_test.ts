// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import type { FullDiskResult } from "./full_disk_program.ts";
import { ROOT } from "./folders.ts";
import { makeSite, moduleText } from "./site.ts";

/** Octets that are left: nothing, too little at this or that step, and enough at last. */
const ROOM = [0, 8_192, 65_536, 524_288, 1_048_576, 1_572_864, 2_097_152, 64 * 1024 ** 2];

Deno.test({
  name: "addModule() says that the disk is full, and loses nothing, at whichever step",
  ignore: Deno.uid() !== 0,
  async fn() {
    using site = await makeSite();
    const files = (code: string) => ({
      "deno.json": `{ "exports": "./module.ts" }`,
      "module.ts": moduleText(code),
    });
    const options = JSON.stringify({
      layout: site.layout,
      first: site.source("one", files("success")),
      second: site.source("two", files("perm_denied")),
      room: ROOM,
    });
    Deno.mkdirSync(site.layout.stateDir);
    const program = join(import.meta.dirname!, "full_disk_program.ts");
    const deno = [
      Deno.execPath(),
      "run",
      "--quiet",
      "--no-check",
      "-A",
      "--config",
      join(ROOT, "deno.json"),
      program,
      options,
    ];
    const { success, stdout, stderr } = await new Deno.Command("unshare", {
      args: [
        "--mount",
        "--propagation",
        "private",
        "--",
        "sh",
        "-c",
        `mount -t tmpfs -o size=48m,mode=755 tmpfs "$1" && shift && exec "$@"`,
        "sh",
        site.layout.stateDir,
        ...deno,
      ],
      stdin: "null",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const results = JSON.parse(new TextDecoder().decode(stdout)) as FullDiskResult[];
    const last = results.pop()!;
    assert.equal(last.error, undefined);
    assert.equal(last.same, false);
    for (const { free, error, same } of results) {
      if (error === undefined) continue;
      assert.match(error, /the disk is full|No space left|no space left/, `${free} octets left`);
      assert.equal(same, true, `${free} octets left: ${error}`);
    }
    assert.ok(results.filter(({ error }) => error !== undefined).length >= 3, JSON.stringify(results));
  },
});
