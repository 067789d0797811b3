// SPDX-License-Identifier: MIT
/**
 * Asks the C half: `build/tests/recode` decodes what it is sent and encodes it again.
 *
 * @module
 */

/** The C half of the protocol, as `make -C shim` builds it. */
export const PROGRAM: URL = new URL("../../../build/tests/recode", import.meta.url);

/** What the C half made of some octets: the frame encoded again, or the word for the error. */
export type Recoded = { readonly frame: Uint8Array } | { readonly kind: string };

/** A running `recode`. */
export class Recoder implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #output: ReadableStreamBYOBReader;

  /** Starts `program`. */
  constructor(program: URL = PROGRAM) {
    try {
      this.#child = new Deno.Command(program, { stdin: "piped", stdout: "piped" }).spawn();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Error(`${program.pathname} is not there: run deno task build`, { cause: error });
    }
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.getReader({ mode: "byob" });
  }

  async #read(length: number): Promise<Uint8Array> {
    const octets = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      const { value } = await this.#output.read(new Uint8Array(length - filled));
      if (value === undefined || value.length === 0) throw new Error("recode ended before it had answered");
      octets.set(value, filled);
      filled += value.length;
    }
    return octets;
  }

  /** Sends `octets`, waits for the answer. */
  async recode(octets: Uint8Array): Promise<Recoded> {
    const record = new Uint8Array(4 + octets.length);
    new DataView(record.buffer).setUint32(0, octets.length);
    record.set(octets, 4);
    // Not awaited: a full pipe would wait for the answer to be read.
    const written = this.#input.write(record);
    const word = await this.#read(4);
    const answer = await this.#read(new DataView(word.buffer).getUint32(0));
    await written;
    const rest = answer.subarray(1);
    return answer[0] === 0x3d ? { frame: rest } : { kind: new TextDecoder().decode(rest) };
  }

  /** Ends it; throws if it ended otherwise. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#output.cancel();
    const { success, code } = await this.#child.status;
    if (!success) throw new Error(`recode ended with code ${code}`);
  }
}
