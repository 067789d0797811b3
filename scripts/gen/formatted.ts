// SPDX-License-Identifier: MIT
/**
 * Generated texts as the formatter wants them.
 *
 * @module
 */

/** A text as `deno fmt` leaves it. */
export function formatted(root: URL, text: string, extension: string): string {
  const path = Deno.makeTempFileSync({ prefix: "pam-deno-gen-", suffix: `.${extension}` });
  try {
    Deno.writeTextFileSync(path, text);
    const config = new URL("deno.json", root).pathname;
    const { success, stderr } = new Deno.Command(Deno.execPath(), {
      args: ["fmt", "--quiet", `--config=${config}`, path],
      stdin: "null",
    }).outputSync();
    if (!success) throw new Error(`deno fmt: ${new TextDecoder().decode(stderr)}`);
    return Deno.readTextFileSync(path);
  } finally {
    Deno.removeSync(path);
  }
}
