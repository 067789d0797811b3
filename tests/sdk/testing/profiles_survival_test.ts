// SPDX-License-Identifier: MIT
import { AssertionError } from "node:assert";
import assert from "node:assert/strict";
import { dataKey, defineModule, type PamModule } from "@pam-deno/sdk";
import { assertSurvives, type ProfileName, PROFILES, type SurvivalOptions } from "@pam-deno/sdk/testing";
import * as v from "valibot";
import { said } from "../codes.ts";

const ticket = dataKey("ticket", v.string());

/** The message with which a module does not survive. */
async function failure(
  module: PamModule,
  profiles: readonly ProfileName[],
  options: SurvivalOptions = {},
): Promise<string> {
  try {
    await assertSurvives(module, profiles, options);
  } catch (error) {
    assert.ok(error instanceof AssertionError);
    return error.message;
  }
  throw new Error("It survived");
}

Deno.test("assertSurvives() lets a plain policy pass, everywhere, and gives what was seen", async () => {
  const seen = await assertSurvives(defineModule({ account: () => "success", openSession: () => "ignore" }));
  assert.deepEqual(seen.map(({ profile }) => profile), Object.keys(PROFILES));
  for (const { outcome, problems } of seen) assert.deepEqual([outcome, problems], ["passed", []]);
});

Deno.test("assertSurvives() tells of a handler that throws where its data are lost", async () => {
  const module = defineModule({
    authenticate({ data }) {
      data.set(ticket, "OPS-7");
      return "success";
    },
    openSession({ data, log }) {
      log.info(data.get(ticket)!.toLowerCase());
      return "success";
    },
  });
  await assertSurvives(module, ["sshd-password", "sshd-keyboard-interactive", "sudo", "su", "login"]);
  const text = await failure(module, ["sshd-publickey", "su", "cron"]);
  assert.match(text, /^The module does not survive sshd-publickey, cron\n/);
  assert.match(text, /problem: openSession in cron failed with data none \(threw\): .*toLowerCase/);
  assert.doesNotMatch(text, /^su: /m);
});

Deno.test("assertSurvives() tells of a refusal for want of data that another process had", async () => {
  const module = defineModule({
    account({ data }) {
      data.set(ticket, "expired since Monday");
      return "new_authtok_reqd";
    },
    changePassword: {
      update: ({ data, deny }) => data.get(ticket) === undefined ? deny("authtok_err", "Not yet") : "success",
    },
  });
  await assertSurvives(module, ["login", "sshd-keyboard-interactive"]);
  const text = await failure(module, ["sshd-publickey"]);
  assert.match(text, /^sshd-publickey: refused by update: authtok_err$/m);
  assert.match(text, /update in passwd about alice, data none: authtok_err/);
  assert.match(text, /problem: it should be passed/);
});

Deno.test("assertSurvives() tells of a question where nobody can be asked", async () => {
  const module = defineModule({
    grants: { session: ["prompt"] },
    async openSession({ conversation, deny }) {
      const reason = await conversation.prompt("Reason: ").catch(() => "");
      return reason === "" ? deny("perm_denied", "Not without a reason") : "success";
    },
  });
  await assertSurvives(module, ["su", "login", "sudo"]);
  const text = await failure(module, ["sshd-password", "cron", "display-manager"]);
  assert.match(text, /^The module does not survive sshd-password, cron, display-manager\n/);
  assert.match(text, /prompted: {4}prompt_echo_on "Reason: "/);
  await assertSurvives(module, ["cron", "su"], { refused: ["cron"] });
});

Deno.test("assertSurvives() tells of a question without its grant", async () => {
  const module = defineModule({
    grants: { auth: ["prompt"] },
    authenticate: async ({ conversation }) =>
      await conversation.prompt("Colour: ") === "" ? "auth_err" : "success",
  });
  const text = await failure(module, ["su"], { grants: { auth: [] } });
  assert.match(text, /problem: authenticate in su failed with data none \(misconfigured\): .*grant=prompt/);
});

Deno.test("assertSurvives() tells of a one-time code that sshd answers with the password", async () => {
  const module = defineModule({
    grants: { auth: ["prompt"] },
    async authenticate({ conversation, deny }) {
      using code = await conversation.promptHidden("Code: ");
      return code.equals(new TextEncoder().encode("123456")) ? "success" : deny("auth_err", "Wrong code");
    },
  });
  const conversation = () => ["123456"];
  await assertSurvives(module, ["sshd-keyboard-interactive", "su", "sudo", "polkit", "locker"], {
    conversation,
  });
  assert.match(
    await failure(module, ["sshd-password"], { conversation }),
    /refused by authenticate: auth_err/,
  );
});

Deno.test("assertSurvives() tells of credentials that are others the second time", async () => {
  let count = 0;
  const counting = defineModule({
    grants: { auth: ["env:TICKET_FILE"] },
    setCredentials({ environment, verb }) {
      if (verb !== "delete") environment.set("TICKET_FILE", `/run/ticket-${count++}`);
      return "success";
    },
  });
  const text = await failure(counting, ["sshd-publickey", "su", "sudo"]);
  assert.match(text, /^The module does not survive sshd-publickey\n/);
  assert.match(
    text,
    /setCredentials \(establish_cred\) is called twice, and the second time it sets TICKET_FILE/,
  );
});

Deno.test("assertSurvives() tells of credentials that are refused the second time", async () => {
  const once = () => {
    let done = false;
    return defineModule({
      setCredentials({ verb }) {
        if (verb === "delete") return "success";
        const first = !done;
        done = true;
        return first ? "success" : "cred_unavail";
      },
    });
  };
  const text = await failure(once(), ["sshd-publickey"]);
  assert.match(text, /is called twice, and the second time it ends with cred_unavail and not success/);
  assert.match(
    await failure(once(), ["sshd-keyboard-interactive"]),
    /refused by setCredentials: cred_unavail/,
  );
});

Deno.test("assertSurvives() wants a refusal where it is told of one", async () => {
  const text = await failure(defineModule({ account: () => "success" }), ["login"], { refused: ["login"] });
  assert.match(text, /problem: it should be refused$/);
});

Deno.test("assertSurvives() refuses a profile that is none", async () => {
  await assert.rejects(
    assertSurvives(defineModule({ account: () => "success" }), ["crond" as ProfileName]),
    { name: "TypeError", message: said('There is no profile "crond" (did you mean "cron"?)') },
  );
});
