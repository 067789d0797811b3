// SPDX-License-Identifier: MIT
/**
 * Gives each session a token of an OAuth 2.0 endpoint: a file for the user, and a variable that says where it is.
 *
 * @module
 */

import {
  type ContextOf,
  dataKey,
  defineModule,
  type PamModule,
  Secret,
  type SetCredentialsContext,
} from "@pam-deno/sdk";
import { fetchToken } from "./endpoint.ts";
import { LineOptions } from "./options.ts";
import { contentOf, endOf, isGood, plan, type TokenRecord, TokenRecords, withRecord } from "./policy.ts";

const GRANTS = ["user_file:oauth-*", "env:OAUTH_TOKEN_FILE"] as const;

type All = ContextOf<LineOptions, typeof GRANTS[number]>;
type Context = All["setCredentials" | "openSession"];

/** The variable that says where the file is. */
const VARIABLE = "OAUTH_TOKEN_FILE";
/** The random octets in the name of a file. */
const NAME_BYTES = 8;
const NO_TOKEN = "There is no token for this session: try again later, or ask the administrator";

const RECORDS = dataKey("records", TokenRecords);

/** What is known about the token of this user's session, among what is known about others that the handle was used for. */
function recordOf(
  { data, user }: All["setCredentials" | "openSession" | "closeSession"],
): TokenRecord | undefined {
  return data.get(RECORDS)?.find((record) => record.user === user);
}

/** A record of a session that has no token yet. */
function newRecord({ user, random }: Context): TokenRecord {
  return { user, file: `oauth-${random(NAME_BYTES).toHex()}`, held: false, ends: null, failed: null };
}

/** Fetches a token into the file of `record`; the record as it is afterwards. */
async function fetched(context: Context, record: TokenRecord): Promise<TokenRecord> {
  const { options, userFiles, signal, log } = context;
  try {
    const token = await fetchToken(options, signal);
    // The time before the endpoint was asked: a token that was made later ends later.
    const now = context.now.epochMilliseconds;
    using content = new Secret(new TextEncoder().encode(contentOf(token, options.format, now)));
    userFiles.set(record.file, content);
    return { ...record, held: true, ends: endOf(token, now), failed: null };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    log.error("no token from {endpoint}: {problem}", { endpoint: options.endpoint.href, problem });
    return { ...record, failed: context.now.epochMilliseconds };
  }
}

/** Sees to it that there is a token, if that can be; whether there is one. */
async function provide(
  context: Context,
  verb: Exclude<SetCredentialsContext["verb"], "delete">,
  insist: boolean,
): Promise<boolean> {
  const { data, environment, userFiles } = context;
  const known = recordOf(context);
  const record = known ?? newRecord(context);
  const next = plan(verb, known, context.now.epochMilliseconds, insist);
  const after = next === "fetch" ? await fetched(context, record) : record;
  const records = data.get(RECORDS) ?? [];
  if (next === "fetch") data.set(RECORDS, withRecord(records, after));
  // Each time: sshd asks twice, and only what the second process sets reaches the shell.
  if (after.held) environment.set(VARIABLE, await userFiles.path(after.file));
  // It would lead to the file of the user before.
  else if (records.some(({ held }) => held)) environment.delete(VARIABLE);
  return isGood(after, context.now.epochMilliseconds);
}

/** Takes the user's token away; a session that has none is fine. The files of other users cannot be deleted in this user's name. */
function remove(context: All["setCredentials" | "closeSession"]): "success" {
  const { data, environment, userFiles, user } = context;
  const records = data.get(RECORDS) ?? [];
  const record = recordOf(context);
  if (record !== undefined) {
    userFiles.delete(record.file);
    environment.delete(VARIABLE);
    const others = records.filter((other) => other.user !== user);
    if (others.length === 0) data.delete(RECORDS);
    else data.set(RECORDS, others);
  }
  return "success";
}

/** The module; its options, lines and answers are in README.md. */
export default defineModule({
  options: LineOptions,
  grants: { auth: GRANTS, session: GRANTS },
  permissions: { net: [{ option: "server" }], read: [{ option: "client_secret" }, { option: "ca" }] },
  // It says nothing about who somebody is; libpam calls setCredentials only for modules that could.
  authenticate: () => "ignore",
  async setCredentials(context) {
    const { verb, options } = context;
    if (verb === "delete") return remove(context);
    const good = await provide(context, verb, false);
    return good || !options.required || verb === "refresh" ? "success" : "cred_unavail";
  },
  async openSession(context) {
    const { options, deny } = context;
    const good = await provide(context, "establish", options.required);
    return good || !options.required ? "success" : deny("perm_denied", NO_TOKEN);
  },
  closeSession: (context) => remove(context),
}) as PamModule;
