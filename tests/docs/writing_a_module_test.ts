// SPDX-License-Identifier: MIT
/**
 * Takes the steps of docs/writing_a_module.md, in its order, and holds the module that comes out of them to examples/account-ageing.
 *
 * @module
 */

import type { PamModule } from "@pam-deno/sdk";
import {
  FakeTransaction,
  type FakeTransactionOptions,
  type HookResult,
  runHook,
  type TestAgeing,
} from "@pam-deno/sdk/testing";
import assert from "node:assert/strict";
import finished from "../../examples/account-ageing/module.ts";
import { Dice } from "../differential/ageing_entries.ts";
import type { Block, Section } from "./page.ts";
import { Serving, shell } from "./page.ts";
import { PAGE, Workshop } from "./workshop.ts";

/** A section whose commands are those of an installed package. */
const isOnMachine = ({ blocks }: Section) => blocks.some(({ text }) => text.startsWith("pam-deno "));

/** What the page says that somebody sees who may not read the shadow file. */
function withoutShadow(shown: string): string {
  assert.ok(PAGE.text.includes("each of the three is `service_err`"), "the page says what others see");
  return shown.replaceAll(/ (?:success|perm_denied .*|user_unknown)$/gm, " service_err");
}

/** Takes the commands of a section, each with what the page shows behind it, after its files are written. */
async function take(workshop: Workshop, { blocks }: Section, serving: AsyncDisposableStack): Promise<void> {
  const again = PAGE.command("deno test");
  let ran = false;
  for (const [i, block] of blocks.entries()) {
    if (block.file !== undefined) workshop.write(block);
    if (block.language !== "sh") continue;
    const next: Block | undefined = blocks[i + 1];
    const shown = next?.language === "" ? next.text : undefined;
    ran ||= block.text === again;
    if (block.text.includes("pam-deno serve")) serving.use(await workshop.serve(block.text, shown!));
    else if (block.text.includes("decide.ts") && Deno.uid() !== 0) {
      await workshop.run(block.text, withoutShadow(shown!));
    } else await workshop.run(block.text, shown);
  }
  const sources = blocks.flatMap(({ file }) => file?.endsWith(".ts") ? [workshop.here(file)] : []);
  if (sources.length === 0) return;
  const words = `--config ${workshop.at("ageing", "deno.json")} ${sources.join(" ")}`;
  await shell(`scripts/deno lint ${words}`);
  await shell(`scripts/deno check ${words}`);
  // "Run it again after each step": from the step on that has the first test.
  if (ran || workshop.tests === 0) return;
  await workshop.run(again, `…\nok | ${workshop.tests} passed | 0 failed (1ms)`);
}

Deno.test("the steps of docs/writing_a_module.md work, and print what it shows", async (t) => {
  using workshop = new Workshop();
  await using serving = new AsyncDisposableStack();
  for (const section of PAGE.sections.filter((section) => !isOnMachine(section))) {
    const taken = await t.step(section.title, () => take(workshop, section, serving));
    if (!taken) break;
  }
});

/** What `pam-deno check` finds in the folders of the workshop: kinds by place. */
async function check(workshop: Workshop): Promise<string[]> {
  const command = `${workshop.onMachine(PAGE.command("pam-deno check"))} --json`;
  // Whoever has findings ends with 1.
  const { findings } = JSON.parse((await shell(`${command} || test $? = 1`)).out);
  return findings.map(({ id }: { id: string }) => id)
    // The shim is in the checkout, not where libpam looks.
    .filter((id: string) => id !== "shim-missing");
}

Deno.test({
  name: "the step of docs/writing_a_module.md on a machine works, and prints what it shows (needs root)",
  ignore: Deno.uid() !== 0,
  async fn() {
    using workshop = new Workshop();
    workshop.writeAll();
    const [section, ...more] = PAGE.sections.filter(isOnMachine);
    assert.ok(section !== undefined && more.length === 0, "one section is about a machine");
    const [add, shown] = section.blocks;
    const command = `${workshop.onMachine(add!.text)} --yes`;
    const { out, err } = await shell(command);
    workshop.compare(err + out, shown!.text);

    await using serving = new Serving(`scripts/pam-deno serve ${workshop.places}`);
    await serving.ready();
    const stack = `${out}account required pam_unix.so\npassword required pam_unix.so\n`;
    Deno.writeTextFileSync(workshop.at("machine", "pam", "demo"), stack);
    assert.deepEqual(await check(workshop), []);
    // "Without it the line is an error."
    Deno.writeTextFileSync(workshop.at("machine", "pam", "demo"), stack.replace("grant=shadow ", ""));
    assert.notDeepEqual(await check(workshop), []);

    const decide = PAGE.command("decide.ts");
    const decided = PAGE.blocks[PAGE.blocks.findIndex(({ text }) => text === decide) + 1]!.text;
    const onMachine = decide.replace(
      "config_dir=/tmp/ageing-try ",
      `config_dir=${workshop.at("machine", "config")} `,
    )
      .replace("runtime_dir=/tmp/ageing-try/run", `runtime_dir=${workshop.at("machine", "runtime")}`);
    assert.doesNotMatch(onMachine, /_dir=\/tmp\/ageing/);
    await workshop.run(onMachine, decided);
  },
});

const ENTRIES = 3000;
const SEED = 20_261_120;
const NOON = "2026-08-03T12:00:00Z";
const TODAY = Math.floor(Temporal.Instant.from(NOON).epochMilliseconds / 86_400_000);

/** An entry that is near where the next answer begins, and sometimes far from it, with some of its fields empty. */
function entry(dice: Dice): TestAgeing {
  const min = dice.of([-1, 0, 1, 7, 90]);
  const max = dice.of([-1, 0, 1, 30, 90, 99_999, -7]);
  const warn = dice.of([-1, 0, 7, 400, -7]);
  const inactive = dice.of([-1, 0, 14, 365, -7]);
  const age = dice.of([0, min, max, max + inactive, max - warn, inactive, 400]) + dice.within(-2, 2);
  const fields = {
    lastChange: dice.chance(10) ? dice.of([0, -1, 2 ** 31 - 1]) : TODAY - age,
    min,
    max,
    warn,
    inactive,
    expire: dice.chance(75) ? -1 : dice.of([TODAY + dice.within(-2, 2), 0, -2, 2 ** 31 - 1]),
  };
  const full = Object.fromEntries(Object.entries(fields).filter(([, days]) => days !== -1));
  return { ...full, locked: dice.chance(30) };
}

/** What people and applications get of a hook. */
const seen = ({ code, shown, prompted, data }: HookResult) => ({ code, shown, prompted, data });

/** A login in each of two modules, with the same hooks, of which each must be answered alike; the codes. */
async function same(
  modules: readonly [page: PamModule, example: PamModule],
  scene: FakeTransactionOptions,
  words: readonly string[],
): Promise<string[]> {
  const [page, example] = modules.map((module, i) => {
    const options = i === 0 ? words : ["check=ageing", ...words];
    return { module, transaction: new FakeTransaction(module, { ...scene, options }), options };
  });
  const codes: string[] = [];
  const both = async (run: (one: NonNullable<typeof page>) => Promise<HookResult>) => {
    const [ours, theirs] = [seen(await run(page!)), seen(await run(example!))];
    assert.deepEqual(ours, theirs, JSON.stringify({ scene, words }));
    codes.push(ours.code);
  };
  const expired = ["change_expired_authtok"] as const;
  await both(({ transaction }) => transaction.run("account"));
  for (const one of [page, example]) one!.transaction.advance({ hours: 24 });
  await both(({ transaction }) => transaction.run("preliminary", { flags: expired }));
  await both(({ transaction }) => transaction.run("update", { flags: expired }));
  // Another transaction, as passwd(1) begins it.
  await both(({ module, options }) => runHook(module, "preliminary", { ...scene, options }));
  await both(({ module, options }) => runHook(module, "preliminary", { ...scene, options, flags: expired }));
  return codes;
}

Deno.test(`the module of the page and examples/account-ageing answer ${ENTRIES} entries alike`, async () => {
  using workshop = new Workshop();
  workshop.writeAll();
  const modules = [await workshop.module(), finished] as const;
  assert.notEqual(modules[0], finished);
  const dice = new Dice(SEED);
  const codes = new Set<string>();
  for (let i = 0; i < ENTRIES; i++) {
    const scene = { now: NOON, users: { alice: { ageing: entry(dice) } }, uid: dice.of([0, 1000]), euid: 0 };
    const words = dice.chance(50) ? [] : [`locked=${dice.of(["refuse", "allow"])}`];
    for (const code of await same(modules, scene, words)) codes.add(code);
  }
  assert.deepEqual(
    [...codes].sort(),
    ["acct_expired", "authtok_err", "ignore", "new_authtok_reqd", "perm_denied", "success"],
  );
  const none = await same(modules, { now: NOON, users: {}, uid: 1000, euid: 0 }, []);
  assert.deepEqual(new Set(none), new Set(["user_unknown", "ignore"]));
});
