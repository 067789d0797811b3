// SPDX-License-Identifier: MIT
/**
 * A certificate authority for a test, made with openssl.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";

/** A certificate and its key, as paths. */
export interface Certificate {
  /** The certificate. */
  readonly cert: string;
  /** The key. */
  readonly key: string;
}

const CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** An authority. */
export class Authority {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes one in a folder. */
  static async create(folder: string): Promise<Authority> {
    const authority = new Authority(folder);
    const words = [...CURVE, "-keyout", authority.#path("ca.key"), "-out", authority.certificate];
    const extension = ["-addext", "basicConstraints=critical,CA:TRUE"];
    await run(["openssl", "req", "-x509", ...words, "-days", "30", "-subj", "/CN=a test's CA", ...extension]);
    Deno.chmodSync(authority.certificate, 0o644);
    return authority;
  }

  /** The path of its own certificate. */
  get certificate(): string {
    return this.#path("ca.pem");
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  /** A certificate for 127.0.0.1 that was made at `since`, mostly now, and lasts for two days. */
  async issue(name: string, since?: string): Promise<Certificate> {
    const [cert, key, request] = [`${name}.pem`, `${name}.key`, `${name}.csr`].map((file) =>
      this.#path(file)
    );
    assert.ok(cert !== undefined && key !== undefined && request !== undefined);
    const extensions = this.#path("extensions");
    Deno.writeTextFileSync(extensions, "subjectAltName=IP:127.0.0.1\n");
    await run(["openssl", "req", ...CURVE, "-keyout", key, "-out", request, "-subj", "/CN=127.0.0.1"]);
    const ca = ["-CA", this.certificate, "-CAkey", this.#path("ca.key"), "-CAcreateserial"];
    const sign = [
      "openssl",
      "x509",
      "-req",
      "-in",
      request,
      "-out",
      cert,
      ...ca,
      "-days",
      "2",
      "-extfile",
      extensions,
    ];
    await run(since === undefined ? sign : ["faketime", since, ...sign]);
    return { cert, key };
  }
}

async function run([command = "", ...args]: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, env: { LD_PRELOAD: "" } }).output();
  assert.ok(success, `${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
