// SPDX-License-Identifier: MIT
/**
 * Stops a program that cannot call libpam before it does anything else: imported first, as what an import throws comes in order.
 *
 * @module
 */

import { plainError } from "../coded.ts";

if (typeof Deno === "undefined") {
  throw plainError(
    "libpam-missing",
    "@pam-deno/sdk/libpam calls libpam through Deno.dlopen(), which only Deno has: run this program with Deno; the test kit @pam-deno/sdk/testing runs here too",
  );
}
