// SPDX-License-Identifier: MIT
/**
 * What surrounds a module in a test: the application, the person, the machine and the pam.d line, all in memory.
 *
 * @module
 */

import type { Hook, LineType } from "../hooks.ts";
import type { Conversation } from "../libpam/conversation.ts";
import type { ScriptStep } from "../libpam/script.ts";
import type { ProcessStart } from "../lookup.ts";
import type { PamCode, PamItem, PamToken } from "../tokens.ts";

/**
 * The ageing fields of a user's shadow entry, in days; see shadow(5). A field that is left out is empty.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook, type TestAgeing } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   grants: { account: ["shadow"] },
 *   account: async ({ lookup }) => (await lookup.ageing())?.locked ? "acct_expired" : "success",
 * });
 * const ageing: TestAgeing = { lastChange: 20_454, max: 90, locked: true }; // changed on 2026-01-01
 * assertCode(await runHook(module, "account", { users: { alice: { ageing } } }), "acct_expired");
 * ```
 */
export interface TestAgeing {
  /** Day of the last change since 1970-01-01; 0 must change now. */
  readonly lastChange?: number;
  /** Days before which the password may not be changed again. */
  readonly min?: number;
  /** Days after which the password must be changed. */
  readonly max?: number;
  /** Days of warning before that. */
  readonly warn?: number;
  /** Days after that until the account is disabled. */
  readonly inactive?: number;
  /** Day on which the account expires since 1970-01-01. */
  readonly expire?: number;
  /** No password fits. Default: false. */
  readonly locked?: boolean;
  /** The password is empty. Default: false. */
  readonly empty?: boolean;
}

/**
 * A user of the machine; what is left out has a plain value. See passwd(5), group(5).
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook, type TestUser } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   account: async ({ lookup }) => (await lookup.passwd())?.shell === "/bin/false" ? "perm_denied" : "success",
 * });
 * const alice: TestUser = { uid: 1001, shell: "/bin/false" };
 * assertCode(await runHook(module, "account", { users: { alice } }), "perm_denied");
 * ```
 */
export interface TestUser {
  /** User id. Default: 1000. */
  readonly uid?: number;
  /** Id of the primary group. Default: the user id. */
  readonly gid?: number;
  /** Home directory. Default: `/home/` and the name. */
  readonly home?: string;
  /** Login shell. Default: `/bin/sh`. */
  readonly shell?: string;
  /** The name as the database spells it. Default: the key under which the user stands. */
  readonly name?: string;
  /** Names of the groups, the primary one first. Default: one with the user's name. */
  readonly groups?: readonly string[];
  /** Names of the netgroups; see innetgr(3). Default: none. */
  readonly netgroups?: readonly string[];
  /** The shadow entry; none if left out. */
  readonly ageing?: TestAgeing;
}

/**
 * What a transaction starts with. Everything has a default: a test names only what it is about.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, type FakeTransactionOptions, runHook } from "@pam-deno/sdk/testing";
 * import * as v from "valibot";
 *
 * const module = defineModule({
 *   options: v.object({ host: v.string() }),
 *   account: ({ items, options }) => items.rhost === options.host ? "success" : "perm_denied",
 * });
 * const scene: FakeTransactionOptions = { items: { rhost: "192.0.2.7" }, options: ["host=192.0.2.7"] };
 * assertCode(await runHook(module, "account", scene), "success");
 * ```
 */
export interface FakeTransactionOptions {
  /** The administrator's name for the module. Default: `module`. */
  readonly name?: string;
  /** PAM_USER. Default: `alice`. `undefined` is an application that names nobody, so that libpam has to ask. */
  readonly user?: string | undefined;
  /** PAM_SERVICE. Default: `test`. */
  readonly service?: string;
  /** Other items. Default: none. */
  readonly items?: Readonly<Partial<Record<PamItem, string>>>;
  /** The PAM environment. Default: empty. A module sees it under the grant `get_env`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Tokens that an earlier module of the stack has left. Default: none. */
  readonly tokens?: Readonly<Partial<Record<PamToken, string | Uint8Array>>>;
  /** The words behind the module's name on the pam.d line, `["tz=UTC", "debug"]`. Default: none. */
  readonly options?: readonly string[];
  /** The options of the module's configuration file, which those of the line go over. Default: none. */
  readonly configured?: Readonly<Record<string, unknown>>;
  /** The grants of the pam.d lines, by type. Default for a type that is left out: what the module declares for it. */
  readonly grants?: Readonly<Partial<Record<LineType, readonly string[]>>>;
  /**
   * The users of the machine, by name; a code in place of a user makes look-ups of it fail. Default: PAM_USER is the one user there is,
   * without a shadow entry.
   */
  readonly users?: Readonly<Record<string, TestUser | PamCode>>;
  /**
   * The person: a script of questions and answers, of which every step must be used, or a function as in `@pam-deno/sdk/libpam`.
   * Default: an empty script, so that every question fails the test.
   */
  readonly conversation?: readonly ScriptStep[] | Conversation;
  /** The time, which stands still. Default: {@linkcode DEFAULT_NOW}. */
  readonly now?: Temporal.Instant | string;
  /** Real user id of the application. Default: 0. */
  readonly uid?: number;
  /** Its effective user id. Default: the real one. */
  readonly euid?: number;
  /** Its process id. Default: 1000. */
  readonly pid?: number;
  /**
   * When it started, in clock ticks since boot. Default: 100000. A module sees it only if the application is privileged and the module
   * defines `setCredentials`, `openSession` or `closeSession`.
   */
  readonly started?: number;
  /** The other processes that run, for `lookup.running()`. Default: none. The application itself runs in any case. */
  readonly running?: readonly ProcessStart[];
  /** Makes the module's random octets. Default: random ones. */
  readonly random?: (length: number) => Uint8Array<ArrayBuffer>;
}

/**
 * The flags that mean something in hook `H`, by their tokens; see the man page of its service function.
 *
 * @example
 * ```ts
 * import type { FlagOf } from "@pam-deno/sdk/testing";
 *
 * const flags: FlagOf<"authenticate">[] = ["silent", "disallow_null_authtok"];
 * // @ts-expect-error it belongs to preliminary and update
 * const wrong: FlagOf<"authenticate"> = "change_expired_authtok";
 * ```
 */
export type FlagOf<H extends Hook> =
  | "silent"
  | {
    authenticate: "disallow_null_authtok";
    account: "disallow_null_authtok";
    setCredentials: "establish_cred" | "delete_cred" | "reinitialize_cred" | "refresh_cred";
    openSession: never;
    closeSession: never;
    preliminary: "change_expired_authtok";
    update: "change_expired_authtok";
  }[H];

/**
 * How one hook is called.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertNotShown, type RunOptions, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   openSession({ conversation }) {
 *     conversation.info("Welcome");
 *     return "success";
 *   },
 * });
 * const quiet: RunOptions<"openSession"> = { flags: ["silent"] };
 * assertNotShown(await runHook(module, "openSession", quiet), "Welcome");
 * ```
 */
export interface RunOptions<H extends Hook = Hook> {
  /**
   * Flags by their tokens. Default: none, and `establish_cred` for setCredentials. The two that tell the passes of `changePassword` apart
   * are set in any case.
   */
  readonly flags?: readonly FlagOf<H>[];
  /** The words of the pam.d line, in place of the transaction's. */
  readonly options?: readonly string[];
  /**
   * `resumed`: the module data are not those of the handle but were carried over by the worker from another process, as those of sshd's
   * child are to its parent. They stay on the handle, so that the next hook finds them `same`. setCredentials and openSession only.
   */
  readonly continuity?: "resumed";
  /** What is left of the service budget, in milliseconds. Default: 5000. It does not run out: nothing here takes time. */
  readonly budgetMs?: number;
  /** The application hangs up, or the deadline passes, when this fires: the hook's signal fires, and the hook is broken off. */
  readonly hangUp?: AbortSignal;
}

/**
 * The time of a transaction that is not told otherwise: a Thursday, noon in UTC.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertLogged, DEFAULT_NOW, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   account({ now, log }) {
 *     log.info(now.toString());
 *     return "ignore";
 *   },
 * });
 * assertLogged(await runHook(module, "account"), DEFAULT_NOW);
 * ```
 */
export const DEFAULT_NOW = "2026-01-01T12:00:00Z";
