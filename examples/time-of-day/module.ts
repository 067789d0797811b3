// SPDX-License-Identifier: MIT
/**
 * Lets people log in by weekday, hour and date: `account` asks the policy that stands on the pam.d line or in a rules file.
 *
 * @module
 */

import { type AccountContext, defineModule, type PamModule, type Result } from "@pam-deno/sdk";
import { decide, nextOpening, type Policy } from "./policy.ts";
import { LineOptions, parsePolicy, RULES_FILE_MAX } from "./rules.ts";

type Context = AccountContext<LineOptions>;

/** Bits of a mode that let others than the owner write. */
const WRITABLE_BY_OTHERS = 0o022;

/** Policies by the path of their file, each with what tells that the file has not changed since. */
const policies: Map<string, { readonly stamp: string; readonly policy: Policy }> = new Map();

/** The policy in a rules file; the file is read again when it has changed. */
function policyIn(path: string, log: Context["log"]): Policy {
  const { isFile, mode, mtime, ctime, size, ino } = Deno.statSync(path);
  if (!isFile) throw new Error(`${path}: Cannot read the rules: it must be a file`);
  if (((mode ?? 0) & WRITABLE_BY_OTHERS) !== 0) {
    throw new Error(
      `${path}: Cannot trust the rules: others than the owner may write them; run chmod go-w ${path}`,
    );
  }
  if (size > RULES_FILE_MAX) {
    throw new Error(`${path}: Cannot read the rules: at most ${RULES_FILE_MAX} bytes are read`);
  }
  const stamp = [mtime?.getTime(), ctime?.getTime(), size, ino].join();
  const known = policies.get(path);
  if (known?.stamp === stamp) return known.policy;
  const policy = parsePolicy(Deno.readTextFileSync(path), path);
  policies.set(path, { stamp, policy });
  log.info("Rules read from {path}", {
    path,
    rules: policy.rules.length,
    exceptions: policy.exceptions.length,
  });
  return policy;
}

/** What to do about a rules file that cannot be read. */
function problemWith(path: string, error: unknown): string {
  if (error instanceof Deno.errors.NotFound) {
    return `${path}: Cannot find the rules file: write it, or correct "rules="`;
  }
  if (error instanceof Deno.errors.NotCapable) {
    return `${path}: Cannot read the rules: grant it under "permissions": { "read": ["${path}"] } in the module's configuration`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `${path}: Cannot read the rules: the file must be readable for the user that the module runs as`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** Text for the log in which braces are no placeholders. */
function literally(text: string): string {
  return text.replaceAll(/[{}]/g, "$&$&");
}

/** Whether the policy has to know who the user is. */
function namesSomebody({ rules, exceptions }: Policy): boolean {
  return [...rules, ...exceptions].some((who) => [...who.for, ...who.except].some((name) => name !== "*"));
}

function answer(
  { now, log, deny }: Context,
  policy: Policy,
  user: string,
  groups: readonly string[],
): Result<"account"> {
  const question = { at: now, user, groups };
  const { allow, reason } = decide(question, policy);
  if (allow) return "success";
  log.info(literally(reason));
  const opens = nextOpening(question, policy);
  if (opens === undefined) return deny("perm_denied", "Logins are closed for you");
  const time = opens.toPlainDateTime().toString({ smallestUnit: "minute" }).replace("T", " ");
  return deny("perm_denied", `Logins are closed for you until ${time} (${opens.timeZoneId})`);
}

/** Looks the user up first: the database may spell the name in another way than the person, and `except` must not be fooled. */
async function answerByName(context: Context, policy: Policy): Promise<Result<"account">> {
  const [entry, groups] = await Promise.all([context.lookup.passwd(), context.lookup.groups()]);
  // Whoever has no group at all was lost between the two questions: `@group` would miss, and `except` must not be fooled.
  return entry === undefined || groups.length === 0
    ? "user_unknown"
    : answer(context, policy, entry.name, groups);
}

export default defineModule({
  options: LineOptions,
  permissions: { read: [{ option: "rules" }] },
  account(context) {
    const { options, log, deny } = context;
    let policy: Policy;
    try {
      policy = "policy" in options ? options.policy : policyIn(options.rules, log);
    } catch (error) {
      log.error(literally(problemWith("rules" in options ? options.rules : "", error)));
      return deny(
        "service_err",
        "Logins cannot be checked now; the administrator finds the reason in the system log",
      );
    }
    return namesSomebody(policy) ? answerByName(context, policy) : answer(context, policy, context.user, []);
  },
}) as PamModule;
