// SPDX-License-Identifier: MIT
/** `deno bench tests/sdk/wire/codec_bench.ts`: the usual `hook` and `result`, a frame each. */
import { decode, encode, FINGERPRINT, type MessageOf, VERSION } from "../../../sdk/wire/mod.ts";

const HOOK: MessageOf<"hook"> = {
  type: "hook",
  version: VERSION,
  fingerprint: FINGERPRINT,
  hook: "account",
  flags: 0,
  budget_ms: 5000,
  pid: 1234,
  uid: 0,
  euid: 0,
  module: "office-hours",
  grants: [],
  options: [{ option: "tz=Europe/Berlin" }, { option: "hours=8-18" }, { option: "days=mo-fr" }],
  items: [
    { item: "service", value: "sshd" },
    { item: "user", value: "alice" },
    { item: "tty", value: "ssh" },
    { item: "rhost", value: "192.0.2.17" },
    { item: "ruser", value: "root" },
  ],
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

const hookFrame = encode(HOOK).subarray(4);
const resultFrame = encode(RESULT).subarray(4);

Deno.bench("decode a hook", () => void decode(hookFrame, { from: "shim" }));
Deno.bench("encode a hook", () => void encode(HOOK));
Deno.bench("decode a result", () => void decode(resultFrame, { from: "worker" }));
Deno.bench("encode a result", () => void encode(RESULT));
