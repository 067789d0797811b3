// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { order, pick } from "./recorded.ts";
import { RECORDER, scene, shareStage } from "./stage.ts";

const stage = shareStage((stage) => stage.module("recorder", RECORDER));

scene("pamtester: the stage's log has what the worker saw and what the shim decided", async () => {
  stage().pam("test", [
    "account required pam_deno.so debug=yes recorder [deny=account:acct_expired:Too old, sorry]",
  ]);
  const { code, stdout, stderr } = await stage().run(["pamtester", "test", "alice", "acct_mgmt"]);
  console.log({ code, stdout, stderr });
  const seen = await stage().take();
  console.log(seen);
  console.log(stage().served);
  assert.deepEqual(order(seen.hooks), ["account"]);
  assert.deepEqual(pick(seen.hooks[0], "user"), { user: "alice" });
});
