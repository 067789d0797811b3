// SPDX-License-Identifier: MIT
/**
 * A person's authenticator: it is enrolled with the module's own script, and shows codes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { ROOT } from "../../integration/harness.ts";

/** A code is not begun with less than this left of its step, so that no test is overtaken by the clock. */
const LEFT_MS_MIN = 8000;

const PERIOD_MS = 30_000;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The octets of a text in base32; see RFC 4648. */
function fromBase32(text: string): Uint8Array {
  const bits = [...text].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (octet) => parseInt(octet, 2));
}

/** An authenticator, after RFC 6238. It shares no code with the module. */
export class Authenticator {
  /** Its secret, to look for in logs. */
  readonly secret: string;

  /** One that has scanned `uri`. */
  constructor(uri: string) {
    const { protocol, host, searchParams } = new URL(uri);
    assert.deepEqual([protocol, host], ["otpauth:", "totp"]);
    const settings = ["algorithm", "digits", "period"].map((name) => searchParams.get(name));
    assert.deepEqual(settings, ["SHA1", "6", "30"]);
    this.secret = searchParams.get("secret") ?? "";
    assert.match(this.secret, /^[A-Z2-7]{32}$/);
  }

  /** The code at a time, in milliseconds since 1970. */
  #codeAt(time: number): string {
    const counter = new Uint8Array(8);
    new DataView(counter.buffer).setBigUint64(0, BigInt(Math.floor(time / PERIOD_MS)));
    const hash = createHmac("sha1", fromBase32(this.secret)).update(counter).digest();
    const number = hash.readUInt32BE(hash[hash.length - 1]! & 15) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, "0");
  }

  /** The code of now, with some seconds left. */
  async fresh(): Promise<string> {
    const left = PERIOD_MS - Date.now() % PERIOD_MS;
    if (left < LEFT_MS_MIN) await new Promise((resolve) => setTimeout(resolve, left + 100));
    return this.#codeAt(Date.now());
  }

  /** The code that it shows when that of now is over. */
  next(): string {
    return this.#codeAt(Date.now() + PERIOD_MS);
  }

  /** A code that it does not show within some minutes. */
  wrong(): string {
    const near = Array.from({ length: 21 }, (_, i) => this.#codeAt(Date.now() + (i - 10) * PERIOD_MS));
    return ["123456", "234567", "345678", "456789", "567890"].find((code) => !near.includes(code))!;
  }
}

/** Enrols a user as the README says: an authenticator, and the user's line for the file of secrets. */
export async function enrolled(
  user: string,
): Promise<{ readonly device: Authenticator; readonly line: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", join(ROOT, "examples/totp/enroll.ts"), user, "issuer=example.org"],
    env: { LD_PRELOAD: "", NO_COLOR: "1" },
  }).output();
  const told = new TextDecoder().decode(stderr);
  assert.ok(success, told);
  const [uri = "", line = "", ...rest] = new TextDecoder().decode(stdout).split("\n");
  assert.deepEqual(rest, [""]);
  const device = new Authenticator(uri);
  assert.ok(!told.includes(device.secret), "the secret is on stderr");
  return { device, line };
}
