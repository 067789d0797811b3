// SPDX-License-Identifier: MIT
/**
 * Lets the code of modules speak where only it knows: what it declares, and what its validator says of the options of pam.d lines. It
 * runs in processes of its own that may do nothing, and as root under a user id that nobody has.
 *
 * @module
 */

import { basename, join } from "node:path";
import * as v from "valibot";
import type { ModuleConfig } from "../config/config.ts";
import type { Layout } from "../config/layout.ts";
import { keepDescriptors } from "../supervisor/descriptors.ts";
import { writeEntries, writeForGroup, writeValidateEntry } from "../supervisor/entry.ts";
import { type Launcher, makeLauncher, planLaunch } from "../supervisor/launch.ts";
import { type Declaration, probe, ProbeError, runProbe } from "../supervisor/probe.ts";
import { processLimits } from "../supervisor/process_limits.ts";
import { type Identity, pickThrowawayUid } from "../supervisor/uid.ts";

/** A bundle to ask. */
export interface Bundle {
  /** Its file; the name is that of its hash. */
  readonly file: string;
  /** Its bytes. */
  readonly bytes: Uint8Array;
}

/** What a validator says of the options of one line. */
export interface Verdict {
  /** Why it refuses them, if it does. */
  readonly error?: string | undefined;
  /** What is ignored. */
  readonly warnings: readonly string[];
}

const TEXT = v.pipe(v.string(), v.maxLength(4_096));
const VERDICTS = v.array(
  v.object({ error: v.optional(TEXT), warnings: v.pipe(v.array(TEXT), v.maxLength(256)) }),
);

/** A folder from which processes that may do nothing are started. Disposing removes it. */
export class Prober implements Disposable {
  readonly #folder: string = Deno.makeTempDirSync({ prefix: "pam-deno-check-" });
  readonly #runtime: string;
  readonly #cache: string;
  readonly #identity: Identity | undefined;
  readonly #launcher: Launcher;

  /** Prepares the folder. */
  constructor({ libDir, cacheDir }: Layout) {
    keepDescriptors();
    this.#runtime = join(libDir, "worker.js");
    this.#cache = join(cacheDir, "runtime");
    this.#launcher = makeLauncher(this.#folder);
    if (Deno.uid() !== 0) return;
    const uid = pickThrowawayUid();
    this.#identity = { uid, gid: uid, groups: [] };
    Deno.chownSync(this.#folder, null, uid);
    Deno.chmodSync(this.#folder, 0o710);
  }

  /**
   * What a module declares.
   *
   * @throws {ProbeError} if it cannot be loaded.
   */
  declaration(config: ModuleConfig, bundle: Bundle): Promise<Declaration> {
    const { probe: entry } = writeEntries({ ...this.#files(bundle), config, fd: 0 });
    return probe(this.#plan(entry, config));
  }

  /**
   * What the validator of a module says of the module options of lines, in their order.
   *
   * @throws {ProbeError} if the module cannot be loaded, or does not answer as the runtime would.
   */
  async validate(
    config: ModuleConfig,
    bundle: Bundle,
    lines: readonly (readonly string[])[],
  ): Promise<Verdict[]> {
    const entry = writeValidateEntry({ ...this.#files(bundle), config, lines });
    const said = await runProbe(this.#plan(entry, config));
    try {
      const verdicts = v.parse(VERDICTS, JSON.parse(said));
      if (verdicts.length === lines.length) return verdicts;
    } catch {
      // Whatever was printed, it was not the runtime.
    }
    throw new ProbeError("it prints or exits when it is loaded: what its validator says cannot be read");
  }

  #files(bundle: Bundle): { folder: string; runtime: string; bundle: string; group: number | undefined } {
    const group = this.#identity?.gid;
    const copy = join(this.#folder, basename(bundle.file));
    writeForGroup(copy, bundle.bytes, group);
    return { folder: this.#folder, runtime: this.#runtime, bundle: copy, group };
  }

  #plan(entry: string, config: ModuleConfig) {
    return planLaunch(this.#launcher, {
      entry,
      permissions: {},
      cache: this.#cache,
      heapMib: config.limits.heap_mib,
      identity: this.#identity,
      limits: processLimits(config, this.#identity !== undefined),
    });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
