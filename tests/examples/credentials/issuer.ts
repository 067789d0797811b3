// SPDX-License-Identifier: MIT
/**
 * A real OAuth 2.0 server in a process of its own, and a client that may get tokens from it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../integration/harness.ts";
import type { Certificate } from "./authority.ts";

/** The client's name. */
export const CLIENT = "login-host";

/** What the server says about a token; see RFC 7662. */
export interface Introspection {
  /** Whether it is good. */
  readonly active: boolean;
  /** Whose it is. */
  readonly client_id?: string;
  /** What it is good for. */
  readonly scope?: string;
}

/** The server. */
export class Issuer implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  readonly #secure: boolean;
  readonly #granted: () => number;
  /** Where it listens: `127.0.0.1:PORT`. */
  readonly server: string;
  /** The secret of the client: characters that must be encoded are in it. */
  readonly secret: string;

  private constructor(
    process: Deno.ChildProcess,
    port: number,
    secret: string,
    { secure, reading, granted }: { secure: boolean; reading: Promise<void>; granted: () => number },
  ) {
    this.#process = process;
    this.#reading = reading;
    this.#secure = secure;
    this.#granted = granted;
    this.server = `127.0.0.1:${port}`;
    this.secret = secret;
  }

  /** Starts one, with TLS if there is a certificate, and waits until it listens. */
  static async start(certificate?: Certificate): Promise<Issuer> {
    const secret = `se:cret+%${crypto.randomUUID()}`;
    const tls = certificate === undefined ? [] : [certificate.cert, certificate.key];
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", join(ROOT, "tests/examples/credentials/token_server.ts"), CLIENT, secret, ...tls],
      env: { LD_PRELOAD: "", NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const listening = Promise.withResolvers<number>();
    let text = "";
    const read = async () => {
      for await (const piece of process.stdout.pipeThrough(new TextDecoderStream())) {
        text += piece;
        const port = /^listening on (\d+)$/m.exec(text)?.[1];
        if (port !== undefined) listening.resolve(Number(port));
      }
      listening.reject(new Error(`The OAuth server ended: ${text}`));
    };
    const reading = read();
    return new Issuer(process, await listening.promise, secret, {
      secure: certificate !== undefined,
      reading,
      granted: () => text.match(/^granted$/gm)?.length ?? 0,
    });
  }

  /** How many tokens it has given. */
  get granted(): number {
    return this.#granted();
  }

  /** What the server says about a token. Only without TLS. */
  async introspect(token: string): Promise<Introspection> {
    assert.ok(!this.#secure);
    const basic = btoa([CLIENT, this.secret].map(encodeURIComponent).join(":"));
    const response = await fetch(`http://${this.server}/token/introspection`, {
      method: "POST",
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ token }),
    });
    return await response.json();
  }

  /** Ends it at once. */
  async stop(): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#process.status;
    await this.#reading;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
