// SPDX-License-Identifier: MIT
/**
 * A real sshd on a stage, and people who come to it.
 *
 * ```ts
 * const sshd = await Sshd.start(stage);
 * const { code, stdout } = await sshd.connect({ user: "alice", by: "password", steps: [["password: ", PASSWORD]] });
 * ```
 *
 * @module
 */

import type { Background, Output } from "./process.ts";
import type { Stage, Step } from "./stage.ts";
import { PEOPLE } from "./view.ts";

/** How a person proves who they are; see ssh_config(5), PreferredAuthentications. */
export type Method = "publickey" | "password" | "keyboard-interactive";

/** Somebody who comes. */
export interface Visit {
  readonly user: string;
  readonly by: Method;
  /** What they run there. The login shell if left out. */
  readonly command?: string;
  /** What they wait for, and type then. */
  readonly steps?: readonly Step[];
  /** Whether sshd gives them a terminal. Left out: without a command. */
  readonly tty?: boolean;
  /** Further words for ssh(1), which count before ours. */
  readonly words?: readonly string[];
  /** How long it may take, in milliseconds. */
  readonly ms?: number;
}

const FOLDER = "/run/ssh";
const KEY = `${FOLDER}/id_ed25519`;

/** How many ports are tried. */
const PORTS_MAX = 3;

/** A running sshd, which asks PAM. */
export class Sshd {
  readonly #stage: Stage;
  readonly #server: Background;
  readonly #port: number;

  private constructor(stage: Stage, server: Background, port: number) {
    this.#stage = stage;
    this.#server = server;
    this.#port = port;
  }

  /**
   * Starts it with keys of its own on a free port of the loopback. Everybody may come with one key.
   *
   * @param config further lines of sshd_config(5), which count before ours
   */
  static async start(stage: Stage, config: readonly string[] = []): Promise<Sshd> {
    stage.write(`${FOLDER}/empty`, "");
    for (const key of [`${FOLDER}/host`, KEY]) {
      const { code, stderr } = await stage.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]);
      if (code !== 0) throw new Error(`ssh-keygen: ${stderr}`);
    }
    for (let attempt = 1;; attempt++) {
      try {
        return await Sshd.#listen(stage, config, freePort());
      } catch (error) {
        // Somebody else may have taken the port meanwhile.
        if (attempt === PORTS_MAX || !/Address already in use/.test(String(error))) throw error;
      }
    }
  }

  static async #listen(stage: Stage, config: readonly string[], port: number): Promise<Sshd> {
    for (const user of ["root", ...Object.keys(PEOPLE)]) {
      stage.write(`${FOLDER}/keys/${user}`, stage.read(`${KEY}.pub`));
    }
    stage.write(`${FOLDER}/known_hosts`, `[127.0.0.1]:${port} ${stage.read(`${FOLDER}/host.pub`)}`);
    const lines = [
      ...config,
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${FOLDER}/host`,
      `AuthorizedKeysFile ${FOLDER}/keys/%u`,
      "PidFile none",
      "UsePAM yes",
      "PasswordAuthentication yes",
      "KbdInteractiveAuthentication yes",
      "PermitRootLogin yes",
      "PrintMotd no",
      "PrintLastLog no",
      "LogLevel VERBOSE",
    ];
    stage.write(`${FOLDER}/sshd_config`, `${lines.join("\n")}\n`);
    const server = stage.start(["/usr/sbin/sshd", "-D", "-e", "-f", `${FOLDER}/sshd_config`]);
    await server.says(/Server listening/);
    return new Sshd(stage, server, port);
  }

  /** All that sshd wrote about itself. */
  get printed(): string {
    return this.#server.printed;
  }

  /** Comes, does what the visit says, and leaves. `stdout` is what the person's terminal showed. */
  async connect(
    { user, by, command, steps = [], tty = command === undefined, words = [], ms }: Visit,
  ): Promise<Output> {
    const options = [
      "LogLevel=INFO",
      `UserKnownHostsFile=${FOLDER}/known_hosts`,
      "StrictHostKeyChecking=yes",
      `IdentityFile=${KEY}`,
      "IdentitiesOnly=yes",
      `PreferredAuthentications=${by}`,
      "NumberOfPasswordPrompts=1",
      "ConnectTimeout=10",
    ].flatMap((option) => ["-o", option]);
    const target = [tty ? "-tt" : "-T", "-p", `${this.#port}`, `${user}@127.0.0.1`];
    const run = command === undefined ? [] : [command];

    return await this.#stage.dialogue(
      ["ssh", "-F", "none", ...words, ...options, ...target, ...run],
      steps,
      ms === undefined ? {} : { ms },
    );
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
