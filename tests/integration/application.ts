// SPDX-License-Identifier: MIT
/**
 * An application in a process of its own, for what cannot be done to the process of the tests: another user, and too few
 * descriptors. Run by {@linkcode runApplication}.
 *
 * @module
 */

import { Transaction } from "../../sdk/libpam/mod.ts";
import type { Hook } from "../../sdk/hooks.ts";
import type { PamCode } from "../../sdk/tokens.ts";
import { ROOT, type SyslogLine } from "./harness.ts";
import { CALLS } from "./scene.ts";

/** What the application does. */
export interface Application {
  /** The directory of the service files. */
  readonly confdir: string;
  /** The service. */
  readonly service: string;
  /** PAM_USER. */
  readonly user: string;
  /** What it calls, in one transaction. */
  readonly calls: readonly Hook[];
  /** Whether it has no descriptor left when it calls. */
  readonly starved?: boolean;
}

/** What became of it. */
export interface ApplicationReport {
  /** What libpam returned. */
  readonly codes: readonly PamCode[];
  /** How long the calls took together. */
  readonly ms: number;
  /** The descriptors that were open before the calls and after them. */
  readonly descriptors: readonly [before: number, after: number];
}

const RLIMIT_NOFILE = 7;

/** Lowers RLIMIT_NOFILE so that no descriptor can be opened any more; those that are open stay so. */
function starve(): void {
  const libc = Deno.dlopen("libc.so.6", { setrlimit: { parameters: ["i32", "buffer"], result: "i32" } });
  const limit = new BigUint64Array([3n, 3n]);
  if (libc.symbols.setrlimit(RLIMIT_NOFILE, limit) !== 0) throw new Error("setrlimit failed");
}

function countDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

function main(text: string): void {
  const { confdir, service, user, calls, starved = false } = JSON.parse(text) as Application;
  using transaction = Transaction.start({ service, user, confdir, failDelay: "record" });
  const before = countDescriptors();
  if (starved) starve();
  const began = performance.now();
  const codes = calls.map((hook) => CALLS[hook](transaction));
  const ms = performance.now() - began;
  const after = starved ? before : countDescriptors();
  console.log(JSON.stringify({ codes, ms, descriptors: [before, after] } satisfies ApplicationReport));
}

/** Who runs an application, and as whom. */
export interface RunAs {
  /** Its user and group; those of the tests if left out. */
  readonly uid?: number;
}

/**
 * Runs an application. What it could not write to the captured log it wrote to standard error, from where it is taken.
 *
 * @throws {Error} with all that it printed, if it failed
 */
export async function runApplication(
  application: Application,
  { uid }: RunAs = {},
): Promise<ApplicationReport & { readonly log: readonly SyslogLine[] }> {
  const cache = Deno.makeTempDirSync({ prefix: "pam-deno-cache-" });
  try {
    if (uid !== undefined) Deno.chownSync(cache, uid, uid);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "-A",
        "--no-check",
        `${ROOT}/tests/integration/application.ts`,
        JSON.stringify(application),
      ],
      env: { NO_COLOR: "1", ...uid === undefined ? {} : { DENO_DIR: cache } },
      cwd: "/",
      ...uid === undefined ? {} : { uid, gid: uid },
    }).output();
    const [out, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [
      string,
      string,
    ];
    if (!success) throw new Error(`The application failed:\n${out}${errors}`);
    const levels = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"] as const;
    const log = [...errors.matchAll(/^([0-7]) (.*)$/gm)].map(([, level, text]) => ({
      level: levels[Number(level)]!,
      text: text!,
    }));
    return { ...JSON.parse(out) as ApplicationReport, log };
  } finally {
    Deno.removeSync(cache, { recursive: true });
  }
}

if (import.meta.main) main(Deno.args[0]!);
