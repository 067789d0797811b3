// SPDX-License-Identifier: MIT
/** dpkg is killed in the middle of an upgrade, again and again, while people log in. */

import assert from "node:assert/strict";
import { EARLIER, earlierPackage, field, plainPackage } from "./built.ts";
import { Root } from "./root.ts";
import { install, SHIM } from "./site.ts";

/** How often it is killed: at as many moments, from its start to its end. */
const KILLS = 12;

/** Logs in until the file `/root/stop` is there; writes how often, and whatever went wrong. The shim itself answers this line. */
const LOGINS = `
count=0
while ! [ -e /root/stop ]; do
  said=$(pamtester probe root acct_mgmt 2>&1) || echo "$said" >>/root/refused
  count=$((count + 1))
done
echo "$count" >/root/count
`;

/** Starts an upgrade and kills all of it after `ms`; whether it had ended by then. */
async function upgradeFor(root: Root, deb: string, ms: number): Promise<boolean> {
  const upgrade = root.run([
    ...["timeout", "--signal=KILL", `${ms / 1000}`],
    ...["setsid", "--wait", "sh", "-c", 'echo $$ >/root/group; exec dpkg -i "$1"', "sh", deb],
  ]);
  const { code } = await upgrade;
  // timeout(1) kills what it started; dpkg and its scripts are a group of their own.
  await root.run("kill -KILL -- -$(cat /root/group)");
  return code === 0;
}

Deno.test({
  name: "an upgrade that is killed at any moment leaves a module that works, and can be finished",
  ignore: Deno.uid() !== 0,
  async fn() {
    const [older, newer] = [await earlierPackage(), await plainPackage()];
    await using root = await Root.make();
    await install(root, older);
    root.copy(newer, "/root/newer.deb");
    await root.must("ln -s openSession /etc/pam-deno/hooks/site");
    root.write("/etc/pam.d/probe", "account required pam_deno.so site\naccount required pam_permit.so\n");
    const version = await field(newer, "Version");
    const [oldShim, newShim] = [await root.must(["cksum", SHIM]), await newSum(root, newer)];
    const begin = performance.now();
    const logins = root.run(LOGINS);
    assert.ok(await upgradeFor(root, "/root/newer.deb", 60_000));
    const whole = performance.now() - begin;
    await install(root, older);

    const states = new Map<string, number>();
    for (let i = 1; i <= KILLS; i++) {
      await upgradeFor(root, "/root/newer.deb", Math.ceil(whole * i / KILLS));
      const shim = (await root.must(["cksum", SHIM])).split(" ").slice(0, 2).join(" ");
      assert.ok([oldShim, newShim].some((sum) => sum.startsWith(shim)), `the shim is neither: ${shim}`);
      const state = await root.must(["dpkg-query", "-W", "-f=${db:Status-Status}", "pam-deno"]);
      states.set(state, (states.get(state) ?? 0) + 1);
      // What dpkg(1) tells an administrator to do; a package that is half unpacked has to be unpacked again.
      await root.run("dpkg --configure -a");
      const half = await root.must(["dpkg-query", "-W", "-f=${db:Status-Status} ${Version}", "pam-deno"]);
      if (half !== `installed ${version}`) await root.must(["dpkg", "-i", "/root/newer.deb"]);
      assert.equal(await root.must(["dpkg-query", "-W", "-f=${db:Status-Status}", "pam-deno"]), "installed");
      assert.equal((await root.must(["cksum", SHIM])).split(" ")[0], newShim.split(" ")[0]);
      assert.equal(
        await root.must(["ls", "/usr/lib/pam-deno/shim", "/var/cache/pam-deno"]),
        [
          ...["/usr/lib/pam-deno/shim:", "pam_deno.so", "pam_deno.so.dist", ""],
          ...["/var/cache/pam-deno:", "runtime", ""],
        ].join("\n"),
      );
      await install(root, older);
      assert.match(await root.must(["dpkg-query", "-W", "pam-deno"]), new RegExp(EARLIER));
    }
    root.write("/root/stop", "");
    const { stderr } = await logins;
    assert.equal(stderr, "");
    assert.equal(root.read("/root/refused"), undefined);
    const count = Number(root.read("/root/count"));
    assert.ok(count > 100, `only ${count} logins`);
    console.log(
      `${count} logins during ${KILLS} upgrades that were killed, none refused; killed when it was`,
      states,
    );
    assert.ok(states.size > 1, "it was always killed at the same moment");
  },
});

/** The sum of the shim that a package brings. */
async function newSum(root: Root, deb: string): Promise<string> {
  root.copy(deb, "/root/look.deb");
  return await root.must(
    "dpkg-deb --fsys-tarfile /root/look.deb | tar -xO ./usr/lib/pam-deno/shim/pam_deno.so.dist | cksum",
  );
}
