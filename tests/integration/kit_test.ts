// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { FakeTransaction, type HookResult } from "../../sdk/testing/mod.ts";
import { script, type ScriptStep } from "../../sdk/libpam/mod.ts";
import { type Hook, LINE_TYPES } from "../../sdk/hooks.ts";
import type { PamCode, PamItem } from "../../sdk/tokens.ts";
import type { PamModule } from "../../mod.ts";
import codes from "./modules/codes.ts";
import desk from "./modules/desk.ts";
import effects from "./modules/effects.ts";
import files from "./modules/files.ts";
import mistakes from "./modules/mistakes.ts";
import type { Harness } from "./harness.ts";
import { CALLS, fixture, newService, shareHarness, tell, watch } from "./scene.ts";

const MODULES: Readonly<Record<string, PamModule>> = { codes, desk, effects, files, mistakes };

const shared = shareHarness((harness) => {
  for (const name of Object.keys(MODULES)) harness.configure(name, fixture(name));
});

/** One hook, as the kit and the real stack are both told. */
interface Row {
  readonly module: string;
  readonly hook: Exclude<Hook, "update">;
  readonly args?: readonly string[];
  readonly grants?: readonly string[];
  readonly person?: readonly ScriptStep[];
  readonly user?: string | undefined;
  readonly items?: Partial<Record<PamItem, string>>;
  readonly environment?: Record<string, string>;
  readonly silent?: boolean;
  /** The log of the kit names the cause in words of its own. */
  readonly ownWords?: true;
}

/** What both must agree on. */
interface Outcome {
  readonly code: PamCode;
  readonly shown: readonly string[];
  readonly prompted: readonly string[];
  readonly log: readonly string[];
  readonly failure: string | undefined;
  readonly cause: string | undefined;
  readonly items: readonly (string | undefined)[];
  readonly environment: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
}

const ITEM_NAMES = ["user", "tty", "rhost"] as const;

const AUTH = ["prompt", "authtok", "set_authtok"];
const ITEMS = ["set_item:user", "set_item:tty", "set_item:rhost"];
const ENVIRONMENT = ["get_env", "env:APP_*", "env:DESK"];
const TOKENS = ["authtok", "set_authtok"];
const FILES = ["user_file:ticket-*"];
/** nobody's uid, as the kit has to be told. */
const NOBODY = 65534;

const ROWS: readonly Row[] = [
  ...(["authenticate", "setCredentials", "account", "openSession", "closeSession", "preliminary"] as const)
    .flatMap((hook) => [
      { module: "codes", hook },
      { module: "codes", hook, args: ["text=hello", `${hook}=perm_denied`, "message=no\tway\x1b[1m ü"] },
      { module: "codes", hook, args: ["text=hello", `${hook}=perm_denied`, "message=no"], silent: true },
      { module: "codes", hook, args: [`${hook}=ignore`] },
      { module: "codes", hook, args: [`${hook}=acct_expired`] },
      { module: "codes", hook, args: ["colour=blue"] },
    ]),
  { module: "codes", hook: "preliminary", args: ["update=authtok_recover_err", "message=too short"] },
  { module: "codes", hook: "account", user: undefined },
  { module: "codes", hook: "account", user: "al\nice", ownWords: true },
  { module: "codes", hook: "account", items: { rhost: "a\x1bb" }, ownWords: true },
  { module: "codes", hook: "account", items: { user_prompt: "two\nlines" } },
  { module: "codes", hook: "account", items: { tty: "x".repeat(1025) }, ownWords: true },
  { module: "codes", hook: "account", args: ["account=success", "use_first_pass", "authtok_type=X"] },
  { module: "codes", hook: "account", args: ["account=success", "account"] },

  { module: "desk", hook: "authenticate", grants: AUTH },
  { module: "desk", hook: "authenticate", grants: ["prompt"] },
  { module: "desk", hook: "authenticate", grants: AUTH, args: ["do=nonsense"] },
  {
    module: "desk",
    hook: "authenticate",
    grants: AUTH,
    user: undefined,
    person: [{ prompt: /.*/, echo: true, answer: "root" }],
  },
  {
    module: "desk",
    hook: "authenticate",
    grants: AUTH,
    user: undefined,
    person: [{ prompt: /.*/, fail: "conv_err" }],
  },
  {
    module: "desk",
    hook: "authenticate",
    grants: AUTH,
    user: undefined,
    items: { user_prompt: "Who? " },
    person: [{ prompt: "Who? ", answer: "root" }],
  },
  {
    module: "desk",
    hook: "authenticate",
    grants: AUTH,
    args: ["do=form"],
    person: [{ prompt: "Floor: ", answer: "4" }, { prompt: "PIN: ", answer: "1" }],
  },
  {
    module: "desk",
    hook: "authenticate",
    grants: AUTH,
    args: ["do=form"],
    silent: true,
    person: [{ prompt: "Floor: ", answer: "3" }, { prompt: "PIN: ", answer: "1" }],
  },
  ...(["one two three", "", "x".repeat(512), undefined] as const).map((answer): Row => ({
    module: "desk",
    hook: "authenticate",
    grants: AUTH,
    args: ["do=hidden"],
    person: [{ prompt: "Code: ", echo: false, answer }],
  })),
  ...(["conv_err", "conv_again", "abort"] as const).map((fail): Row => ({
    module: "desk",
    hook: "authenticate",
    grants: AUTH,
    args: ["do=hidden"],
    person: [{ prompt: "Code: ", fail }],
  })),
  {
    module: "desk",
    hook: "authenticate",
    grants: AUTH,
    args: ["do=texts"],
    person: [{ prompt: "Read all? ", answer: "yes" }],
  },
  ...[["wants=pw"], ["wants=pw", "prompt=Badge: "], ["wants=other"]].map((args): Row => ({
    module: "desk",
    hook: "authenticate",
    grants: AUTH,
    args: ["do=token", ...args],
    person: [{ prompt: /: $/, echo: false, answer: "pw" }],
  })),
  { module: "desk", hook: "authenticate", grants: AUTH, args: ["do=token", "use_first_pass"] },
  {
    module: "desk",
    hook: "authenticate",
    grants: AUTH,
    args: ["do=token"],
    person: [{ prompt: /./, fail: "conv_err" }],
  },
  ...[[], ["authtok_type=LDAP"], ["prompt=Fresh: "]].map((args): Row => ({
    module: "desk",
    hook: "preliminary",
    grants: TOKENS,
    args,
    person: [
      { prompt: "Old one: ", answer: "old" },
      { prompt: /^(New|Fresh)/, answer: "brand new" },
      { prompt: /^Retype/, answer: "brand new" },
    ],
  })),
  {
    module: "desk",
    hook: "preliminary",
    grants: TOKENS,
    person: [
      { prompt: "Old one: ", answer: "old" },
      { prompt: /^New/, answer: "one" },
      { prompt: /^Retype/, answer: "two" },
    ],
  },
  {
    module: "desk",
    hook: "preliminary",
    grants: TOKENS,
    args: ["use_authtok"],
    person: [{ prompt: "Old one: ", answer: "old" }],
  },

  { module: "effects", hook: "authenticate", grants: ITEMS, items: { tty: "tty1" } },
  { module: "effects", hook: "authenticate", grants: ITEMS, items: { tty: "tty1" }, args: ["code=denied"] },
  { module: "effects", hook: "authenticate", grants: ITEMS, args: ["code=ignore"] },
  { module: "effects", hook: "authenticate", grants: ["set_item:user"] },
  { module: "effects", hook: "authenticate", grants: ITEMS, args: ["delay=PT31S"] },
  { module: "effects", hook: "openSession", grants: ENVIRONMENT, environment: { LANG: "C", APP_OLD: "1" } },
  {
    module: "effects",
    hook: "openSession",
    grants: ENVIRONMENT,
    args: ["code=session_err"],
    environment: { APP_OLD: "1" },
  },
  {
    module: "effects",
    hook: "openSession",
    grants: ENVIRONMENT,
    environment: { BIG: "x".repeat(4097) },
    ownWords: true,
  },
  { module: "effects", hook: "preliminary" },
  { module: "effects", hook: "closeSession", grants: ENVIRONMENT },

  ...(["authenticate", "setCredentials", "openSession", "closeSession"] as const).flatMap((hook) =>
    ["change", "path"].map((what): Row => ({ module: "files", hook, grants: FILES, args: [`do=${what}`] }))
  ),
  ...[
    ["name=ticket-"],
    ["name=ticket"],
    ["name=../ticket-1"],
    ["content="],
    ["do=big"],
    ["do=delete"],
    ["do=more"],
    ["do=nothing"],
    ["code=perm_denied"],
    ["code=ignore"],
  ].map((args): Row => ({ module: "files", hook: "openSession", grants: FILES, args })),
  { module: "files", hook: "openSession", grants: ["user_file:ticket-1"] },
  { module: "files", hook: "openSession", grants: ["user_file:tick*", "prompt"], args: ["do=path"] },
  { module: "files", hook: "openSession", grants: FILES, user: "nobody-of-this-name" },
  { module: "files", hook: "openSession", grants: FILES, user: "nobody-of-this-name", args: ["do=path"] },
  { module: "files", hook: "account" },

  ...[
    "throw",
    "throw a string",
    "throw two lines",
    "return nothing",
    "return true",
    "resolve to nothing",
    "return a code of another hook",
    "return incomplete",
    "deny and return success",
    "deny with success",
    "throw a denial",
  ].map((mistake): Row => ({ module: "mistakes", hook: "account", args: [`do=${mistake}`] })),
  { module: "mistakes", hook: "account", args: ["hour=nine"] },
  { module: "mistakes", hook: "openSession" },
  { module: "mistakes", hook: "setCredentials", grants: ["prompt"] },
  {
    module: "mistakes",
    hook: "authenticate",
    grants: ["prompt"],
    args: ["do=forget await"],
    person: [{ prompt: "Name: ", answer: "x" }],
  },
];

function gather(hooks: readonly HookResult[]): Omit<Outcome, "code" | "items" | "environment" | "files"> {
  const flat = (key: "shown" | "prompted") =>
    hooks.flatMap((seen) => seen[key].map(({ style, text }) => `${style} ${text}`));
  return {
    shown: flat("shown"),
    prompted: flat("prompted"),
    log: hooks.flatMap(({ log }) => log.map(({ level, text }) => `${level} ${clean(text)}`)),
    failure: hooks.at(-1)?.failure,
    cause: clean(hooks.at(-1)?.cause),
  };
}

/** Without what differs by nature: where the module's file lies, where files are left, and the code, which the kit tells apart. */
function clean(text: string): string;
function clean(text: string | undefined): string | undefined;
function clean(text: string | undefined): string | undefined {
  return text?.replace(/ \| at .*$/s, " | at …").replace(/ \[[a-z-]+\] https:\S+$/, "")
    .replace(/now=\w+/, "now=…").replace(/"[^"]*\/user\//, '"…/user/');
}

/** What the kit says. */
async function inKit(row: Row, service: string): Promise<Outcome> {
  const { module, hook, args = [], grants = [], person = [], items = {}, environment = {}, silent = false } =
    row;
  const transaction = new FakeTransaction(MODULES[module]!, {
    name: module,
    service,
    user: "user" in row ? row.user : "nobody",
    items,
    environment,
    options: args,
    grants: { [LINE_TYPES[hook]]: grants },
    users: { nobody: { uid: NOBODY } },
    conversation: person,
    uid: Deno.uid() ?? 0,
  });
  const flags = silent ? ["silent"] as const : [];
  const results: HookResult[] = [await transaction.run(hook, { flags })];
  if (hook === "preliminary" && results[0]!.code === "success") {
    results.push(await transaction.run("update", { flags }));
  }
  const { code } = results.at(-1)!;
  return {
    ...gather(results),
    // A stack in which nobody said more than `ignore`.
    code: code === "ignore" ? "perm_denied" : code,
    items: ITEM_NAMES.map((name) => transaction.items[name]),
    environment: transaction.environment,
    files: filesLeft(results),
  };
}

/** The files that are there after hooks that began without any. */
function filesLeft(results: readonly HookResult[]): Record<string, string> {
  const files = Object.entries(Object.assign({}, ...results.map(({ userFiles }) => userFiles)));
  return Object.fromEntries(
    files.filter(([, content]) => content !== undefined).map((
      [name, content],
    ) => [`${NOBODY}-${name}`, (content as Uint8Array).toHex()]),
  );
}

/** The files that there really are; they are removed. */
function filesThere(harness: Harness): Record<string, string> {
  const folder = join(harness.runtimeDir, "user");
  return Object.fromEntries([...Deno.readDirSync(folder)].map(({ name }) => {
    const content = Deno.readFileSync(join(folder, name)).toHex();
    Deno.removeSync(join(folder, name));
    return [name, content];
  }));
}

/** What libpam, the shim and a worker say. */
async function inReality(row: Row, service: string): Promise<Outcome> {
  const { module, hook, args = [], grants = [], person = [], items = {}, environment = {}, silent = false } =
    row;
  const harness = shared();
  const options = grants.length === 0 ? [] : [`grant=${grants}`];
  harness.stack(service, [{ type: LINE_TYPES[hook], module, options, args }]);
  using transaction = harness.start(service, {
    user: ("user" in row ? row.user : "nobody") as string,
    items,
    environment,
    conversation: script(person),
  });
  const call = silent ? SILENT[hook] : CALLS[hook];
  const seen = await watch(harness, service, transaction, call);
  const own = seen.log.flatMap((line) => {
    const [, level, text] = /^(\w+) \w+ \w+ says: (.*)$/s.exec(tell(line)) ?? [];
    return level === undefined ? [] : [`${level === "err" ? "error" : level} ${clean(text!)}`];
  });
  const failed = /^err \w+ \w+: (\w+), \w+ in \d+ ms(?: for .*?)??: (?:the worker says(?: busy)?: )?(.*)$/s;
  const [, failure, cause] = seen.log.map((line) => failed.exec(tell(line)) ?? []).find(([line]) => line) ??
    [];
  return {
    code: seen.code,
    shown: seen.shown.filter((text) => !text.startsWith("prompt")),
    prompted: seen.shown.filter((text) => text.startsWith("prompt")),
    log: own,
    failure,
    cause: clean(cause),
    items: ITEM_NAMES.map((name) => transaction.getItem(name)),
    environment: transaction.environment,
    files: filesThere(harness),
  };
}

const silent = { silent: true };
const SILENT: typeof CALLS = {
  authenticate: (transaction) => transaction.authenticate(silent),
  setCredentials: (transaction) => transaction.setCredentials("establish", silent),
  account: (transaction) => transaction.account(silent),
  openSession: (transaction) => transaction.openSession(silent),
  closeSession: (transaction) => transaction.closeSession(silent),
  preliminary: (transaction) => transaction.changePassword(silent),
  update: (transaction) => transaction.changePassword(silent),
};

for (const row of ROWS) {
  const words = [row.module, ...row.args ?? []].join(" ").slice(0, 60);
  Deno.test(`the kit and the shim agree on ${row.hook}: ${JSON.stringify(words)} ${ROWS.indexOf(row)}`, async () => {
    const service = newService();
    const kit = await inKit(row, service);
    const real = await inReality(row, service);
    assert.equal(real.cause === undefined, kit.cause === undefined);
    assert.deepEqual(row.ownWords ? { ...real, cause: kit.cause } : real, kit);
  });
}
