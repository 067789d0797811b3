// SPDX-License-Identifier: MIT
/** Install, upgrade, remove and purge where no service manager runs: in a chroot, in a container. */

import assert from "node:assert/strict";
import { debianPackage, earlierPackage } from "./built.ts";
import { Root } from "./root.ts";
import { addSite, install, installSession, OpenSession, serving, SHIM, writeService } from "./site.ts";

const MODULE = `/lib/${Deno.build.arch}-linux-gnu/security/pam_deno.so`;
const CACHE = "/var/cache/pam-deno/runtime";
const REMOVE = ["env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--remove", "pam-deno"];
const PURGE = ["env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--purge", "pam-deno"];

/** A user of no service, as a module's is. */
const SOMEBODY = "61199";

/** A test that needs root. */
function test(name: string, fn: (root: Root) => Promise<void>): void {
  Deno.test({
    name,
    ignore: Deno.uid() !== 0,
    async fn() {
      await using root = await Root.make();
      await fn(root);
    },
  });
}

/** Everything that there is, but for what dpkg, debconf and the loader write about every package. */
async function everything(root: Root): Promise<string> {
  const leftOut = [
    "/proc",
    "/dev",
    "/root",
    "/tmp",
    "/run",
    "/var/lib/dpkg",
    "/var/log",
    "/var/cache/debconf",
    "/var/cache/man",
  ];
  const prune = leftOut.map((path) => `-path ${path}`).join(" -o ");
  return await root.must(
    `find / \\( ${prune} \\) -prune -o -printf '%p %M %u:%g %l\\n' | sort; cat /etc/pam.d/*`,
  );
}

/** Compares by lines: the whole is too long to be read. */
function assertSame(after: string, before: string): void {
  const [had, has] = [before, after].map((text) => text.split("\n")) as [string[], string[]];
  const [old, now] = [new Set(had), new Set(has)];
  assert.deepEqual(
    [
      ...has.filter((line) => !old.has(line)),
      ...had.filter((line) => !now.has(line)).map((line) => `gone: ${line}`),
    ],
    [],
  );
}

test("installing changes no login, and makes what the module needs", async (root) => {
  const before = await root.must("cat /etc/pam.d/*");
  await install(root, await debianPackage());
  assert.equal(await root.must("cat /etc/pam.d/*"), before);
  assert.equal(
    await root.must("cd /run/pam-deno && stat -c '%A %U:%G' . user .pam-deno"),
    [
      "drwxr-xr-x root:root",
      "drwx--x--x root:root",
      "-rw-r--r-- root:root",
      "",
    ].join("\n"),
  );
  assert.equal(await root.must(["stat", "-L", "-c", "%A %U:%G", MODULE]), "-rw-r--r-- root:root\n");
  // The shim answers, as it does where nobody has added the module.
  root.write("/etc/pam.d/probe", "account required pam_deno.so nobody\n");
  const { code, stderr } = await root.run(["pamtester", "probe", "root", "acct_mgmt"]);
  assert.equal(code, 1);
  assert.match(stderr, /Error in service module/);
});

test("installing makes compiled code that everybody uses and only root could change", async (root) => {
  await install(root, await debianPackage());
  const modes = await root.must(["find", CACHE, "-printf", "%M %U:%G\n"]);
  assert.deepEqual([...new Set(modes.trim().split("\n"))].sort(), ["-rw-r--r-- 0:0", "drwxr-xr-x 0:0"]);
  const load = async (cache: string) => {
    const deno =
      "/usr/lib/pam-deno/pam-deno-worker run --log-level=debug --no-prompt --no-remote --no-npm --no-config";
    const said = await root.must(
      `cd / && setpriv --reuid ${SOMEBODY} --regid ${SOMEBODY} --clear-groups env -i DENO_DIR=${cache} ${deno} /usr/lib/pam-deno/warm.js </dev/null 2>&1`,
    );
    assert.match(said, /^loaded$/m);
    return {
      compiled: said.split("Updating V8 code cache").length - 1,
      refused: said.includes("Folder readonly"),
    };
  };
  assert.deepEqual(await load(CACHE), { compiled: 0, refused: false });
  // Elsewhere everything has to be compiled: the count above means something.
  assert.ok((await load("/nowhere")).compiled > 10);
  assert.equal(await root.must(["ls", "/var/cache/pam-deno"]), "runtime\n");
});

test("configuring it again and again changes nothing", async (root) => {
  await install(root, await debianPackage());
  const before = await everything(root);
  const shim = await root.must(["stat", "-c", "%i", SHIM]);
  await root.must("for i in 1 2; do dpkg-reconfigure -fnoninteractive pam-deno; done");
  assertSame(await everything(root), before);
  assert.equal(await root.must(["stat", "-c", "%i", SHIM]), shim);
});

test("installing goes on where a killed configuration left half of everything", async (root) => {
  await install(root, await debianPackage());
  const before = await everything(root);
  await root.must(`
    cd /var/cache/pam-deno && mkdir -p making made old pipes && mkfifo pipes/in && touch making/x made/y old/z
    rm -r runtime /run/pam-deno && echo half >${SHIM}.new && rm ${SHIM}
    dpkg-reconfigure -fnoninteractive pam-deno`);
  assertSame(await everything(root), before);
  assert.ok(root.has("/run/pam-deno/.pam-deno"));
});

test("installing does without compiled code when it cannot be made", async (root) => {
  root.write("/usr/local/bin/setpriv", "#!/bin/sh\nexit 1\n", 0o755);
  const said = await install(root, await debianPackage());
  assert.match(
    said,
    /pam-deno: the compiled code of the runtime could not be made in .*: workers start more slowly\n/,
  );
  assert.ok(root.has(SHIM));
  assert.equal(await root.must(["dpkg-query", "-W", "-f=${db:Status-Status}", "pam-deno"]), "installed");
});

test("removing is refused while a line needs the module, and nothing has changed then", async (root) => {
  await install(root, await debianPackage());
  root.write(
    "/etc/pam.d/one",
    [
      "# account required pam_deno.so comment",
      "account required \\",
      `  ${MODULE} continued`,
      "account required pam_unix.so # pam_deno.so",
      "-account required pam_deno.so dash",
      "  session\t[default=ignore]\tpam_deno.so\ttabs",
      "account required pam_deno_other.so",
      "auth required pam_deno.so last",
    ].join("\n"),
  );
  root.write("/etc/pam.d/one.dpkg-old", "account required pam_deno.so old\n");
  root.write(
    "/etc/pam.conf",
    "other account required pam_deno.so conf\nother -account required pam_deno.so dash\n",
  );
  const before = await everything(root);
  const { code, stderr } = await root.run(REMOVE);
  assert.notEqual(code, 0);
  assert.deepEqual(stderr.split("\n").filter((line) => line.startsWith("  /")), [
    `  /etc/pam.d/one:2: account required    ${MODULE} continued`,
    "  /etc/pam.d/one:6:   session\t[default=ignore]\tpam_deno.so\ttabs",
    "  /etc/pam.d/one:8: auth required pam_deno.so last",
    "  /etc/pam.conf:1: other account required pam_deno.so conf",
  ]);
  assert.match(stderr, /^pam-deno: take the lines out, or put a `-` before their first word/m);
  assert.equal(await root.must(["dpkg-query", "-W", "-f=${db:Status-Status}", "pam-deno"]), "installed");
  assertSame(await everything(root), before);
});

test("removing is refused when pam-auth-update leaves a line that somebody edited", async (root) => {
  await install(root, await debianPackage());
  await root.must("pam-auth-update --package --enable pam-deno");
  await root.must(
    "sed -i 's/^# here are the per-package modules.*/# changed by hand/' /etc/pam.d/common-account",
  );
  const { code, stderr } = await root.run(REMOVE);
  assert.notEqual(code, 0);
  assert.match(stderr, /^ {2}\/etc\/pam\.d\/common-account:\d+: account\s+required\s+pam_deno\.so site$/m);
  assert.ok(root.has(MODULE));
  assert.ok(root.has(SHIM));
});

test("purging leaves nothing, whatever there was", async (root) => {
  await root.must("useradd alice");
  const before = await everything(root);
  await install(root, await debianPackage());
  await addSite(root);
  await root.must(`
    pam-auth-update --package --enable pam-deno
    cd /etc/systemd/system && mkdir -p sockets.target.wants pam-deno@site.service.d
    ln -s /lib/systemd/system/pam-deno@.socket sockets.target.wants/pam-deno@site.socket
    echo '[Service]' >pam-deno@site.service.d/50-pam-deno.conf
    mkdir -p /var/lib/private/pam-deno-state/site /var/lib/pam-deno-state`);
  await root.must(REMOVE);
  assert.ok(root.has("/etc/pam-deno/modules/site.jsonc"));
  assert.ok(!root.has("/usr/lib/pam-deno"));
  await root.must(["pamtester", "su", "alice", "acct_mgmt"]);
  await root.must(PURGE);
  await root.must(
    "rmdir --ignore-fail-on-non-empty /etc/systemd/system/sockets.target.wants /var/lib/private; rm -r /root/site",
  );
  assertSame(await everything(root), before.replace(/^\/var\/lib\/private .*\n/m, ""));
  await root.must(["pamtester", "su", "alice", "acct_mgmt"]);
});

test("a session that the old shim opened closes after an upgrade, with a supervisor of the new one", async (root) => {
  await install(root, await earlierPackage());
  await installSession(root);
  await addSite(root);
  await writeService(root, "held");
  await root.must("useradd alice && useradd mallory");
  const old = await root.must(["sha256sum", SHIM]);
  const before = await serving(root);
  const session = await OpenSession.open((words) => root.spawn(words), "held", "alice");

  const said = await install(root, await debianPackage());
  // Nobody but its administrator can restart this supervisor: until then nothing changes.
  assert.match(said, /pam-deno: `pam-deno serve` is running with what it had loaded: restart it\n/);
  assert.equal(await root.must(["sha256sum", SHIM]), old);
  await root.must(["pamtester", "held", "alice", "acct_mgmt", "open_session", "close_session"]);

  await before.stop();
  await using _after = await serving(root);
  await root.must("dpkg-reconfigure -fnoninteractive pam-deno");
  assert.notEqual(await root.must(["sha256sum", SHIM]), old);
  assert.match(await root.must("cat /proc/$(pidof session)/maps"), /pam_deno\.so \(deleted\)/);
  assert.equal(await session.close(), "closed: Success\n");
  await root.must(["pamtester", "held", "alice", "acct_mgmt", "open_session", "close_session"]);
  assert.equal((await root.run(["pamtester", "held", "mallory", "acct_mgmt"])).code, 1);
});
