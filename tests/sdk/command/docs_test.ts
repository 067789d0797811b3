// SPDX-License-Identifier: MIT
/**
 * Holds what README.md and docs/running.md tell people to type to the program.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { Output } from "../../../sdk/command/output.ts";
import { parseWords } from "../../../sdk/command/program.ts";
import { ROOT } from "./program.ts";

/** Other programs that the documents may start: those of a Debian with pam-deno's package, and pamtester, which it suggests. */
const OTHERS = [
  "apt",
  "cp",
  "echo",
  "find",
  "install",
  "journalctl",
  "mount",
  "pamtester",
  "rm",
  "sed",
  "su",
  "sync",
  "systemctl",
];

/** The commands of the `sh` blocks of a document, each as it would be typed. */
function commands(file: string, between?: readonly [begin: string, end: string]): string[] {
  let text = Deno.readTextFileSync(join(ROOT, file));
  if (between) text = text.slice(text.indexOf(between[0]), text.indexOf(between[1]));
  const blocks = [...text.matchAll(/^ *```sh\n([^]*?)^ *```$/gm)].map((match) => match[1]!);
  return blocks.flatMap((block) => block.replace(/\\\n/g, " ").split("\n")).map((line) => line.trim()).filter(
    Boolean,
  );
}

/** The programs that a command starts, with their words as the shell would give them. */
async function programs(command: string): Promise<string[][]> {
  // Between pipes and braces each part is a program of its own; where it writes to is of no interest here.
  const parts = command.split(/(?<!\\)[|;{}]+(?=\s|$)/).map((part) => part.replace(/\s>\s.*/, "").trim());
  return await Promise.all(
    parts.filter(Boolean).map(async (part) => {
      const { code, stdout } = await new Deno.Command("bash", {
        args: ["-c", `set -f; printf '%s\\0' ${part}`],
      }).output();
      assert.equal(code, 0, part);
      return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
    }),
  );
}

const RUNNING = commands("docs/running.md");
const FIVE = commands("README.md", ["<!-- begin five commands -->", "<!-- end five commands -->"]);

Deno.test("README.md goes from a fresh Debian to a decided login in five commands", () => {
  assert.equal(FIVE.length, 5);
});

for (const [file, list] of [["README.md", FIVE], ["docs/running.md", RUNNING]] as const) {
  Deno.test(`${file} starts programs that there are, and pam-deno with words that it knows`, async () => {
    let ours = 0;
    for (const command of list) {
      for (const [program, ...words] of await programs(command)) {
        if (program === "pam-deno") {
          ours++;
          assert.ok(parseWords(words, new Output()), command);
        } else assert.ok(OTHERS.includes(program!), `${program} in: ${command}`);
      }
    }
    assert.ok(ours >= 3);
  });
}

Deno.test("docs/running.md shows every command that looks after modules", async () => {
  const shown = (await Promise.all(RUNNING.map(programs))).flat().filter(([program]) =>
    program === "pam-deno"
  );
  const names = new Set(shown.map(([, command]) => command));
  for (
    const command of ["add", "check", "explain", "lines", "reload", "remove", "rollback", "serve", "status"]
  ) {
    assert.ok(names.has(command), command);
  }
});

Deno.test("what the documents say to take out is exactly the pair of lines", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "pam-deno-docs-" });
  try {
    const file = join(folder, "sshd");
    const rest = "@include common-account\naccount required pam_permit.so\n";
    const pair =
      "account [success=1 default=ignore] pam_succeed_if.so quiet uid = 0\naccount required pam_deno.so policy a=b\n";
    const undo = commands("README.md").find((command) => command.startsWith("sed -i '/pam_succeed_if"));
    const comment = RUNNING.find((command) =>
      command.endsWith("/etc/pam.d/sshd") && command.startsWith("sed ")
    );
    for (const command of [undo, comment]) {
      Deno.writeTextFileSync(file, `# PAM\n${pair}${rest}`);
      const line = command!.replace(/\/etc\/pam\.d\/\w+$/, file);
      const { code } = await new Deno.Command("sh", { args: ["-c", line] }).output();
      assert.equal(code, 0);
      const left = Deno.readTextFileSync(file).split("\n").filter((text) => !text.startsWith("#")).join("\n");
      assert.equal(left, rest);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
