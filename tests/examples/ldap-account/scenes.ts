// SPDX-License-Identifier: MIT
/**
 * What the tests of this folder have in common: a login through the real libpam, and how the module is configured.
 *
 * @module
 */

import { join } from "node:path";
import { type Harness, ROOT } from "../../integration/harness.ts";
import { newService, type Seen, watch } from "../../integration/scene.ts";

/** The module's main file. */
export const MODULE: string = join(ROOT, "examples", "ldap-account", "module.ts");

/** What a login that cannot be checked shows. */
export const LATER =
  "error_msg Logins cannot be checked now; the administrator finds the reason in the system log";

/** The name of the module here. */
export const NAME = "ldap-account";

/** Options of a configuration, which a worker needs the permissions for. */
export type Configured = Readonly<Record<string, unknown>> & { readonly server: string | readonly string[] };

/** For tests that are not about time, on a machine that has other things to do. */
export const PATIENT = { limit: "3s", total: "4s" } as const;

/** Configures the module. */
export function configure(
  harness: Harness,
  options: Configured,
  more: Readonly<Record<string, unknown>> = {},
  name = NAME,
): void {
  const read = ["ca", "bind_password_file"].filter((option) => options[option] !== undefined).map((
    option,
  ) => ({ option }));
  const permissions = { net: [{ option: "server" }], read, sys: ["hostname"] };
  harness.configure(name, MODULE, { options, permissions, ...more });
}

/** A login. */
export interface Login {
  /** The module's options on the line. */
  readonly args?: readonly string[];
  /** The name under which the module is configured. */
  readonly module?: string;
  /** The service; a new one if left out. */
  readonly service?: string;
}

/** Asks whether a user may log in. */
export async function login(
  harness: Harness,
  user: string,
  { args = [], module = NAME, service = newService() }: Login = {},
): Promise<Seen> {
  harness.stack(service, [{ type: "account", module, args }]);
  await using transaction = harness.start(service, { user });
  return await watch(harness, service, transaction, (transaction) => transaction.background.account());
}

/** A folder for a test. */
export class Folder implements Disposable {
  /** Its path. */
  readonly path: string = Deno.makeTempDirSync({ prefix: "pam-deno-ldap-" });

  constructor() {
    Deno.chmodSync(this.path, 0o755);
  }

  /** Writes a file into it. */
  write(name: string, text: string, mode = 0o644): string {
    const path = join(this.path, name);
    Deno.writeTextFileSync(path, text);
    Deno.chmodSync(path, mode);
    return path;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
