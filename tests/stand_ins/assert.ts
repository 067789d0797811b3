// SPDX-License-Identifier: MIT
/**
 * The stand-in for `jsr:@std/assert` as this tree names it: a name that led into the package's own folder would make Deno expect the
 * package wherever deno.lock is.
 *
 * @module
 */

export * from "./std_assert/mod.ts";
