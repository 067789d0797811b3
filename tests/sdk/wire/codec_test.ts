// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import {
  type AnyMessage,
  compileCodec,
  decode,
  encode,
  LIMITS,
  type Message,
  type MessageOf,
  MESSAGES,
  VERSION,
  VERSIONS,
  WireError,
  type WireErrorKind,
} from "../../../sdk/wire/mod.ts";
import { SMALL } from "../../generator/small.ts";

const HOOK: MessageOf<"hook"> = {
  type: "hook",
  version: VERSION,
  fingerprint: new Uint8Array(8),
  hook: "account",
  flags: 0,
  budget_ms: 5000,
  pid: 1,
  uid: 0,
  euid: 0,
  module: "office-hours",
  grants: [],
  options: [],
  items: [{ item: "user", value: "alice" }],
  environment: [],
};

const RESULT: MessageOf<"result"> = {
  type: "result",
  code: "success",
  data_action: "keep",
  data: new Uint8Array(0),
  fail_delay_us: 0,
  items: [],
  environment: [],
  tokens: [],
  user_files: [],
};

/** A frame without its length word. */
function body(message: Message): Uint8Array {
  return encode(message).subarray(4);
}

function refuses(act: () => unknown, kind: WireErrorKind, path?: string): void {
  assert.throws(act, (error) => {
    assert(error instanceof WireError, String(error));
    assert.equal(error.kind, kind);
    if (path !== undefined) assert.equal(error.path, path);
    return true;
  });
}

Deno.test("decode() gives what encode() was given", () => {
  assert.deepEqual(decode(body(HOOK)), HOOK);
  const full: MessageOf<"result"> = {
    ...RESULT,
    message: "No.",
    environment: [{ name: "A", value: "" }, { name: "B" }],
    tokens: [{ token: "oldauthtok", value: Uint8Array.of(1) }],
    user_files: [{ name: "cache", content: Uint8Array.of(2, 0) }, { name: "old" }],
  };
  assert.deepEqual(decode(body(full)), full);
});

Deno.test("decode() leaves out the keys of optional fields that are not there", () => {
  const message = decode(body({ ...RESULT, message: undefined }));
  assert.equal("message" in message, false);
});

Deno.test("encode() writes the length word", () => {
  assert.deepEqual(encode({ type: "absent" }), Uint8Array.of(0, 0, 0, 1, 7));
  assert.deepEqual(encode({ type: "failed", code: "conv_err" }), Uint8Array.of(0, 0, 0, 2, 8, 19));
});

Deno.test("encode() gives a frame that later calls do not change", () => {
  const first = encode({ type: "text", style: "text_info", text: "one" });
  const copy = first.slice();
  encode({ type: "text", style: "error_msg", text: "other" });
  encode({ type: "token", value: Uint8Array.of(1, 2, 3) });
  assert.deepEqual(first, copy);
});

Deno.test("decode() gives octets that do not change with the frame", () => {
  const frame = body({ type: "token", value: Uint8Array.of(1, 2, 3) });
  const message = decode(frame, { from: "shim" });
  frame.fill(0);
  assert.deepEqual(message, { type: "token", value: Uint8Array.of(1, 2, 3) });
});

Deno.test("decode() refuses a message of the other side", () => {
  refuses(() => decode(body(HOOK), { from: "worker" }), "bad_tag");
  refuses(() => decode(body(RESULT), { from: "shim" }), "bad_tag");
  assert.equal(decode(body(RESULT), { from: "worker" }).type, "result");
});

Deno.test("decode() knows the side of every message", () => {
  for (const { tag, from } of Object.values(MESSAGES)) {
    const other = from === "shim" ? "worker" : "shim";
    refuses(() => decode(Uint8Array.of(tag), { from: other }), "bad_tag");
  }
});

Deno.test("decode() names the field that it refuses", () => {
  const frame = body(HOOK);
  frame[frame.length - 12] = 5;
  refuses(() => decode(frame), "bad_value", "hook.items[0].item");
  refuses(() => decode(body(HOOK).subarray(0, 20)), "truncated", "hook.pid");
  refuses(() => decode(Uint8Array.of(8, 32)), "bad_value", "failed.code");
  refuses(() => decode(Uint8Array.of(7, 0)), "trailing", "absent");
});

Deno.test("decode() says nothing of the value that it refuses", () => {
  const frame = body({ type: "log", level: "info", text: "hunter2" });
  frame[5] = 0x0a;
  assert.throws(
    () => decode(frame),
    (error) => error instanceof WireError && !error.message.includes("unter2"),
  );
});

Deno.test("decode() refuses a frame of no octets and one over FRAME_MAX", () => {
  refuses(() => decode(new Uint8Array(0)), "truncated");
  refuses(() => decode(new Uint8Array(LIMITS.FRAME_MAX + 1).fill(7)), "too_long");
});

Deno.test("decode() refuses a version that is not served", () => {
  assert.deepEqual(VERSIONS, [1]);
  for (const version of [0, 2, 255]) {
    const frame = body(HOOK);
    frame[1] = version;
    refuses(() => decode(frame), "bad_version", "hook.version");
    refuses(() => decode(Uint8Array.of(7), { version }), "bad_version");
    refuses(() => encode({ type: "absent" }, version), "bad_version");
    refuses(() => encode({ ...HOOK, version }), "bad_version");
  }
});

Deno.test("encode() refuses messages that are none", () => {
  const any = (message: unknown) => () => encode(message as Message);
  refuses(any({ type: "nothing" }), "bad_tag");
  refuses(any({ type: "__proto__" }), "bad_tag");
  refuses(any({}), "bad_tag");
  refuses(any({ type: "failed" }), "bad_value", "failed.code");
  refuses(any({ ...RESULT, items: undefined }), "bad_value", "result.items");
  refuses(any({ ...RESULT, items: [null] }), "bad_value", "result.items[0]");
  refuses(any({ ...RESULT, items: "user" }), "bad_value", "result.items");
  refuses(any({ ...RESULT, code: "toString" }), "bad_value", "result.code");
});

Deno.test("encode() refuses what is over a limit", () => {
  const items = Array.from({ length: 9 }, () => ({ item: "user", value: "a" } as const));
  refuses(() => encode({ ...RESULT, items }), "too_long", "result.items");
  const environment = Array.from({ length: 5 }, (_, i) => ({ name: `N${i}`, value: "a".repeat(4096) }));
  refuses(() => encode({ ...RESULT, environment }), "too_long", "result.environment[3].value");
  refuses(() => encode({ ...RESULT, message: "é".repeat(256) }), "too_long", "result.message");
});

Deno.test("encode() works after a message that it refused", () => {
  refuses(() => encode({ ...RESULT, data: new Uint8Array(4097) }), "too_long", "result.data");
  assert.deepEqual(decode(body(RESULT)), RESULT);
});

const small = compileCodec(SMALL);
const GREET = { type: "greet", version: 2, mark: Uint8Array.of(1, 2, 3), name: "n", nick: "k", size: 7 };
const GREET_1 = { type: "greet", version: 1, mark: Uint8Array.of(1, 2, 3), name: "n" };
const SPOT = { colour: "darkBlue", secret: Uint8Array.of(9) };
const PAINT_1 = {
  type: "paint",
  colour: "red",
  again: true,
  small: 1,
  large: 2,
  score: -3,
  blob: Uint8Array.of(4),
  spots: [SPOT, {}],
};

function again(message: AnyMessage, version?: number): AnyMessage {
  return small.decode(small.encode(message, version).subarray(4), version === undefined ? {} : { version });
}

Deno.test("compileCodec() serves the version and the one before it", () => {
  assert.deepEqual(small.versions, [2, 1]);
  assert.deepEqual(compileCodec({ ...SMALL, version: 9 }).versions, [9, 8]);
});

Deno.test("encode() and decode() take the layout from the version that a greeting says", () => {
  assert.deepEqual([...small.encode(GREET)], [0, 0, 0, 14, 1, 2, 1, 2, 3, 0, 1, 0x6e, 1, 0, 1, 0x6b, 0, 7]);
  assert.deepEqual([...small.encode(GREET_1)], [0, 0, 0, 8, 1, 1, 1, 2, 3, 0, 1, 0x6e]);
  assert.deepEqual(small.decode(small.encode(GREET).subarray(4)), GREET);
  assert.deepEqual(small.decode(small.encode(GREET_1).subarray(4)), GREET_1);
});

Deno.test("encode() and decode() leave out in version 1 what version 2 brought", () => {
  assert.deepEqual(again(PAINT_1, 1), PAINT_1);
  const spots = [{ ...SPOT, depth: 3 }, { depth: 0 }];
  assert.deepEqual(again({ ...PAINT_1, spots }), { ...PAINT_1, spots });
});

Deno.test("encode() refuses in version 1 what version 2 brought, rather than drop it", () => {
  refuses(() => small.encode({ ...GREET, version: 1 }), "bad_version", "greet.nick");
  const spots = [{ ...SPOT, depth: 3 }];
  refuses(() => small.encode({ ...PAINT_1, spots }, 1), "bad_version", "paint.spots[0].depth");
  refuses(() => small.encode({ type: "stop" }, 1), "bad_tag");
  refuses(() => small.encode({ ...GREET, version: 2 }, 1), "bad_version", "greet.version");
});

Deno.test("encode() refuses in version 2 a message that lacks what version 2 brought", () => {
  refuses(() => small.encode(PAINT_1), "bad_value", "paint.spots[0].depth");
  refuses(() => small.encode({ ...GREET, size: undefined }), "bad_value", "greet.size");
});

Deno.test("decode() knows a message of version 2 only in version 2", () => {
  const stop = small.encode({ type: "stop" }).subarray(4);
  assert.deepEqual(small.decode(stop), { type: "stop" });
  assert.deepEqual(small.decode(stop, { version: 2 }), { type: "stop" });
  refuses(() => small.decode(stop, { version: 1 }), "bad_tag");
});

Deno.test("decode() refuses a greeting in another version than the connection's", () => {
  refuses(
    () => small.decode(small.encode(GREET_1).subarray(4), { version: 2 }),
    "bad_version",
    "greet.version",
  );
  refuses(
    () => small.decode(small.encode(GREET).subarray(4), { version: 1 }),
    "bad_version",
    "greet.version",
  );
});
