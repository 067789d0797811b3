// SPDX-License-Identifier: MIT
/**
 * Servers that a machine's modules ask: a token endpoint and a directory. They run on this machine's file system, with the booted
 * machine's network, which is nothing but its loopback. As a program it is those servers, and does what it reads.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { Issuer } from "../examples/credentials/issuer.ts";
import { makeCertificates } from "../examples/ldap-account/certificates.ts";
import { group, PEOPLE, person, Slapd } from "../examples/ldap-account/slapd.ts";
import type { Machine } from "./machine.ts";

/** A day that is over, in days since 1970. */
const LONG_AGO = 11_322;

/** Where the servers are, and what has to be known to ask them. */
export interface Addresses {
  /** `HOST:PORT` of the token endpoint, without TLS. */
  readonly endpoint: string;
  /** The secret of its client. */
  readonly secret: string;
  /** `HOST:PORT` of the directory, with TLS. */
  readonly directory: string;
  /** The file of this machine with the authority that signed its certificate. */
  readonly ca: string;
}

/** What the program is told, and a word for it. */
type Asked =
  | readonly ["introspect", string]
  | readonly ["granted"]
  | readonly ["stop directory"]
  | readonly ["start directory"]
  | readonly ["stop endpoint"];

/** The servers, as a test sees them. */
export class Neighbours implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #lines: AsyncIterator<string>;
  #addresses: Addresses | undefined;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#lines = linesOf(child.stdout);
  }

  /**
   * Starts them, and waits until they listen.
   *
   * @param host a name of the machine that the directory lets alice use
   */
  static async start(machine: Machine, host: string): Promise<Neighbours> {
    const network = join(machine.root, "../ns/net");
    const program = [Deno.execPath(), "run", "-A", import.meta.filename!, host];
    const child = new Deno.Command("setpriv", {
      args: ["--pdeathsig", "KILL", "--", "nsenter", `--net=${network}`, "--", ...program],
      env: { LD_PRELOAD: "", NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const neighbours = new Neighbours(child);
    neighbours.#addresses = await neighbours.#answer() as Addresses;
    return neighbours;
  }

  /** Where they are. */
  get addresses(): Addresses {
    return this.#addresses!;
  }

  /** Tells them to do something, and gives what they answer. */
  async ask(...asked: Asked): Promise<unknown> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(asked)}\n`));
    return await this.#answer();
  }

  async #answer(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the servers ended");
    return JSON.parse(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    while (!(await this.#lines.next()).done);
    await this.#child.status;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

/** Everybody is in the group; the host does not admit bob, and carol's account has expired. */
function entriesFor(host: string): string {
  const members = ["alice", "bob", "carol"].map((uid) => `uid=${uid},${PEOPLE}`);
  return [
    person("alice", { host }),
    person("bob", { host: "elsewhere" }),
    person("carol", { host, shadowExpire: LONG_AGO }),
    group("staff", "member", members),
  ].join("");
}

async function main([host = ""]: readonly string[]): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "pam-deno-test-" });
  try {
    const { ca, good } = await makeCertificates(folder);
    await using issuer = await Issuer.start();
    await using slapd = await Slapd.start({ certificate: good, ca, entries: entriesFor(host) });
    const say = (answer: unknown) => console.log(JSON.stringify(answer ?? null));
    const directory = `127.0.0.1:${slapd.tlsPort}`;
    say({ endpoint: issuer.server, secret: issuer.secret, directory, ca });
    for await (const line of linesOf(Deno.stdin.readable)) {
      const [what, ...words] = JSON.parse(line) as Asked;
      if (what === "introspect") say(await issuer.introspect(words[0]!));
      else if (what === "granted") say(issuer.granted);
      else if (what === "stop directory") say(await slapd.stop());
      else if (what === "start directory") say(await slapd.start());
      else if (what === "stop endpoint") say(await issuer.stop());
      else assert.fail(`it does not know ${line}`);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

if (import.meta.main) await main(Deno.args);
