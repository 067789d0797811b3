// SPDX-License-Identifier: MIT
/**
 * The lint plugin for modules: what the compiler cannot see and a login would find out.
 *
 * Name it in the module's deno.json; `deno lint` and the editor then know its rules:
 *
 * ```json
 * { "lint": { "plugins": ["jsr:@pam-deno/sdk@^0.1.0/lint"] } }
 * ```
 *
 * | rule                      | what it demands                                                                     |
 * | ------------------------- | ----------------------------------------------------------------------------------- |
 * | `pam-deno/return-deny`    | what `deny` made is returned, never thrown or dropped                               |
 * | `pam-deno/context-clock`  | the time is the context's `now`, not the machine's clock                            |
 * | `pam-deno/context-random` | chance is the context's `random`                                                    |
 * | `pam-deno/secret-in-log`  | nothing that was read out of a `Secret` gets into a log, the console or an error     |
 *
 * Tests and benchmarks (`*_test.ts`, `*.test.ts`, `*_bench.ts`), and programs beside the module (a file with `Deno.args` or
 * `import.meta.main`), may have a clock, chance and secrets of their own. A rule sees one file at a time: a helper of another file is
 * believed.
 *
 * @example
 * ```ts
 * import plugin from "@pam-deno/sdk/lint";
 * import assert from "node:assert/strict";
 *
 * const source = `export default defineModule({
 *   account({ user, deny }) {
 *     if (user === "guest") throw deny("perm_denied", "No guests here");
 *     return "success";
 *   },
 * });`;
 * const [found] = Deno.lint.runPlugin(plugin, "module.ts", source);
 * assert.equal(found?.id, "pam-deno/return-deny");
 * ```
 *
 * @module
 */

import { contextClock } from "./context_clock.ts";
import { contextRandom } from "./context_random.ts";
import { returnDeny } from "./return_deny.ts";
import { secretInLog } from "./secret_in_log.ts";

/**
 * The plugin `pam-deno`, for `lint.plugins` of deno.json.
 *
 * - `return-deny`: `deny` only makes a refusal; the handler refuses by returning it. One that called `deny` and threw the refusal, or
 *   returned something else, ends with `service_err`.
 * - `context-clock`: `Date.now()`, `new Date()`, `Temporal.Now`, `performance.now()` and their like give another time than the login's,
 *   and one that no test, `pam-deno try --now` or `pam-deno simulate` can set. Take `now`.
 * - `context-random`: the same for `Math.random()`, `crypto.getRandomValues()`, `crypto.randomUUID()` and `node:crypto`. Take `random`.
 * - `secret-in-log`: a `Secret` prints as `[secret]`; what `use` reads out of it does not, and logs are kept and read by many.
 *
 * @example
 * ```ts
 * import plugin from "@pam-deno/sdk/lint";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(Object.keys(plugin.rules), ["return-deny", "context-clock", "context-random", "secret-in-log"]);
 * const source = "export const isLate = () => new Date().getHours() > 22;";
 * const [found] = Deno.lint.runPlugin(plugin, "policy.ts", source);
 * assert.equal(found?.message, "new Date() is the machine's clock, not the context's");
 * ```
 */
const plugin: Deno.lint.Plugin = {
  name: "pam-deno",
  rules: {
    "return-deny": returnDeny,
    "context-clock": contextClock,
    "context-random": contextRandom,
    "secret-in-log": secretInLog,
  },
};

export default plugin;
