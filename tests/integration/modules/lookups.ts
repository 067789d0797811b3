// SPDX-License-Identifier: MIT
/**
 * Looks the user up and writes to the log what it found; refuses whom nobody knows.
 *
 * @module
 */

import { defineModule, PamError, type PamModule } from "@pam-deno/sdk";

export default defineModule({
  grants: { auth: ["shadow"], account: ["shadow"] },
  async account({ lookup, log }) {
    const [passwd, groups] = await Promise.all([lookup.passwd(), lookup.groups()]);
    log.info("passwd", { ...passwd, groups: groups.join(",") });
    return passwd === undefined ? "user_unknown" : "success";
  },
  async authenticate({ lookup, log }) {
    try {
      const ageing = await lookup.ageing();
      log.info("ageing", { found: ageing !== undefined, locked: ageing?.locked, max: ageing?.maxDays });
      log.info("keys {keys}", { keys: Object.keys(ageing ?? {}).sort().join(" ") });
      return "success";
    } catch (error) {
      if (error instanceof PamError) log.warn("no ageing: {code}", { code: error.code });
      return "authinfo_unavail";
    }
  },
  async openSession({ lookup, log }) {
    const twice = [await lookup.groups(), await lookup.groups()];
    log.info("same {same}", { same: twice[0] === twice[1] });
    return "success";
  },
}) as PamModule;
