// SPDX-License-Identifier: MIT
/**
 * Runs `pam-deno try` as its author would, also as somebody who is not root.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { Folder, ROOT } from "../scene.ts";
import { pamDeno, type Run } from "../../sdk/command/program.ts";

export { Folder, ROOT } from "../scene.ts";

/** What `--json` says, as far as tests look at it. */
export interface Told {
  readonly code: string;
  readonly application: string;
  readonly texts: readonly string[];
  readonly time_ms: number;
  readonly service_ms: number;
  readonly human_ms: number;
  readonly failure: null | {
    readonly class: string;
    readonly cause: string;
    readonly place: null | { readonly file: string; readonly line: number; readonly column: number };
  };
  readonly prompts: readonly { readonly text: string; readonly by: string }[];
  readonly problems: readonly string[];
  readonly types: null | { readonly verdict: string; readonly text: string };
  readonly error?: Readonly<Record<"kind" | "code" | "message" | "docs", string>>;
  readonly steps: readonly (Told & { readonly process: string; readonly pid: number })[];
  readonly [key: string]: unknown;
}

/** A file of the README's example. */
export const OFFICE_HOURS: string = join(ROOT, "examples", "office-hours", "module.ts");

/** What decides it. */
export const CLOSED: readonly string[] = [
  ...["--user", "alice", "--service", "sshd", "--rhost", "203.0.113.9", "--now", "2026-12-24T23:30+01:00"],
  ...["--option", "tz=Europe/Berlin", "--option", "open=08:00", "--option", "close=18:00"],
];

/** A folder of temporary files of its own, in which nothing may be left. */
export class Scratch extends Folder {
  /** As root the module runs as somebody else, who has to get to what it starts from. */
  constructor(files: Readonly<Record<string, string>> = {}) {
    super(files);
    Deno.chmodSync(this.path, 0o711);
  }

  /** Runs `pam-deno try`, and sees to it that nothing is left behind. */
  async run(words: readonly string[], env: Record<string, string> = {}): Promise<Run> {
    const tmp = join(this.path, "tmp");
    Deno.mkdirSync(tmp, { recursive: true });
    const run = await pamDeno(["try", ...words], { TMPDIR: tmp, ...env });
    assert.deepEqual([...Deno.readDirSync(tmp)].map(({ name }) => name), [], "something was left behind");
    return run;
  }

  /** The same with `--json`: the object, and how it ended. */
  async told(words: readonly string[], env: Record<string, string> = {}): Promise<Told & { status: number }> {
    const { status, stdout, stderr } = await this.run([...words, "--json"], env);
    const last = stdout.trimEnd().split("\n").at(-1)!;
    try {
      return { ...JSON.parse(last), status };
    } catch {
      assert.fail(`no object in the last line: ${stdout}${stderr}`);
    }
  }
}

/** A module's text. */
export function moduleText(definition: string, top = ""): string {
  return `import { defineModule, type PamModule } from "@pam-deno/sdk";\n${top}\nexport default defineModule(${definition}) as PamModule;\n`;
}

/** A module that asks twice, once hidden. */
export const ASKING: string = moduleText(`{
  grants: { auth: ["prompt"] },
  async authenticate({ conversation, deny }) {
    conversation.info("Think of a colour");
    const colour = await conversation.prompt("Colour? ");
    const secret = await conversation.promptHidden("Secret? ");
    let isRight = false;
    secret.use((octets) => isRight = new TextDecoder().decode(octets) === "grün");
    return colour === "blue" && isRight ? "success" : deny("auth_err", "No");
  },
}`);
