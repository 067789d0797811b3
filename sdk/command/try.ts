// SPDX-License-Identifier: MIT
/**
 * `pam-deno try`: runs a hook of a module through the real libpam.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { multiple, optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant, flag, option } from "@optique/core/primitives";
import { choice, string } from "@optique/core/valueparser";
import { CALL_FLAGS } from "../author/try/application_words.ts";
import type { Context } from "./context.ts";
import { pathWord } from "./path_word.ts";
import { allowWord, clockWord, hookWord, itemWord, variableWord } from "./try_words.ts";

/** Its words. */
export const TRY = command(
  "try",
  object({
    command: constant("try"),
    module: argument(pathWord("MODULE", "any"), {
      description: message`The module's main file, or its folder.`,
    }),
    hook: optional(option("--hook", hookWord(), {
      description: message`What to call; else the first hook that the module defines.`,
    })),
    user: optional(option("--user", string({ metavar: "NAME" }), {
      description: message`Who logs in; else whoever runs this.`,
    })),
    service: optional(
      option("--service", string({ metavar: "NAME" }), { description: message`Where; else login.` }),
    ),
    rhost: optional(option("--rhost", string({ metavar: "HOST" }), { description: message`From where.` })),
    tty: optional(option("--tty", string({ metavar: "TTY" }), { description: message`On which terminal.` })),
    ruser: optional(option("--ruser", string({ metavar: "NAME" }), { description: message`Who asks.` })),
    items: multiple(option("--item", itemWord(), {
      description: message`Another item; may be repeated, like all that follow.`,
    })),
    environment: multiple(option("--env", variableWord(), {
      description: message`A variable of the PAM environment.`,
    })),
    flags: multiple(option("--flag", choice(CALL_FLAGS, { metavar: "FLAG", suggest: "nearest" }), {
      description: message`A flag of the call, such as silent.`,
    })),
    options: multiple(option("--option", string({ metavar: "WORD" }), {
      description: message`A word of the pam.d line.`,
    })),
    grants: multiple(option("--grant", string({ metavar: "GRANT" }), {
      description: message`What the line grants; else what the module declares.`,
    })),
    allowed: multiple(option("--allow", allowWord(), {
      description: message`A permission beside those that the module declares.`,
    })),
    answers: multiple(option("--answer", string({ metavar: "TEXT" }), {
      description: message`The answer to a question, in this order; else the terminal is asked.`,
    })),
    now: optional(option("--now", clockWord(), {
      description: message`What time it is for the module; its clock runs on from there.`,
    })),
    timeout: optional(option("--timeout", string({ metavar: "TIME", pattern: /^[1-9][0-9]{0,5}(?:ms|s)$/ }), {
      description: message`How long the module may take, such as 500ms; else 5s.`,
    })),
    as: optional(option("--as", string({ metavar: "PROFILE" }), {
      description:
        message`Replay how an application uses PAM, such as sshd-publickey or sudo, instead of one hook.`,
    })),
    inMemory: withDefault(
      flag("--in-memory", {
        description:
          message`Without libpam: with the test kit, whose users are made up and whose clock stands still.`,
      }),
      false,
    ),
    watch: withDefault(
      flag("-w", "--watch", { description: message`Try it again whenever one of its files is saved.` }),
      false,
    ),
    json: withDefault(
      flag("--json", { description: message`Print one object in JSON as the last line.` }),
      false,
    ),
  }),
  {
    brief: message`Try a module through the real libpam.`,
    description:
      message`Serves the module in a private place, calls a hook of it as an application does, through libpam and pam_deno.so, and tells what came of it: the code, what was shown and asked, what changed, how long it took, and which permissions and grants were used. It needs no root and changes nothing of the machine's. The module may do what it declares, as you: read that first if it is a stranger's.`,
  },
);

/** What its words say. */
export type TryWords = InferValue<typeof TRY>;

/** Tries a module. */
export async function runTry(words: TryWords, context: Context): Promise<number> {
  const { runTrial } = await import("./try_run.ts");
  return await runTrial(words, context);
}
