// SPDX-License-Identifier: MIT
/** What is in the Debian package, and that anybody who builds it gets the same. */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { sourceDate } from "../../scripts/package.ts";
import { MODULES } from "../examples/readme.ts";
import { debianPackage, run, SOURCES } from "./built.ts";
import { ROOT } from "./built.ts";

/** What may be run. Everything else may only be read. */
const PROGRAMS = [
  "./usr/bin/pam-deno",
  "./usr/lib/pam-deno/deno",
  "./usr/lib/pam-deno/esbuild",
  "./usr/lib/pam-deno/reload-and-wait",
  "./usr/lib/pam-deno/try_application",
];
const EXPECTED = [
  "./etc/apparmor.d/pam-deno",
  "./etc/pam-deno/hooks/",
  "./etc/pam-deno/modules/",
  "./lib/systemd/system/pam-deno@.service",
  "./lib/systemd/system/pam-deno@.socket",
  // As tar lists it.
  "./lib/systemd/system/run-pam\\\\x2ddeno-user.mount",
  "./usr/lib/pam-deno/bundler.js",
  "./usr/lib/pam-deno/rehearsal.js",
  "./usr/lib/pam-deno/try_worker.js",
  "./usr/lib/pam-deno/try_application",
  "./usr/lib/pam-deno/pam-deno.js",
  "./usr/lib/pam-deno/sdk/deno.json",
  "./usr/lib/pam-deno/sdk/docs/errors/deny-thrown.md",
  "./usr/lib/pam-deno/sdk/mod.ts",
  "./usr/lib/pam-deno/sdk/sdk/lint/mod.ts",
  "./usr/lib/pam-deno/sdk/sdk/testing/mod.ts",
  "./usr/lib/pam-deno/shim/pam_deno.so.dist",
  "./usr/lib/pam-deno/supervise.js",
  "./usr/lib/pam-deno/worker.js",
  "./usr/lib/pam-deno/worker.js.map",
  "./usr/lib/tmpfiles.d/pam-deno.conf",
  "./usr/share/bash-completion/completions/pam-deno",
  "./usr/share/doc/pam-deno/changelog.gz",
  "./usr/share/doc/pam-deno/copyright",
  "./usr/share/doc-base/pam-deno.pam-deno",
  "./usr/share/doc/pam-deno/html/index.html",
  "./usr/share/doc/pam-deno/html/running.html",
  "./usr/share/doc/pam-deno/running.md",
  "./usr/share/fish/vendor_completions.d/pam-deno.fish",
  "./usr/share/man/man5/pam-deno.conf.5.gz",
  "./usr/share/man/man8/pam-deno.8.gz",
  "./usr/share/man/man8/pam_deno.8.gz",
  "./usr/share/pam-configs/pam-deno",
  ...MODULES.map((name) => `./usr/share/pam-deno/examples/${name}/${name}.js`),
  "./usr/share/pam-deno/examples/session-ledger/report.js",
  "./usr/share/pam-deno/examples/time-of-day/rules.jsonc",
  "./usr/share/pam-deno/examples/totp/enroll.js",
  "./usr/share/zsh/vendor-completions/_pam-deno",
  "./var/lib/pam-deno/modules/",
];

interface Entry {
  readonly mode: string;
  readonly owner: string;
  readonly time: string;
  readonly path: string;
  readonly target: string | undefined;
}

async function entries(deb: string): Promise<Entry[]> {
  const listing = await run(["dpkg-deb", "--contents", deb], { env: { TZ: "UTC" } });
  return listing.trimEnd().split("\n").map((line) => {
    const [mode, owner, , day, time, path, , target] = line.split(/\s+/) as [string, ...string[]];
    return { mode, owner: owner!, time: `${day} ${time}`, path: path!, target };
  });
}

/** Unpacks the package and gives the folder to `look`. */
async function unpacked<T>(look: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "pam-deno-test-" });
  try {
    await run(["dpkg-deb", "--raw-extract", await debianPackage(), folder]);
    return await look(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the package's files belong to root, and nobody else may write to them", async () => {
  const found = await entries(await debianPackage());
  for (const { mode, owner, path } of found) {
    assert.equal(owner, "root/root", path);
    const expected = mode.startsWith("l")
      ? "lrwxrwxrwx"
      : mode.startsWith("d")
      ? "drwxr-xr-x"
      : PROGRAMS.includes(path)
      ? "-rwxr-xr-x"
      : "-rw-r--r--";
    assert.equal(mode, expected, path);
  }
  const paths = new Set(found.map(({ path }) => path));
  assert.deepEqual([...EXPECTED, ...PROGRAMS].filter((path) => !paths.has(path)), []);
});

Deno.test("the package has the shim as a link, which upgrades do not touch", async () => {
  const found = await entries(await debianPackage());
  const [link] = found.filter(({ path }) => path.endsWith("/security/pam_deno.so"));
  assert.equal(link?.target, "/usr/lib/pam-deno/shim/pam_deno.so");
  assert.match(link.path, /^\.\/lib\/[a-z0-9_]+-linux-gnu\/security\/pam_deno\.so$/);
  assert.ok(!found.some(({ path }) => path === "./usr/lib/pam-deno/shim/pam_deno.so"));
});

Deno.test("the package names no place of the machine that built it", async () => {
  const { denoDir } = JSON.parse(await run([Deno.execPath(), "info", "--json"])) as { denoDir: string };
  const places = [ROOT, denoDir, Deno.env.get("HOME") ?? "", dirname(Deno.execPath())]
    .filter((place) => place.split("/").length > 2 && !place.startsWith("/usr/"));
  assert.notEqual(places.length, 0);
  await unpacked(async (folder) => {
    // What others built is as they published it.
    const search = [
      "grep",
      "-rlaF",
      "--exclude=deno",
      "--exclude=esbuild",
      ...places.flatMap((place) => ["-e", place]),
    ];
    const { code, stdout } = await new Deno.Command(search[0]!, { args: [...search.slice(1), folder] })
      .output();
    assert.equal(new TextDecoder().decode(stdout), "");
    assert.equal(code, 1);
    const hosts = await new Deno.Command("grep", {
      args: ["-rlaE", "--exclude=deno", "--exclude=esbuild", 'npm/[^"/]*\\.[a-z]+/|\\.cache/deno', folder],
    }).output();
    assert.equal(new TextDecoder().decode(hosts.stdout), "");
  });
});

/** The files of an example that a README may lead to. */
function links(text: string): string[] {
  return [...text.matchAll(/\]\(([^):]+)\)/g)].map(([, to]) => to!);
}

Deno.test("the examples of the package are the bundles that their sums name, and need nothing beside them", async () => {
  await unpacked(async (folder) => {
    for (const name of MODULES) {
      const example = join(folder, "usr/share/pam-deno/examples", name);
      const bytes = await Deno.readFile(join(example, `${name}.js`));
      const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
      assert.equal(await Deno.readTextFile(join(example, `${name}.sha256`)), `${sum}\n`);
      const programs = [...Deno.readDirSync(example)].filter(({ name }) => name.endsWith(".js"));
      for (const { name: file } of programs) {
        const code = await Deno.readTextFile(join(example, file));
        assert.deepEqual([...code.matchAll(/^import .* from "(?!node:).*"/gm)].map(([line]) => line), []);
      }
    }
  });
});

Deno.test("the examples of the package have READMEs that are true there", async () => {
  await unpacked(async (folder) => {
    for (const name of MODULES) {
      const into = `/usr/share/pam-deno/examples/${name}`;
      const file = `${into}/${name}.js`;
      const text = await Deno.readTextFile(join(folder, into, "README.md"));
      assert.ok(text.includes(`\npam-deno add ${file} --sha256 ${into}/${name}.sha256`), name);
      const modules = [...text.matchAll(/"module": "(.*)"/g)].map(([, path]) => path);
      assert.deepEqual([...new Set(modules)], [file], name);
      assert.doesNotMatch(text, /\.ts\b|(?<!\/)examples\/|^deno /m, name);
      for (const path of [...links(text), ...text.match(/\/usr\/(?:lib|share)\/pam-deno\/[\w./-]+/g) ?? []]) {
        const inside = path.startsWith("/") ? path : join(into, path);
        assert.ok(Deno.statSync(join(folder, inside)).isFile, path);
      }
    }
  });
});

Deno.test("the programs beside the examples of the package run with its Deno", async () => {
  await unpacked(async (folder) => {
    const deno = join(folder, "usr/lib/pam-deno/deno");
    const examples = join(folder, "usr/share/pam-deno/examples");
    const start = (...words: string[]) =>
      run([deno, "run", ...words], { cwd: "/", env: { DENO_DIR: folder, NO_COLOR: "1" } });
    const said = await start(join(examples, "totp/enroll.js"), "alice", "issuer=example.org");
    assert.match(said, /^otpauth:\/\/totp\/example\.org:alice\?.*\nalice [A-Z2-7]{32}\n$/);
    const help = await start("-A", join(examples, "session-ledger/report.js"), "--help");
    assert.match(help, /--remove-host HOST/);
  });
});

Deno.test("the package's copyright file names every package of npm that is in it", async () => {
  const copyright = await Deno.readTextFile(join(ROOT, "packaging/debian/copyright"));
  const named = [...copyright.matchAll(/^(?:Files:)? npm\/(.+)\/\*$/gm)].map(([, name]) => name);
  const packages = await unpacked(async (folder) => {
    const maps = (await run(["find", folder, "-name", "*.map"])).trim().split("\n");
    assert.ok(maps.length >= 5);
    const sources = maps.flatMap((map) =>
      (JSON.parse(Deno.readTextFileSync(map)) as { sources: string[] }).sources
    );
    return sources.flatMap((source) => /(?:^|\/)npm\/((?:@[^/]+\/)?[^/]+)\/\d/.exec(source)?.[1] ?? []);
  });
  assert.deepEqual([...new Set(packages)].sort(), named.sort());
});

Deno.test("the package's changelog is of its version", async () => {
  const deb = await debianPackage();
  const version = (await run(["dpkg-deb", "--field", deb, "Version"])).trim();
  const { version: ours } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  assert.equal(version, ours);
  await unpacked(async (folder) => {
    const changelog = await run(["zcat", join(folder, "usr/share/doc/pam-deno/changelog.gz")]);
    assert.match(changelog, new RegExp(`^pam-deno \\(${ours}\\) bookworm; urgency=medium\n\n  \\* `));
    const long = changelog.split("\n").filter((line) => line.length > 79 && !line.startsWith(" -- "));
    assert.deepEqual(long, []);
  });
});

Deno.test("the package is the same, made in another folder with other places for everything", async () => {
  const folder = await Deno.makeTempDir({ prefix: "pam-deno-test-" });
  try {
    const copy = join(folder, "elsewhere");
    await Deno.mkdir(copy);
    await run(["cp", "-R", "--parents", ...SOURCES, copy], { cwd: ROOT });
    const { denoDir } = JSON.parse(await run([Deno.execPath(), "info", "--json"])) as { denoDir: string };
    await Deno.mkdir(join(folder, "cache"));
    for (const name of ["npm", "dl"]) await Deno.symlink(join(denoDir, name), join(folder, "cache", name));
    const made = await run(
      [
        "sh",
        "-c",
        'umask 077; exec "$@"',
        "sh",
        Deno.execPath(),
        "run",
        "-A",
        join(copy, "scripts/package.ts"),
      ],
      {
        cwd: folder,
        env: {
          DENO_DIR: join(folder, "cache"),
          SOURCE_DATE_EPOCH: String(await sourceDate()),
          TZ: "Pacific/Auckland",
          LC_ALL: "C",
          TMPDIR: folder,
        },
      },
    );
    await run(["cmp", await debianPackage(), made.trim().split("\n").at(-1)!]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("lintian finds nothing to say against the package", async () => {
  const { code, stdout, stderr } = await new Deno.Command("lintian", {
    args: [
      "--allow-root",
      "--fail-on=error,warning",
      "--display-info",
      "--tag-display-limit=0",
      await debianPackage(),
    ],
  }).output();
  assert.equal(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr), "");
  assert.equal(code, 0);
});

Deno.test("AppArmor understands the profile, and the unit uses it", async () => {
  const profile = join(ROOT, "packaging/apparmor/pam-deno");
  await run(["apparmor_parser", "--skip-kernel-load", "--skip-cache", profile], {
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` },
  });
  const unit = await Deno.readTextFile(join(ROOT, "packaging/systemd/pam-deno@.service"));
  assert.match(unit, /^AppArmorProfile=-pam-deno$/m);
});
