// SPDX-License-Identifier: MIT
/**
 * What the tests of the module share: an endpoint that does as it likes, on this machine, and its client.
 *
 * @module
 */

import { FakeTransaction, type FakeTransactionOptions, type HookResult } from "@pam-deno/sdk/testing";
import assert from "node:assert/strict";
import { join } from "node:path";
import module from "./module.ts";

/** The client's secret. */
export const SECRET = "s3cret-of-the-client";
/** The token that the endpoint gives. */
export const TOKEN = "2YotnFZFEjr1zCsicMWpAA";
/** When sessions begin. */
export const NOON = "2026-08-03T12:00:00Z";

/** What the endpoint answers to a request, which is the so-and-so-many-th. */
export type Handler = (request: Request, count: number) => Response | Promise<Response>;

/** An endpoint and the files of a client, gone at the end. */
export class Endpoint implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** The folder. */
  readonly folder: string = Deno.makeTempDirSync();
  /** The path of the client's secret. */
  readonly secret: string = join(this.folder, "secret");
  /** How often it was asked. */
  asked = 0;

  /** An endpoint that gives tokens, if nothing else is said. */
  constructor(handler: Handler = () => token()) {
    Deno.writeTextFileSync(this.secret, `${SECRET}\n`, { mode: 0o600 });
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => handler(request, ++this.asked),
    );
  }

  /** Its host and port. */
  get server(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  /** A transaction of a user whose lines have these words. */
  transaction(words: readonly string[] = [], options: Partial<FakeTransactionOptions> = {}): FakeTransaction {
    return new FakeTransaction(module, {
      user: "alice",
      users: { alice: { uid: 1000 }, bob: { uid: 1001 } },
      now: NOON,
      configured: { server: this.server, path: "/token", client_id: "machine", client_secret: this.secret },
      options: ["loopback_http=yes", ...words],
      ...options,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** An answer with a token. */
export function token(more: object = {}): Response {
  return Response.json({ access_token: TOKEN, token_type: "Bearer", expires_in: 3600, ...more });
}

/** The one file that a hook changed: its name and what stands in it. */
export function file({ userFiles }: HookResult): [name: string, content: string | undefined] {
  const files = Object.entries(userFiles);
  assert.equal(files.length, 1);
  const [[name, content] = ["", undefined]] = files;
  return [name, content === undefined ? undefined : new TextDecoder().decode(content)];
}

/** Asserts that nothing secret was logged or shown. */
export function assertNoSecret(result: HookResult): void {
  for (const secret of [SECRET, TOKEN, btoa(`machine:${SECRET}`)]) {
    for (const { text } of [...result.log, ...result.shown]) assert.ok(!text.includes(secret), text);
  }
}
