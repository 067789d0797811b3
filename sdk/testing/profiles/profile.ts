// SPDX-License-Identifier: MIT
/**
 * What a profile is made of: data about how an application calls libpam, in which process, with which items, and who answers. The test
 * kit replays it in memory, `pam-deno try --as` through libpam.
 *
 * @module
 */

import type { Hook } from "../../hooks.ts";
import type { PamCode, PamItem } from "../../tokens.ts";
import type { FlagOf } from "../options.ts";

/**
 * A call of libpam's by an application, by the hook that it leads to; see {@linkcode HOOKS_OF_CALLS}. `changePassword` is
 * pam_chauthtok(3), which asks the modules twice.
 *
 * @example
 * ```ts
 * import { PROFILE_DATA, type ProfileCall } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const calls: ProfileCall[] = PROFILE_DATA.passwd.steps.map(({ call }) => call);
 * assert.deepEqual(calls, ["changePassword"]);
 * ```
 */
export type ProfileCall =
  | "authenticate"
  | "setCredentials"
  | "account"
  | "openSession"
  | "closeSession"
  | "changePassword";

/**
 * The hooks that a module sees of each call, in order.
 *
 * @example
 * ```ts
 * import { HOOKS_OF_CALLS } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(HOOKS_OF_CALLS.changePassword, ["preliminary", "update"]);
 * ```
 */
export const HOOKS_OF_CALLS = {
  authenticate: ["authenticate"],
  setCredentials: ["setCredentials"],
  account: ["account"],
  openSession: ["openSession"],
  closeSession: ["closeSession"],
  changePassword: ["preliminary", "update"],
} as const satisfies Record<ProfileCall, readonly Hook[]>;

/**
 * What comes of questions and texts during a call:
 *
 * - `full`: they reach the person, who answers.
 * - `password`: the application answers every hidden question with the password that it has, and fails one whose answer would show, as
 *   sshd's password method does. Texts are shown.
 * - `texts`: texts are shown; a question fails.
 * - `none`: every call fails, and no text is seen by anybody.
 *
 * @example
 * ```ts
 * import { PROFILE_DATA, type ProfileConversation } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const atCron: ProfileConversation[] = PROFILE_DATA.cron.steps.map(({ conversation }) => conversation);
 * assert.ok(atCron.every((kind) => kind === "none"));
 * ```
 */
export type ProfileConversation = "full" | "password" | "texts" | "none";

/**
 * The text of an item or a variable. What stands in braces comes from who and where it is about: `{user}`, `{home}`, `{by}`, `{target}`, `{rhost}`,
 * `{tty}`, `{host}`; see {@linkcode ProfileScene}.
 *
 * @example
 * ```ts
 * import { PROFILE_DATA, type ProfileText } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const ruser: ProfileText | undefined = PROFILE_DATA.sudo.handles.main?.items.ruser;
 * assert.equal(ruser, "{user}");
 * ```
 */
export type ProfileText = string;

/**
 * Who and where a replay is about.
 *
 * @example
 * ```ts
 * import { PROFILE_SCENE, type ProfileScene } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const scene: ProfileScene = { ...PROFILE_SCENE, rhost: "198.51.100.9" };
 * assert.equal(scene.user, "alice");
 * ```
 */
export interface ProfileScene {
  /** Who logs in, runs sudo, changes a password. Of su it is the user to become. */
  readonly user: string;
  /** Their home. In a replay it is that of the user, unless it is told otherwise. */
  readonly home: string;
  /** Who runs su, or asks polkit. */
  readonly by: string;
  /** Whom sudo becomes. */
  readonly target: string;
  /** Where an ssh login comes from. */
  readonly rhost: string;
  /** The terminal that the person sits at. */
  readonly tty: string;
  /** The name of this machine. */
  readonly host: string;
}

/**
 * A process of an application.
 *
 * @example
 * ```ts
 * import { PROFILE_DATA, type ProfileProcess } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const child: ProfileProcess | undefined = PROFILE_DATA["sshd-keyboard-interactive"].processes.asking;
 * assert.deepEqual(child, { parent: "monitor", start: "fork", leaves: "environment", uid: "root", euid: "root" });
 * ```
 */
export interface ProfileProcess {
  /** The process that starts it; none of ours if left out. */
  readonly parent?: string;
  /**
   * How. A `fork` has its parent's PAM handles as they are when it makes its first call, with module data and tokens; what it changes
   * in them its parent does not see. An `exec` has nothing. Default: `exec`.
   */
  readonly start?: "fork" | "exec";
  /**
   * What its parent takes over before its own next call: the PAM environment, and the worker carries the module data of a hook that
   * ended well to the parent's setCredentials and openSession. Default: nothing of it.
   */
  readonly leaves?: "environment";
  /** Its real user. */
  readonly uid: "root" | "user" | "by";
  /** Its effective user: root's for a set-uid program. */
  readonly euid: "root" | "user" | "by";
}

/**
 * A PAM handle: what pam_start(3) is told, and the items that are set before the first call.
 *
 * @example
 * ```ts
 * import { PROFILE_DATA, type ProfileHandle } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const login: ProfileHandle | undefined = PROFILE_DATA.login.handles.main;
 * assert.equal(login?.service, "login");
 * assert.equal(login?.user, undefined); // it asks for the name through PAM
 * ```
 */
export interface ProfileHandle {
  /** PAM_SERVICE. */
  readonly service: string;
  /** PAM_USER; if left out libpam asks for it. */
  readonly user?: ProfileText;
  /** The other items. */
  readonly items: Readonly<Partial<Record<PamItem, ProfileText>>>;
  /** The PAM environment. */
  readonly environment?: Readonly<Record<string, ProfileText>>;
}

/**
 * One call of libpam's.
 *
 * @example The call that is about another user than the one before
 * ```ts
 * import { PROFILE_DATA, type ProfileStep } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const steps: readonly ProfileStep[] = PROFILE_DATA.sudo.steps;
 * assert.deepEqual(steps.find(({ items }) => items?.user !== undefined)?.call, "setCredentials");
 * ```
 */
export interface ProfileStep {
  /** Which. */
  readonly call: ProfileCall;
  /** The process that makes it, one of the profile's `processes`. */
  readonly process: string;
  /** On which handle, one of the profile's `handles`. Default: `main`. */
  readonly handle?: string;
  /** Flags as the application passes them. Default: none. */
  readonly flags?: readonly FlagOf<Hook>[];
  /** Items that are set before it. Default: none. */
  readonly items?: Readonly<Partial<Record<PamItem, ProfileText>>>;
  /** Variables of the PAM environment that are set before it. Default: none. */
  readonly environment?: Readonly<Record<string, ProfileText>>;
  /** What comes of questions and texts. */
  readonly conversation: ProfileConversation;
  /** Whether the application drops information texts; those of errors are shown. Default: no. */
  readonly dropsInfo?: boolean;
  /**
   * Codes that do not end it all: the application goes on with its next call. Default: only `success`, and `new_authtok_reqd` of account
   * if a step follows that is for it.
   */
  readonly ignores?: "all" | readonly PamCode[];
  /** `expired`: only if account has said `new_authtok_reqd`. Default: always. */
  readonly when?: "expired";
  /** Calls without whose success on the way it is not made. Default: none. */
  readonly needs?: readonly ProfileCall[];
  /** Calls after whose refusal it is made all the same. Default: none, a refusal is the end. */
  readonly alsoAfter?: readonly ProfileCall[];
  /** How often it is made as long as it is refused. Default: once. */
  readonly tries?: number;
}

/**
 * How an application uses PAM.
 *
 * @example
 * ```ts
 * import { type Profile, PROFILE_DATA } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const callsIn = ({ steps }: Profile, process: string) => steps.filter((step) => step.process === process);
 * assert.deepEqual(callsIn(PROFILE_DATA["sshd-publickey"], "session").map(({ call }) => call), ["setCredentials"]);
 * ```
 */
export interface Profile {
  /** What it is, in a line. */
  readonly description: string;
  /** Its processes, by a name for each. */
  readonly processes: Readonly<Record<string, ProfileProcess>>;
  /** Its PAM handles; the usual one is `main`. */
  readonly handles: Readonly<Record<string, ProfileHandle>>;
  /** Its calls of libpam, in order. */
  readonly steps: readonly ProfileStep[];
  /** Whether the password has expired whatever the module says. Default: only if account says so. */
  readonly expired?: boolean;
  /** Whether the application refuses in the end if PAM_USER is not any more what it was. Default: no. */
  readonly refusesOtherUser?: boolean;
  /** Limits of the application's conversation. Default: those of libpam. */
  readonly limits?: ProfileLimits;
}

/**
 * Limits of an application's conversation; beyond them it fails with `conv_err`. An empty answer is passed on by all of them.
 *
 * @example
 * ```ts
 * import { PROFILE_DATA, type ProfileLimits } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const limits: ProfileLimits = PROFILE_DATA.sudo.limits ?? {};
 * assert.equal(limits.answerMax, 511);
 * ```
 */
export interface ProfileLimits {
  /** The messages of one call. Default: 32, PAM_MAX_NUM_MSG. */
  readonly messagesMax?: number;
  /** The octets of an answer. Default: 511, what PAM_MAX_RESP_SIZE leaves. */
  readonly answerMax?: number;
  /** Whether a longer answer is cut in place of failing; the rest is lost. Default: no. */
  readonly cutsAnswers?: boolean;
  /** Whether a question of authenticate that fails is the end, whatever the module makes of it. Default: no. */
  readonly failureEnds?: boolean;
}
