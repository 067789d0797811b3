// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { changed, read, serveInstalled, workersOf } from "./home.ts";

const ignore = Deno.uid() !== 0;

/** Counts in its folder how often it was asked, and tells of its credential. */
const KEEPS = `import * as v from "valibot";
export default defineModule({
  options: v.object({ ledger: v.string(), secret: v.string() }),
  account({ options, user }) {
    if (user === "denied") return Deno.readTextFileSync(options.secret) === "mellon" ? "perm_denied" : "auth_err";
    const count = Number(read(options.ledger)) + 1;
    Deno.writeTextFileSync(options.ledger, String(count));
    return count > 2 ? "acct_expired" : "success";
  },
});
function read(path) {
  try { return Deno.readTextFileSync(path); } catch { return "0"; }
}`;

Deno.test({
  name: "pam-deno serve gives a module its folder and its credentials, which nobody else can read",
  ignore,
  async fn() {
    const folder = Deno.makeTempDirSync({ prefix: "pam-deno-test-" });
    try {
      const secret = join(folder, "secret");
      Deno.writeTextFileSync(secret, "mellon", { mode: 0o600 });
      const config = {
        state: true,
        credentials: { secret },
        options: { ledger: { state: "ledger" }, secret: { credential: "secret" } },
      };
      await using home = await serveInstalled({ keeps: { source: KEEPS, config } });
      const { command, site } = home;
      assert.equal(await home.account("keeps", "denied"), "perm_denied");
      assert.equal(await home.account("keeps", "nobody"), "success");
      const kept = join(site.layout.keepDir, "keeps");
      const [pid] = workersOf(command.pid, home.folder("keeps"));
      const uid = Deno.statSync(`/proc/${pid}`).uid!;
      const { mode, uid: owner } = Deno.lstatSync(kept);
      assert.deepEqual([mode! & 0o777, owner], [0o700, uid]);
      const copy = Deno.lstatSync(join(home.folder("keeps"), "credentials", "secret"));
      assert.deepEqual([copy.mode! & 0o777, copy.uid, copy.gid], [0o640, 0, uid]);

      // Both outlive a reload, and the credential is the new one.
      Deno.writeTextFileSync(secret, "friend");
      const said = read(join(home.folder("keeps"), "reload"));
      Deno.kill(command.pid, "SIGHUP");
      assert.match(await changed(join(home.folder("keeps"), "reload"), said), /^ok /);
      assert.equal(await home.account("keeps", "denied"), "auth_err");
      assert.equal(await home.account("keeps", "nobody"), "success");
      assert.equal(await home.account("keeps", "nobody"), "acct_expired");

      // A folder of somebody else's is not given away: there may be links in it.
      await site.install("other", KEEPS, config);
      Deno.mkdirSync(join(site.layout.keepDir, "other"), { mode: 0o700 });
      Deno.kill(command.pid, "SIGHUP");
      await command.printed(
        /error pam-deno: other: .*\/keep\/other belongs to uid 0, and the module runs as \d+: look at it, then chown -R/,
      );
      Deno.chmodSync(secret, 0o666);
      Deno.kill(command.pid, "SIGHUP");
      await command.printed(
        /error pam-deno: .*keeps\.jsonc: the credential "secret", .*: others can change it/,
      );
      assert.equal(await home.account("keeps", "denied"), "auth_err");
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
