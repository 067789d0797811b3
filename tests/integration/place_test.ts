// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { FAILURES, type Hook, HOOKS } from "../../sdk/hooks.ts";
import type { PamCode } from "../../sdk/tokens.ts";
import type { Harness } from "./harness.ts";
import { assertSeen, play, type Scene, shareHarness } from "./scene.ts";

const HOOK_LIST = Object.keys(HOOKS) as Hook[];
const IGNORE = "on_unreachable=ignore";
const OTHER_UID = 65534;

/** Nothing is served: what stands in the place of the socket is each test's own. */
const shared = shareHarness((harness) => {
  Deno.mkdirSync(join(harness.configDir, "hooks"), { mode: 0o755 });
  Deno.symlinkSync(HOOK_LIST.join(","), join(harness.configDir, "hooks", "gate"));
  Deno.mkdirSync(harness.runtimeDir, { mode: 0o755 });
  Deno.writeTextFileSync(join(harness.runtimeDir, ".pam-deno"), "", { mode: 0o644 });
  return false;
});

/** A socket that nobody listens on any more. */
function leaveSocket(path: string, mode = 0o600): void {
  const listener = Deno.listen({ transport: "unix", path: `${path}~` });
  Deno.chmodSync(`${path}~`, mode);
  // What is closed is removed where it was bound.
  Deno.renameSync(`${path}~`, path);
  listener.close();
}

function remove(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Something in the wrong place, and what is said of it. */
interface Row {
  readonly what: string;
  /** Makes it; gives back what undoes it. */
  readonly make: (harness: Harness) => (() => void) | void;
  readonly failure: keyof typeof FAILURES;
  readonly log: RegExp;
  /** What is said next to `on_unreachable=ignore`, if that is something else. */
  readonly logNext?: RegExp;
  /** Whether `on_unreachable=ignore` counts. */
  readonly ignored?: boolean;
  readonly needsRoot?: boolean;
  readonly options?: (harness: Harness) => string[];
}

function changeMode(path: string, mode: number): () => void {
  const before = Deno.statSync(path).mode! & 0o7777;
  Deno.chmodSync(path, mode);
  return () => Deno.chmodSync(path, before);
}

function giveAway(path: string): () => void {
  const { uid, gid } = Deno.lstatSync(path);
  // chown(2) of Deno follows links.
  const chown = (owner: string) => {
    const { success } = new Deno.Command("chown", { args: ["-h", owner, path] }).outputSync();
    assert.ok(success);
  };
  chown(`${OTHER_UID}:${OTHER_UID}`);
  return () => chown(`${uid}:${gid}`);
}

const BELONGS = /belongs to uid 65534, not to root: whoever owns it could answer for the module/;

const ROWS: readonly Row[] = [
  {
    what: "no socket",
    make: () => {},
    failure: "unreachable",
    log: /failed with ENOENT \(2\): there is no/,
    ignored: true,
  },
  {
    what: "a socket that nobody listens on",
    make: (harness) => leaveSocket(harness.socket("gate")),
    failure: "unreachable",
    log: /failed with ECONNREFUSED \(111\): nobody listens/,
    ignored: true,
  },
  {
    what: "a regular file",
    make: (harness) => Deno.writeTextFileSync(harness.socket("gate"), ""),
    failure: "misconfigured",
    log: /gate\.sock is not a socket: remove it/,
  },
  {
    what: "a directory",
    make: (harness) => Deno.mkdirSync(harness.socket("gate")),
    failure: "misconfigured",
    log: /gate\.sock is not a socket/,
  },
  {
    what: "a symbolic link to a socket",
    make(harness) {
      const real = join(harness.runtimeDir, "real.sock");
      leaveSocket(real);
      Deno.symlinkSync(real, harness.socket("gate"));
      return () => remove(real);
    },
    failure: "misconfigured",
    log: /gate\.sock is not a socket/,
  },
  {
    what: "a socket that others may write to",
    make: (harness) => leaveSocket(harness.socket("gate"), 0o666),
    failure: "misconfigured",
    log: /gate\.sock has mode 0666: others than its owner could ask the module; chmod 0600/,
  },
  {
    what: "a runtime directory that others may write to",
    make: (harness) => changeMode(harness.runtimeDir, 0o777),
    failure: "misconfigured",
    log: /run has mode 0777: others than its owner could put something in its place; chmod go-w/,
  },
  {
    what: "a runtime directory that its group may write to",
    make: (harness) => changeMode(harness.runtimeDir, 0o775),
    failure: "misconfigured",
    log: /run has mode 0775/,
  },
  {
    what: "an ancestor that others may write to",
    make: (harness) => changeMode(join(harness.runtimeDir, ".."), 0o777),
    failure: "misconfigured",
    log: /has mode 0777/,
  },
  {
    what: "no runtime directory",
    make: () => {},
    options: (harness) => [`runtime_dir=${harness.runtimeDir}-not-there`],
    failure: "unreachable",
    log: /run-not-there does not exist: is pam-deno installed and running\?/,
  },
  {
    what: "a file in place of the runtime directory",
    make: () => {},
    options: (harness) => [`runtime_dir=${join(harness.runtimeDir, ".pam-deno")}`],
    failure: "misconfigured",
    log: /\.pam-deno is not a directory/,
  },
  {
    what: "a symbolic link in place of the runtime directory",
    make(harness) {
      Deno.symlinkSync(harness.runtimeDir, `${harness.runtimeDir}-link`);
      return () => remove(`${harness.runtimeDir}-link`);
    },
    options: (harness) => [`runtime_dir=${harness.runtimeDir}-link`],
    failure: "misconfigured",
    log: /run-link is a symbolic link: write the path it leads to/,
  },
  {
    what: "a path that no socket can have",
    make: () => {},
    options: () => [`runtime_dir=/${"x".repeat(100)}`],
    failure: "misconfigured",
    log: /the path of the socket, \d+ octets in .*, is longer than the 107 that one can have/,
  },
  {
    what: "no marker in the runtime directory",
    make(harness) {
      const marker = join(harness.runtimeDir, ".pam-deno");
      Deno.removeSync(marker);
      return () => Deno.writeTextFileSync(marker, "", { mode: 0o644 });
    },
    failure: "unreachable",
    log: /ENOENT/,
    logNext: /on_unreachable=ignore does not apply: .*\.pam-deno is not there/,
  },
  {
    what: "a socket of another user",
    needsRoot: true,
    make(harness) {
      leaveSocket(harness.socket("gate"));
      giveAway(harness.socket("gate"));
    },
    failure: "misconfigured",
    log: BELONGS,
  },
  {
    what: "a runtime directory of another user",
    needsRoot: true,
    make: (harness) => giveAway(harness.runtimeDir),
    failure: "misconfigured",
    log: BELONGS,
  },
];

for (const row of ROWS) {
  const { what, make, failure, log, logNext = log, ignored = false, needsRoot = false, options = () => [] } =
    row;
  Deno.test({
    name: `every hook is ${failure} with this in the place of the socket: ${what}${
      needsRoot ? " (needs root)" : ""
    }`,
    ignore: needsRoot && Deno.uid() !== 0,
    async fn() {
      const harness = shared();
      const undo = make(harness);
      try {
        for (const hook of HOOK_LIST) {
          for (const ignore of [[], [IGNORE]]) {
            const scene: Scene = {
              module: "gate",
              hook,
              options: ["timeout=20ms", ...options(harness), ...ignore],
            };
            const seen = await play(harness, scene);
            // The first pass ends what the second would be.
            const called = hook === "update" ? "preliminary" : hook;
            const opens = ignored && ignore.length > 0;
            const code: PamCode = opens ? "ignore" : FAILURES[failure][called];
            const class_ = `^err ${called} gate: ${failure}, ${code}${
              opens ? " by on_unreachable=ignore" : ""
            } in`;
            // All that was said is `ignore`, which is not enough.
            assertSeen(seen, { code: opens ? "perm_denied" : code, log: new RegExp(class_) });
            const cause = ignore.length > 0 ? logNext : log;
            assertSeen(seen, { code: opens ? "perm_denied" : code, log: cause });
            assert.ok(seen.ms < 600, `${seen.ms} ms`);
          }
        }
      } finally {
        undo?.();
        remove(harness.socket("gate"));
      }
    },
  });
}

Deno.test(
  "the list of hooks of another user is misconfigured, also before on_unreachable=ignore (needs root)",
  {
    ignore: Deno.uid() !== 0,
  },
  async () => {
    const harness = shared();
    const hooks = join(harness.configDir, "hooks");
    for (const place of [join(hooks, "gate"), hooks, join(harness.runtimeDir, ".pam-deno")]) {
      const undo = giveAway(place);
      try {
        const scene: Scene = { module: "gate", hook: "account", options: ["timeout=20ms", IGNORE] };
        const log = new RegExp(`^err account gate: misconfigured, service_err .*${BELONGS.source}`);
        assertSeen(await play(harness, scene), { code: "service_err", log }, place);
      } finally {
        undo();
      }
    }
  },
);

Deno.test("a hook waits at most 500 ms for a worker to come back, once per transaction", async () => {
  const harness = shared();
  const times: number[] = [];
  const seen = await play(harness, {
    module: "gate",
    hook: "account",
    options: ["timeout=5s"],
    call(transaction) {
      for (const _ of [1, 2, 3]) {
        const began = performance.now();
        assert.equal(transaction.account(), "authinfo_unavail");
        times.push(performance.now() - began);
      }
      return "authinfo_unavail";
    },
  });
  assert.equal(seen.log.length, 3);
  const [first = 0, ...others] = times;
  assert.ok(first >= 450 && first < 650, `${first} ms`);
  assert.ok(others.every((ms) => ms < 50), `${others} ms`);
});

Deno.test("a socket that comes back within the wait is found", async () => {
  const harness = shared();
  const path = harness.socket("gate");
  const seen = await play(harness, {
    module: "gate",
    hook: "account",
    options: ["timeout=2s"],
    async call(transaction) {
      const called = transaction.background.account();
      await new Promise((resolve) => setTimeout(resolve, 100));
      // In two steps, as the supervisor does: it is complete when it appears.
      using listener = Deno.listen({ transport: "unix", path: `${path}~` });
      Deno.chmodSync(`${path}~`, 0o600);
      Deno.renameSync(`${path}~`, path);
      (await listener.accept()).close();
      return await called;
    },
  });
  remove(path);
  assertSeen(seen, { code: "service_err", log: /^err account gate: broken_off, .*hung up without a result/ });
  assert.ok(seen.ms < 450, `${seen.ms} ms`);
});
