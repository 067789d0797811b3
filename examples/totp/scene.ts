// SPDX-License-Identifier: MIT
/**
 * What the tests of the module share: a user with an authenticator, and how they log in.
 *
 * @module
 */

import { type FakeTransactionOptions, type HookResult, runHook } from "@pam-deno/sdk/testing";
import { join } from "node:path";
import { Secret, TOTP } from "otpauth";
import module from "./module.ts";

/** When logins happen. */
export const NOON = "2026-08-03T12:00:00Z";
/** Alice's secret. */
export const SECRET: Secret = new Secret({ size: 20 });
/** What people see when codes cannot be checked. */
export const LATER = "Codes cannot be checked now; the administrator finds the reason in the system log";

/** A file of secrets and a database in a folder of their own, gone at the end. */
export class Files implements Disposable {
  /** The folder. */
  readonly folder: string = Deno.makeTempDirSync();
  /** The path of the secrets. */
  readonly secrets: string = join(this.folder, "secrets");
  /** The path of the database. */
  readonly database: string = join(this.folder, "totp.db");

  /** A file of secrets that holds `text`: Alice's, if nothing else is said. */
  constructor(text = `alice ${SECRET.base32}\n`) {
    this.write(text);
  }

  /** Writes the secrets. */
  write(text: string, mode = 0o600): void {
    Deno.writeTextFileSync(this.secrets, text);
    Deno.chmodSync(this.secrets, mode);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** The code of Alice's authenticator, so many seconds from now. */
export function codeAt(now: string, seconds = 0): string {
  return new TOTP({ secret: SECRET }).generate({ timestamp: Date.parse(now) + seconds * 1000 });
}

/** A code that is not one of this minute's. */
export function wrongCode(now: string): string {
  const near = [-60, -30, 0, 30, 60].map((seconds) => codeAt(now, seconds));
  return ["123456", "234567", "345678", "456789", "567890", "678901"].find((code) => !near.includes(code))!;
}

/** Logs in as Alice, who answers the question. */
export function login(
  files: Files,
  answer: string,
  options: Partial<FakeTransactionOptions> & { words?: string[] } = {},
): Promise<HookResult> {
  const { words = [], ...more } = options;
  return runHook(module, "authenticate", {
    user: "alice",
    users: { alice: {}, bob: {} },
    now: NOON,
    configured: { secrets: files.secrets, database: files.database },
    options: words,
    conversation: [{ prompt: "One-time code: ", echo: true, answer }],
    ...more,
  });
}

/** A person who types `text` whatever is asked, and reads all that is shown. */
export const texts = (text: string): Pick<FakeTransactionOptions, "conversation"> => ({
  conversation: (messages: readonly { style: string }[]) =>
    messages.map(({ style }) => style.startsWith("prompt") ? text : undefined),
});
