// SPDX-License-Identifier: MIT
/**
 * Asks for a one-time code: `authenticate` takes the codes of an authenticator (RFC 6238), each of them once.
 *
 * @module
 */

import { type AuthenticateContext, defineModule, PamError, type PamModule, type Result } from "@pam-deno/sdk";
import { Secret } from "otpauth";
import { Attempts, type Person } from "./attempts.ts";
import { LineOptions } from "./options.ts";
import { type Generator, isFeigned, judge, type Verdict } from "./policy.ts";
import { SECRET_BYTES_MIN, secretsIn } from "./secrets.ts";

type Context = AuthenticateContext<LineOptions, "prompt">;

const QUESTION = "One-time code: ";
const LATER = "Codes cannot be checked now; the administrator finds the reason in the system log";
const TOO_OFTEN = "Too many codes that were not right: try again later";
const NOBODY_ASKED =
  "No code was given, and nothing is counted. If the application cannot ask, as sshd cannot for the password method: " +
  '"KbdInteractiveAuthentication yes" and "PasswordAuthentication no" in sshd_config';

/** Why a code is not taken, for the log. */
const REASONS = {
  shape: "it does not have the right number of digits",
  wrong: "it is wrong",
  used: "it, or one behind it, was used",
} as const satisfies Record<Extract<Verdict, { right: false }>["reason"], string>;
const SET_BACK = "all codes of this time were used: the clock may have been set back";
const FEIGNED = "sshd does not let this user in, whatever is typed";

/** The delay after a refusal. */
const DELAY = Temporal.Duration.from({ seconds: 2 });

/** What answers for users who have no secret: nobody knows it, and checking a code takes as long. */
const NOBODYS: Generator = {
  secret: new Secret({ size: SECRET_BYTES_MIN }),
  digits: 6,
  period: 30,
  algorithm: "SHA1",
};

/** Databases by their path. */
const databases: Map<string, Attempts> = new Map();

function databaseAt(path: string): Attempts {
  const known = databases.get(path);
  if (known !== undefined) return known;
  const attempts = new Attempts(path);
  databases.set(path, attempts);
  return attempts;
}

/** Text for the log in which braces are no placeholders. */
function literally(text: string): string {
  return text.replaceAll(/[{}]/g, "$&$&");
}

/** Refuses because nothing can be checked; never in a way that a stack may be told to overlook. */
function cannotCheck({ log, deny }: Context, what: string, error: unknown): Result<"authenticate"> {
  log.error(literally(`${what}${error instanceof Error ? error.message : String(error)}`));
  return deny("service_err", LATER);
}

/** Asks for a code: visibly, so that an application that answers hidden questions with a password cannot answer this one. */
async function ask({ conversation, log }: Context): Promise<string | undefined> {
  try {
    return await conversation.prompt(QUESTION);
  } catch (error) {
    if (!(error instanceof PamError)) throw error;
    log.warn(literally(NOBODY_ASKED));
    return undefined;
  }
}

/** Looks at a code, which counts as a failure until it turns out to be right. */
async function check(
  context: Context,
  person: Person,
  generator: Generator | undefined,
  answer: string,
): Promise<Result<"authenticate">> {
  const { options: { database, failures, within, window }, log, deny, signal } = context;
  // Read only now: the person may have taken a minute to answer.
  const now = context.now.epochMilliseconds;
  // What is not a user's name may be a password, typed at the wrong question.
  const [who, properties] = person.known ? ["{user}", { user: person.name }] : ["somebody unknown", {}];
  const attempts = databaseAt(database);
  const feigned = person.known && isFeigned(answer);
  // Counted as if the user did not exist: it shuts the user out nowhere, and tells nobody whom sshd lets in.
  const counted = feigned ? { ...person, known: false } : person;
  const attempt = await attempts.begin(counted, { failures, within }, now, signal);
  if (attempt === undefined) {
    log.warn(`${who} has failed too often: the code was not looked at`, properties);
    return deny("maxtries", TOO_OFTEN);
  }
  let reason = person.known ? "there is no secret" : "there is no such user";
  if (feigned) reason = FEIGNED;
  const decide = (usedUntil: number) => {
    const question = { answer, generator: generator ?? NOBODYS, at: now / 1000, window, usedUntil };
    const verdict = judge(question);
    if (generator === undefined || feigned) return undefined;
    if (verdict.right) return verdict.usedUntil;
    reason = REASONS[verdict.reason];
    // Even the last step of the window is one that was used.
    if (usedUntil > now / 1000 + (window + 1) * generator.period) reason = SET_BACK;
    return undefined;
  };
  if (await attempts.finish(attempt, person.name, decide, signal)) return "success";
  log.info(`the code of ${who} is not taken: ${reason}`, properties);
  return "auth_err";
}

/** The module; its options, lines and answers are in README.md. */
export default defineModule({
  options: LineOptions,
  grants: { auth: ["prompt"] },
  permissions: { read: [{ option: "secrets" }] },
  async authenticate(context) {
    const { options, lookup, log, failDelay, signal } = context;
    failDelay(DELAY);
    const entry = await lookup.passwd();
    const person = { name: entry?.name ?? context.user, known: entry !== undefined };
    let generator: Generator | undefined;
    try {
      const generators = secretsIn(options.secrets);
      generator = entry === undefined ? undefined : generators.get(entry.name);
    } catch (error) {
      return cannotCheck(context, "", error);
    }
    if (person.known && generator === undefined && options.unenrolled === "ignore") {
      log.info("{user} has no secret, and the line says unenrolled=ignore", { user: person.name });
      return "ignore";
    }
    try {
      // Nobody is asked in vain.
      await databaseAt(options.database).open(signal);
    } catch (error) {
      return cannotCheck(context, `${options.database}: `, error);
    }
    const answer = await ask(context);
    if (answer === undefined) return "conv_err";
    try {
      return await check(context, person, generator, answer);
    } catch (error) {
      return cannotCheck(context, `${options.database}: `, error);
    }
  },
}) as PamModule;
