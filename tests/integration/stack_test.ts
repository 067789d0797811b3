// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import type { ServiceLine } from "../../sdk/libpam/mod.ts";
import type { Hook } from "../../sdk/hooks.ts";
import type { PamCode } from "../../sdk/tokens.ts";
import type { ShimLine } from "./harness.ts";
import { CALLS, fixture, newService, shareHarness, watch } from "./scene.ts";

const shared = shareHarness((harness) => harness.configure("codes", fixture("codes")));

/** A line that answers with codes, `account=ignore`. */
function codes(
  type: ShimLine["type"],
  control: NonNullable<ShimLine["control"]>,
  ...args: string[]
): ShimLine {
  return { type, control, module: "codes", args };
}

const permit = (type: ShimLine["type"], control: ServiceLine["control"]): ServiceLine => (
  { type, control, module: "pam_permit.so" }
);

/** A stack, what is called, and what libpam makes of it. */
interface Row {
  readonly what: string;
  readonly lines: readonly (ShimLine | ServiceLine)[];
  readonly calls: readonly (readonly [Hook, PamCode])[];
  /** The hooks that reached the module. */
  readonly asked?: readonly Hook[];
}

const ROWS: readonly Row[] = [
  {
    what: "a stack in which nobody said more than ignore refuses",
    lines: [codes("account", "required", "account=ignore"), codes("account", "optional", "account=ignore")],
    calls: [["account", "perm_denied"]],
  },
  {
    what: "ignore leaves the decision to the other lines",
    lines: [codes("account", "required", "account=ignore"), permit("account", "required")],
    calls: [["account", "success"]],
  },
  {
    what: "a required refusal counts, though a later line is well",
    lines: [codes("account", "required", "account=acct_expired"), permit("account", "required")],
    calls: [["account", "acct_expired"]],
  },
  {
    what: "a requisite refusal ends the stack",
    lines: [codes("account", "requisite", "account=acct_expired"), codes("account", "required")],
    calls: [["account", "acct_expired"]],
    asked: ["account"],
  },
  {
    what: "a sufficient success ends the stack",
    lines: [codes("account", "sufficient"), codes("account", "required", "account=perm_denied")],
    calls: [["account", "success"]],
    asked: ["account"],
  },
  {
    what: "new_authtok_reqd stays beside a success",
    lines: [permit("account", "required"), codes("account", "required", "account=new_authtok_reqd")],
    calls: [["account", "new_authtok_reqd"]],
  },
  {
    what: "an action per code sees the code of the module",
    lines: [
      codes("account", { acct_expired: 1, default: "die" }, "account=acct_expired"),
      codes("account", "requisite", "account=perm_denied"),
      permit("account", "required"),
    ],
    calls: [["account", "success"]],
    asked: ["account"],
  },
  {
    what: "authinfo_unavail=ignore does not open for a module that is broken",
    lines: [
      codes("account", { success: "ok", authinfo_unavail: "ignore", default: "bad" }, "account=session_err"),
      permit("account", "required"),
    ],
    calls: [["account", "system_err"]],
  },
  {
    what: "setcred does not reach a line behind a sufficient one that was well in authenticate",
    lines: [permit("auth", "sufficient"), codes("auth", "required", "setCredentials=cred_err")],
    calls: [["authenticate", "success"], ["setCredentials", "success"]],
    asked: [],
  },
  {
    what: "setcred is judged by what authenticate said, so that a policy cannot veto in it",
    lines: [
      codes("auth", "required", "authenticate=ignore", "setCredentials=cred_err"),
      permit("auth", "required"),
    ],
    calls: [["authenticate", "success"], ["setCredentials", "success"]],
    asked: ["authenticate", "setCredentials"],
  },
  {
    what: "setcred without authenticate before it is judged by itself",
    lines: [codes("auth", "required", "setCredentials=cred_err")],
    calls: [["setCredentials", "cred_err"]],
    asked: ["setCredentials"],
  },
  {
    what: "close_session goes the way that open_session went",
    lines: [
      codes("session", { session_err: "ignore", default: "ok" }, "openSession=session_err"),
      permit("session", "required"),
    ],
    calls: [["openSession", "success"], ["closeSession", "success"]],
    asked: ["openSession", "closeSession"],
  },
  {
    what: "a first pass that fails keeps every line from changing",
    lines: [codes("password", "required"), codes("password", "required", "preliminary=try_again")],
    calls: [["update", "try_again"]],
    asked: ["preliminary", "preliminary"],
  },
  {
    what: "an update in front of the others keeps them from changing",
    lines: [codes("password", "requisite", "update=authtok_err"), codes("password", "required")],
    calls: [["update", "authtok_err"]],
    asked: ["preliminary", "preliminary", "update"],
  },
  {
    what: "a session that must be refused is refused",
    lines: [permit("session", "required"), codes("session", "required", "openSession=perm_denied")],
    calls: [["openSession", "perm_denied"]],
  },
];

for (const { what, lines, calls, asked } of ROWS) {
  Deno.test(`libpam: ${what}`, async () => {
    const harness = shared();
    const service = newService();
    harness.stack(service, lines);
    using transaction = harness.start(service);
    const hooks: string[] = [];
    for (const [hook, code] of calls) {
      const seen = await watch(harness, service, transaction, CALLS[hook]);
      assert.equal(seen.code, code, JSON.stringify(seen));
      hooks.push(
        ...seen.log.filter(({ text }) => text.includes("called")).map(({ text }) => text.split(" ")[0]!),
      );
    }
    if (asked !== undefined) assert.deepEqual(hooks, asked);
  });
}

Deno.test("two instances of one module stand side by side with options of their own", async () => {
  const harness = shared();
  const service = newService();
  harness.stack(service, [
    codes("account", "required", "text=first"),
    codes("account", "required", "text=second", "account=user_unknown", "message=who?"),
  ]);
  using transaction = harness.start(service);
  const { code, shown } = await watch(harness, service, transaction, CALLS.account);
  assert.equal(code, "user_unknown");
  assert.deepEqual(shown, ["text_info first", "text_info second", "error_msg who?"]);
});
