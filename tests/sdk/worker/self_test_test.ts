// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import * as v from "valibot";
import { defineModule } from "../../../mod.ts";
import { loadModule } from "../../../sdk/load.ts";
import { type Declared, selfTest } from "../../../sdk/worker/self_test.ts";
import { behind } from "../codes.ts";
import { startWorker } from "./harness.ts";
import { clearRecords, logged } from "./records.ts";

const MODULE = defineModule({
  options: v.object({
    tz: v.optional(v.string(), "UTC"),
    open: v.pipe(v.string(), v.isoTime()),
    secret: v.optional(v.pipe(v.string(), v.maxLength(4))),
  }),
  grants: { auth: ["prompt", "authtok"] },
  permissions: { read: [{ option: "tz" }, "/etc/hours"] },
  authenticate: () => "success",
  account: () => "success",
});

function loaded(configured: Record<string, unknown> = {}) {
  return loadModule(MODULE, { name: "test", configured });
}

const DECLARED: Declared = {
  hooks: ["account", "authenticate"],
  grants: { auth: ["authtok", "prompt"] },
  permissions: { read: ["/etc/hours", { option: "tz" }] },
};

Deno.test("selfTest() finds nothing wrong with a module that declares what it did, in whatever order", () => {
  assert.deepEqual(selfTest(loaded(), DECLARED), []);
  assert.deepEqual(selfTest(loaded()), []);
});

for (
  const [what, change, shown] of [
    ["hooks", { hooks: ["authenticate"] }, /account/],
    ["grants", { grants: {} }, /prompt/],
    ["grants", { grants: { auth: ["prompt"] } }, /authtok/],
    ["permissions", { permissions: { read: ["/etc/hours"] } }, /tz/],
  ] as const
) {
  Deno.test(`selfTest() names the ${what} that differ from ${JSON.stringify(change)}`, () => {
    const problems = selfTest(loaded(), { ...DECLARED, ...change });
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0]!, new RegExp(`^its ${what} are .*when it was installed.*pam-deno add`));
    assert.match(problems[0]!, shown);
  });
}

Deno.test("selfTest() refuses configured options that no pam.d line can mend, and none that one may", () => {
  assert.deepEqual(selfTest(loaded({ tz: "UTC" })), [], "open= may stand on the line");
  assert.deepEqual(selfTest(loaded({ tz: "UTC", open: "09:00" })), []);
  assert.deepEqual(selfTest(loaded({ opne: "09:00" })), [
    'configured option "opne" is unknown (did you mean "open"?): mend "options" in its configuration file' +
    behind("configured-option-refused"),
  ]);
  const [problem, ...more] = selfTest(loaded({ open: "nine" }));
  assert.deepEqual(more, []);
  assert.match(problem!, /^configured option "open": .*: mend "options"/);
});

Deno.test("selfTest() does not show configured values", () => {
  const [problem] = selfTest(loaded({ secret: "hunter2hunter2" }));
  assert.match(problem!, /^configured option "secret"/);
  assert.doesNotMatch(problem!, /hunter2/);
});

Deno.test("selfTest() says nothing of a validator that judges the whole, or throws for what a line may add", () => {
  const whole = v.pipe(
    v.object({ open: v.optional(v.string()), close: v.optional(v.string()) }),
    v.check(({ open, close }) => (open === undefined) === (close === undefined), "both or none"),
  );
  const throws = v.pipe(
    v.object({ open: v.optional(v.string()), close: v.optional(v.string()) }),
    v.transform(({ open, close }) => ({ open: open!.trim(), close: close!.trim() })),
  );
  for (const options of [whole, throws]) {
    const module = defineModule({ options, account: () => "success" });
    assert.deepEqual(selfTest(loadModule(module, { name: "test", configured: { open: "09:00" } })), []);
  }
});

Deno.test("selfTest() costs less than 3 ms, the first time as well", async () => {
  const code = `
    import { loadModule } from "./sdk/load.ts";
    import { defineModule } from "./mod.ts";
    import { selfTest } from "./sdk/worker/self_test.ts";
    const module = loadModule(defineModule({ account: () => "success" }), { name: "test" });
    const begin = performance.now();
    const problems = selfTest(module, { hooks: ["account"], grants: {}, permissions: {} });
    console.log(JSON.stringify([performance.now() - begin, problems]));`;
  const times: number[] = [];
  // The best of some: what else this machine does is not what it costs.
  while (times.length < 20 && !(Math.min(...times) < 3)) {
    const run = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--quiet", "--ext=ts", code],
      cwd: new URL("../../..", import.meta.url),
    });
    const { stdout, stderr } = await run.output();
    const text = new TextDecoder().decode(stdout);
    assert.notEqual(text, "", new TextDecoder().decode(stderr));
    const [ms, problems] = JSON.parse(text);
    assert.deepEqual(problems, []);
    times.push(ms);
  }
  assert.ok(Math.min(...times) < 3, `${times.join(", ")} ms`);
});

Deno.test("worker that loads something else than was installed does not become ready, and says what", async () => {
  clearRecords();
  const expected = { hooks: ["account", "openSession"] as const, grants: {}, permissions: {} };
  await using worker = await startWorker(`export default defineModule({ account: () => "success" });`, {
    expected,
  });
  assert.equal(await worker.exit, "ended with status 78");
  assert.equal(worker.process.ready, false);
  await logged(/^error .*test is not fit to serve: its hooks are \["account"\], and were .*openSession/);
});

Deno.test("worker whose configured options its validator refuses does not become ready", async () => {
  clearRecords();
  await using worker = await startWorker(
    `import * as v from "valibot";
     export default defineModule({ options: v.object({ tz: v.picklist(["UTC"]) }), account: () => "success" });`,
    { config: { options: { tz: "Mars/Olympus" } } },
  );
  assert.equal(await worker.exit, "ended with status 78");
  await logged(/^error .*not fit to serve: configured option "tz"/);
});

Deno.test("worker that declares what was installed serves", async () => {
  const expected = { hooks: ["account"] as const, grants: {}, permissions: {} };
  await using worker = await startWorker(`export default defineModule({ account: () => "success" });`, {
    expected,
  });
  await worker.ready;
});
