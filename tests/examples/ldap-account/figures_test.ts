// SPDX-License-Identifier: MIT
// The figures of ldap-account: a login over a warm connection, and one while slapd is away.
import assert from "node:assert/strict";
import { Harness } from "../../integration/harness.ts";
import { makeCertificates } from "./certificates.ts";
import { configure, Folder } from "./scenes.ts";
import { group, GROUPS, PEOPLE, READER, READER_PASSWORD, Slapd, USERS } from "./slapd.ts";

/** The most that half of the logins over a warm connection may take, in ms. */
const WARM_MS_MAX = 2.5;
/** The most that any login may take while slapd is away, in ms. */
const AWAY_MS_MAX = 1000;
const LOGINS = 1000;
const WARM_UP = 50;
const AWAY_LOGINS = 5;

/** Whole transactions: pam_start(3), pam_acct_mgmt(3), pam_end(3). Gives their times in ms, in order. */
function measure(harness: Harness, service: string, expected: string, count: number): number[] {
  const times: number[] = [];
  for (let at = 0; at < count; at++) {
    const began = performance.now();
    const transaction = harness.start(service, { user: "alice" });
    const code = transaction.account();
    transaction.end();
    times.push(performance.now() - began);
    assert.equal(code, expected);
  }
  return times.sort((one, other) => one - other);
}

const at = (times: readonly number[], part: number) =>
  times[Math.min(times.length - 1, Math.floor(times.length * part))]!;
const told = (times: readonly number[]) =>
  `p50 ${at(times, 0.5).toFixed(2)} ms, p99 ${at(times, 0.99).toFixed(2)} ms, longest ${
    times.at(-1)!.toFixed(2)
  } ms`;

Deno.test("ldap-account is as quick as it has to be, with slapd and without", async () => {
  using folder = new Folder();
  const { good, ca } = await makeCertificates(folder.path);
  await using slapd = await Slapd.start({ certificate: good, ca, entries: USERS });
  await slapd.add(group("staff", "member", [`uid=alice,${PEOPLE}`]));
  await using harness = new Harness();
  const password = folder.write("password", READER_PASSWORD, 0o600);
  const bind = {
    bind_dn: READER,
    bind_password_file: { credential: "password" },
    cache_file: { state: "cache.db" },
  };
  const more = { state: true, credentials: { password } };
  const modes = [["none", slapd.port], ["starttls", slapd.port], ["ldaps", slapd.tlsPort]] as const;
  for (const [tls, port] of modes) {
    const certificate = tls === "none" ? {} : { ca };
    configure(
      harness,
      { server: `127.0.0.1:${port}`, tls, base: PEOPLE, ...certificate, ...bind },
      more,
      tls,
    );
  }
  await harness.serve();
  const lines = [[], ["cache=8h"], ["cache=8h", `group=cn=staff,${GROUPS}`]];
  for (const [module] of modes) {
    for (const [index, args] of lines.entries()) {
      harness.stack(`${module}-${index}`, [{ type: "account", module, args }]);
      measure(harness, `${module}-${index}`, "success", WARM_UP);
      const times = measure(harness, `${module}-${index}`, "success", LOGINS);
      console.log(`warm, tls=${module} ${args.join(" ")}: ${LOGINS} logins, ${told(times)}`);
      assert.ok(at(times, 0.5) <= WARM_MS_MAX, `more than ${WARM_MS_MAX} ms: ${told(times)}`);
    }
  }
  for (
    const [way, away, back] of [["hangs", () => slapd.signal("SIGSTOP"), () => slapd.signal("SIGCONT")], [
      "is stopped",
      () => slapd.stop("SIGTERM"),
      () => slapd.start(),
    ]] as const
  ) {
    await away();
    for (const [module] of modes) {
      for (const [index, expected] of [[0, "authinfo_unavail"], [1, "success"]] as const) {
        const times = measure(harness, `${module}-${index}`, expected, AWAY_LOGINS);
        console.log(`slapd ${way}, tls=${module}: ${AWAY_LOGINS} logins, ${expected}, ${told(times)}`);
        assert.ok(times.at(-1)! <= AWAY_MS_MAX, `more than ${AWAY_MS_MAX} ms: ${told(times)}`);
      }
    }
    await back();
  }
});
