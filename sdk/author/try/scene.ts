// SPDX-License-Identifier: MIT
/**
 * Where a module is tried: a private folder with what is in /etc/pam.d, /etc/pam-deno and /run/pam-deno elsewhere. Nobody else can look
 * into it, and it is gone when the command ends, however that is.
 *
 * @module
 */

import { join } from "node:path";
import { makePrivateFolder } from "../private_folder.ts";
import { makeRuntimeDir, stat } from "../../config/place.ts";
import { formatServiceLine, type ServiceLine } from "../../libpam/mod.ts";
import { replaceLink } from "../../supervisor/libc.ts";
import type { Identity } from "../../supervisor/uid.ts";

/** What ends the command from outside. */
export const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The private folder of one command. */
export class Scene implements Disposable {
  /** The folder. */
  readonly path: string;
  /** The service files, instead of /etc/pam.d. */
  readonly services: string;
  /** The hook links, instead of /etc/pam-deno. */
  readonly configDir: string;
  /** The sockets, instead of /run/pam-deno. */
  readonly runtimeDir: string;
  /** What the worker starts from. */
  readonly files: string;
  /** Bundles, and what checks types. */
  readonly work: string;
  /** What a worker's permissions were asked for. */
  readonly audits: string;
  /** Compiled code, for who starts several workers. */
  readonly cache: string;

  /** Makes the folder. Of what is in it, the group of `identity` gets to what its worker starts from, and sees nothing else. */
  constructor(identity: Identity | undefined) {
    this.path = makePrivateFolder("pam-deno-try-");
    const folder = (name: string, mode = 0o700) => {
      const path = join(this.path, name);
      Deno.mkdirSync(path, { recursive: true, mode });
      return path;
    };
    this.services = folder("pam.d");
    // libpam complains of a folder without it.
    const types = ["auth", "account", "session", "password"] as const;
    this.writeService("other", types.map((type) => ({ type, control: "required", module: "pam_deny.so" })));
    this.configDir = folder("config");
    folder("config/hooks");
    this.runtimeDir = join(this.path, "run");
    makeRuntimeDir(this.runtimeDir);
    this.files = folder("files");
    this.work = folder("work");
    this.audits = folder("audits");
    this.cache = folder("cache");
    if (!identity) return;
    for (const path of [this.path, this.files]) {
      Deno.chownSync(path, null, identity.gid);
      Deno.chmodSync(path, 0o710);
    }
    for (const path of [this.audits, this.cache]) Deno.chownSync(path, identity.uid, identity.gid);
  }

  /** Lets the shim know a module by its name, and what it defines. */
  knowModule(name: string, hooks: readonly string[]): void {
    replaceLink(hooks.join(","), join(this.configDir, "hooks", name));
  }

  /** Writes the file of a service. */
  writeService(service: string, lines: readonly ServiceLine[]): void {
    Deno.writeTextFileSync(
      join(this.services, service.toLowerCase()),
      lines.map((line) => `${formatServiceLine(line)}\n`).join(""),
    );
  }

  /** Removes all of it. */
  [Symbol.dispose](): void {
    if (stat(this.path)) Deno.removeSync(this.path, { recursive: true });
  }
}
