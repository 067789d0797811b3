// SPDX-License-Identifier: MIT
/**
 * How a transaction starts and ends, and what it notes of delays.
 *
 * @module
 */

import type { PamCode, PamItem } from "../tokens.ts";
import type { Conversation } from "./conversation.ts";

/**
 * How a transaction starts; see pam_start(3). Text that is not UTF-8 is given as bytes; NUL in it is a `TypeError`.
 *
 * @example
 * ```ts
 * import { ServiceDirectory, Transaction, type TransactionOptions } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * services.write("demo", [{ type: "account", control: "required", module: "pam_permit.so" }]);
 * const options: TransactionOptions = { service: "demo", user: "nobody", confdir: services.path };
 * using transaction = Transaction.start({ ...options, items: { rhost: "192.0.2.7" } });
 * assert.equal(transaction.getItem("rhost"), "192.0.2.7");
 * ```
 */
export interface TransactionOptions {
  /** The service: the name of the file with the stack. libpam reads it in lower case. */
  readonly service: string | Uint8Array;
  /** The user; libpam asks for it if it is left out. */
  readonly user?: string | Uint8Array;
  /**
   * The directory of the service files, which needs no root; see {@linkcode ServiceDirectory}.
   * @default {"/etc/pam.d"}
   */
  readonly confdir?: string;
  /**
   * Who answers.
   * @default {textsOnly}
   */
  readonly conversation?: Conversation;
  /** Items to set at once. */
  readonly items?: Readonly<Partial<Record<PamItem, string | Uint8Array>>>;
  /** Variables of the PAM environment to set at once. */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * After a failure libpam waits as long as a module asked for, give or take a half. `"record"` does not wait, and
   * {@linkcode Transaction.delays} says how long it would have been.
   * @default {"wait"}
   */
  readonly failDelay?: "wait" | "record";
}

/**
 * A wait after a failure that was not waited for; see pam_fail_delay(3).
 *
 * @example
 * ```ts
 * import { type FailDelay, ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * services.write("demo", [
 *   { type: "auth", control: "optional", module: "pam_faildelay.so", args: ["delay=2000000"] },
 *   { type: "auth", control: "required", module: "pam_deny.so" },
 * ]);
 * const options = { service: "demo", user: "nobody", confdir: services.path };
 * using transaction = Transaction.start({ ...options, failDelay: "record" });
 * assert.equal(transaction.authenticate(), "auth_err");
 * const [delay]: readonly FailDelay[] = transaction.delays;
 * assert.ok(delay !== undefined && delay.microseconds >= 1_000_000 && delay.microseconds <= 3_000_000);
 * ```
 */
export interface FailDelay {
  /** The code of the failure. */
  readonly code: PamCode;
  /** How long libpam would have waited, in microseconds. */
  readonly microseconds: number;
}

/**
 * How a transaction ends; see pam_end(3).
 *
 * @example
 * ```ts
 * import { type EndOptions, ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * services.write("demo", [{ type: "account", control: "required", module: "pam_permit.so" }]);
 * const transaction = Transaction.start({ service: "demo", user: "nobody", confdir: services.path });
 * const goesOn: EndOptions = { silent: true };
 * assert.equal(transaction.end("success", goesOn), "success");
 * ```
 */
export interface EndOptions {
  /**
   * `PAM_DATA_SILENT`: tells the modules that another process goes on with the transaction, and only memory is to be freed.
   * @default {false}
   */
  readonly silent?: boolean;
}
