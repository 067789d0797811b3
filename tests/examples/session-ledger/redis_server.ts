// SPDX-License-Identifier: MIT
/**
 * A Redis of a test's own: Debian's redis-server on a free port of the loopback interface, with its data in a temporary folder,
 * an append-only file that is written before each answer, and a password.
 *
 * @module
 */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const READY_MS_MAX = 10_000;

/** What the server is started with. */
export interface RedisOptions {
  /** Whether it speaks TLS, with a certificate for 127.0.0.1 that a CA of its own signed. */
  readonly tls?: boolean;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** One server. */
export class RedisServer implements AsyncDisposable {
  readonly #folder = Deno.makeTempDirSync({ prefix: "pam-deno-redis-" });
  readonly #tls: boolean;
  #process: Deno.ChildProcess | undefined;
  /** Its port. */
  readonly port: number = freePort();
  /** Its password. */
  readonly password: string = crypto.randomUUID();

  private constructor({ tls = false }: RedisOptions) {
    this.#tls = tls;
    // A module's worker is a user of its own, and reads the CA.
    Deno.chmodSync(this.#folder, 0o755);
    Deno.writeTextFileSync(this.passwordFile, `${this.password}\n`);
    Deno.chmodSync(this.passwordFile, 0o644);
  }

  /** Starts one, and waits until it answers. */
  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(options);
    try {
      if (options.tls) await server.#makeCertificates();
      await server.run();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Where a module finds it. */
  get store(): string {
    return `${this.#tls ? "rediss" : "redis"}://127.0.0.1:${this.port}`;
  }

  /** The file with its password. */
  get passwordFile(): string {
    return join(this.#folder, "password");
  }

  /** The certificate of its CA. */
  get ca(): string {
    return join(this.#folder, "ca.crt");
  }

  /** Its process id. */
  get pid(): number {
    if (this.#process === undefined) throw new Error("Redis does not run");
    return this.#process.pid;
  }

  /** Starts the process, and waits until it answers; for one that was stopped. */
  async run(): Promise<void> {
    const plain = this.#tls ? "0" : String(this.port);
    const conf = [
      "bind 127.0.0.1",
      `port ${plain}`,
      `dir ${this.#folder}`,
      "appendonly yes",
      "appendfsync always",
      "maxmemory-policy noeviction",
      `requirepass ${this.password}`,
      "daemonize no",
      ...!this.#tls ? [] : [
        `tls-port ${this.port}`,
        `tls-cert-file ${join(this.#folder, "server.crt")}`,
        `tls-key-file ${join(this.#folder, "server.key")}`,
        `tls-ca-cert-file ${this.ca}`,
        "tls-auth-clients no",
      ],
    ];
    Deno.writeTextFileSync(join(this.#folder, "redis.conf"), conf.join("\n") + "\n", { mode: 0o600 });
    this.#process = new Deno.Command("redis-server", {
      args: [join(this.#folder, "redis.conf")],
      env: { LD_PRELOAD: "" },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    for (const end = performance.now() + READY_MS_MAX; performance.now() < end; await sleep(20)) {
      if (await this.ask("PING").catch(() => "") === "PONG") return;
    }
    throw new Error("Redis did not answer in time");
  }

  /** Ends the process, as `kill -9` does unless told otherwise. Its data stay. */
  async kill(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (process === undefined) return;
    process.kill(signal);
    await process.status;
  }

  /** Stops the process where it is, so that it answers nobody, or lets it go on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    Deno.kill(this.pid, signal);
  }

  /** Asks it with redis-cli: a second opinion beside the module's own client. */
  async ask(...words: string[]): Promise<string> {
    const tls = this.#tls ? ["--tls", "--cacert", this.ca] : [];
    const { success, stdout, stderr } = await new Deno.Command("redis-cli", {
      args: ["-h", "127.0.0.1", "-p", String(this.port), "-e", "--raw", ...tls, ...words],
      env: { REDISCLI_AUTH: this.password, LD_PRELOAD: "" },
      stdin: "null",
    }).output();
    if (!success) throw new Error(`redis-cli ${words.join(" ")}: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout).trim();
  }

  async #makeCertificates(): Promise<void> {
    const key = ["-newkey", "rsa:2048", "-nodes", "-days", "2"];
    const san = join(this.#folder, "san");
    Deno.writeTextFileSync(san, "subjectAltName=IP:127.0.0.1\n");
    await this.#openssl(
      "req",
      "-x509",
      ...key,
      "-keyout",
      "ca.key",
      "-out",
      "ca.crt",
      "-subj",
      "/CN=ledger CA",
    );
    await this.#openssl(
      "req",
      ...key.slice(0, 3),
      "-keyout",
      "server.key",
      "-out",
      "server.csr",
      "-subj",
      "/CN=redis",
    );
    const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san"];
    await this.#openssl("x509", "-req", "-in", "server.csr", ...signed, "-out", "server.crt");
  }

  async #openssl(...args: string[]): Promise<void> {
    const { success, stderr } = await new Deno.Command("openssl", { args, cwd: this.#folder }).output();
    if (!success) throw new Error(`openssl ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
