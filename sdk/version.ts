// SPDX-License-Identifier: MIT
/**
 * Which pam-deno this is. The shim's file, the runtime's and every program carry it, so that `pam-deno check` can tell whether they were
 * made together. A test holds both texts to deno.json and to the protocol's definition.
 *
 * @module
 */

/** The version of pam-deno: that of deno.json. */
export const PAM_DENO_VERSION = "0.1.0";

/** What the shim's file and `worker.js` can be told by: version, version of the protocol, fingerprint; the latter two are by `deno task gen`. */
export const IDENT = "pam_deno 0.1.0 protocol 1 fingerprint 078a8d9246dde2ab";
