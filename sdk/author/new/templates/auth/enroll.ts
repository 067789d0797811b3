// SPDX-License-Identifier: MIT
/**
 * Prints the line of a user for the file of PINs; it asks for the PIN. A program of the administrator's, no part of the module.
 *
 * usage: deno run enroll.ts USER
 *
 * @module
 */

import { hashOf, SALT_BYTES } from "./policy.ts";

const DIGITS_MIN = 6;

const [user] = Deno.args;
if (user === undefined || /\s/.test(user)) {
  console.error("usage: deno run enroll.ts USER");
  Deno.exit(2);
}
const pin = prompt(`PIN of ${user}:`) ?? "";
if (pin.length < DIGITS_MIN) {
  console.error(`A PIN has at least ${DIGITS_MIN} characters`);
  Deno.exit(1);
}
const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
const hash = await hashOf(new TextEncoder().encode(pin), salt);
console.log(`${user} ${salt.toHex()} ${hash.toHex()}`);
