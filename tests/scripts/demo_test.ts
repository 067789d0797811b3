// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { nearestZone } from "../../scripts/demonstration/policy_rows.ts";
import { judge, type Outcome, type Row } from "../../scripts/demonstration/row.ts";
import { Table, wrap } from "../../scripts/demonstration/table.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
const NOBODY = 65534;
const COLUMNS_MAX = 100;
/** What the issue gives it after setup. */
const SECONDS_MAX = 60;

/** Each row's user, hook and code. */
const ROWS = `
nobody account success
nobody account perm_denied
nobody account success
nobody account perm_denied
nobody account perm_denied
nobody account perm_denied
root account success
root account success
nosuchuser account user_unknown
nobody account service_err
nobody account service_err
nobody account perm_denied
nobody account perm_denied
nobody account perm_denied
nobody account perm_denied
nobody account perm_denied
nobody account perm_denied
nobody account perm_denied
nobody authenticate success
nobody authenticate service_err
nobody authenticate service_err
nobody authenticate system_err
nobody account success
nobody authenticate success
nobody account success
nobody account new_authtok_reqd
nobody changePassword authtok_err
nobody changePassword success
nobody account service_err
nobody account success
nobody account service_err
`.trim().split("\n");

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A checkout of one's own, which can be given to nobody, with a cache and a Deno that nobody may read. */
class Checkout implements AsyncDisposable {
  readonly #folder = Deno.makeTempDirSync({ prefix: "pam-deno-demo-test-" });
  readonly path = join(this.#folder, "pam-deno");

  static async make(): Promise<Checkout> {
    const checkout = new Checkout();
    const folder = checkout.#folder;
    Deno.chmodSync(folder, 0o755);
    for (const name of ["pam-deno", "bin", "cache", "home"]) Deno.mkdirSync(join(folder, name));
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"], cwd: ROOT })
      .output();
    const { denoDir } = JSON.parse(new TextDecoder().decode(stdout));
    const built = ["pam_deno.so", "shim", "tests"].map((name) => `build/${name}`);
    const sources = ["deno.json", "deno.lock", "mod.ts", "sdk", "shim", "scripts", "examples", "tests/shim"];
    await copy(["--parents", ...sources, ...built, checkout.path], ROOT);
    await copy([Deno.execPath(), join(folder, "bin", "deno")], ROOT);
    const cached = [...Deno.readDirSync(denoDir)].filter(({ name }) => name === "npm" || name === "dl");
    await copy([...cached.map(({ name }) => join(denoDir, name)), join(folder, "cache")], ROOT);
    return checkout;
  }

  async run(uid?: number): Promise<Ran> {
    if (uid !== undefined) await succeed("chown", ["-R", `${uid}:${uid}`, this.#folder], "/");
    const become = uid === undefined ? [] : [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
    const { code, stdout, stderr } = await new Deno.Command("setpriv", {
      args: [...become, "--", join(this.path, "scripts", "demo")],
      cwd: "/",
      env: {
        PATH: `${join(this.#folder, "bin")}:${Deno.env.get("PATH")}`,
        DENO_DIR: join(this.#folder, "cache"),
        HOME: join(this.#folder, "home"),
        LD_PRELOAD: "",
      },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function copy(args: readonly string[], cwd: string): Promise<void> {
  await succeed("cp", ["-a", "--no-preserve=ownership", ...args], cwd);
}

async function succeed(program: string, args: readonly string[], cwd: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args], cwd }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** User, hook and code of each row. */
function rowsOf(stdout: string): string[] {
  return [...stdout.matchAll(/^[✓✗] (\S+) .* (account|authenticate|changePassword) .* ([a-z_]+) +[\d.]+$/gm)]
    .map(([, user, hook, code]) => `${user} ${hook} ${code}`);
}

/** What is printed without what differs from run to run: times, a port, folders, and where lines were parted. */
function withoutTimes(stdout: string): string {
  return stdout.slice(stdout.indexOf("Real libpam"))
    .replaceAll(/ +\d+\.\d$/gm, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/\bin \d+(\.\d)? m?s\b/g, "in TIME")
    .replaceAll(/\b[A-Z][a-z]{2} \d\d:\d\d [A-Z]\w+\/\w+|\b\d{4}-\d\d-\d\d( \d\d:\d\d \([^)]*\))?/g, "WHEN")
    .replaceAll(/days=\S+/g, "days=DAYS")
    .replaceAll(/127\.0\.0\.1:\d+/g, "PORT")
    .replaceAll(/\S*\/pam-deno-demo-[0-9a-f]+/g, "FOLDER")
    .replace(/uid \d+/, "uid UID");
}

let timed: Promise<Ran & { readonly seconds: number }> | undefined;

/** What whoever runs the tests sees; run once. */
function ownRun(): NonNullable<typeof timed> {
  return timed ??= (async () => {
    await using checkout = await Checkout.make();
    const began = performance.now();
    return { ...await checkout.run(), seconds: (performance.now() - began) / 1000 };
  })();
}

Deno.test("scripts/demo shows every row as it should be", async () => {
  const { code, stdout, stderr, seconds } = await ownRun();
  assert.equal(code, 0, stdout + stderr);
  assert.deepEqual(rowsOf(stdout), ROWS);
  assert.match(stdout, /^Real libpam: \S+libpam\.so\S*, in a process of uid \d+$/m);
  assert.match(stdout, /^31 rows, all as they should be, in /m);
  assert.match(stdout, /NotCapable: Requires read access to "\/etc\/shadow"/);
  assert.match(stdout, /NotCapable: Requires net access to/);
  assert.match(stdout.replaceAll(/\s+/g, " "), /worker sent get_token without the grant authtok/);
  assert.match(stdout, /without the password that was typed/);
  assert.equal(stripVTControlCharacters(stdout), stdout);
  assert.deepEqual(stdout.split("\n").filter((line) => line.length > COLUMNS_MAX), []);
  assert.ok(seconds < SECONDS_MAX, `${seconds} s`);
});

Deno.test({
  name: "scripts/demo shows the same to root and to nobody",
  ignore: Deno.uid() !== 0,
  async fn() {
    const root = await ownRun();
    await using checkout = await Checkout.make();
    const nobody = await checkout.run(NOBODY);
    assert.equal(nobody.code, 0, nobody.stdout + nobody.stderr);
    assert.match(root.stdout, /in a process of uid 0$/m);
    assert.match(nobody.stdout, /in a process of uid 65534$/m);
    assert.equal(withoutTimes(nobody.stdout), withoutTimes(root.stdout));
  },
});

Deno.test("scripts/demo says what is not as it should be, and fails", async () => {
  await using checkout = await Checkout.make();
  const module = join(checkout.path, "scripts/demonstration/modules/nosy.ts");
  const source = Deno.readTextFileSync(module);
  Deno.writeTextFileSync(module, source.replace('deny("perm_denied"', 'deny("auth_err"'));
  const { code, stdout } = await checkout.run();
  assert.equal(code, 1);
  assert.equal(stdout.match(/^✗ .* auth_err /gm)?.length, 7);
  assert.equal(stdout.match(/WRONG the code should be perm_denied/g)?.length, 7);
  assert.match(stdout, /^31 rows, of which 7 are NOT AS THEY SHOULD BE: see WRONG above\.$/m);
});

/** Starts the demonstration with temporary files in `folder`. */
function start(folder: string, capture = join(ROOT, "build/tests/syslog_capture.so")): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(ROOT, "scripts/demo.ts")],
    cwd: ROOT,
    env: { LD_PRELOAD: capture, TMPDIR: folder },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Reads to the end, and calls `found` when `pattern` is there. */
async function readUntil(
  stream: ReadableStream<Uint8Array>,
  pattern: RegExp,
  found: () => void,
): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const had = pattern.test(text);
    text += chunk;
    if (!had && pattern.test(text)) found();
  }
  return text;
}

/** The processes that have `word` somewhere on their command line. */
function processesWith(word: string): string[] {
  return [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name)).flatMap(({ name }) => {
    try {
      const line = Deno.readTextFileSync(`/proc/${name}/cmdline`);
      return line.includes(word) ? [line] : [];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

for (
  const [signal, status, when, stream, pattern] of [
    ["SIGINT", 130, "while modules are started", "stderr", /for each: \w/],
    ["SIGTERM", 143, "amidst the rows", "stdout", /^✓/m],
  ] as const
) {
  Deno.test(`scripts/demo.ts leaves nothing behind after ${signal} ${when}`, async () => {
    const folder = Deno.makeTempDirSync({ prefix: "pam-deno-interrupted-" });
    Deno.chmodSync(folder, 0o755);
    const child = start(folder);
    const interrupt = () => child.kill(signal);
    const never = /(?!)/;
    const [stdout, stderr, { code }] = await Promise.all([
      readUntil(child.stdout, stream === "stdout" ? pattern : never, interrupt),
      readUntil(child.stderr, stream === "stderr" ? pattern : never, interrupt),
      child.status,
    ]);
    assert.equal(code, status, stderr);
    assert.match(stderr, new RegExp(`^demo: stopped by ${signal}; everything was cleaned up$`, "m"));
    assert.doesNotMatch(stdout, /as they should be/i);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
    assert.deepEqual(processesWith(folder), []);
    Deno.removeSync(folder);
  });
}

Deno.test("scripts/demo.ts says what is missing if the system log is not captured", async () => {
  const { code, stderr } = await start(Deno.env.get("TMPDIR") ?? "/tmp", "").output();
  assert.equal(code, 1);
  assert.match(
    new TextDecoder().decode(stderr),
    /^demo: The system log would not be seen: run scripts\/demo/m,
  );
});

const OUTCOME: Outcome = {
  code: "perm_denied",
  ms: 12.34,
  shown: [{ style: "error_msg", text: "Closed" }],
  log: ["account gate: perm_denied in 12 ms for user nobody"],
};

Deno.test("judge() finds nothing if all is as expected", () => {
  const expect = {
    code: "perm_denied",
    shown: [/^Clo/],
    logged: /perm_denied/,
    msMin: 12,
    msMax: 13,
  } as const;
  assert.deepEqual(judge(expect, OUTCOME), []);
});

Deno.test("judge() finds each thing that is not as expected", () => {
  const expect = { code: "success", logged: /success/, msMax: 12 } as const;
  assert.deepEqual(judge(expect, { ...OUTCOME, wrong: "it should rain" }), [
    "the code should be success",
    "the person should see nothing",
    "the system log should have /success/, and has account gate: perm_denied in 12 ms for user nobody",
    "it should take at most 12 ms",
    "it should rain",
  ]);
  assert.deepEqual(judge({ code: "perm_denied", shown: ["Closed", "Go away"], msMin: 13 }, OUTCOME), [
    "the person should see Closed, then Go away",
    "it should take at least 13 ms",
  ]);
});

Deno.test("Table is coloured only if it is told so, and has the same columns either way", () => {
  const row: Row = {
    user: "nobody",
    scene: "Fri 11:57 Europe/Athens",
    hook: "account",
    line: "hours=06:00-18:00 except=root otherwise=allow",
    expect: { code: "perm_denied", logged: /perm_denied/ },
    run: () => OUTCOME,
  };
  const print = (colour: boolean, wrong: readonly string[]) => {
    const lines: string[] = [];
    const table = new Table((line) => lines.push(line), colour);
    table.row(row, OUTCOME, wrong);
    return lines.join("\n");
  };
  const plain = print(false, ["the code should be success"]);
  assert.equal(
    plain,
    `
✗ nobody     Fri 11:57 Europe/Athens    account        hours=06:00-18:00      perm_denied       12.3
                                                       except=root
                                                       otherwise=allow
             shown Closed
             log   account gate: perm_denied in 12 ms for user nobody
             WRONG the code should be success`.slice(1),
  );
  const coloured = print(true, ["the code should be success"]);
  assert.ok(coloured.includes("\x1b[31m✗\x1b[0m"));
  const trimmed = (text: string) => text.replaceAll(/ +$/gm, "");
  assert.equal(trimmed(stripVTControlCharacters(coloured)), plain);
});

Deno.test("wrap() parts between words, and words that are too long", () => {
  assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("a bcdefghij k", 4), ["a", "bcde", "fghi", "j k"]);
  assert.deepEqual(wrap("", 4), [""]);
});

Deno.test("nearestZone() finds day and night at any time", () => {
  for (let hour = 0; hour < 24; hour++) {
    const now = Temporal.Instant.from(`2026-03-29T${String(hour).padStart(2, "0")}:30:00Z`);
    const [day, night] = [nearestZone(now, 12), nearestZone(now, 0)];
    assert.ok(day.hour >= 9 && day.hour < 15, `${day}`);
    assert.ok(night.hour >= 21 || night.hour < 3, `${night}`);
  }
});
