// SPDX-License-Identifier: MIT
/**
 * Whether the module's code is still being loaded: what fails then is nothing that a handler has started.
 *
 * @module
 */

/** What is said, without a place and in front of the error, of a file that throws when it is run. */
export const LOADED_BADLY = "The module threw while it was loaded: ";

let loading = true;

/** Whether its file has not been run to its end. */
export function isLoading(): boolean {
  return loading;
}

/** Its file has been run to its end. */
export function endLoading(): void {
  loading = false;
}
