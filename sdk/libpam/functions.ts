// SPDX-License-Identifier: MIT
/**
 * The six service functions with their flags, apart from how they are called.
 *
 * @module
 */

import { typeError } from "../coded.ts";
import { FLAGS } from "../tokens.ts";

/**
 * The name of a service function in libpam; see pam(3).
 *
 * @example
 * ```ts
 * import { type ServiceFunction, ServiceFunctions } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * class Names extends ServiceFunctions<ServiceFunction> {
 *   protected override call(name: ServiceFunction): ServiceFunction {
 *     return name;
 *   }
 * }
 * assert.equal(new Names().changePassword(), "pam_chauthtok");
 * ```
 */
export type ServiceFunction =
  | "pam_authenticate"
  | "pam_setcred"
  | "pam_acct_mgmt"
  | "pam_open_session"
  | "pam_close_session"
  | "pam_chauthtok";

/**
 * Flags that every service function takes; see pam_open_session(3).
 *
 * @example
 * ```ts
 * import { type CallFlags, ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * services.write("demo", [{ type: "session", control: "required", module: "pam_permit.so" }]);
 * using transaction = Transaction.start({ service: "demo", user: "nobody", confdir: services.path });
 * const quiet: CallFlags = { silent: true };
 * assert.equal(transaction.openSession(quiet), "success");
 * ```
 */
export interface CallFlags {
  /**
   * `PAM_SILENT`: modules show no texts; they may still ask.
   * @default {false}
   */
  readonly silent?: boolean;
}

/**
 * Flags of `authenticate` and `account`; see pam_authenticate(3), pam_acct_mgmt(3).
 *
 * @example
 * ```ts
 * import { type AuthenticateFlags, ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * services.write("demo", [{ type: "auth", control: "required", module: "pam_permit.so" }]);
 * using transaction = Transaction.start({ service: "demo", user: "nobody", confdir: services.path });
 * const flags: AuthenticateFlags = { disallowNullAuthtok: true, silent: true };
 * assert.equal(transaction.authenticate(flags), "success");
 * ```
 */
export interface AuthenticateFlags extends CallFlags {
  /**
   * `PAM_DISALLOW_NULL_AUTHTOK`: an empty password lets nobody in.
   * @default {false}
   */
  readonly disallowNullAuthtok?: boolean;
}

/**
 * Flags of `changePassword`; see pam_chauthtok(3).
 *
 * @example
 * ```ts
 * import { type ChangePasswordFlags, ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * services.write("demo", [{ type: "password", control: "required", module: "pam_permit.so" }]);
 * using transaction = Transaction.start({ service: "demo", user: "nobody", confdir: services.path });
 * const flags: ChangePasswordFlags = { changeExpiredAuthtok: true };
 * assert.equal(transaction.changePassword(flags), "success");
 * ```
 */
export interface ChangePasswordFlags extends CallFlags {
  /**
   * `PAM_CHANGE_EXPIRED_AUTHTOK`: only a password that has expired is changed.
   * @default {false}
   */
  readonly changeExpiredAuthtok?: boolean;
}

/**
 * What `setCredentials` does to the credentials; see pam_setcred(3).
 *
 * @example
 * ```ts
 * import { type CredentialsVerb, ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * services.write("demo", [{ type: "auth", control: "required", module: "pam_permit.so" }]);
 * using transaction = Transaction.start({ service: "demo", user: "nobody", confdir: services.path });
 * const verbs: CredentialsVerb[] = ["establish", "delete"];
 * for (const verb of verbs) assert.equal(transaction.setCredentials(verb), "success");
 * ```
 */
export type CredentialsVerb = "establish" | "delete" | "reinitialize" | "refresh";

function bits(flags: AuthenticateFlags & ChangePasswordFlags): number {
  return (flags.silent ? FLAGS.silent : 0) |
    (flags.disallowNullAuthtok ? FLAGS.disallow_null_authtok : 0) |
    (flags.changeExpiredAuthtok ? FLAGS.change_expired_authtok : 0);
}

/**
 * The six service functions of PAM, as an application calls them. `Result` is a code, or the promise of one.
 *
 * @typeParam Result what a call returns
 *
 * @example
 * ```ts
 * import { type PamCode, ServiceDirectory, type ServiceFunctions, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * services.write("demo", [{ type: "account", control: "required", module: "pam_permit.so" }]);
 * await using transaction = Transaction.start({ service: "demo", user: "nobody", confdir: services.path });
 * const now: ServiceFunctions<PamCode> = transaction;
 * const later: ServiceFunctions<Promise<PamCode>> = transaction.background;
 * assert.equal(now.account(), await later.account());
 * ```
 */
export abstract class ServiceFunctions<Result> {
  /** Calls a function of libpam with its flags as bits. */
  protected abstract call(name: ServiceFunction, flags: number): Result;

  /** Finds out whether the user is who they say; see pam_authenticate(3). */
  authenticate(flags: AuthenticateFlags = {}): Result {
    return this.call("pam_authenticate", bits(flags));
  }

  /** Gives the process the user's credentials, or takes them away; see pam_setcred(3). */
  setCredentials(verb: CredentialsVerb = "establish", flags: CallFlags = {}): Result {
    if (!Object.hasOwn(FLAGS, `${verb}_cred`)) {
      throw typeError(
        "libpam-misused",
        `Cannot '${verb}' credentials: the verb is establish, delete, reinitialize or refresh`,
      );
    }
    return this.call("pam_setcred", FLAGS[`${verb}_cred`] | bits(flags));
  }

  /** Finds out whether the account may be used, here and now; see pam_acct_mgmt(3). */
  account(flags: AuthenticateFlags = {}): Result {
    return this.call("pam_acct_mgmt", bits(flags));
  }

  /** Opens the session; see pam_open_session(3). */
  openSession(flags: CallFlags = {}): Result {
    return this.call("pam_open_session", bits(flags));
  }

  /** Closes the session; see pam_close_session(3). */
  closeSession(flags: CallFlags = {}): Result {
    return this.call("pam_close_session", bits(flags));
  }

  /** Changes the password, in two passes over the stack; see pam_chauthtok(3). */
  changePassword(flags: ChangePasswordFlags = {}): Result {
    return this.call("pam_chauthtok", bits(flags));
  }
}
