// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import * as v from "valibot";
import { cellsOfRuns } from "../../../sdk/author/simulate/runs.ts";
import { HOOK_MAX_MS } from "../../../sdk/author/simulate/task.ts";
import { MORE_TEXTS, nameOf, OUTCOMES_MAX } from "../../../sdk/author/simulate/outcome.ts";
import { dataKey, defineModule } from "../../../mod.ts";
import { runHook } from "../../../sdk/testing/mod.ts";
import timeOfDay from "../../../examples/time-of-day/module.ts";
import { asking, simulating } from "./asking.ts";

const hourOf = (now: Temporal.Instant) => now.toZonedDateTimeISO("UTC").hour;

Deno.test("the task asks about each login and instant what runHook() asks", async () => {
  const users = {
    alice: { groups: ["staff"] },
    bob: { groups: ["ops"] },
    carol: { name: "Carol", groups: ["staff", "late"] },
    dave: { groups: [] },
  };
  const options = [
    "tz=Europe/Berlin",
    "days=mon-fri",
    "hours=08:00-18:00,22:00-02:00",
    "for=@staff",
    "except=@late",
  ];
  const scene = { users, options, from: "2026-10-23", days: 4, step: "30m", tz: "Europe/Berlin" };
  const { runs, rows, outcomes, calendar } = await simulating(timeOfDay, scene);
  let compared = 0;
  for (const [i, { user, service }] of rows.entries()) {
    for (const [cell, value] of cellsOfRuns(runs[i]!).entries()) {
      const now = Temporal.Instant.fromEpochMilliseconds(calendar.starts[cell]!);
      const seen = await runHook(timeOfDay, "account", { user, service, users, options, now });
      const { code, texts } = outcomes[value]!;
      const at = `${user} ${now}`;
      assert.equal(code, seen.code, at);
      assert.deepEqual(texts, seen.shown.map(({ text }) => text), at);
      compared++;
    }
  }
  assert.equal(compared, 4 * (3 * 48 + 50));
});

Deno.test("the task lets nobody's clock go back", async () => {
  const times: number[] = [];
  const module = defineModule({
    account({ now }) {
      times.push(now.epochMilliseconds);
      return "success";
    },
  });
  await simulating(module, { users: { alice: {}, bob: {} }, days: 2 });
  assert.equal(times.length, 2 * 48);
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
});

Deno.test("the task hands on services and hosts, and makes each question a login of its own", async () => {
  const before = dataKey("before", v.number());
  const module = defineModule({
    account({ service, items, data, deny }) {
      const earlier = data.get(before) ?? 0;
      data.set(before, earlier + 1);
      return deny("perm_denied", `${service} ${items.rhost ?? "nowhere"} ${earlier}`);
    },
  });
  const rows = [
    { user: "alice", service: "sshd", rhost: "192.0.2.7" },
    { user: "alice", service: "login" },
  ];
  const { outcomes, runs } = await simulating(module, { rows });
  assert.deepEqual(outcomes.map(({ texts }) => texts[0]), ["sshd 192.0.2.7 0", "login nowhere 0"]);
  assert.deepEqual(runs.map((row) => row.map(({ cells, value }) => [cells, value])), [[[24, 0]], [[24, 1]]]);
});

Deno.test("the task tells failures, refusals and questions apart", async () => {
  const module = defineModule({
    grants: { account: ["prompt"] },
    async account({ now, conversation, deny }) {
      const hour = hourOf(now);
      if (hour < 6) throw new Error("The database is away");
      if (hour < 12) return deny("acct_expired", "Over");
      if (hour < 18) {
        return await conversation.prompt("Colour? ").catch(() => "") === "blue" ? "success" : "perm_denied";
      }
      return "nonsense" as "success";
    },
  });
  const { outcomes, runs } = await simulating(module);
  assert.deepEqual(outcomes.map(nameOf), [
    "service_err (threw)",
    "acct_expired",
    "perm_denied",
    "system_err (protocol)",
  ]);
  assert.match(outcomes[0]!.cause!, /The database is away/);
  assert.deepEqual(outcomes[1]!.texts, ["Over"]);
  assert.deepEqual([outcomes[2]!.asked, outcomes[2]!.texts], [true, []]);
  assert.deepEqual(runs[0]!.map(({ cells }) => cells), [6, 6, 6, 6]);
});

Deno.test("the task says what is wrong with options before it asks anything", async () => {
  let asked = 0;
  const options = v.object({ hours: v.pipe(v.string(), v.regex(/^\d+$/, "Write a number of hours")) });
  const account = () => {
    asked++;
    return "success" as const;
  };
  const module = defineModule({ options, account });
  const refused = await asking(module, { options: ["hours=many"] });
  assert.match("refused" in refused ? refused.refused : "", /Write a number of hours/);
  const unknown = await asking(defineModule({ account }), { options: ["hours=7"] });
  assert.match("unknown" in unknown ? unknown.unknown : "", /"hours" is unknown/);
  assert.equal(asked, 0);
});

Deno.test("the task gives up on a hook that waits for ever, and says which it was", async () => {
  const module = defineModule({
    async account({ now }) {
      if (hourOf(now) === 3) await new Promise(() => {});
      return "success";
    },
  });
  const began = performance.now();
  assert.deepEqual(await asking(module, { users: { alice: {}, bob: {} } }), { late: 6 });
  const took = performance.now() - began;
  assert.ok(took >= HOOK_MAX_MS - 200, `${took} ms`);
});

Deno.test("the task keeps so many different texts and no more", async () => {
  let number = 0;
  const module = defineModule({ account: ({ deny }) => deny("perm_denied", `Number ${number++}`) });
  const { outcomes, runs } = await simulating(module, { days: 4, step: "1m" });
  assert.equal(outcomes.length, OUTCOMES_MAX + 1);
  assert.deepEqual(outcomes.at(-1), { code: "perm_denied", texts: [MORE_TEXTS] });
  assert.equal(runs[0]!.at(-1)!.cells, 4 * 1440 - OUTCOMES_MAX);
});
