// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { defineModule, PamError, Secret } from "../../mod.ts";
import type { AuthenticateContext } from "../../sdk/context.ts";
import type { Grant } from "../../sdk/grants.ts";
import { LIMITS } from "../../sdk/wire/schema.ts";
import { bytesOf, faultOf, resultOf, runHook, type Scene, type Seen } from "./run_hook.ts";

type Full = AuthenticateContext<unknown, Grant>;

function talk(work: (context: Full) => Promise<void> | void, scene: Scene = {}): Promise<Seen> {
  const module = defineModule({
    grants: { auth: ["prompt", "authtok", "set_authtok"] },
    async authenticate(context) {
      await work(context as unknown as Full);
      return "success";
    },
  });
  return runHook(module, "authenticate", scene);
}

Deno.test("prompt() gives a string, promptHidden() a Secret", async () => {
  const seen = await talk(async ({ conversation }) => {
    assert.equal(await conversation.prompt("Ticket: "), "OPS-1 ü");
    const pin = await conversation.promptHidden("PIN: ");
    assert.ok(pin instanceof Secret && pin.equals(bytesOf("1234")));
  }, { answers: ["OPS-1 ü", "1234"] });
  resultOf(seen);
  assert.deepEqual(seen.asked, [
    [{ style: "prompt_echo_on", text: "Ticket: " }],
    [{ style: "prompt_echo_off", text: "PIN: " }],
  ]);
});

Deno.test("converse() answers position by position, in one call", async () => {
  const seen = await talk(async ({ conversation }) => {
    const [note, ticket, pin] = await conversation.converse([
      { style: "text_info", text: "Two questions" },
      { style: "prompt_echo_on", text: "Ticket: " },
      { style: "prompt_echo_off", text: "PIN: " },
    ]);
    assert.equal(note, undefined);
    assert.equal(ticket, "OPS-1");
    assert.ok(pin.equals(bytesOf("1234")));
  }, { answers: ["OPS-1", "1234"] });
  resultOf(seen);
  assert.equal(seen.asked.length, 1);
});

Deno.test("a question without an answer rejects with conv_err, and the other answers are wiped", async () => {
  const given = bytesOf("OPS-1");
  const caller = { converse: () => Promise.resolve([undefined, given]) };
  resultOf(
    await talk(async ({ conversation }) => {
      await assert.rejects(
        () =>
          conversation.converse([
            { style: "prompt_echo_off", text: "PIN: " },
            { style: "prompt_echo_on", text: "Ticket: " },
          ]),
        (error) => error instanceof PamError && error.code === "conv_err",
      );
    }, { caller }),
  );
  assert.ok(given.every((octet) => octet === 0));
});

Deno.test("a failure of the shim comes out with its code", async () => {
  const caller = { converse: () => Promise.reject(new PamError("conv_err", "the shim could not ask")) };
  resultOf(
    await talk(async ({ conversation }) => {
      await assert.rejects(() => conversation.prompt("?"), { name: "PamError", code: "conv_err" });
    }, { caller }),
  );
});

Deno.test("an answer that is not UTF-8 reads with U+FFFD, and a byte order mark stays", async () => {
  const caller = { converse: () => Promise.resolve([new Uint8Array([0xef, 0xbb, 0xbf, 0x41, 0xff])]) };
  resultOf(
    await talk(async ({ conversation }) => {
      assert.equal(await conversation.prompt("?"), "\ufeffA\ufffd");
    }, { caller }),
  );
});

Deno.test("texts and questions are cut to TEXT_MAX, visibly, never inside a character", async () => {
  const seen = await talk(async ({ conversation }) => {
    conversation.info("ä".repeat(256));
    conversation.error("x".repeat(511));
    conversation.error(`a\0b${"\ud800"}`);
    await conversation.prompt("🙂".repeat(1000));
  }, { answers: [""] });
  resultOf(seen);
  assert.equal(seen.texts[0], `text_info: ${"ä".repeat(254)}…`);
  assert.equal(seen.texts[1], `error_msg: ${"x".repeat(511)}`);
  assert.equal(seen.texts[2], "error_msg: a\ufffdb\ufffd");
  assert.equal(seen.asked[0]![0]!.text, `${"🙂".repeat(127)}…`);
});

Deno.test("texts above TEXTS_MAX are left out, and the log says so once", async () => {
  const seen = await talk(({ conversation }) => {
    for (let i = 0; i < LIMITS.TEXTS_MAX + 5; i++) conversation.info(`${i}`);
  });
  resultOf(seen);
  assert.equal(seen.texts.length, LIMITS.TEXTS_MAX);
  assert.deepEqual(seen.logs, [
    "warning: conversation.info(): a hook shows at most 16 texts (TEXTS_MAX), the rest is left out",
  ]);
});

Deno.test("the 65th question of a hook is refused", async () => {
  const seen = await talk(async ({ conversation, lookup }) => {
    await lookup.passwd();
    for (let i = 1; i < LIMITS.REQUESTS_MAX; i++) await conversation.prompt("?");
    await conversation.prompt("one too many");
  }, { answers: Array(100).fill("") });
  assert.equal(
    faultOf(seen).message,
    "authenticate threw RangeError: conversation.prompt(): a hook asks at most 64 questions (REQUESTS_MAX)",
  );
  assert.equal(seen.asked.length, LIMITS.REQUESTS_MAX - 1);
});

Deno.test("converse() refuses what does not fit", async () => {
  resultOf(
    await talk(({ conversation }) => {
      // deno-lint-ignore no-explicit-any
      const converse = (messages: any) => () => conversation.converse(messages);
      const ask = { style: "prompt_echo_on", text: "?" } as const;
      assert.throws(converse([]), { name: "RangeError", message: /at least one question/ });
      assert.throws(converse([{ style: "text_info", text: "x" }]), {
        name: "RangeError",
        message: /use info\(\)/,
      });
      assert.throws(converse(Array(33).fill(ask)), {
        name: "RangeError",
        message: /at most 32 messages \(MESSAGES_MAX\)/,
      });
      assert.throws(converse([{ style: "toString", text: "x" }]), {
        name: "TypeError",
        message: /the style "toString"/,
      });
      assert.throws(converse("?"), TypeError);
      const long = { style: "prompt_echo_on", text: "x".repeat(511) };
      assert.throws(converse(Array(32).fill(long)), {
        name: "RangeError",
        message: /over 16384 bytes \(FRAME_MAX\)/,
      });
    }),
  );
});

Deno.test("authtok() and setAuthtok() carry octets, wiped or copied", async () => {
  const asked: unknown[] = [];
  const given = bytesOf("hunter22");
  const caller = {
    getToken(...request: unknown[]) {
      asked.push(request);
      return Promise.resolve(given);
    },
  };
  const seen = await talk(async ({ authtok, setAuthtok }) => {
    const password = await authtok("P".repeat(600));
    setAuthtok(password);
    const octets = bytesOf("other");
    setAuthtok(octets);
    octets.fill(0);
    const range = { name: "RangeError", message: /takes 1 to 511 octets \(TOKEN_MAX\), none of them 0/ };
    assert.throws(() => setAuthtok(new Uint8Array(0)), range);
    assert.throws(() => setAuthtok(new Uint8Array(512).fill(1)), range);
    assert.throws(() => setAuthtok(new Uint8Array([1, 0, 1])), range);
    assert.throws(() => setAuthtok("text" as never), { name: "TypeError" });
  }, { caller });
  assert.deepEqual(asked, [["authtok", `${"P".repeat(508)}…`]]);
  assert.deepEqual(resultOf(seen).tokens, [{ token: "authtok", value: bytesOf("other") }]);
  assert.ok(given.every((octet) => octet === 0));
});

Deno.test("both passes of changePassword have both tokens", async () => {
  const asked: unknown[] = [];
  const caller = {
    getToken(...request: unknown[]) {
      asked.push(request);
      return Promise.resolve(bytesOf("x"));
    },
  };
  const module = defineModule({
    grants: { password: ["authtok", "set_authtok"] },
    changePassword: {
      async preliminary({ oldAuthtok, setOldAuthtok }) {
        setOldAuthtok(await oldAuthtok("Old: "));
        return "success";
      },
      async update({ authtok, oldAuthtok, setAuthtok }) {
        const fresh = await authtok();
        await oldAuthtok();
        setAuthtok(fresh);
        return "success";
      },
    },
  });
  const first = resultOf(await runHook(module, "preliminary", { caller }));
  const second = resultOf(await runHook(module, "update", { caller }));
  assert.deepEqual(first.tokens, [{ token: "oldauthtok", value: bytesOf("x") }]);
  assert.deepEqual(second.tokens, [{ token: "authtok", value: bytesOf("x") }]);
  assert.deepEqual(asked, [["oldauthtok", "Old: "], ["authtok", undefined], ["oldauthtok", undefined]]);
});
