// SPDX-License-Identifier: MIT
import {
  CODES,
  type Conversation,
  type ConversationMessage,
  type PamCode,
  passwordOnly,
  refuse,
  ServiceDirectory,
  textsOnly,
  type Transaction,
} from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";
import { allTypes, buildProbe, serviceOf, start } from "./probe.ts";
import { withoutCodes } from "../codes.ts";

const BUILD = ServiceDirectory.create();
const PROBE = buildProbe(BUILD.path);
globalThis.addEventListener("unload", () => BUILD[Symbol.dispose]());

/** Lets the probe say `messages` in one call of the conversation, and hands the transaction to `look`. */
function converse(
  messages: readonly string[],
  conversation: Conversation | undefined,
  look: (transaction: Transaction) => void,
): void {
  using services = serviceOf(
    PROBE,
    messages.map((message) => /^\d/.test(message) ? `say=${message}` : message),
  );
  using transaction = start(services, conversation === undefined ? {} : { conversation });
  look(transaction);
}

function code(transaction: Transaction): PamCode | undefined {
  const number = Number(transaction.getEnvironment("CODE"));
  return (Object.keys(CODES) as PamCode[]).find((token) => CODES[token] === number);
}

Deno.test("a conversation gets all messages of one call at once, with their styles", () => {
  const calls: (readonly ConversationMessage[])[] = [];
  const conversation: Conversation = (messages) => {
    calls.push(messages);
    return ["hidden Zoë", "shown", undefined, undefined];
  };
  const messages = [
    { style: "prompt_echo_off", text: "Password: " },
    { style: "prompt_echo_on", text: "Straße? " },
    { style: "error_msg", text: "bad" },
    { style: "text_info", text: "" },
  ];
  converse(["1:Password: ", "2:Straße? ", "3:bad", "4:"], conversation, (transaction) => {
    assert.equal(transaction.authenticate(), "success");
    assert.deepEqual(calls, [messages]);
    assert.deepEqual(transaction.conversations, [messages]);
    assert.deepEqual(transaction.messages, messages);
    assert.deepEqual(transaction.environment, {
      CODE: "0",
      RESPONSES: "some",
      ANSWER_0: "hidden Zoë",
      ANSWER_1: "shown",
    });
  });
});

Deno.test("a conversation answers with bytes, with nothing, and with NULL", () => {
  const bytes = new TextEncoder().encode("€");
  converse(["1:a", "1:b", "1:c"], () => [bytes, "", undefined], (transaction) => {
    assert.equal(transaction.authenticate(), "success");
    assert.deepEqual(transaction.environment, { CODE: "0", RESPONSES: "some", ANSWER_0: "€", ANSWER_1: "" });
    assert.deepEqual(bytes, new TextEncoder().encode("€"));
  });
});

Deno.test("a conversation ends its call with any code, and stores no answers then", () => {
  for (const token of ["conv_err", "success", "conv_again", "buf_err", "abort"] as const) {
    converse(["1:a"], () => token, (transaction) => {
      assert.equal(transaction.authenticate(), "success");
      assert.equal(code(transaction), token);
      assert.equal(transaction.getEnvironment("RESPONSES"), "none");
    });
  }
});

Deno.test("an error of a conversation is conv_err for the module, and is thrown by the method that ran", () => {
  const error = new Error("nobody is here");
  let calls = 0;
  const conversation: Conversation = () => {
    if (++calls === 1) throw error;
    return ["now"];
  };
  converse(["1:a"], conversation, (transaction) => {
    assert.throws(() => transaction.authenticate(), (thrown) => thrown === error);
    assert.equal(code(transaction), "conv_err");
    assert.deepEqual(transaction.messages, [{ style: "prompt_echo_off", text: "a" }]);
    assert.equal(transaction.authenticate(), "success");
    assert.equal(code(transaction), "success");
  });
});

Deno.test("a conversation that answers in the wrong shape is conv_err and a TypeError", () => {
  const wrong: [unknown, RegExp][] = [
    [["one"], /Cannot answer 2 messages with 1 answers/],
    [["one", undefined, "three"], /Cannot answer 2 messages with 3 answers/],
    [["one", "two"], /Cannot answer 'b': it is a text \(text_info\)/],
    [["o\0ne", undefined], /Cannot pass the answer to 'a' to libpam: there is a NUL at byte 1/],
    [[Uint8Array.of(0), undefined], /there is a NUL at byte 0/],
    [Promise.resolve(["one", undefined]), /must be an array or a code, and not a promise/],
    [undefined, /must be an array or a code/],
    ["yes", /Cannot end a conversation with 'yes': it is not a code/],
  ];
  for (const [reply, message] of wrong) {
    converse(["1:a", "4:b"], (() => reply) as Conversation, (transaction) => {
      assert.throws(
        () => transaction.authenticate(),
        (error) => error instanceof TypeError && message.test(error.message),
        String(message),
      );
      assert.equal(code(transaction), "conv_err");
      assert.equal(transaction.getEnvironment("RESPONSES"), "none");
    });
  }
});

Deno.test("an error about an answer does not tell the answer", () => {
  converse(["1:a"], () => ["hunter2\0"], (transaction) => {
    assert.throws(
      () => transaction.authenticate(),
      (error) => error instanceof TypeError && !error.message.includes("hunter2"),
    );
  });
});

Deno.test("a binary prompt or an unknown style is conv_err, and nobody is asked", () => {
  for (const style of [0, 5, 7, 99]) {
    const asked = () => assert.fail("the conversation was asked");
    converse(["4:first", `${style}:x`], asked, (transaction) => {
      assert.equal(transaction.authenticate(), "success");
      assert.equal(code(transaction), "conv_err");
      assert.deepEqual(transaction.messages, []);
    });
  }
});

Deno.test("a call of the conversation has 1 to 32 messages, more or less is conv_err", () => {
  const say = Array.from({ length: 33 }, (_, index) => `1:${index}`);
  for (
    const [claim, expected] of [[32, "success"], [33, "conv_err"], [0, "conv_err"], [-2, "conv_err"]] as const
  ) {
    const answer: Conversation = (messages) => messages.map(({ text }) => `<${text}>`);
    converse([`claim=${claim}`, ...say.slice(0, Math.max(claim, 1))], answer, (transaction) => {
      assert.equal(transaction.authenticate(), "success");
      assert.equal(code(transaction), expected);
      if (expected === "success") assert.equal(transaction.getEnvironment("ANSWER_31"), "<31>");
      else assert.deepEqual(transaction.messages, []);
    });
  }
});

Deno.test("a text that is not UTF-8 arrives with U+FFFD in it", () => {
  using services = ServiceDirectory.create();
  Deno.writeFileSync(`${services.path}/motd`, Uint8Array.of(0x61, 0xff, 0x62));
  services.write("probe", allTypes("pam_echo.so", [`file=${services.path}/motd`]));
  using transaction = start(services);
  transaction.account();
  assert.deepEqual(transaction.messages, [{ style: "text_info", text: "a\ufffdb" }]);
});

Deno.test("a conversation gets the output of pam_exec", () => {
  using services = serviceOf("pam_exec.so", [
    "stdout",
    "quiet",
    "/usr/bin/printf",
    "%s is %s",
    "answer",
    "forty two",
  ]);
  using transaction = start(services);
  assert.equal(transaction.account(), "success");
  assert.deepEqual(transaction.messages, [{ style: "text_info", text: "answer is forty two" }]);
});

Deno.test("textsOnly() is the default: texts pass, a question beside them is conv_err", () => {
  for (const conversation of [undefined, textsOnly]) {
    converse(["4:welcome", "3:careful"], conversation, (transaction) => {
      assert.equal(transaction.authenticate(), "success");
      assert.equal(code(transaction), "success");
      assert.equal(transaction.messages.length, 2);
    });
    converse(["4:welcome", "2:who? "], conversation, (transaction) => {
      assert.equal(transaction.authenticate(), "success");
      assert.equal(code(transaction), "conv_err");
    });
  }
});

Deno.test("refuse() refuses texts too", () => {
  converse(["4:welcome"], refuse, (transaction) => {
    assert.equal(transaction.authenticate(), "success");
    assert.equal(code(transaction), "conv_err");
    assert.deepEqual(transaction.messages, [{ style: "text_info", text: "welcome" }]);
  });
});

Deno.test("passwordOnly() answers all hidden questions and refuses a visible one", () => {
  converse(["4:hello", "1:a", "1:b"], passwordOnly("pw"), (transaction) => {
    transaction.authenticate();
    assert.equal(transaction.getEnvironment("ANSWER_1"), "pw");
    assert.equal(transaction.getEnvironment("ANSWER_2"), "pw");
    assert.equal(transaction.getEnvironment("ANSWER_0"), undefined);
  });
  converse(["1:a", "2:b"], passwordOnly("pw"), (transaction) => {
    transaction.authenticate();
    assert.equal(code(transaction), "conv_err");
  });
});

Deno.test("a conversation cannot use the transaction that it belongs to", () => {
  const problems: unknown[] = [];
  using services = serviceOf(PROBE, ["say=2:a"]);
  const transaction: Transaction = start(services, {
    conversation: () => {
      const uses: (() => unknown)[] = [
        () => transaction.account(),
        () => transaction.getItem("user"),
        () => transaction.environment,
        () => transaction.end(),
        () => transaction[Symbol.dispose](),
      ];
      for (const use of uses) {
        try {
          use();
          problems.push("nothing");
        } catch (error) {
          problems.push(error instanceof Error ? withoutCodes(error.message) : error);
        }
      }
      return ["done"];
    },
  });
  assert.equal(transaction.authenticate(), "success");
  assert.deepEqual(
    problems,
    [
      "call pam_acct_mgmt()",
      "read the item 'user'",
      "list the environment",
      "end the transaction",
      "end the transaction",
    ]
      .map((what) => `Cannot ${what} while pam_authenticate() of the same transaction is running`),
  );
  assert.equal(transaction.getEnvironment("ANSWER_0"), "done");
  assert.equal(transaction.end(), "success");
});

Deno.test("a conversation can use another transaction", () => {
  using services = serviceOf(PROBE, ["say=2:a"]);
  using inner = start(services, { conversation: () => ["inner"] });
  using outer = start(services, {
    conversation: () => {
      assert.equal(inner.authenticate(), "success");
      return [`outer of ${inner.getEnvironment("ANSWER_0")}`];
    },
  });
  assert.equal(outer.authenticate(), "success");
  assert.equal(outer.getEnvironment("ANSWER_0"), "outer of inner");
});

Deno.test("a conversation that is disposable is disposed of at the end, once", () => {
  let disposed = 0;
  const conversation = Object.assign(textsOnly.bind(undefined), { [Symbol.dispose]: () => void disposed++ });
  using services = serviceOf("pam_permit.so");
  const transaction = start(services, { conversation });
  transaction.account();
  assert.equal(disposed, 0);
  transaction.end();
  transaction[Symbol.dispose]();
  assert.equal(disposed, 1);
});
