// SPDX-License-Identifier: MIT
/** What the compiler makes of the definition: each `@ts-expect-error` must be an error. */
import assert from "node:assert/strict";
import type { Message, MessageFrom, MessageName, MessageOf, NameFrom } from "../../../sdk/wire/mod.ts";

/** `true` if the types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;

Deno.test("MessageOf has the fields of the definition", () => {
  const failed: Same<MessageOf<"absent">, { readonly type: "absent" }> = true;
  const token: Same<MessageOf<"token">, { readonly type: "token"; readonly value: Uint8Array }> = true;
  const getToken: Same<
    MessageOf<"get_token">,
    {
      readonly type: "get_token";
      readonly token: "authtok" | "oldauthtok";
      readonly prompt?: string | undefined;
    }
  > = true;
  assert(failed && token && getToken);
});

Deno.test("Message is told apart by its type", () => {
  const size = (message: Message): number => {
    switch (message.type) {
      case "groups":
        return message.groups.map(({ name }) => name?.length ?? 0).reduce((a, b) => a + b, 0);
      case "answers":
        return message.answers.length;
      case "log":
        // @ts-expect-error: a log line has no code
        return message.code;
      default:
        return 0;
    }
  };
  assert.equal(size({ type: "groups", groups: [{ gid: 1, name: "abc" }, { gid: 2 }] }), 3);
});

Deno.test("MessageOf refuses what the definition does not have", () => {
  // @ts-expect-error: a field is missing
  const missing: MessageOf<"fault"> = { type: "fault", fault: "busy" };
  // @ts-expect-error: no such token
  const token: MessageOf<"failed"> = { type: "failed", code: "denied" };
  // @ts-expect-error: no such field
  const field: MessageOf<"token"> = { type: "token", value: new Uint8Array(0), note: "" };
  // @ts-expect-error: no such message
  const message: MessageName = "hello";
  // @ts-expect-error: a list's element lacks a field
  const element: MessageOf<"converse"> = { type: "converse", messages: [{ style: "text_info" }] };
  assert([missing, token, field, message, element].length === 5);
});

Deno.test("NameFrom and MessageFrom are one side's messages", () => {
  const names: Same<NameFrom<"shim"> | NameFrom<"worker">, MessageName> = true;
  const none: Same<NameFrom<"shim"> & NameFrom<"worker">, never> = true;
  // @ts-expect-error: the shim sends no result
  const type: MessageFrom<"shim">["type"] = "result";
  assert(names && none && type.length > 0);
});
