// SPDX-License-Identifier: MIT
/**
 * What a handler sees, per hook. A member that needs a grant is there only if the module declares it for
 * lines of that type.
 *
 * @module
 */

import type { Authtok, OldAuthtok } from "./authtok.ts";
import type { Conversation } from "./conversation.ts";
import type { Data } from "./data.ts";
import type { Environment } from "./environment.ts";
import type { Grant } from "./grants.ts";
import type { Hook, LINE_TYPES } from "./hooks.ts";
import type { Items } from "./items.ts";
import type { Log } from "./log.ts";
import type { Lookup } from "./lookup.ts";
import type { NoOptions } from "./options.ts";
import type { Deny } from "./result.ts";
import type { UserFiles } from "./user_files.ts";

/**
 * What pam_setcred(3) is asked to do; flags without a verb mean `establish`, as in libpam.
 *
 * @example
 * ```ts
 * import { defineModule, type Verb } from "@pam-deno/sdk";
 * import { assertLogged, runHook } from "@pam-deno/sdk/testing";
 *
 * const told: Record<Verb, string> = {
 *   establish: "new",
 *   delete: "gone",
 *   reinitialize: "again",
 *   refresh: "longer",
 * };
 * const module = defineModule({
 *   setCredentials({ verb, log }) {
 *     log.info(told[verb]);
 *     return "success";
 *   },
 * });
 * assertLogged(await runHook(module, "setCredentials", { flags: ["delete_cred"] }), "gone");
 * ```
 */
export type Verb = "establish" | "delete" | "reinitialize" | "refresh";

/**
 * The process that called libpam, as the shim in it sees it; see credentials(7).
 *
 * @example
 * ```ts
 * import { type CallerProcess, defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const isDaemon = ({ uid }: CallerProcess): boolean => uid === 0;
 * const module = defineModule({
 *   account: ({ caller, deny }) => isDaemon(caller) ? "success" : deny("perm_denied", "Not from a shell"),
 * });
 * assertCode(await runHook(module, "account", { uid: 1000, euid: 0 }), "perm_denied");
 * ```
 */
export interface CallerProcess {
  /** Its process id. */
  readonly pid: number;
  /** Its real user id: the person who started it, or 0 for a daemon. */
  readonly uid: number;
  /** Its effective user id: 0 for a set-uid program. */
  readonly euid: number;
  /**
   * When it started, in clock ticks since boot: field 22 of proc_pid_stat(5). With `pid` it names this process
   * and no later one; see `lookup.running()`. There if the application is privileged and the module defines
   * `setCredentials`, `openSession` or `closeSession`.
   */
  readonly started: number | undefined;
}

/**
 * What every handler sees. It is made new for each hook and is of no use after it: effects of a handler that
 * has returned are logged and ignored.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, assertShown, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   account({ now, user, service, deny }) {
 *     const { hour } = now.toZonedDateTimeISO("Europe/Berlin");
 *     return service === "login" && hour >= 22 ? deny("perm_denied", `Good night, ${user}`) : "ignore";
 *   },
 * });
 *
 * const scene = { user: "alice", service: "login", now: "2026-01-01T21:00:00Z" };
 * const late = await runHook(module, "account", scene);
 * assertCode(late, "perm_denied");
 * assertShown(late, "Good night, alice");
 * ```
 */
export interface Context<H extends Hook = Hook, O = unknown, G extends Grant = never> {
  /** The application's name for the policy, `sshd`; PAM_SERVICE. */
  readonly service: string;
  /**
   * The user that the hook is about; PAM_USER. A person typed it: it may be anything, also a password by
   * mistake.
   */
  readonly user: string;
  /**
   * The module's options: what its validator made of the pam.d line and the configuration. Frozen, and shared
   * by the hooks of a line.
   */
  readonly options: O;
  /** The time; the same however often it is read in a hook. */
  readonly now: Temporal.Instant;
  /** PAM_SILENT: texts will not be shown; questions will. */
  readonly silent: boolean;
  /** The process that called libpam. */
  readonly caller: CallerProcess;
  /**
   * Whether state set by an earlier hook is here: `same` from this process or one that it was forked from, `resumed`
   * from a child that asked this module (until the session is open), `none` if not: be ready for it. Neither means
   * "authenticated": others may have refused that attempt; data that passed an `account` hook are safer from that.
   */
  readonly continuity: "same" | "resumed" | "none";
  /** Refuses, with a text for the person; must be returned. */
  readonly deny: Deny<H>;
  /** The items of the transaction; see pam_get_item(3). */
  readonly items: Items<G, typeof LINE_TYPES[H]>;
  /** The PAM environment; see pam_getenv(3), pam_putenv(3). */
  readonly environment: Environment<G, typeof LINE_TYPES[H]>;
  /** The module's own state on the PAM handle; see pam_set_data(3). */
  readonly data: Data;
  /** Texts and questions; see pam_conv(3). */
  readonly conversation: Conversation<G, typeof LINE_TYPES[H]>;
  /** The user in the machine's databases. */
  readonly lookup: Lookup<G, typeof LINE_TYPES[H]>;
  /** The log; see pam_syslog(3). */
  readonly log: Log;
  /**
   * Fires when the deadline passes or the application hangs up: hand it to whatever waits, such as `fetch`.
   */
  readonly signal: AbortSignal;
  /** `length` random octets, 0 to 65536, fit for secrets. Throws a RangeError for another length. */
  readonly random: (length: number) => Uint8Array<ArrayBuffer>;
  /**
   * Asks for a delay of at least this long, 0 to 30 seconds (FAIL_DELAY_MAX_US), if the transaction fails in
   * authenticate or changePassword; libpam takes the longest that any module asks for and varies it by up to
   * half. See pam_fail_delay(3). Never sleep in a handler. Throws a RangeError for another duration, and a
   * TypeError for anything else.
   */
  readonly failDelay: (atLeast: Temporal.Duration) => void;
}

/**
 * What the handler of `authenticate` sees; see pam_sm_authenticate(3).
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   authenticate: ({ items, deny }) => items.rhost === undefined ? "ignore" : deny("auth_err", "Not here"),
 * });
 *
 * assertCode(await runHook(module, "authenticate", { items: { rhost: "203.0.113.7" } }), "auth_err");
 * ```
 */
export interface AuthenticateContext<O = NoOptions, G extends Grant = never>
  extends Context<"authenticate", O, G>, Authtok<G, "auth"> {
  /** Files for the user. */
  readonly userFiles: UserFiles<G, "auth">;
  /** PAM_DISALLOW_NULL_AUTHTOK: an empty password must not be enough. */
  readonly disallowNullAuthtok: boolean;
}

/**
 * What the handler of `setCredentials` sees; see pam_sm_setcred(3). sshd calls it twice for one login. Do not
 * refuse here: where authenticate was `ignore` in the same process, libpam does not ask what is said here, and
 * elsewhere applications differ. su, login, cron and sshd's keyboard-interactive end; sudo and sshd's other
 * methods go on.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   setCredentials({ verb, user, log }) {
 *     if (verb === "establish") log.info("credentials for {user}", { user });
 *     return "success";
 *   },
 * });
 *
 * assertCode(await runHook(module, "setCredentials"), "success");
 * ```
 */
export interface SetCredentialsContext<O = NoOptions, G extends Grant = never>
  extends Context<"setCredentials", O, G> {
  /** Files for the user. */
  readonly userFiles: UserFiles<G, "auth">;
  /** What to do with the credentials. */
  readonly verb: Verb;
}

/**
 * What the handler of `account` sees; see pam_sm_acct_mgmt(3).
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   grants: { account: ["shadow"] },
 *   async account({ lookup, now }) {
 *     const ageing = await lookup.ageing();
 *     const today = now.toZonedDateTimeISO("UTC").toPlainDate();
 *     const { compare } = Temporal.PlainDate;
 *     const over = ageing?.expires !== undefined && compare(today, ageing.expires) >= 0;
 *     return over ? "acct_expired" : "success";
 *   },
 * });
 *
 * assertCode(await runHook(module, "account", { user: "alice", users: { alice: {} } }), "success");
 * ```
 */
export interface AccountContext<O = NoOptions, G extends Grant = never> extends Context<"account", O, G> {
  /** PAM_DISALLOW_NULL_AUTHTOK: an empty password must not be enough. */
  readonly disallowNullAuthtok: boolean;
}

/**
 * What the handler of `openSession` sees; see pam_sm_open_session(3). To refuse, return `perm_denied`: sudo
 * goes on after `session_err`.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   openSession({ conversation, user }) {
 *     conversation.info(`Welcome, ${user}. Backups run from 02:00.`);
 *     return "success";
 *   },
 * });
 *
 * assertCode(await runHook(module, "openSession"), "success");
 * ```
 */
export interface OpenSessionContext<O = NoOptions, G extends Grant = never>
  extends Context<"openSession", O, G> {
  /** Files for the user. */
  readonly userFiles: UserFiles<G, "session">;
}

/**
 * What the handler of `closeSession` sees; see pam_sm_close_session(3). It may run in another process than
 * openSession did.
 *
 * @example
 * ```ts
 * import { dataKey, defineModule } from "@pam-deno/sdk";
 * import { assertCode, FakeTransaction } from "@pam-deno/sdk/testing";
 * import * as v from "valibot";
 *
 * const opened = dataKey("opened", v.pipe(v.string(), v.transform((text) => Temporal.Instant.from(text))));
 *
 * const module = defineModule({
 *   openSession({ data, now }) {
 *     data.set(opened, now);
 *     return "success";
 *   },
 *   closeSession({ data, now, log }) {
 *     const since = data.get(opened); // another process may have opened the session
 *     if (since !== undefined) log.info("open for {time}", { time: now.since(since).toString() });
 *     return "success";
 *   },
 * });
 *
 * using transaction = new FakeTransaction(module);
 * assertCode(await transaction.run("openSession"), "success");
 * assertCode(await transaction.run("closeSession"), "success");
 * ```
 */
export interface CloseSessionContext<O = NoOptions, G extends Grant = never>
  extends Context<"closeSession", O, G> {
  /** Files for the user. */
  readonly userFiles: UserFiles<G, "session">;
}

/**
 * What both handlers of `changePassword` see; see pam_sm_chauthtok(3).
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   grants: { password: ["authtok"] },
 *   changePassword: {
 *     preliminary: ({ service, deny }) => service === "cron" ? deny("try_again", "Not here") : "success",
 *     async update({ authtok, privileged, deny }) {
 *       using password = await authtok("New password: ");
 *       const short = password.use((bytes) => bytes.length < 12);
 *       return short && !privileged ? deny("authtok_err", "At least 12 characters, please") : "ignore";
 *     },
 *   },
 * });
 *
 * assertCode(await runHook(module, "preliminary"), "success");
 * ```
 */
export interface ChangePasswordContext<
  H extends "preliminary" | "update",
  O = NoOptions,
  G extends Grant = never,
> extends Context<H, O, G>, Authtok<G, "password">, OldAuthtok<G, "password"> {
  /** PAM_CHANGE_EXPIRED_AUTHTOK: return `ignore` unless the user's password has expired. */
  readonly onlyIfExpired: boolean;
  /**
   * The caller's real user is root, who may set another's password without knowing the old one. It says nothing
   * of the person: sshd's is root too, when it has an expired password changed during a login. Then
   * `onlyIfExpired` is set.
   */
  readonly privileged: boolean;
}

/**
 * What the handler of `changePassword.preliminary` sees: the pass with PAM_PRELIM_CHECK, which must change
 * and consume nothing; see pam_sm_chauthtok(3).
 *
 * @example
 * ```ts
 * import { defineModule, type PreliminaryContext } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const preliminary = ({ service, deny }: PreliminaryContext) =>
 *   service === "cron" ? deny("try_again", "Not from cron") : "success";
 *
 * const module = defineModule({ changePassword: { preliminary, update: () => "ignore" } });
 * assertCode(await runHook(module, "preliminary", { service: "cron" }), "try_again");
 * ```
 */
export interface PreliminaryContext<O = NoOptions, G extends Grant = never>
  extends ChangePasswordContext<"preliminary", O, G> {}

/**
 * What the handler of `changePassword.update` sees: the pass with PAM_UPDATE_AUTHTOK, which changes; see
 * pam_sm_chauthtok(3).
 *
 * @example
 * ```ts
 * import { defineModule, type UpdateContext } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const update = ({ privileged, deny }: UpdateContext) =>
 *   privileged ? "ignore" : deny("authtok_err", "Please ask the help desk");
 *
 * const module = defineModule({ changePassword: { update } });
 * assertCode(await runHook(module, "update", { uid: 1000 }), "authtok_err");
 * ```
 */
export interface UpdateContext<O = NoOptions, G extends Grant = never>
  extends ChangePasswordContext<"update", O, G> {}

/**
 * The context of each hook, by its name: for helpers that several handlers share.
 *
 * @example
 * ```ts
 * import { type ContextOf, defineModule, type NoOptions } from "@pam-deno/sdk";
 * import { assertLogged, runHook } from "@pam-deno/sdk/testing";
 *
 * type Session = ContextOf<NoOptions, never>["openSession" | "closeSession"];
 * function note({ log, user }: Session): "success" {
 *   log.info("session of {user}", { user });
 *   return "success";
 * }
 * const module = defineModule({ openSession: note, closeSession: note });
 * assertLogged(await runHook(module, "closeSession"), /^session of "alice"/);
 * ```
 */
export interface ContextOf<O, G extends Grant> {
  /** pam_sm_authenticate(3) */
  readonly authenticate: AuthenticateContext<O, G>;
  /** pam_sm_setcred(3) */
  readonly setCredentials: SetCredentialsContext<O, G>;
  /** pam_sm_acct_mgmt(3) */
  readonly account: AccountContext<O, G>;
  /** pam_sm_open_session(3) */
  readonly openSession: OpenSessionContext<O, G>;
  /** pam_sm_close_session(3) */
  readonly closeSession: CloseSessionContext<O, G>;
  /** pam_sm_chauthtok(3) with PAM_PRELIM_CHECK */
  readonly preliminary: PreliminaryContext<O, G>;
  /** pam_sm_chauthtok(3) with PAM_UPDATE_AUTHTOK */
  readonly update: UpdateContext<O, G>;
}
