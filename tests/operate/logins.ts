// SPDX-License-Identifier: MIT
/**
 * An application that asks libpam over and over, in a process of its own, so that whoever disturbs the workers meanwhile does not hold
 * it up. Run by {@linkcode Logins}.
 *
 * @module
 */

import { ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
import { join } from "node:path";
import type { PamCode } from "../../sdk/tokens.ts";
import { ROOT } from "../sdk/worker/harness.ts";

/** What a stream is made of. */
interface Stream {
  /** The directory of the service files. */
  readonly confdir: string;
  /** The service. */
  readonly service: string;
  /** Whom it asks about, in turn. */
  readonly users: readonly string[];
  /** How long it waits between two transactions, in ms. */
  readonly pauseMs: number;
}

/** One transaction. */
export interface Login {
  /** PAM_USER. */
  readonly user: string;
  /** What pam_acct_mgmt returned. */
  readonly code: PamCode;
  /** When it began, in ms since 1970. */
  readonly began: number;
  /** How long it took, in ms. */
  readonly ms: number;
}

/** Several such applications at once. */
export class Logins implements AsyncDisposable {
  readonly #services = ServiceDirectory.create();
  readonly #children: Deno.ChildProcess[];
  readonly #outputs: Promise<string>[];

  /** Starts `streams` applications, whose stack is one line with the shim for `module`. */
  constructor(
    { module, args, streams = 2, pauseMs = 2 }: {
      readonly module: string;
      readonly args: readonly string[];
      readonly streams?: number;
      readonly pauseMs?: number;
    },
  ) {
    Deno.chmodSync(this.#services.path, 0o755);
    const shim = join(ROOT, "build", "pam_deno.so");
    this.#services.write("test", [{
      type: "account",
      control: "required",
      module: shim,
      args: [...args, module],
    }]);
    const stream: Stream = {
      confdir: this.#services.path,
      service: "test",
      users: ["nobody", "denied"],
      pauseMs,
    };
    this.#children = Array.from({ length: streams }, () =>
      new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--quiet",
          "-A",
          `--config=${join(ROOT, "deno.json")}`,
          import.meta.filename!,
          JSON.stringify(stream),
        ],
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
      }).spawn());
    this.#outputs = this.#children.map(({ stdout }) => new Response(stdout).text());
  }

  /** Lets them finish the transaction they are at, and gives all of them in the order in which they began. */
  async end(): Promise<Login[]> {
    for (const { stdin } of this.#children) if (!stdin.locked) await stdin.close();
    const texts = await Promise.all(this.#outputs);
    const logins = texts.flatMap((text) =>
      text.split("\n").filter(Boolean).map((line) => JSON.parse(line) as Login)
    );
    return logins.sort((a, b) => a.began - b.began);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await child.status;
    }
    this.#services[Symbol.dispose]();
  }
}

async function main({ confdir, service, users, pauseMs }: Stream): Promise<void> {
  let ended = false;
  new Response(Deno.stdin.readable).text().then(() => ended = true);
  const lines: string[] = [];
  for (let i = 0; !ended; i++) {
    const user = users[i % users.length]!;
    const began = performance.timeOrigin + performance.now();
    using transaction = Transaction.start({ service, user, confdir, failDelay: "record" });
    const code = transaction.account();
    const ms = performance.timeOrigin + performance.now() - began;
    lines.push(JSON.stringify({ user, code, began, ms } satisfies Login));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  console.log(lines.join("\n"));
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]!));
