// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { codeOf, FAULT_CLASSES } from "../../sdk/faults.ts";
import { ENUMS } from "../../sdk/wire/schema.ts";
import type { MessageOf } from "../../sdk/wire/types.ts";

Deno.test("FAULT_CLASSES has a class for every fault of the protocol", () => {
  assert.deepEqual(Object.keys(FAULT_CLASSES).sort(), Object.keys(ENUMS.fault).sort());
});

Deno.test("codeOf() is a result's own code, and for a fault the code of its class", () => {
  const result: MessageOf<"result"> = {
    type: "result",
    code: "acct_expired",
    data_action: "keep",
    data: new Uint8Array(0),
    fail_delay_us: 0,
    items: [],
    environment: [],
    tokens: [],
    user_files: [],
  };
  assert.equal(codeOf("account", result), "acct_expired");
  assert.equal(codeOf("account", { type: "fault", fault: "threw", message: "" }), "service_err");
  assert.equal(codeOf("account", { type: "fault", fault: "protocol", message: "" }), "system_err");
  assert.equal(codeOf("openSession", { type: "fault", fault: "busy", message: "" }), "service_err");
  assert.equal(codeOf("openSession", { type: "fault", fault: "misconfigured", message: "" }), "service_err");
});
