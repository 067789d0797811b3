// SPDX-License-Identifier: MIT
/** What the generator makes of a small definition. `UPDATE_GOLDEN=1` writes `small/` anew: look at the difference. */
import assert from "node:assert/strict";
import { messageHeader, messageSource } from "../../scripts/gen/c_messages.ts";
import { tokensHeader, tokensSource } from "../../scripts/gen/c_tokens.ts";
import { checkDefinition } from "../../scripts/gen/check.ts";
import { messageTables } from "../../scripts/gen/protocol_tables.ts";
import { compileCodec } from "../../sdk/wire/mod.ts";
import { Recoder } from "../sdk/wire/recode.ts";
import { SMALL } from "./small.ts";

const ORIGIN = {
  generator: "a test",
  source: "tests/generator/small.ts",
  command: "UPDATE_GOLDEN=1 deno test",
};
const ROOT = new URL("../../", import.meta.url);
const FOLDER = new URL("small/", import.meta.url);

const FILES: Readonly<Record<string, string>> = {
  "message_gen.h": messageHeader(SMALL, ORIGIN),
  "message_gen.c": messageSource(SMALL, ORIGIN),
  "tokens_gen.h": tokensHeader(SMALL, ORIGIN),
  "tokens_gen.c": tokensSource(SMALL, ORIGIN),
  "tables.txt": messageTables(SMALL),
};

if (Deno.env.get("UPDATE_GOLDEN") === "1") {
  await Deno.mkdir(FOLDER, { recursive: true });
  for (const [name, text] of Object.entries(FILES)) await Deno.writeTextFile(new URL(name, FOLDER), text);
}

Deno.test("checkDefinition() accepts the small definition", () => {
  checkDefinition(SMALL);
});

for (const [name, text] of Object.entries(FILES)) {
  Deno.test(`the generator makes tests/generator/small/${name}`, async () => {
    assert.equal(text, await Deno.readTextFile(new URL(name, FOLDER)));
  });
}

async function build(folder: URL): Promise<URL> {
  const copy = async (path: string) => {
    await Deno.mkdir(new URL(".", new URL(path, folder)), { recursive: true });
    await Deno.copyFile(new URL(path, ROOT), new URL(path, folder));
  };
  for (
    const path of [
      "shim/wire.c",
      "shim/wire_put.c",
      "shim/wire.h",
      "tests/shim/any_message.h",
      "tests/shim/recode.c",
    ]
  ) {
    await copy(path);
  }
  for (const name of Object.keys(FILES)) {
    await Deno.copyFile(new URL(name, FOLDER), new URL(`shim/${name}`, folder));
  }
  const warnings = ["-std=c11", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"];
  const sources = [
    "shim/wire.c",
    "shim/wire_put.c",
    "shim/message_gen.c",
    "shim/tokens_gen.c",
    "tests/shim/recode.c",
  ];
  const { success, stderr } = await new Deno.Command("gcc", {
    args: [...warnings, ...sources, "-o", "recode"],
    cwd: folder,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new URL("recode", folder);
}

Deno.test("C made from the small definition gives the octets of its messages back", async () => {
  const folder = new URL(`file://${await Deno.makeTempDir()}/`);
  try {
    const codec = compileCodec(SMALL);
    await using recoder = new Recoder(await build(folder));
    const spot = { colour: "green", secret: Uint8Array.of(1), depth: 2 };
    const messages = [
      { type: "greet", version: 2, mark: Uint8Array.of(1, 2, 3), name: "n", nick: "k", size: 65535 },
      { type: "greet", version: 2, mark: Uint8Array.of(1, 2, 3), name: "", size: 0 },
      {
        type: "paint",
        colour: "darkBlue",
        again: true,
        small: 255,
        large: 0xffff_ffff,
        score: -1,
        blob: new Uint8Array(20).fill(7),
        spots: [spot, { depth: 0 }, spot],
      },
      { type: "stop" },
    ];
    for (const message of messages) {
      const frame = codec.encode(message);
      assert.deepEqual(await recoder.recode(frame), { frame: Uint8Array.from(frame) });
    }
    const first = codec.encode({ type: "greet", version: 1, mark: Uint8Array.of(1, 2, 3), name: "n" });
    assert.deepEqual(await recoder.recode(first), { kind: "bad_version" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
