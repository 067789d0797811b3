// SPDX-License-Identifier: MIT
/**
 * Reads the password that another module has asked for, and tells the log how long it is and whether a person can have typed it.
 *
 * @module
 */

import { defineModule, type PamModule } from "@pam-deno/sdk";

/** Octets below are control characters. */
const SPACE = 0x20;

export default defineModule({
  grants: { auth: ["authtok"] },
  async authenticate({ authtok, log }) {
    using password = await authtok();
    const [octets, typed] = password.use((bytes) => [bytes.length, bytes.every((octet) => octet >= SPACE)]);
    log.info("a password of {octets} octets, typed: {typed}", { octets, typed });
    return "ignore";
  },
}) as PamModule;
