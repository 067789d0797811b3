// SPDX-License-Identifier: MIT
/**
 * Shows decisions of modules through the real libpam, as a table, and says plainly what is not as it should be. Started by
 * scripts/demo. Status: 0 if all is as it should be, 1 if not, 128 and the signal's number if it was interrupted.
 *
 * @module
 */

import { openLibpam } from "@pam-deno/sdk/libpam";
import { dataRows, failureRows } from "./demonstration/failure_rows.ts";
import { machineRows, passwordRows } from "./demonstration/hostile_rows.ts";
import { policyRows } from "./demonstration/policy_rows.ts";
import { judge, type Section } from "./demonstration/row.ts";
import { Stage } from "./demonstration/stage.ts";
import { Table } from "./demonstration/table.ts";

const MODULES: Readonly<Record<string, string>> = {
  "time-of-day": "examples/time-of-day/module.ts",
  nosy: "scripts/demonstration/modules/nosy.ts",
  hijacker: "scripts/demonstration/modules/hijacker.ts",
  undeclared: "scripts/demonstration/modules/undeclared.ts",
  "password-age": "scripts/demonstration/modules/password_age.ts",
  stuck: "scripts/demonstration/modules/stuck.ts",
};

/** Signals that end the demonstration, by the status that it then has. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Counts who comes to a port of the loopback address, where nobody should. */
class Port implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  visits = 0;

  constructor() {
    this.#count();
  }

  get number(): number {
    return this.#listener.addr.port;
  }

  async #count(): Promise<void> {
    for await (const visitor of this.#listener) {
      this.visits++;
      visitor.close();
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

async function startModules(stage: Stage, signal: AbortSignal): Promise<void> {
  for (const [name, path] of Object.entries(MODULES)) stage.configure(name, path);
  const began = performance.now();
  progress("demo: bundling and starting modules, a process without permissions for each:");
  await stage.serve((name) => progress(` ${name}`), signal);
  progress(` (${((performance.now() - began) / 1000).toFixed(1)} s)\n`);
}

function progress(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}

/** The file of libpam that this process has loaded. */
function loadedLibpam(): string {
  return /\S*\/libpam\.so\S*/.exec(Deno.readTextFileSync("/proc/self/maps"))?.[0] ?? "no libpam at all";
}

/** Runs all rows; gives how many there were, and how many are not as they should be. */
async function show(
  sections: readonly Section[],
  signal: AbortSignal,
): Promise<{ rows: number; wrong: number }> {
  const table = new Table((line) => console.log(line), Deno.stdout.isTerminal() && !Deno.noColor);
  let rows = 0;
  let wrong = 0;
  table.head();
  for (const { title, rows: inSection } of sections) {
    table.section(title);
    for (const row of inSection) {
      // Signals are heard between two calls of libpam.
      await new Promise((resolve) => setTimeout(resolve, 0));
      signal.throwIfAborted();
      const outcome = await row.run();
      const complaints = judge(row.expect, outcome);
      table.row(row, outcome, complaints);
      rows++;
      if (complaints.length > 0) wrong++;
    }
  }
  return { rows, wrong };
}

async function demonstrate(signal: AbortSignal): Promise<number> {
  const began = performance.now();
  // Before the modules are bundled: a machine without libpam is told so at once.
  openLibpam();
  using port = new Port();
  await using stage = new Stage();
  await startModules(stage, signal);
  const sections = [
    policyRows(stage),
    machineRows(stage, port.number, () => port.visits),
    passwordRows(stage),
    dataRows(stage),
    failureRows(stage),
  ];
  console.log(`Real libpam: ${loadedLibpam()}, in a process of uid ${Deno.uid()}`);
  const { rows, wrong } = await show(sections, signal);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(
    wrong === 0
      ? `\n${rows} rows, all as they should be, in ${seconds} s.`
      : `\n${rows} rows, of which ${wrong} are NOT AS THEY SHOULD BE: see WRONG above.`,
  );
  console.log(
    `The first question to a worker takes longer, as its code is compiled then; deno task bench measures.
Read on: README.md (a module of your own), examples/time-of-day/README.md, PROTOCOL.md`,
  );
  if (wrong === 0) return 0;
  console.error(`\ndemo: what pam-deno serve printed:\n${stage.output}`);
  return 1;
}

/** Runs until done or interrupted, and cleans up either way. */
async function main(): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
    Deno.addSignalListener(signal, () => interrupted.abort(signal));
  }
  try {
    return await demonstrate(interrupted.signal);
  } catch (error) {
    if (!interrupted.signal.aborted) {
      console.error(`\ndemo: ${error instanceof Error ? error.message : error}`);
      return 1;
    }
    const signal: keyof typeof SIGNALS = interrupted.signal.reason;
    console.error(`\ndemo: stopped by ${signal}; everything was cleaned up`);
    return SIGNALS[signal];
  }
}

if (import.meta.main) Deno.exit(await main());
