// SPDX-License-Identifier: MIT
/**
 * How many hooks the test kit runs in a second: with no permission at all, hence without root's files, network and libpam, and with
 * no timer.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dataKey, defineModule } from "@pam-deno/sdk";
import { type ProfileName, PROFILES, runHook, runProfile } from "@pam-deno/sdk/testing";
import * as v from "valibot";

const PER_SECOND_MIN = 2000;
/** The machine may be busy: one round of a few that is fast enough shows that it can be. */
const ROUNDS = 5;

const when = dataKey("when", v.string());

/** A module as people write them: options, a look-up, data, a text, a question. */
const usual = defineModule({
  options: v.object({ group: v.optional(v.string(), "alice") }),
  grants: { auth: ["prompt"] },
  async authenticate({ conversation, deny }) {
    return await conversation.prompt("Ticket: ").catch(() => "-") === ""
      ? deny("auth_err", "None")
      : "success";
  },
  async account({ lookup, options, deny }) {
    return (await lookup.groups()).includes(options.group)
      ? "success"
      : deny("perm_denied", "Not in the group");
  },
  openSession({ data, now, conversation }) {
    data.set(when, now.toString());
    conversation.info("Welcome");
    return "success";
  },
  closeSession({ data, log }) {
    log.info("open since {when}", { when: data.get(when) ?? "long ago" });
    return "success";
  },
});

/** Hooks per second of the best of a few rounds; a timer in one of them fails the test. */
async function measure(round: () => Promise<number>): Promise<number> {
  const { setTimeout, setInterval } = globalThis;
  const timer = () => {
    throw new Error("The test kit waits for time to pass");
  };
  Object.assign(globalThis, { setTimeout: timer, setInterval: timer });
  try {
    let best = 0;
    for (let i = 0; i < ROUNDS && best < PER_SECOND_MIN; i++) {
      const began = performance.now();
      const hooks = await round();
      best = Math.max(best, hooks / (performance.now() - began) * 1000);
    }
    return Math.round(best);
  } finally {
    Object.assign(globalThis, { setTimeout, setInterval });
  }
}

Deno.test({
  name: `the test kit runs ${PER_SECOND_MIN} hooks a second, without any permission`,
  permissions: "none",
  async fn() {
    const single = await measure(async () => {
      for (let i = 0; i < 1000; i++) await runHook(usual, "account");
      return 1000;
    });
    const replayed = await measure(async () => {
      let hooks = 0;
      while (hooks < 1000) {
        for (const name of Object.keys(PROFILES) as ProfileName[]) {
          const { steps, problems } = await runProfile(usual, name);
          assert.deepEqual(problems, []);
          hooks += steps.filter(({ result }) => result.handled).length;
        }
      }
      return hooks;
    });
    console.log(`runHook(): ${single} hooks a second; runProfile(): ${replayed}`);
    assert.ok(single >= PER_SECOND_MIN && replayed >= PER_SECOND_MIN, `${single} and ${replayed}`);
  },
});
