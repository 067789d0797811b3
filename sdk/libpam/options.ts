// SPDX-License-Identifier: MIT
/**
 * How a transaction starts and ends, and what it notes of delays.
 *
 * @module
 */

import type { PamCode, PamItem } from "../tokens.ts";
import type { Conversation } from "./conversation.ts";

/** How a transaction starts. Text that is not UTF-8 is given as bytes. */
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

/** A wait after a failure that was not waited for; see pam_fail_delay(3). */
export interface FailDelay {
  /** The code of the failure. */
  readonly code: PamCode;
  /** How long libpam would have waited, in microseconds. */
  readonly microseconds: number;
}

/** How a transaction ends. */
export interface EndOptions {
  /**
   * `PAM_DATA_SILENT`: tells the modules that another process goes on with the transaction, and only memory is to be freed.
   * @default {false}
   */
  readonly silent?: boolean;
}
