// SPDX-License-Identifier: MIT
/**
 * Stops a program that cannot call libpam before it does anything else: imported first, as what an import throws comes in order.
 *
 * @module
 */

if (typeof Deno === "undefined") {
  throw new Error(
    "@pam-deno/sdk/libpam calls libpam through Deno.dlopen(), which only Deno has: run this program with Deno; the test kit @pam-deno/sdk/testing runs here too",
  );
}
