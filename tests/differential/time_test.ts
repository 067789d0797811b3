// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../integration/harness.ts";
import { NETGROUPS } from "./time_cases.ts";
import type { Findings } from "./time_driver.ts";

const CASES = 20_000;
const BROKEN = 2000;
/** The least part of all answers that each of the two must be. */
const SHARE_MIN = 0.2;

const PAM_TIME = [Deno.build.arch, Deno.build.arch === "x86_64" ? "x86_64" : "aarch64"]
  .flatMap((arch) => [`/lib/${arch}-linux-gnu/security/pam_time.so`, `/usr/lib64/security/pam_time.so`]);

function exists(file: string): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch {
    return false;
  }
}

/** An /etc that can be changed, with netgroups, a clock that is set, and the library that sets it in every process. */
const SCRIPT = `
set -eu
mount -t tmpfs -o mode=755 tmpfs /mnt
cp -a /etc/. /mnt
mount --move /mnt /etc
sed -i '/^netgroup:/d' /etc/nsswitch.conf
echo 'netgroup: files' >> /etc/nsswitch.conf
printf %s "$NETGROUPS" > /etc/netgroup
mkdir -p /etc/security
cp "$CLOCK" /etc/test-clock.so
chmod 755 /etc/test-clock.so
head -c 8 /dev/zero > /etc/test-clock
chmod 644 /etc/netgroup /etc/test-clock
echo /etc/test-clock.so > /etc/ld.so.preload
exec "$@"
`;

Deno.test({
  name: `time-of-day answers as pam_time does in ${CASES} cases (needs root)`,
  ignore: Deno.uid() !== 0,
  async fn() {
    const pamTime = PAM_TIME.find(exists);
    assert.ok(pamTime !== undefined, "pam_time.so is in none of the usual places");
    const folder = await Deno.makeTempDir({ prefix: "pam-deno-test-" });
    try {
      await Deno.writeTextFile(join(folder, "syslog"), "");
      const clock = join(folder, "clock.so");
      const made = await new Deno.Command("cc", {
        args: [
          "-shared",
          "-fPIC",
          "-O2",
          "-Wall",
          "-Werror",
          "-o",
          clock,
          join(import.meta.dirname!, "time_clock.c"),
        ],
        env: { LD_PRELOAD: "" },
      }).output();
      assert.ok(made.success, new TextDecoder().decode(made.stderr));
      const driver = join(import.meta.dirname!, "time_driver.ts");
      const command = [Deno.execPath(), "run", "-A", driver, pamTime, String(CASES), String(BROKEN)];
      const { success, stdout, stderr } = await new Deno.Command("unshare", {
        args: [
          "--mount",
          "--pid",
          "--fork",
          "--mount-proc",
          "--kill-child",
          "sh",
          "-c",
          SCRIPT,
          "sh",
          ...command,
        ],
        cwd: ROOT,
        stdin: "null",
        env: {
          CLOCK: clock,
          NETGROUPS,
          LD_PRELOAD: join(ROOT, "build", "tests", "syslog_capture.so"),
          PAM_DENO_TEST_SYSLOG: join(folder, "syslog"),
        },
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      const found: Findings = JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
      const { answers, broken, edges, disagreements, shown, seconds } = found;
      const total = Object.values(answers).reduce((sum, count) => sum + count, 0);
      console.log(
        `time-of-day against pam_time: ${total} cases (${
          JSON.stringify(answers)
        }), ${broken} with a broken file, ${edges} by hand; ` +
          `${disagreements} disagreements; ${seconds.toFixed(1)} s`,
      );
      assert.equal(disagreements, 0, JSON.stringify(shown, null, 1));
      assert.deepEqual([total, broken], [CASES, BROKEN]);
      for (const answer of ["success", "perm_denied"]) {
        assert.ok(
          (answers[answer] ?? 0) >= SHARE_MIN * total,
          `too few of ${answer}: ${JSON.stringify(answers)}`,
        );
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
