// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { PAM_DENO, ROOT } from "./program.ts";

const COMPLETION = join(ROOT, "packaging", "completion");

/** A folder with `pam-deno` to be found on PATH, and with two configured modules. */
function makePlace() {
  const path = Deno.makeTempDirSync({ prefix: "pam-deno-complete-" });
  Deno.mkdirSync(join(path, "bin"));
  Deno.symlinkSync(PAM_DENO, join(path, "bin", "pam-deno"));
  Deno.mkdirSync(join(path, "config", "modules"), { recursive: true });
  for (const name of ["office-hours", "office-door"]) {
    Deno.writeTextFileSync(join(path, "config", "modules", `${name}.jsonc`), "{}");
  }
  return {
    config: join(path, "config"),
    env: { PATH: `${join(path, "bin")}:${Deno.env.get("PATH")}`, HOME: path, TERM: "dumb" },
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}

async function output(command: string, args: string[], env: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, env, stdin: "null" }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** What bash offers for the last of these words. */
async function inBash(words: readonly string[], env: Record<string, string>): Promise<string[]> {
  const script = `
    source "$1"; shift
    complete=$(complete -p pam-deno)
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=\${#COMP_LINE}
    [[ $complete =~ -F\\ ([^ ]+) ]] && "\${BASH_REMATCH[1]}" pam-deno "\${!#}" "\${COMP_WORDS[COMP_CWORD-1]}"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ["--norc", "-c", script, "bash", join(COMPLETION, "pam-deno.bash"), ...words];
  return (await output("bash", args, env)).trim().split("\n").sort();
}

/** What fish offers for a line. */
async function inFish(line: string, env: Record<string, string>): Promise<string[]> {
  const script = `source ${join(COMPLETION, "pam-deno.fish")}; complete -C "${line}"`;
  const text = await output("fish", ["--no-config", "-c", script], env);
  return text.trim().split("\n").map((offer) => offer.split("\t")[0]!).sort();
}

Deno.test("bash completes commands, options, words and names of modules", async () => {
  using place = makePlace();
  const { config, env } = place;
  assert.deepEqual(await inBash(["pam-deno", "re"], env), ["reload", "remove"]);
  assert.deepEqual(await inBash(["pam-deno", "check", "--js"], env), ["--json"]);
  assert.deepEqual(await inBash(["pam-deno", "add", "x.ts", "--dangerous", "r"], env), [
    "read",
    "root",
    "run",
  ]);
  assert.deepEqual(await inBash(["pam-deno", "reload", "--config-dir", config, "of"], env), [
    "office-door",
    "office-hours",
  ]);
  assert.deepEqual(await inBash(["pam-deno", "add", `${config}/modules/office-d`], env), [
    `${config}/modules/office-door.jsonc`,
  ]);
});

Deno.test("fish completes commands and names of modules", async () => {
  using place = makePlace();
  const { config, env } = place;
  assert.deepEqual(await inFish("pam-deno re", env), ["reload", "remove"]);
  assert.deepEqual(await inFish(`pam-deno reload --config-dir ${config} of`, env), [
    "office-door",
    "office-hours",
  ]);
});

Deno.test("zsh completes a command at the first and at the second Tab, from the file as it is installed", async () => {
  using place = makePlace();
  // A shell that thinks that it talks to a person; what it shows on one line after a Tab is looked at.
  const script = `
    zmodload zsh/zpty
    zpty z 'exec zsh -f -i'
    zpty -w z "unset zle_bracketed_paste; fpath=(${COMPLETION} $fpath); autoload -U compinit; compinit -u -D; print SET''UP"
    zpty -r z shown '*SETUP*'
    zpty -w -n z $'pam-deno rol\\t'
    zpty -r z shown '*rollback*' && print first
    zpty -w -n z $' --fo\\x15pam-deno rem\\t'
    zpty -r z shown '*remove*' && print second
    zpty -d z`;
  const seconds = "30";
  const text = await output("timeout", [seconds, "zsh", "-f", "-c", script], place.env);
  assert.equal(text, "first\nsecond\n");
});

Deno.test("completion says nothing when there is no such folder", async () => {
  using place = makePlace();
  assert.deepEqual(await inBash(["pam-deno", "reload", "--config-dir", "/nonexistent", "of"], place.env), [
    "",
  ]);
});
