// SPDX-License-Identifier: MIT
// items, environment and failDelay: what they take, refuse and read back.
import assert from "node:assert/strict";
import { defineModule } from "../../mod.ts";
import type { OpenSessionContext } from "../../sdk/context.ts";
import type { Grant } from "../../sdk/grants.ts";
import { LIMITS } from "../../sdk/wire/schema.ts";
import { said } from "./codes.ts";
import { resultOf, runHook, type Scene, type Seen } from "./run_hook.ts";

type Full = OpenSessionContext<unknown, Grant>;

async function effects(work: (context: Full) => void, scene: Scene = {}): Promise<Seen> {
  const module = defineModule({
    grants: { session: ["get_env", "env:APP", "env:L*", "env:constructor", "set_item:tty", "set_item:user"] },
    openSession(context) {
      work(context as unknown as Full);
      return "success";
    },
  });
  const seen = await runHook(module, "openSession", scene);
  resultOf(seen);
  return seen;
}

Deno.test("environment reads back what it set, and what came with the hook", async () => {
  const seen = await effects(({ environment }) => {
    assert.equal(environment.get("LANG"), "de");
    environment.set("LANG", "");
    assert.equal(environment.get("LANG"), "");
    environment.delete("LANG");
    assert.equal(environment.get("LANG"), undefined);
    environment.set("APP", "1");
    environment.set("constructor", "x");
    assert.equal(environment.get("toString"), undefined);
  }, { environment: { LANG: "de" } });
  assert.deepEqual(resultOf(seen).environment, [
    { name: "LANG" },
    { name: "APP", value: "1" },
    { name: "constructor", value: "x" },
  ]);
});

Deno.test("environment refuses names and values that cannot be set", async () => {
  resultOf(
    await effects(({ environment }) => {
      const name = {
        name: "RangeError",
        message: /takes a name of letters, digits and _, at most 64 \(ENV_NAME_MAX\)/,
      };
      for (const bad of ["", "A=B", "A B", "1A", "A\n", "ä", "__proto__\0", "L".repeat(65)]) {
        assert.throws(() => environment.set(bad, "x"), name);
        assert.throws(() => environment.delete(bad), name);
      }
      assert.throws(() => environment.set(undefined as never, "x"), name);
      assert.throws(() => environment.set("APP", "x".repeat(4097)), {
        name: "RangeError",
        message: /ENV_VALUE_MAX/,
      });
      assert.throws(() => environment.set("APP", "ä".repeat(2049)), RangeError);
      assert.throws(() => environment.set("APP", "a\0b"), {
        name: "RangeError",
        message: /well-formed value without U\+0000/,
      });
      assert.throws(() => environment.set("APP", "\ud800"), RangeError);
      assert.throws(() => environment.set("APP", undefined as never), {
        name: "TypeError",
        message: /not undefined/,
      });
      for (const refused of ["LD_PRELOAD", "LD_", "LESSOPEN", "LOGNAME"]) {
        assert.throws(() => environment.set(refused, "x"), {
          name: "TypeError",
          message: said(`environment.set("${refused}"): this variable is refused whatever the grant`),
        });
      }
      assert.throws(() => environment.set("OTHER", "x"), {
        name: "TypeError",
        message: /needs the grant "env:OTHER"/,
      });
    }),
  );
});

Deno.test("environment refuses a 65th variable, and not the change of one", async () => {
  const seen = await effects(({ environment }) => {
    for (let i = 0; i < LIMITS.ENV_MAX; i++) environment.set(`L${i}`, "x");
    assert.throws(() => environment.set("LAST", "x"), {
      name: "RangeError",
      message: /at most 64 variables \(ENV_MAX\)/,
    });
    environment.set("L0", "y");
    environment.delete("L1");
  });
  assert.equal(resultOf(seen).environment.length, LIMITS.ENV_MAX);
});

Deno.test("items reads back what it set, and what came with the hook", async () => {
  const seen = await effects(({ items, user }) => {
    assert.deepEqual([items.service, items.user, items.tty, items.rhost], ["sshd", "anna", "ssh", undefined]);
    assert.deepEqual([items.user_prompt, items.xdisplay, items.authtok_type], ["who? ", ":0", "UNIX"]);
    items.set("tty", "tty1");
    items.set("user", "bert");
    assert.deepEqual([items.tty, items.user, user], ["tty1", "bert", "anna"]);
  }, { items: { tty: "ssh", user_prompt: "who? ", xdisplay: ":0", authtok_type: "UNIX" } });
  assert.deepEqual(resultOf(seen).items, [{ item: "tty", value: "tty1" }, { item: "user", value: "bert" }]);
});

Deno.test("items refuses names and values that cannot be set", async () => {
  resultOf(
    await effects(({ items }) => {
      // deno-lint-ignore no-explicit-any
      const set = items.set as (name: any, value: any) => void;
      for (const bad of ["service", "conv", "__proto__", "toString", "", 2]) {
        assert.throws(() => set(bad, "x"), {
          name: "TypeError",
          message: said(`items.set() does not know ${JSON.stringify(bad)}`),
        });
      }
      const controls = { name: "RangeError", message: /well-formed text without control characters/ };
      for (const bad of ["a\nb", "a\0", "\x7f", "\ud800"]) assert.throws(() => set("tty", bad), controls);
      assert.throws(() => set("tty", "x".repeat(1025)), {
        name: "RangeError",
        message: /at most 1024 bytes \(ITEM_MAX\)/,
      });
      assert.throws(() => set("tty", "ä".repeat(513)), RangeError);
      assert.throws(() => set("tty", 3), { name: "TypeError", message: /not number/ });
      assert.throws(() => set("rhost", "x"), {
        name: "TypeError",
        message: /needs the grant "set_item:rhost"/,
      });
      set("tty", "x".repeat(1024));
    }),
  );
});

Deno.test("failDelay() takes durations of 0 to 30 seconds, and the longest counts", async () => {
  const { from } = Temporal.Duration;
  const seen = await effects(({ failDelay }) => {
    failDelay(from({ milliseconds: 1500 }));
    failDelay(from({ seconds: 1, nanoseconds: 1 }));
    failDelay(from({ seconds: 0 }));
    for (
      const bad of [{ seconds: 31 }, { seconds: -1 }, { weeks: 1 }, { months: 1 }, {
        seconds: 30,
        nanoseconds: 1,
      }]
    ) {
      assert.throws(() => failDelay(from(bad)), {
        name: "RangeError",
        message: /30 seconds \(FAIL_DELAY_MAX_US\)/,
      });
    }
    assert.throws(() => failDelay(2 as never), { name: "TypeError", message: /takes a Temporal\.Duration/ });
  });
  assert.equal(resultOf(seen).fail_delay_us, 1_500_000);
  const rounded = await effects(({ failDelay }) => failDelay(from({ nanoseconds: 1 })));
  assert.equal(resultOf(rounded).fail_delay_us, 1);
});
