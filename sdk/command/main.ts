// SPDX-License-Identifier: MIT
/**
 * The command `pam-deno`. Each command has a file of its own, and what it needs is loaded when it is run.
 *
 * @module
 */

import process from "node:process";
import { keepDescriptors } from "../supervisor/descriptors.ts";
import { runAdd } from "./add.ts";
import { runCheck } from "./check.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit_code.ts";
import { runExplain } from "./explain.ts";
import { reportFailure } from "./failure.ts";
import { runLines } from "./lines.ts";
import { runNew } from "./new.ts";
import { runNeeds } from "./needs.ts";
import { Output } from "./output.ts";
import { layoutOf } from "./places.ts";
import { parseWords, type Words } from "./program.ts";
import { Progress } from "./progress.ts";
import { runReload } from "./reload.ts";
import { runRemove } from "./remove.ts";
import { runRollback } from "./rollback.ts";
import { runServe } from "./serve.ts";
import { runSimulate } from "./simulate.ts";
import { runStatus } from "./status.ts";
import { runTry } from "./try.ts";

async function main(args: readonly string[]): Promise<number> {
  const output = new Output();
  try {
    const words = parseWords(args, output);
    if (words === undefined) return EXIT.done;
    // What root's shell holds open is not for a stranger's code. These start nothing, and may not call the C library.
    if (!["explain", "lines", "new"].includes(words.command)) keepDescriptors();
    using progress = new Progress(output);
    return await run(words, { layout: layoutOf(words), output, progress });
  } catch (error) {
    return reportFailure(error, output, { json: args.includes("--json"), debug: args.includes("--debug") });
  }
}

function run(words: Words, context: Context): Promise<number> {
  switch (words.command) {
    case "add":
      return runAdd(words, context);
    case "check":
      return runCheck(words, context);
    case "explain":
      return runExplain(words, context);
    case "lines":
      return runLines(words, context);
    case "new":
      return runNew(words, context);
    case "needs":
      return runNeeds(words, context);
    case "reload":
      return runReload(words, context);
    case "remove":
      return runRemove(words, context);
    case "rollback":
      return runRollback(words, context);
    case "serve":
      return runServe(context);
    case "simulate":
      return runSimulate(words, context);
    case "status":
      return runStatus(words, context);
    case "try":
      return runTry(words, context);
  }
}

if (import.meta.main) process.exit(await main(Deno.args));
