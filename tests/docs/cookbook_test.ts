// SPDX-License-Identifier: MIT
/**
 * Runs the policies of docs/cookbook.md, each for a yes and a no with the options of its line for pam.d, and one through libpam.
 *
 * @module
 */

import { ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
import {
  assertCode,
  assertFailure,
  assertLogged,
  assertNotShown,
  assertShown,
  FakeTransaction,
  type FakeTransactionOptions,
  runHook,
} from "@pam-deno/sdk/testing";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { PamModule } from "@pam-deno/sdk";
import { Kitchen, LINES_MAX, type Recipe, RECIPES } from "./cookbook.ts";
import { ROOT, Serving, shell } from "./page.ts";

/** What a recipe is tried with. */
interface Trial {
  readonly module: PamModule;
  readonly scene: Pick<FakeTransactionOptions, "options">;
  readonly seen: string;
  readonly kitchen: Kitchen;
}

const TRIALS: Readonly<Record<string, (trial: Trial) => Promise<void>>> = {
  async office_hours({ module, scene, seen }) {
    assertCode(await runHook(module, "account", { ...scene, now: "2026-01-10T07:00:00Z" }), "success");
    for (const now of ["2026-01-10T06:59:59Z", "2026-01-11T11:00:00Z", "2026-01-10T17:00:00Z"]) {
      const refused = await runHook(module, "account", { ...scene, now });
      assertCode(refused, "perm_denied");
      assertShown(refused, seen, "error_msg");
    }
  },
  async remote({ module, scene, seen }) {
    const users = { alice: { groups: ["users"] }, bob: { groups: ["users", "staff"] } };
    const from = (user: string, items = {}) => runHook(module, "account", { ...scene, user, users, items });
    const rhost = "203.0.113.9";
    assertCode(await from("alice"), "success");
    assertCode(await from("bob", { rhost }), "success");
    const refused = await from("alice", { rhost });
    assertCode(refused, "perm_denied");
    assertShown(refused, seen, "error_msg");
  },
  async root_here({ module, seen }) {
    const items = { rhost: "203.0.113.9" };
    const users = { root: { uid: 0 }, alice: {} };
    assertCode(await runHook(module, "account", { user: "root", users }), "success");
    assertCode(await runHook(module, "account", { user: "alice", users, items }), "success");
    const refused = await runHook(module, "account", { user: "root", users, items, service: "sshd" });
    assertCode(refused, "perm_denied");
    assertShown(refused, seen, "error_msg");
    assertLogged(refused, 'root was refused from "203.0.113.9" over "sshd"', "warning");
  },
  async maintenance({ module, scene, seen }) {
    const at = (now: string) => runHook(module, "account", { ...scene, now });
    assertCode(await at("2026-03-01T19:59:59Z"), "success");
    assertCode(await at("2026-03-02T04:00:00Z"), "success");
    const refused = await at("2026-03-01T20:00:00Z");
    assertCode(refused, "perm_denied");
    assertShown(refused, seen, "error_msg");
    assertFailure(await runHook(module, "account", { options: ["from=tomorrow"] }), "misconfigured", /from/);
  },
  async proxy({ module, scene, seen }) {
    using transaction = new FakeTransaction(module, scene);
    const opened = await transaction.run("openSession");
    assertCode(opened, "success");
    assertShown(opened, seen, "text_info");
    assert.deepEqual(transaction.environment, { HTTPS_PROXY: "http://proxy.example.org:3128" });
    assertFailure(await runHook(module, "openSession", { options: ["url=proxy"] }), "misconfigured", /url/);
  },
  async notice({ module, scene, seen, kitchen }) {
    const file = kitchen.at("notice");
    Deno.writeTextFileSync(file, `${seen}\nand on Sunday\n`);
    const opened = await runHook(module, "openSession", { options: [`file=${file}`] });
    assertShown(opened, seen, "text_info");
    assertShown(opened, "and on Sunday", "text_info");
    const without = await runHook(module, "openSession", scene);
    assertCode(without, "success");
    assertLogged(without, /no notice: .*NotFound/, "error");
  },
  async ticket({ module, scene, seen }) {
    const answer = (answer: string) =>
      runHook(module, "authenticate", { ...scene, conversation: [{ prompt: "Change ticket: ", answer }] });
    assertCode(await answer("OPS-7"), "ignore");
    assertLogged(await answer("OPS-7"), /works on "OPS-7"/, "info");
    for (const wrong of ["", "DEV-7", "OPS-x", "OPS-7 "]) {
      const refused = await answer(wrong);
      assertCode(refused, "auth_err");
      assertShown(refused, seen, "error_msg");
    }
    assertFailure(
      await runHook(module, "authenticate", { ...scene, conversation: () => "conv_err" }),
      "threw",
    );
  },
  async password_rule({ module, seen }) {
    const change = (authtok: string) => runHook(module, "update", { user: "alice", tokens: { authtok } });
    assertCode(await change("correct horse"), "ignore");
    const short = await change("horse");
    assertCode(short, "authtok_err");
    assertShown(short, seen, "error_msg");
    assertShown(await change("correct Alice!"), "Take one without your name in it", "error_msg");
  },
  async renew({ module, seen }) {
    const users = { old: { ageing: { lastChange: 20_453 } }, fresh: { ageing: { lastChange: 20_454 } } };
    assertCode(await runHook(module, "account", { user: "fresh", users }), "success");
    using transaction = new FakeTransaction(module, { user: "old", users });
    assertCode(await transaction.run("account"), "new_authtok_reqd");
    assertCode(await transaction.run("preliminary"), "success");
    assertShown(await transaction.run("update"), seen, "text_info");
    assertNotShown(await runHook(module, "update", { user: "fresh", users }), seen);
  },
  async ask_server({ module, scene, seen }) {
    // The server that answers in place of the one that the line names: a connection to it would leave the machine.
    const asked: string[] = [];
    await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
      const { user } = await request.json();
      asked.push(`${request.method} ${new URL(request.url).pathname} ${user}`);
      return new Response(null, { status: user === "alice" ? 204 : user === "bob" ? 403 : 500 });
    });
    const { fetch } = globalThis;
    globalThis.fetch = (url, init) =>
      fetch(
        String(url).replace("https://gate.example.org:443", `http://127.0.0.1:${server.addr.port}`),
        init,
      );
    try {
      const users = { alice: {}, bob: {}, eve: {} };
      assertCode(await runHook(module, "account", { ...scene, users, user: "alice" }), "success");
      for (const user of ["bob", "eve"]) {
        const refused = await runHook(module, "account", { ...scene, users, user });
        assertCode(refused, "perm_denied");
        assertShown(refused, seen, "error_msg");
      }
      assert.deepEqual(asked, ["alice", "bob", "eve"].map((user) => `POST /may-log-in ${user}`));
      await server.shutdown();
      const gone = await runHook(module, "account", { ...scene, users, user: "alice" });
      assertFailure(gone, "threw");
      assertCode(gone, "service_err");
    } finally {
      globalThis.fetch = fetch;
    }
  },
};

Deno.test("the cookbook has ten recipes, each of at most twenty lines, with a trial and a line for pam.d", async () => {
  using kitchen = new Kitchen();
  assert.equal(RECIPES.length, 10);
  assert.deepEqual(RECIPES.map(({ name }) => name).sort(), Object.keys(TRIALS).sort());
  for (const { name, text, lines } of RECIPES) {
    assert.ok(text.trimEnd().split("\n").length <= LINES_MAX, `${name} is longer than ${LINES_MAX} lines`);
    const { grants } = await kitchen.module(name);
    for (const line of lines) {
      assert.equal(line.module, name);
      assert.deepEqual(line.grants, grants[line.type as keyof typeof grants] ?? [], `${name}: ${line.type}`);
    }
  }
});

Deno.test("the policies of the cookbook type-check, and lint and formatter have nothing to say", async () => {
  using kitchen = new Kitchen();
  const files = RECIPES.map(({ name }) => kitchen.at(`${name}.ts`)).join(" ");
  await shell(`scripts/deno check --config ${kitchen.at("deno.json")} ${files}`);
  await shell(`scripts/deno lint --config ${kitchen.at("deno.json")} ${files}`);
  await shell(`scripts/deno fmt --check --line-width 110 --no-config ${files}`);
});

for (const { title, name, lines, seen } of RECIPES as readonly Recipe[]) {
  Deno.test(`cookbook: ${title}`, async () => {
    using kitchen = new Kitchen();
    const module = await kitchen.module(name);
    await TRIALS[name]!({ module, scene: { options: lines[0]!.options }, seen, kitchen });
  });
}

Deno.test("a recipe decides through libpam, by its line for pam.d", async () => {
  using kitchen = new Kitchen();
  const config = kitchen.at("config");
  Deno.mkdirSync(join(config, "modules"), { recursive: true });
  const { name, lines: [line], seen } = RECIPES.find(({ name }) => name === "maintenance")!;
  Deno.writeTextFileSync(
    join(config, "modules", `${name}.jsonc`),
    JSON.stringify({ module: kitchen.at(`${name}.ts`) }),
  );
  const places = [config, kitchen.at("run")];
  await using serving = new Serving(
    `scripts/pam-deno serve --config-dir ${places[0]} --runtime-dir ${places[1]}`,
  );
  assert.match(await serving.ready(), /^ready maintenance \(account\)/m);
  using services = ServiceDirectory.create();
  const decide = (from: string, until: string) => {
    const options = line!.options.map((word) =>
      word.startsWith("from=") ? `from=${from}` : word.startsWith("until=") ? `until=${until}` : word
    );
    const args = [`config_dir=${places[0]}`, `runtime_dir=${places[1]}`, name, ...options];
    const module = join(ROOT, "build", "pam_deno.so");
    services.write("demo", [{ type: "account", control: "required", module, args }]);
    using transaction = Transaction.start({ service: "demo", user: "nobody", confdir: services.path });
    return { code: transaction.account(), texts: transaction.messages.map(({ text }) => text) };
  };
  const [before, after] = ["2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"];
  assert.deepEqual(decide(before, after), { code: "perm_denied", texts: [seen] });
  assert.deepEqual(decide(before, before), { code: "success", texts: [] });
});
