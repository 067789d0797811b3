// SPDX-License-Identifier: MIT
/**
 * What the machine knows about the user.
 *
 * @module
 */

import type { AgeingEntry } from "./caller.ts";
import { plainError, rangeError, typeError } from "./coded.ts";
import type { Grant, Granted } from "./grants.ts";
import type { HookState } from "./hook_state.ts";
import type { LineType } from "./hooks.ts";
import { byteLength, isLine } from "./text.ts";
import { LIMITS } from "./wire/schema.ts";

/**
 * The passwd entry of the user; see passwd(5), getpwnam(3).
 *
 * @example
 * ```ts
 * import { defineModule, type Passwd } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const isPerson = (entry: Passwd | undefined): boolean => entry !== undefined && entry.uid >= 1000;
 * const module = defineModule({
 *   account: async ({ lookup }) => isPerson(await lookup.passwd()) ? "success" : "perm_denied",
 * });
 * const scene = { user: "backup", users: { backup: { uid: 34 } } };
 * assertCode(await runHook(module, "account", scene), "perm_denied");
 * ```
 */
export interface Passwd {
  /** Login name as the database spells it. */
  readonly name: string;
  /** User id. */
  readonly uid: number;
  /** Id of the primary group. */
  readonly gid: number;
  /** Home directory. */
  readonly home: string;
  /** Login shell. */
  readonly shell: string;
}

/**
 * The ageing fields of the user's shadow entry; see shadow(5). A field that is empty there is `undefined`.
 * Never the hash.
 *
 * @example
 * ```ts
 * import { type Ageing, defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const mustChange = (ageing: Ageing | undefined): boolean => ageing?.changeRequired ?? false;
 * const module = defineModule({
 *   grants: { account: ["shadow"] },
 *   account: async ({ lookup }) => mustChange(await lookup.ageing()) ? "new_authtok_reqd" : "success",
 * });
 * const users = { alice: { ageing: { lastChange: 0 } } };
 * assertCode(await runHook(module, "account", { users }), "new_authtok_reqd");
 * ```
 */
export interface Ageing {
  /** When the password was changed last; `undefined` also if it must be changed at the next login. */
  readonly lastChange: Temporal.PlainDate | undefined;
  /** The password must be changed at the next login: the last change is day 0. */
  readonly changeRequired: boolean;
  /** Days before which the password may not be changed again. */
  readonly minDays: number | undefined;
  /** Days after which the password must be changed. */
  readonly maxDays: number | undefined;
  /** Days of warning before that. */
  readonly warnDays: number | undefined;
  /** Days after that until the account is disabled. */
  readonly inactiveDays: number | undefined;
  /** The first day on which the account is expired. */
  readonly expires: Temporal.PlainDate | undefined;
  /** The hash starts with `!` or `*`: no password fits. */
  readonly locked: boolean;
  /** The password is empty. */
  readonly empty: boolean;
  /**
   * The numbers behind the fields above, for who must reckon as pam_unix(8) does: there a number counts that is
   * no date and no duration.
   */
  readonly fields: AgeingFields;
}

/**
 * The numbers of a shadow entry as getspnam(3) gives them: days, dates counted from 1970-01-01, and -1 for an
 * empty field. The C library reads 32 bits of a file: 4294967289 is -7 there. An entry with a number that it
 * cannot read is none.
 *
 * @example
 * ```ts
 * import { type AgeingFields, defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const never = ({ max }: AgeingFields): boolean => max === -1 || max >= 99999;
 * const module = defineModule({
 *   grants: { account: ["shadow"] },
 *   async account({ lookup, deny }) {
 *     const ageing = await lookup.ageing();
 *     return ageing !== undefined && never(ageing.fields) ? deny("perm_denied", "Set a limit") : "success";
 *   },
 * });
 * assertCode(await runHook(module, "account", { users: { alice: { ageing: { max: 99999 } } } }), "perm_denied");
 * ```
 */
export interface AgeingFields {
  /** Day of the last change; 0 means that the password must be changed now. */
  readonly lastChange: number;
  /** Days before which the password may not be changed again. */
  readonly min: number;
  /** Days after which the password must be changed. */
  readonly max: number;
  /** Days of warning before that. */
  readonly warn: number;
  /** Days after that until the account is disabled. */
  readonly inactive: number;
  /** The first day on which the account is expired. */
  readonly expire: number;
}

/**
 * One process, which no later one with the same number is mistaken for; see proc_pid_stat(5), field 22.
 *
 * @example
 * ```ts
 * import { defineModule, type ProcessStart } from "@pam-deno/sdk";
 * import { assertLogged, runHook } from "@pam-deno/sdk/testing";
 *
 * const opened: ProcessStart[] = [{ pid: 812, started: 5_200 }, { pid: 977, started: 9_100 }];
 * const module = defineModule({
 *   async openSession({ lookup, log }) {
 *     const running = await lookup.running(opened);
 *     log.info("{count} still open", { count: running.filter(Boolean).length });
 *     return "success";
 *   },
 * });
 * const scene = { running: [{ pid: 977, started: 9_100 }] };
 * assertLogged(await runHook(module, "openSession", scene), "1 still open");
 * ```
 */
export interface ProcessStart {
  /** Its process id. */
  readonly pid: number;
  /** When it started, in clock ticks since boot. */
  readonly started: number;
}

/**
 * Looks the user of the hook up in the machine's databases, as the application sees them (nsswitch.conf(5)).
 * A second call in the same hook gives the same answer, but for `running()`. Each rejects with {@linkcode PamError} if the
 * database cannot be asked.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   async account({ lookup, deny }) {
 *     const groups = await lookup.groups();
 *     return groups.includes("operators") ? "success" : deny("perm_denied", "Only for operators");
 *   },
 * });
 *
 * const users = { alice: { groups: ["operators"] } };
 * assertCode(await runHook(module, "account", { user: "alice", users }), "success");
 * ```
 */
export interface Lookup<G extends Grant = never, L extends LineType = LineType> {
  /** The passwd entry; `undefined` if there is no such user. See getpwnam(3). */
  passwd(): Promise<Passwd | undefined>;
  /**
   * The names of the primary and the supplementary groups, at most 512 (GROUPS_MAX); empty if there is no
   * such user. A group without a name is left out. See getgrouplist(3).
   */
  groups(): Promise<readonly string[]>;
  /**
   * The ageing fields; `undefined` if there is no shadow entry. Where the passwd entry holds the password
   * itself and there is none, all of them are empty. Needs the grant `shadow`. See getspnam(3).
   */
  readonly ageing: Granted<"shadow", G, L, () => Promise<Ageing | undefined>>;
  /**
   * Whether the user is in netgroup `name`, whatever the host and the domain; see innetgr(3). `false` also if there
   * is no such netgroup, and if the database cannot be asked, which the C library does not tell apart: let members
   * in, rather than keep them out. Rejects with {@linkcode PamError} `buf_err` if the application has too few
   * descriptors or too little memory left to ask. Throws a RangeError for a name that is empty, over 256 bytes
   * (NAME_MAX) or has control characters.
   */
  inNetgroup(name: string): Promise<boolean>;
  /**
   * Whether these very processes still run, position by position: what was noted as `caller.pid` and
   * `caller.started` of an earlier hook. At most 512 at once (PROCESSES_MAX). Of a process in another pid namespace,
   * such as a container's, the application sees nothing: for that one the answer is `false`, though it may run.
   *
   * Rejects with {@linkcode PamError} if the application is not privileged: others do not see every process.
   * Throws a RangeError for more, and for what cannot be a process.
   */
  running(processes: readonly ProcessStart[]): Promise<readonly boolean[]>;
}

/** The runtime's view: every grant there is. */
type AllLookup = Lookup<Grant>;

const EPOCH = /* @__PURE__ */ new Temporal.PlainDate(1970, 1, 1);
/** The last day that Temporal.PlainDate has, counted from the epoch: a date behind it is as good as none. */
const LAST_DAY = 100_000_000;

function days(value: number): number | undefined {
  return value < 0 ? undefined : value;
}

function date(value: number): Temporal.PlainDate | undefined {
  return value < 0 || value > LAST_DAY ? undefined : EPOCH.add({ days: value });
}

function toAgeing(entry: AgeingEntry): Ageing {
  const { last_change: lastChange, min, max, warn, inactive, expire } = entry;
  return Object.freeze({
    lastChange: entry.last_change === 0 ? undefined : date(entry.last_change),
    changeRequired: entry.last_change === 0,
    minDays: days(entry.min),
    maxDays: days(entry.max),
    warnDays: days(entry.warn),
    inactiveDays: days(entry.inactive),
    expires: date(entry.expire),
    locked: entry.locked,
    empty: entry.empty,
    fields: Object.freeze({ lastChange, min, max, warn, inactive, expire }),
  });
}

async function passwd(state: HookState): Promise<Passwd | undefined> {
  const entry = await state.host.caller.lookupPasswd();
  if (entry === undefined) return undefined;
  const { name, uid, gid, home, shell } = entry;
  return Object.freeze({ name, uid, gid, home, shell });
}

async function groups(state: HookState): Promise<readonly string[]> {
  const entries = await state.host.caller.lookupGroups() ?? [];
  return Object.freeze(entries.map((entry) => entry.name).filter((name) => name !== undefined));
}

async function ageing(state: HookState): Promise<Ageing | undefined> {
  const entry = await state.host.caller.lookupAgeing();
  return entry === undefined ? undefined : toAgeing(entry);
}

function checkNetgroup(name: string): void {
  const fits = typeof name === "string" && name !== "" && name.length <= LIMITS.NAME_MAX && isLine(name) &&
    byteLength(name) <= LIMITS.NAME_MAX;
  if (fits) return;
  throw rangeError(
    "argument-refused",
    `lookup.inNetgroup() takes a name of 1 to ${LIMITS.NAME_MAX} bytes (NAME_MAX) without control characters`,
  );
}

/** The highest process id that travels. */
const PID_MAX = 0xffff_ffff;

function checkProcesses(processes: readonly ProcessStart[]): ProcessStart[] {
  if (!Array.isArray(processes)) {
    throw typeError("argument-refused", "lookup.running() takes a list of processes");
  }
  if (processes.length > LIMITS.PROCESSES_MAX) {
    throw rangeError(
      "limit-exceeded",
      `lookup.running() takes at most ${LIMITS.PROCESSES_MAX} processes (PROCESSES_MAX), not ${processes.length}`,
    );
  }
  return processes.map(({ pid, started }) => {
    if (Number.isInteger(pid) && pid > 0 && pid <= PID_MAX && Number.isSafeInteger(started) && started >= 0) {
      return { pid, started };
    }
    throw rangeError(
      "argument-refused",
      `lookup.running() takes { pid, started } of a process, not { ${pid}, ${started} }`,
    );
  });
}

async function running(state: HookState, processes: readonly ProcessStart[]): Promise<readonly boolean[]> {
  const answers = await state.host.caller.lookupProcesses(processes);
  if (answers.length === processes.length) return Object.freeze(answers);
  throw plainError(
    "runtime-failed",
    `lookup.running() asked for ${processes.length} processes, ${answers.length} were answered`,
  );
}

/** Makes the look-ups of one hook. */
export function makeLookup(state: HookState): AllLookup {
  let passwdOnce: Promise<Passwd | undefined> | undefined;
  let groupsOnce: Promise<readonly string[]> | undefined;
  let ageingOnce: Promise<Ageing | undefined> | undefined;
  const netgroupsOnce = new Map<string, Promise<boolean>>();
  return Object.freeze({
    passwd: () => passwdOnce ??= state.ask("lookup.passwd()", () => passwd(state)),
    groups: () => groupsOnce ??= state.ask("lookup.groups()", () => groups(state)),
    ageing() {
      state.needs("shadow", "lookup.ageing()");
      return ageingOnce ??= state.ask("lookup.ageing()", () => ageing(state));
    },
    inNetgroup(name: string) {
      checkNetgroup(name);
      const known = netgroupsOnce.get(name);
      if (known !== undefined) return known;
      const answer = state.ask("lookup.inNetgroup()", () => state.host.caller.lookupNetgroup(name));
      netgroupsOnce.set(name, answer);
      return answer;
    },
    running(processes: readonly ProcessStart[]) {
      const checked = checkProcesses(processes);
      return state.ask("lookup.running()", () => running(state, checked));
    },
  });
}
