// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Hook, HOOKS } from "../../sdk/hooks.ts";
import type { PamCode } from "../../sdk/tokens.ts";
import { SHIM } from "./harness.ts";
import { assertSeen, CALLS, fixture, newService, play, type Scene, shareHarness, watch } from "./scene.ts";

const GREEDY = `
import { defineModule, type PamModule } from "@pam-deno/sdk";
export default defineModule({
  grants: { account: ["prompt", "shadow", "env:KRB5CCNAME"], auth: ["authtok", "set_item:user"] },
  account: () => "success",
  authenticate: () => "success",
}) as PamModule;
`;

const shared = shareHarness((harness) => {
  harness.configure("codes", fixture("codes"), { options: { text: "asked" } });
  harness.configure("greedy", GREEDY);
});

/** A row: what stands on the line, and what comes of it. */
interface Row extends Omit<Scene, "hook" | "module"> {
  readonly what: string;
  readonly module?: string;
  readonly hook?: Hook;
  readonly code: PamCode;
  readonly log: RegExp;
  /** Whether the module was asked. */
  readonly asked?: boolean;
}

const BAD = "is not a value of that option: it takes";

const ROWS: readonly Row[] = [
  ...[
    ["timeout=", "timeout=", "1ms to 600s"],
    ["timeout=5", "timeout=5", "1ms to 600s"],
    ["timeout=0s", "timeout=0s", "1ms to 600s"],
    ["timeout=601s", "timeout=601s", "1ms to 600s"],
    ["timeout=-1s", "timeout=-1s", "1ms to 600s"],
    ["prompt_timeout=1h", "prompt_timeout=1h", "1ms to 600s"],
    ["on_unreachable=success", "on_unreachable=success", "ignore"],
    ["on_unreachable=", "on_unreachable=", "ignore"],
    ["debug=1", "debug=1", "yes or no"],
    ["instance=A B", "instance=A B", "a name of"],
    ["runtime_dir=run/pam-deno", "runtime_dir=run/pam-deno", "a path from /"],
    ["runtime_dir=/run/../tmp", "runtime_dir=/run/../tmp", "a path from /"],
    ["config_dir=/etc//pam-deno", "config_dir=/etc//pam-deno", "a path from /"],
  ].map(([option, told, wants]): Row => ({
    what: `the bad value ${option}`,
    options: [option!],
    code: "service_err",
    log: new RegExp(`^err account codes: misconfigured, service_err .*: ${told} ${BAD} ${wants}`),
  })),
  {
    what: "an option that the shim does not know",
    options: ["time_out=1s"],
    code: "success",
    asked: true,
    log: /^err account codes: unknown shim option time_out=1s is ignored; options of the module stand behind/,
  },
  {
    what: "a grant that does not exist",
    options: ["grant=promt"],
    code: "success",
    asked: true,
    log: /^err account codes: grant promt is not given: there is no such grant/,
  },
  {
    what: "a grant of another type of line",
    options: ["grant=authtok"],
    code: "success",
    asked: true,
    log: /^err account codes: grant authtok is not given: it exists on auth and password lines only/,
  },
  {
    what: "a variable that nobody may set",
    options: ["grant=env:LD_PRELOAD"],
    code: "success",
    asked: true,
    log: /^err account codes: grant env:LD_PRELOAD is not given: no module may set this variable/,
  },
  {
    what: "every variable",
    options: ["grant=env:*"],
    code: "success",
    asked: true,
    log: /^err account codes: grant env:\* is not given: env:\* would be every variable/,
  },
  {
    what: "too many grants",
    options: [`grant=${Array.from({ length: 33 }, (_, i) => `env:V${i}`)}`],
    code: "service_err",
    log: /^err account codes: misconfigured, .*more than 32 grants/,
  },
  {
    what: "too many options of the module",
    args: Array.from({ length: 65 }, (_, i) => `o${i}`),
    code: "service_err",
    log: /^err account codes: misconfigured, .*more than 64 options/,
  },
  {
    what: "no grants for a module that declares some",
    module: "greedy",
    code: "service_err",
    log:
      /^err account greedy: misconfigured, service_err .*: the worker says: the account line does not give prompt,shadow,env:KRB5CCNAME: write grant=prompt,shadow,env:KRB5CCNAME/,
  },
  {
    what: "too few grants for a module that declares more",
    module: "greedy",
    options: ["grant=shadow,env:KRB5*"],
    code: "service_err",
    log:
      /^err account greedy: misconfigured, .*the account line does not give prompt: write grant=prompt on it/,
  },
  {
    what: "grants of another type of line than those declared for this one",
    module: "greedy",
    hook: "authenticate",
    options: ["grant=prompt,shadow,authtok"],
    code: "service_err",
    log: /^err authenticate greedy: misconfigured, .*the auth line does not give set_item:user/,
  },
  ...["on_unreachable=ignore", "debug=no"].map((option): Row => ({
    what: `a misspelt module next to ${option}`,
    module: "greedi",
    options: [option],
    code: "service_err",
    log:
      /^err account greedi: misconfigured, service_err in .*no module of this name in .*did you mean greedy\?/,
  })),
  {
    what: "a module whose name is nothing like any other",
    module: "time-machine",
    options: ["on_unreachable=ignore"],
    code: "service_err",
    log: /^err account time-machine: misconfigured, .*no module of this name in [^(]*: mend the pam.d line/,
  },
  ...["../codes", "Codes", "codes/../codes", "-codes", "x".repeat(65), "söhne"].map((module): Row => ({
    what: `a word that cannot name a module, ${module.slice(0, 20)}`,
    module,
    options: ["on_unreachable=ignore"],
    code: "service_err",
    log: /^err account \(no module\): misconfigured, .* is not the name of a module: a-z, 0-9, _ and -/,
  })),
];

for (const { what, hook = "account", module = "codes", code, log, asked = false, ...scene } of ROWS) {
  Deno.test(`the line is answered with ${code} and a log line: ${what}`, async () => {
    const seen = await play(shared(), { module, hook, ...scene });
    assertSeen(seen, { code, log, shown: asked ? ["text_info asked"] : [] });
  });
}

for (const hook of Object.keys(HOOKS) as Hook[]) {
  Deno.test(`a line without a module is misconfigured for ${hook}`, async () => {
    const harness = shared();
    const service = newService();
    const types = { authenticate: "auth", setCredentials: "auth", account: "account" } as const;
    const type = types[hook as keyof typeof types] ?? (hook.endsWith("Session") ? "session" : "password");
    for (const args of [[], ["on_unreachable=ignore"], ["use_first_pass"]]) {
      harness.stack(service, [{ type, control: "required", module: SHIM, args }]);
      using transaction = harness.start(service);
      const seen = await watch(harness, service, transaction, CALLS[hook]);
      // libpam stops after a first pass that fails.
      const word = hook === "update" ? "preliminary" : hook;
      assertSeen(seen, {
        code: "service_err",
        log: new RegExp(
          `^err ${word} \\(no module\\): misconfigured, service_err .* names no module: add the name`,
        ),
      });
    }
  });
}

Deno.test("a list of hooks that the shim does not understand is misconfigured", async () => {
  const link = join(shared().configDir, "hooks", "odd");
  const rows: [target: string, log: RegExp][] = [
    ["account,logIn", /lists the hook logIn, which this shim does not know: run pam-deno add again/],
    ["account,", /lists the hook , which this shim does not know/],
    ["account, openSession", /lists the hook {2}openSession/],
    ["x".repeat(300), /lists more than all hooks/],
  ];
  for (const [target, log] of rows) {
    Deno.symlinkSync(target, link);
    const seen = await play(shared(), { module: "odd", hook: "account", options: ["on_unreachable=ignore"] });
    Deno.removeSync(link);
    assertSeen(seen, {
      code: "service_err",
      log: new RegExp(`^err account odd: misconfigured, .*${log.source}`),
    });
  }
  Deno.writeTextFileSync(link, "account");
  const seen = await play(shared(), { module: "odd", hook: "account", options: ["on_unreachable=ignore"] });
  Deno.removeSync(link);
  assertSeen(seen, { code: "service_err", log: /^err account odd: misconfigured, .*is not a symbolic link/ });
});

const NAMES: readonly [what: string, value: string | Uint8Array][] = [
  ["a newline", "alice\nroot"],
  ["a carriage return", "alice\rroot"],
  ["an escape", "alice\x1b[2J"],
  ["DEL", "alice\x7f"],
  ["more than ITEM_MAX octets", "a".repeat(1025)],
  ["octets that are not UTF-8", new Uint8Array([0x61, 0xff, 0xfe])],
  ["half a surrogate pair", new Uint8Array([0x61, 0xed, 0xa0, 0x80])],
];

for (const item of ["user", "rhost", "tty", "ruser", "xdisplay"] as const) {
  Deno.test(`${item} with what cannot travel ends the hook, and the log does not repeat it`, async () => {
    for (const [what, value] of NAMES) {
      const scene = item === "user" ? { user: value } : { items: { [item]: value } };
      const seen = await play(shared(), {
        module: "codes",
        hook: "account",
        options: ["on_unreachable=ignore"],
        ...scene,
      });
      assertSeen(seen, {
        code: "system_err",
        log: new RegExp(
          `^err account codes: protocol, system_err .*: item ${item} is longer than 1024 octets`,
        ),
      }, what);
      assert.equal(seen.log.length, 1);
      assert.doesNotMatch(seen.log[0]!.text, /alice|aaa/);
    }
  });
}

Deno.test("a user_prompt that cannot travel is left out, and the hook goes on", async () => {
  const seen = await play(shared(), {
    module: "codes",
    hook: "account",
    items: { user_prompt: "Name\nplease: " },
  });
  assertSeen(seen, { code: "success", shown: ["text_info asked"] });
});

Deno.test("names with every odd character that can travel reach the handler as they are", async () => {
  for (const user of ["a b", "%s%n", "'; drop", "名前", "../../etc/passwd", "x".repeat(1024), "\\"]) {
    const seen = await play(shared(), { module: "codes", hook: "account", user });
    assertSeen(seen, { code: "success", shown: ["text_info asked"] });
    const told = JSON.stringify(user).slice(1, 200);
    assert.ok(seen.log[0]?.text.includes(told), JSON.stringify(seen));
  }
});

Deno.test("a hook without a user is user_unknown", async () => {
  for (const start of [{ user: undefined as never }, { user: "" }]) {
    const seen = await play(shared(), { module: "codes", hook: "account", ...start });
    assertSeen(seen, {
      code: "user_unknown",
      log: /^notice account codes: user_unknown in \d+ ms: the application names no user$/,
    });
  }
});

Deno.test("an environment that does not fit ends the hook under get_env", async () => {
  const rows: [Record<string, string>, RegExp][] = [
    [{ BIG: "x".repeat(4097) }, /variable BIG of the PAM environment is longer than 4096 octets/],
    [{ [`N${"x".repeat(64)}`]: "" }, /variable Nx{63} of the PAM environment/],
    [
      Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`V${i}`, ""])),
      /environment has more than 64 variables/,
    ],
    [
      { A: "x".repeat(4096), B: "x".repeat(4096), C: "x".repeat(4096), D: "x".repeat(4096) },
      /do not fit into one/,
    ],
  ];
  for (const [environment, cause] of rows) {
    const scene: Scene = { module: "codes", hook: "account", environment };
    assertSeen(await play(shared(), scene), { code: "success", shown: ["text_info asked"] });
    const seen = await play(shared(), { ...scene, options: ["grant=get_env", "on_unreachable=ignore"] });
    const log = new RegExp(`^err account codes: protocol, system_err .*${cause.source}`);
    assertSeen(seen, { code: "system_err", log });
  }
});
