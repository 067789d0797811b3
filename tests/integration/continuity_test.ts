// SPDX-License-Identifier: MIT
// Module data over the split of a process: libpam, the shim and a worker, under a program that forks.
import assert from "node:assert/strict";
import { join } from "node:path";
import type { LineType } from "../../sdk/hooks.ts";
import { CODES } from "../../sdk/tokens.ts";
import type { ShimLine } from "./harness.ts";
import { fixture, newService, shareHarness } from "./scene.ts";

const NOT_ROOT = Deno.uid() !== 0;
const TYPES: readonly LineType[] = ["auth", "account", "session", "password"];
const MODULE = "continuity";
const SOURCE = join(import.meta.dirname!, "splitter.c");
/** uid of nobody(5). */
const NOBODY = 65534;
/** How long the program may wait for the test, and the test for it. */
const SPLIT_MS_MAX = 20_000;

let folder = "";

const shared = shareHarness((harness) => {
  if (NOT_ROOT) return false;
  harness.configure(MODULE, fixture(MODULE));
  folder = Deno.makeTempDirSync({ prefix: "pam-deno-splitter-" });
  Deno.chmodSync(folder, 0o755);
  const args = [
    "-std=c11",
    "-D_GNU_SOURCE",
    "-O1",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-o",
    program(),
    SOURCE,
    "-lpam",
  ];
  const { success, stderr } = new Deno.Command("cc", { args }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
});

Deno.test.afterAll(() => {
  if (folder !== "") Deno.removeSync(folder, { recursive: true });
});

function program(name = "splitter"): string {
  return join(folder, name);
}

/** Writes a stack with the module on a line of each type; `args` of a type are its options. */
function stackOf(
  args: Partial<Record<LineType, readonly string[]>> = {},
  options: readonly string[] = [],
): ShimLine[] {
  return TYPES.map((type) => ({ type, module: MODULE, options, args: args[type] ?? [] } satisfies ShimLine));
}

function service(args: Partial<Record<LineType, readonly string[]>> = {}): string {
  const name = newService();
  shared().stack(name, stackOf(args));
  return name;
}

interface SplitOptions {
  /** What starts the program. */
  readonly before?: readonly string[];
  /** The program's file. */
  readonly file?: string;
  /** Runs it as another user. */
  readonly uid?: number;
  /** What to do while the program waits at its word `pause`. */
  readonly during?: () => Promise<void>;
}

/** Runs the program, and gives the lines that it printed; codes by their tokens. */
async function split(
  words: string,
  { before = [], file = program(), uid, during }: SplitOptions = {},
): Promise<string[]> {
  const [command, ...args] = [...before, file, shared().services.path, ...words.trim().split(/\s+/)];
  const child = new Deno.Command(command!, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(SPLIT_MS_MAX),
    ...uid === undefined ? {} : { uid, gid: uid },
  }).spawn();
  const errors = new Response(child.stderr).text();
  const writer = child.stdin.getWriter();
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const waited = text.includes("pause\n");
    text += chunk;
    if (waited || !text.includes("pause\n")) continue;
    await during?.();
    await writer.write(new TextEncoder().encode("\n"));
  }
  await writer.close().catch(() => {});
  const { success, code } = await child.status;
  assert.ok(success, `the program ended with ${code}:\n${text}${await errors}`);
  await errors;
  const tokens = Object.fromEntries(Object.entries(CODES).map(([token, code]) => [code, token]));
  return text.trimEnd().split("\n").map((line) =>
    line.replace(/^([a-z]+) (\d+)$/, (all, name, code) => name === "pid" ? all : `${name} ${tokens[code]}`)
  );
}

/** The texts that the hooks of these names showed. */
function shownBy(lines: readonly string[], ...hooks: readonly string[]): string[] {
  return lines.filter((line) => hooks.some((hook) => line.startsWith(`${hook} `)));
}

/** What openSession and closeSession saw. */
const sessions = (lines: readonly string[]) => shownBy(lines, "openSession", "closeSession");

function test(name: string, run: () => Promise<void>): void {
  Deno.test({ name: `${name} (needs root)`, ignore: NOT_ROOT, fn: run });
}

test("what a child stored is resumed in its parent's openSession, and the same in closeSession", async () => {
  const name = service();
  const lines = await split(`start=${name},nobody { authenticate account } open close`);
  assert.deepEqual(lines, [
    "authenticate none set",
    "authenticate success",
    "account same set",
    "account success",
    "openSession resumed set",
    "open success",
    "closeSession same set",
    "close success",
  ]);
});

test("a child with a handle of its own leaves data to its parent too", async () => {
  const name = service();
  const lines = await split(`{ start=${name},nobody authenticate account } start=${name},nobody open close`);
  assert.deepEqual(sessions(lines), ["openSession resumed set", "closeSession same set"]);
});

test("what authenticate stored does not count before account has let the person pass", async () => {
  const name = service();
  const lines = await split(`{ start=${name},nobody authenticate } start=${name},nobody open`);
  assert.deepEqual(sessions(lines), ["openSession none -"]);
});

test("setCredentials resumes too, as often as it is called, and openSession after it", async () => {
  const name = service();
  const lines = await split(
    `start=${name},nobody { authenticate account } setcred setcred open { setcred } close`,
  );
  assert.deepEqual(shownBy(lines, "setCredentials", "openSession", "closeSession"), [
    "setCredentials resumed set",
    "setCredentials resumed set",
    "openSession resumed set",
    "setCredentials same set",
    "closeSession same set",
  ]);
});

test("a child of the session inherits the data with the handle", async () => {
  const name = service();
  const lines = await split(`start=${name},nobody { authenticate account } open { close } close`);
  assert.deepEqual(sessions(lines), [
    "openSession resumed set",
    "closeSession same set",
    "closeSession same set",
  ]);
});

test("data that changePassword stored in a child are resumed", async () => {
  const name = service({ account: ["account=new_authtok_reqd"] });
  const lines = await split(`start=${name},nobody { authenticate account chauthtok } open`);
  assert.deepEqual(sessions(lines), ["openSession resumed changed"]);
});

test("nothing is resumed twice: a second session of another handle begins without", async () => {
  const name = service();
  const again = `start=${name},nobody`;
  const lines = await split(`${again} { authenticate account } open close ${again} open ${again} setcred`);
  assert.deepEqual(shownBy(lines, "openSession", "closeSession", "setCredentials"), [
    "openSession resumed set",
    "closeSession same set",
    "openSession none -",
    "setCredentials none -",
  ]);
});

test("a session that is refused uses up what was left for it", async () => {
  const name = service({ session: ["openSession=perm_denied"] });
  const lines = await split(`start=${name},nobody { authenticate account } open start=${name},nobody open`);
  assert.deepEqual(sessions(lines), ["openSession resumed set", "openSession none -"]);
});

test("nothing is resumed for another user, nor for another service", async () => {
  const [name, other] = [service(), service()];
  const lines = await split(
    `start=${name},nobody { authenticate account } start=${name},daemon open start=${other},nobody open
    start=${name},nobody user=daemon open user=nobody open`,
  );
  assert.deepEqual(sessions(lines), [
    "openSession none -",
    "openSession none -",
    "openSession none -",
    "openSession resumed set",
  ]);
});

test("nothing is resumed for a sibling, a grandparent or a grandchild", async () => {
  const name = service();
  const begin = `start=${name},nobody`;
  const sibling = await split(`{ ${begin} authenticate account } { ${begin} open } ${begin} open`);
  assert.deepEqual(sessions(sibling), ["openSession none -", "openSession resumed set"]);
  const grandparent = await split(`{ { ${begin} authenticate account } } ${begin} open`);
  assert.deepEqual(sessions(grandparent), ["openSession none -"]);
  const grandchild = await split(`{ ${begin} authenticate account } { { ${begin} open } }`);
  assert.deepEqual(sessions(grandchild), ["openSession none -"]);
});

test("the last attempt counts: one that failed leaves nothing, and takes what was left before", async () => {
  const right = service();
  const wrong = service({ auth: ["authenticate=auth_err"] });
  const begin = (name: string) => `start=${name},nobody`;
  const failed = await split(`{ ${begin(wrong)} authenticate } ${begin(wrong)} open`);
  assert.deepEqual(sessions(failed), ["openSession none -"]);
  const refused = service({ account: ["account=perm_denied"] });
  const later = await split(`{ ${begin(refused)} authenticate account } ${begin(refused)} open`);
  assert.deepEqual(sessions(later), ["openSession none -"]);
  // The stack of a service can be another one the next time.
  shared().stack(wrong, stackOf({ auth: ["value=first"] }));
  const twice = await split(
    `{ ${begin(wrong)} authenticate account } pause { ${begin(wrong)} authenticate account } ${
      begin(wrong)
    } open`,
    {
      during: async () => await Promise.resolve(shared().stack(wrong, stackOf({ auth: ["value=second"] }))),
    },
  );
  assert.deepEqual(sessions(twice), ["openSession resumed second"]);
  const after = await split(
    `{ ${begin(right)} authenticate account } pause { ${begin(right)} authenticate } ${begin(right)} open`,
    {
      during: async () =>
        await Promise.resolve(shared().stack(right, stackOf({ auth: ["authenticate=auth_err"] }))),
    },
  );
  assert.deepEqual(sessions(after), ["openSession none -"]);
});

test("two lines of a module with different instances keep their data apart", async () => {
  const name = newService();
  const first = stackOf({ auth: ["value=first"] }, ["instance=first"]);
  const second = stackOf({ auth: ["value=second"] }, ["instance=second"]);
  const plain = stackOf({ auth: ["value=none"] });
  shared().stack(name, [...first, ...second, ...plain]);
  const lines = await split(`start=${name},nobody { authenticate account } open close`);
  assert.deepEqual(sessions(lines), [
    "openSession resumed first",
    "openSession resumed second",
    "openSession none -",
    "closeSession same first",
    "closeSession same second",
    "closeSession none -",
  ]);
});

test("nothing is resumed by a later process with the parent's number", async () => {
  const name = service();
  const begin = `start=${name},nobody`;
  // In a namespace of its own: numbers can be chosen there, and nobody else takes them.
  const before = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
  const lines = await split(
    `next=500 { pid { ${begin} authenticate account } } tick next=500 { pid ${begin} open }
    next=600 { pid { ${begin} authenticate account } tick ${begin} open }`,
    { before },
  );
  assert.deepEqual(shownBy(lines, "pid", "openSession"), [
    "pid 500",
    "pid 500",
    "openSession none -",
    "pid 600",
    "openSession resumed set",
  ]);
});

test("nothing is resumed by a parent that is not root's any more", async () => {
  const name = service();
  const begin = `start=${name},nobody`;
  const lines = await split(
    `{ ${begin} authenticate account } ids=${NOBODY},0 ${begin} open ids=${NOBODY},${NOBODY} ${begin} open`,
  );
  // Who is not root at all does not even get to the socket.
  assert.deepEqual(lines.slice(4), ["openSession none -", "open success", "open authinfo_unavail"]);
});

test("a child that is not root's leaves nothing", async () => {
  const name = service();
  const begin = `start=${name},nobody`;
  const lines = await split(`{ ids=${NOBODY},0 ${begin} authenticate account } ${begin} open`);
  assert.deepEqual(sessions(lines), ["openSession none -"]);
});

test("a set-uid program that a user starts resumes nothing, whatever user ids it gives itself", async () => {
  const name = service();
  const begin = `start=${name},nobody`;
  const file = program("set-uid");
  Deno.copyFileSync(program(), file);
  Deno.chmodSync(file, 0o4755);
  for (const ids of ["", "ids=0,0"]) {
    const lines = await split(`${ids} { ${begin} authenticate account } ${begin} open close`, {
      file,
      uid: NOBODY,
    });
    assert.deepEqual(lines, [
      "authenticate none set",
      "authenticate success",
      "account same set",
      "account success",
      "openSession none -",
      "open success",
      "closeSession none -",
      "close success",
    ]);
  }
});

test("nothing that a user can plant in an environment is taken for data", async () => {
  const name = service();
  const planted = [
    "PAM_DENO_DATA",
    "PAM_DENO_CONTINUITY",
    "PAM_DENO_PARENT",
    "pam_deno",
    `pam_deno:${MODULE}`,
    "by",
  ]
    .map((variable) => `env=${variable}={"by":"planted"}`).join(" ");
  const lines = await split(`start=${name},nobody ${planted} setcred open close`);
  assert.deepEqual(shownBy(lines, "setCredentials", "openSession", "closeSession"), [
    "setCredentials none -",
    "openSession none -",
    "closeSession none -",
  ]);
  const both = await split(`start=${name},nobody ${planted} { authenticate account } open`);
  assert.deepEqual(sessions(both), ["openSession resumed set"]);
});

test("another worker knows nothing of what the one before it kept", async () => {
  const name = service();
  const begin = `start=${name},nobody`;
  const lines = await split(`{ ${begin} authenticate account } pause ${begin} open`, {
    async during() {
      const worker = await shared().worker(MODULE);
      Deno.kill(worker, "SIGKILL");
      await shared().worker(MODULE, [worker]);
    },
  });
  assert.deepEqual(sessions(lines), ["openSession none -"]);
});
