// SPDX-License-Identifier: MIT
/**
 * Makes a new secret for a user. It prints two lines: the URI that an authenticator takes, mostly as a picture, and the line for the file
 * of secrets. It writes nothing else and nowhere else.
 *
 * Usage: `deno run examples/totp/enroll.ts USER [issuer=NAME] [digits=6] [period=30] [algorithm=SHA1]`
 *
 * @module
 */

import { Secret, TOTP } from "otpauth";
import { parseSecrets, USER_NAME } from "./secrets.ts";

/** The length of a new secret in bytes: what RFC 4226 recommends. */
export const NEW_SECRET_BYTES = 20;

/** What is to be made. */
export interface Enrolment {
  /** The user's name, as the user database has it. */
  readonly user: string;
  /** What the authenticator shows beside the user's name. */
  readonly issuer: string;
  /** The words behind the secret, such as `digits=8`. */
  readonly settings: readonly string[];
  /** The secret. */
  readonly secret: Secret;
}

/**
 * The URI and the line of a user.
 *
 * @throws {SyntaxError} if the name cannot be that of a user, or the line could not be read back.
 *
 * @example
 * ```ts
 * import { Secret } from "otpauth";
 * import { enroll } from "./enroll.ts";
 * import assert from "node:assert/strict";
 *
 * const secret = Secret.fromLatin1("12345678901234567890");
 * const { uri, line } = enroll({ user: "alice", issuer: "example.org", settings: ["digits=8"], secret });
 * assert.match(uri, /^otpauth:\/\/totp\/example\.org:alice\?issuer=example\.org&secret=GEZDGNBV/);
 * assert.equal(line, "alice GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ digits=8");
 * ```
 */
export function enroll({ user, issuer, settings, secret }: Enrolment): {
  readonly uri: string;
  readonly line: string;
} {
  if (!USER_NAME.test(user)) {
    throw new SyntaxError("Cannot enroll this user: write the name as the user database has it");
  }
  const line = [user, secret.base32, ...settings].join(" ");
  const generator = parseSecrets(line, "the new line").get(user);
  return { uri: new TOTP({ ...generator, issuer, label: user }).toString(), line };
}

function main([user = "", ...words]: readonly string[]): void {
  const issuer = words.find((word) => word.startsWith("issuer="))?.slice("issuer=".length) ?? "";
  const settings = words.filter((word) => !word.startsWith("issuer="));
  const secret = new Secret({ size: NEW_SECRET_BYTES });
  const { uri, line } = enroll({ user, issuer, settings, secret });
  Deno.stdout.writeSync(new TextEncoder().encode(`${uri}\n${line}\n`));
}

if (import.meta.main) main(Deno.args);
