// SPDX-License-Identifier: MIT
/**
 * A module with a mistake: asks for the password and does not declare that it needs it. The cast keeps the compiler from saying
 * so.
 *
 * @module
 */

import { defineModule, type PamModule, type Secret } from "@pam-deno/sdk";

interface Wished {
  readonly authtok: () => Promise<Secret>;
}

export default defineModule({
  async authenticate(context) {
    using password = await (context as unknown as Wished).authtok();
    return password.use((bytes) => bytes.length > 0) ? "success" : "auth_err";
  },
}) as PamModule;
