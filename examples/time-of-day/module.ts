// SPDX-License-Identifier: MIT
/**
 * Lets people log in by weekday, hour and date: `account` asks the policy that stands on the pam.d line, in a rules file, or in
 * pam_time's own time.conf(5). `authenticate` refuses at the same times for applications that never call `account`, and vouches
 * for nobody.
 *
 * @module
 */

import { type AccountContext, type AuthenticateContext, defineModule, type PamModule } from "@pam-deno/sdk";
import { machineZone } from "./machine_zone.ts";
import { decide, nextOpening, type Policy } from "./policy.ts";
import { LineOptions, parsePolicy } from "./rules.ts";
import { problemWith, RulesFiles } from "./rules_file.ts";
import { parseTimeConf, type TimeConf } from "./time_conf.ts";
import {
  closedRules,
  concerns,
  decideTimeConf,
  nextTime,
  rulesFor,
  type TimeQuestion,
} from "./time_conf_policy.ts";

type Context = AccountContext<LineOptions> | AuthenticateContext<LineOptions>;
type TimeConfOptions = Extract<LineOptions, { readonly timeConf: string }>;

/** What both hooks make a code of: a text is for the person. */
type Answer = "open" | "user_unknown" | {
  readonly code: "perm_denied" | "service_err";
  readonly text: string;
};

/** A file or a time zone that cannot be used; the message is for the log. */
class Unusable extends Error {}

const CLOSED = "Logins are closed for you";
const UNUSABLE = "Logins cannot be checked now; the administrator finds the reason in the system log";

/** How long netgroups are asked for, in ms, only to tell the person when logins open again: the refusal must not be late. */
const OPENING_MS_MAX = 500;

const utf8 = new TextDecoder();
const policies = new RulesFiles((bytes, path) => parsePolicy(utf8.decode(bytes), path));
const timeConfs = new RulesFiles(parseTimeConf);

/** Text for the log in which braces are no placeholders. */
function literally(text: string): string {
  return text.replaceAll(/[{}]/g, "$&$&");
}

/** The rules in a file. */
function rulesIn<Rules extends { readonly rules: readonly unknown[] }>(
  files: RulesFiles<Rules>,
  path: string,
  option: string,
  { log }: Context,
): Rules {
  try {
    return files.get(path, ({ rules, ...more }) =>
      log.info("Rules read from {path}", {
        path,
        rules: rules.length,
        ...("exceptions" in more ? { exceptions: (more.exceptions as readonly unknown[]).length } : {}),
      }));
  } catch (error) {
    throw new Unusable(problemWith(path, option, error));
  }
}

/** Refuses, with the next opening if it is known. */
function closed(log: Context["log"], reason: string, opens: Temporal.ZonedDateTime | undefined): Answer {
  log.info(literally(reason));
  if (opens === undefined) return { code: "perm_denied", text: CLOSED };
  const time = opens.toPlainDateTime().toString({ smallestUnit: "minute" }).replace("T", " ");
  return { code: "perm_denied", text: `${CLOSED} until ${time} (${opens.timeZoneId})` };
}

/** Whether the policy has to know who the user is. */
function namesSomebody({ rules, exceptions }: Policy): boolean {
  return [...rules, ...exceptions].some((who) => [...who.for, ...who.except].some((name) => name !== "*"));
}

/** Looks the user up first: the database may spell the name in another way than the person, and `except` must not be fooled. */
async function askPolicy(policy: Policy, { now, user, lookup, log }: Context): Promise<Answer> {
  let question = { at: now, user, groups: [] as readonly string[] };
  if (namesSomebody(policy)) {
    const [entry, groups] = await Promise.all([lookup.passwd(), lookup.groups()]);
    // Whoever has no group at all was lost between the two questions: `@group` would miss, and `except` must not be fooled.
    if (entry === undefined || groups.length === 0) return "user_unknown";
    question = { at: now, user: entry.name, groups };
  }
  const { allow, reason } = decide(question, policy);
  return allow ? "open" : closed(log, reason, nextOpening(question, policy));
}

/** Answers as pam_time does. */
async function askTimeConf({ timeConf, zone }: TimeConfOptions, context: Context): Promise<Answer> {
  const { now, user, service, items, lookup, log } = context;
  if (user === "") return "user_unknown";
  const conf = rulesIn(timeConfs, timeConf, "time_conf", context);
  const question = {
    service,
    tty: items.tty,
    user,
    at: now,
    timeZone: "name" in zone ? zone.name : zoneOfMachine(zone.link),
  };
  const netgroups = new Netgroups(lookup);
  // One after the other: what stands behind the first rule that refuses does not matter.
  for (const rule of closedRules(question, conf)) {
    await netgroups.askFor(rule);
    if (concerns(rule, question, netgroups.members)) break;
  }
  const { allow, reason } = decideTimeConf(question, conf, netgroups.members);
  return allow ? "open" : closed(log, reason, await opening(question, conf, netgroups));
}

/** The netgroups that the user is in, of those that were asked for. */
class Netgroups {
  readonly #lookup: Context["lookup"];
  readonly #asked: Set<string> = new Set();
  readonly members: Set<string> = new Set();

  constructor(lookup: Context["lookup"]) {
    this.#lookup = lookup;
  }

  /** Asks for the netgroup that a rule is for, if it is for one; once. */
  async askFor({ users }: TimeConf["rules"][number]): Promise<void> {
    // Nobody is in the netgroup without a name.
    if (!("netgroup" in users) || users.netgroup === "" || this.#asked.has(users.netgroup)) return;
    this.#asked.add(users.netgroup);
    if (await this.#lookup.inNetgroup(users.netgroup)) this.members.add(users.netgroup);
  }
}

/** When whoever is refused may come again; `undefined` if that is not known, or takes too long to find out. */
async function opening(
  question: TimeQuestion,
  conf: TimeConf,
  netgroups: Netgroups,
): Promise<Temporal.ZonedDateTime | undefined> {
  // deno-lint-ignore pam-deno/context-clock -- how long this takes
  const end = performance.now() + OPENING_MS_MAX;
  try {
    for (const rule of rulesFor(question, conf)) {
      // deno-lint-ignore pam-deno/context-clock -- how long this takes
      if (performance.now() > end) return undefined;
      await netgroups.askFor(rule);
    }
  } catch {
    // The refusal stands, whatever comes of questions for a mere text.
    return undefined;
  }
  return nextTime(question, conf, netgroups.members);
}

function zoneOfMachine(link: string): string {
  try {
    return machineZone(link);
  } catch (error) {
    throw new Unusable((error as Error).message);
  }
}

/** Asks what the line names. */
async function ask(context: Context): Promise<Answer> {
  const { options, log } = context;
  try {
    if ("timeConf" in options) return await askTimeConf(options, context);
    const policy = "policy" in options ? options.policy : rulesIn(policies, options.rules, "rules", context);
    return await askPolicy(policy, context);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    log.error(literally(error.message));
    return { code: "service_err", text: UNUSABLE };
  }
}

/** The module; its options, lines and answers are in README.md. */
export default defineModule({
  options: LineOptions,
  permissions: { read: [{ option: "rules" }, { option: "time_conf" }, { option: "localtime" }] },
  async authenticate(context) {
    const answer = await ask(context);
    // Never "success": the time of day proves nobody's identity.
    if (answer === "open") return "ignore";
    return answer === "user_unknown" ? answer : context.deny(answer.code, answer.text);
  },
  async account(context) {
    const answer = await ask(context);
    if (answer === "open") return "success";
    return answer === "user_unknown" ? answer : context.deny(answer.code, answer.text);
  },
}) as PamModule;
