// SPDX-License-Identifier: MIT
/**
 * Whether an account may be used now, by its shadow entry and by /run/nologin: what pam_unix(8) and pam_nologin(8)
 * check for account, and the part of a password change that depends on age.
 *
 * @module
 */

import {
  type AccountContext,
  type Ageing,
  dataKey,
  defineModule,
  type PamModule,
  type PreliminaryContext,
  type Result,
} from "@pam-deno/sdk";
import * as v from "valibot";
import { findNotice, NOLOGIN_FILES } from "./nologin.ts";
import { answerAccount, answerChange, dayOf, judge, type Reason, REASONS } from "./policy.ts";

const CLOSED = "Logins are closed now";
const LATER = "Logins cannot be checked now; the administrator finds the reason in the system log";

const Options = v.object({
  /** What is checked. */
  check: v.optional(
    v.picklist(["all", "ageing", "nologin"], "Cannot read it: write all, ageing or nologin"),
    "all",
  ),
  /** What becomes of an account whose password is locked. */
  locked: v.optional(v.picklist(["allow", "refuse"], "Cannot read it: write allow or refuse"), "allow"),
  /** The one file that closes logins. */
  file: v.optional(
    v.pipe(
      v.string("Cannot read it: write one path"),
      v.startsWith("/", "Cannot read it: write an absolute path"),
    ),
  ),
  /** With `check=nologin`: `success` in place of `ignore` while logins are open. */
  successok: v.optional(v.literal(true, "Cannot read it: it takes no value"), undefined),
});

type LineOptions = v.InferOutput<typeof Options>;
type Account = AccountContext<LineOptions, "shadow">;
type Preliminary = PreliminaryContext<LineOptions, "shadow">;

/** Why the account check demanded a new password, and of whom: an application may change the user in between. */
const demanded = dataKey("demanded", v.object({ user: v.string(), reason: v.picklist(REASONS) }));

/** Text for the log in which braces are no placeholders. */
function literally(text: string): string {
  return text.replaceAll(/[{}]/g, "$&$&");
}

/** Refuses all but root while logins are closed; `undefined` lets the next check decide. */
async function whileClosed(context: Account): Promise<Result<"account"> | undefined> {
  const { options, log, lookup, conversation, deny } = context;
  const notice = findNotice(options.file === undefined ? NOLOGIN_FILES : [options.file]);
  if (notice.is === "absent") return undefined;
  if (notice.problem !== undefined) log.error(literally(notice.problem));
  const entry = await lookup.passwd();
  const text = notice.is === "present" ? notice.text || CLOSED : LATER;
  if (entry === undefined) return deny("user_unknown", text);
  if (entry.uid !== 0) return deny(notice.is === "present" ? "auth_err" : "service_err", text);
  conversation.info(text);
  return undefined;
}

/** The user's name as the database spells it, and the ageing fields; a code in their place if there are none. */
async function entryOf(
  { lookup, log }: Account | Preliminary,
): Promise<{ readonly name: string; readonly ageing: Ageing } | "user_unknown" | "authinfo_unavail"> {
  const [entry, ageing] = await Promise.all([lookup.passwd(), lookup.ageing()]);
  if (entry === undefined) return "user_unknown";
  if (ageing !== undefined) return { name: entry.name, ageing };
  log.error("{user} has no shadow entry, though the passwd entry leads to one; run pwconv", {
    user: entry.name,
  });
  return "authinfo_unavail";
}

async function byAge(context: Account): Promise<Result<"account">> {
  const { now, options, disallowNullAuthtok, conversation, data, log, deny } = context;
  const entry = await entryOf(context);
  if (typeof entry === "string") return entry;
  const { name: user, ageing } = entry;
  const verdict = judge(ageing.fields, dayOf(now));
  const rules = { refuseLocked: options.locked === "refuse", disallowEmpty: disallowNullAuthtok };
  const answer = answerAccount({ verdict, locked: ageing.locked, empty: ageing.empty }, rules);
  switch (answer.code) {
    case "success":
      data.delete(demanded);
      if (answer.warning !== undefined) conversation.info(answer.warning);
      return "success";
    case "new_authtok_reqd":
      log.info("{user} needs a new password: {reason}", { user, reason: answer.reason satisfies Reason });
      data.set(demanded, { user, reason: answer.reason });
      conversation.error(answer.text);
      return "new_authtok_reqd";
    default:
      data.delete(demanded);
      log.info("{user} is refused: {reason}", {
        user,
        reason: answer.code === "perm_denied" ? "locked" : verdict.is,
      });
      return deny(answer.code, answer.text);
  }
}

async function mayChange(context: Preliminary): Promise<Result<"preliminary">> {
  const { now, options, onlyIfExpired, privileged, data, deny } = context;
  if (options.check === "nologin") return "ignore";
  const entry = await entryOf(context);
  if (entry === "authinfo_unavail" && privileged && !onlyIfExpired) return "success";
  if (typeof entry === "string") return entry;
  if (data.get(demanded)?.user === entry.name) return "success";
  const answer = answerChange(judge(entry.ageing.fields, dayOf(now)), { onlyIfExpired, privileged });
  return "text" in answer ? deny(answer.code, answer.text) : answer.code;
}

/** The module; its options, lines and answers are in README.md. */
export default defineModule({
  options: Options,
  grants: { account: ["shadow"], password: ["shadow"] },
  // All of /run: who is given a file that is not there yet does not see it come.
  permissions: { read: ["/run", "/etc/nologin", { option: "file" }] },
  async account(context) {
    const { options } = context;
    if (options.check !== "ageing") {
      const closed = await whileClosed(context);
      if (closed !== undefined) return closed;
    }
    if (options.check === "nologin") return options.successok ? "success" : "ignore";
    return await byAge(context);
  },
  changePassword: {
    preliminary: mayChange,
    // The password is changed by the modules behind this line, and it is their word that counts.
    update({ data }) {
      data.delete(demanded);
      return "ignore";
    },
  },
}) as PamModule;
