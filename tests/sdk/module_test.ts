// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import * as v from "valibot";
import { defineModule } from "../../mod.ts";
import { loadModule } from "../../sdk/load.ts";
import { said } from "./codes.ts";

// deno-lint-ignore no-explicit-any
const define = defineModule as (definition: any) => unknown;
const account = () => "success" as const;

function refuses(definition: unknown, message: string): void {
  assert.throws(() => define(definition), { name: "TypeError", message: said(`defineModule(): ${message}`) });
}

Deno.test("defineModule() gives a frozen plain object with its handlers by hook", () => {
  const update = () => "success" as const;
  const module = defineModule({
    grants: { auth: ["prompt"] },
    permissions: { read: ["/etc/rules"] },
    closeSession: account,
    account,
    changePassword: { update },
  });
  assert.deepEqual(module, {
    pamModule: 1,
    options: undefined,
    grants: { auth: ["prompt"] },
    permissions: { read: ["/etc/rules"] },
    handlers: { account, closeSession: account, update },
  });
  assert.equal(Object.getPrototypeOf(module), Object.prototype);
  for (const part of [module, module.grants, module.grants.auth, module.permissions, module.handlers]) {
    assert.ok(Object.isFrozen(part));
  }
});

Deno.test("defineModule() refuses a definition that is none", () => {
  for (const definition of [undefined, null, 3, "account"]) refuses(definition, "it takes an object");
  refuses(
    {},
    "there is no handler: define at least one of authenticate, setCredentials, account, openSession, " +
      "closeSession, changePassword",
  );
});

Deno.test("defineModule() suggests the name that was meant", () => {
  refuses({ acount: account }, 'it has "acount" (did you mean "account"?)');
  refuses({ account, option: v.object({}) }, 'it has "option" (did you mean "options"?)');
  refuses({ changePassword: { updat: account } }, 'changePassword has "updat" (did you mean "update"?)');
  refuses({ account, grants: { sesion: [] } }, 'grants has "sesion" (did you mean "session"?)');
  refuses(
    { account, name: "policy" },
    'it has "name": it takes options, grants, permissions, authenticate, setCredentials, account, openSession, ' +
      "closeSession, changePassword",
  );
});

Deno.test("defineModule() refuses what is no handler", () => {
  refuses({ account: "success" }, "account must be a function, not string");
  refuses({ account: null }, "account must be a function, not object");
  refuses(
    { changePassword: account },
    "changePassword must be an object with the handlers preliminary and update",
  );
  refuses(
    { changePassword: { preliminary: account } },
    "changePassword has no update: it is the pass that changes",
  );
  refuses({ changePassword: { update: 1 } }, "update must be a function, not number");
});

Deno.test("defineModule() refuses options that are no validator", () => {
  const message = "options must be a validator that follows Standard Schema: one of valibot, zod or arktype";
  for (const options of [{}, null, { tz: "string" }, v.object]) refuses({ account, options }, message);
});

Deno.test("defineModule() refuses grants that cannot be given", () => {
  const grants = (line: string, grant: unknown) => ({ account, grants: { [line]: [grant] } });
  refuses({ account, grants: { auth: "prompt" } }, "grants.auth must be a list");
  refuses(grants("auth", 3), "grants.auth holds a number: write grants as strings");
  refuses(
    grants("auth", "promt"),
    'grants.auth holds "promt": the grants are prompt, authtok, set_authtok, get_env, shadow, set_item:NAME, env:NAME and user_file:NAME',
  );
  refuses(
    grants("account", "authtok"),
    'grants.account holds "authtok": tokens exist only on auth and password lines',
  );
  refuses(
    grants("auth", "set_item:service"),
    'grants.auth holds "set_item:service": the items that can be set are user, tty, rhost, ruser, user_prompt, ' +
      "xdisplay, authtok_type",
  );
  refuses(
    grants("session", "env:*"),
    'grants.session holds "env:*": write the name of a variable, with * behind it for a prefix',
  );
  refuses(
    grants("session", "env:LD_PRELOAD"),
    'grants.session holds "env:LD_PRELOAD": this variable is refused whatever the grant',
  );
  for (const line of ["account", "password"]) {
    refuses(
      grants(line, "user_file:token"),
      `grants.${line} holds "user_file:token": user files are made on auth and session lines only`,
    );
  }
  for (const name of ["*", "", ".a", "-a", "a/b", "a*b", "a**", "ä", "x".repeat(65)]) {
    refuses(
      grants("session", `user_file:${name}`),
      `grants.session holds "user_file:${name}": write the name of a file, at most 64 letters, digits, ".", "_" ` +
        'and "-" (USER_FILE_NAME_MAX), the first a letter or a digit, with * behind it for a prefix',
    );
  }
  for (const name of ["a", "A.b_c-1", "9*", "x".repeat(64)]) {
    define(grants("session", `user_file:${name}`));
  }
});

Deno.test("defineModule() refuses permissions that cannot be given", () => {
  refuses(
    { account, permissions: true },
    'permissions must be an object, such as { read: [{ option: "rules" }] }',
  );
  refuses(
    { account, permissions: { run: ["/bin/sh"] } },
    'permissions has "run": the permissions are read, write, net, env, sys',
  );
  refuses({ account, permissions: { net: true } }, "permissions.net must be a list of values");
  refuses(
    { account, permissions: { net: [""] } },
    'permissions.net holds something else than a string or { option: "NAME" }',
  );
});

const good = defineModule({ options: v.object({ rules: v.string() }), account });

Deno.test("loadModule() takes a namespace or a module, and gives the hooks in their order", () => {
  const module = defineModule({ changePassword: { update: account }, openSession: account, account });
  for (const exported of [module, { default: module, other: 1 }]) {
    const loaded = loadModule(exported, { name: "policy" });
    assert.deepEqual([...loaded.hooks], ["account", "openSession", "update"]);
    assert.equal(loaded.name, "policy");
  }
});

Deno.test("loadModule() takes a module that went through JSON and other realms as long as its shape is right", () => {
  const copy = { ...good, handlers: { ...good.handlers } };
  assert.deepEqual([...loadModule(copy, { name: "policy" }).hooks], ["account"]);
});

Deno.test("loadModule() says what is wrong with an export, and how to mend it", () => {
  const mend = 'end its file with "export default defineModule({ … }) as PamModule"';
  const made = (what: string) =>
    `module "m": its default export is ${what} that defineModule() did not make: ${mend}`;
  const cases: [unknown, string][] = [
    [{}, `module "m" has no default export: ${mend}`],
    [{ account }, `module "m" has no default export: ${mend}`],
    [{ default: account }, made("a function")],
    [{ default: [] }, made("a list")],
    [{ default: { account } }, made("an object")],
    [null, made("null")],
    [
      { ...good, pamModule: 2 },
      'module "m" is in format 2, this runtime knows 1: ' +
      "bundle it again with an SDK that fits the installed runtime",
    ],
    [{ ...good, options: {} }, 'module "m": its options are an object that does not follow Standard Schema'],
    [{ ...good, handlers: [] }, 'module "m": its handlers are a list, not an object'],
    [{ ...good, handlers: {} }, 'module "m": it has no handler'],
    [{ ...good, handlers: { account: 1 } }, 'module "m": account is a number, not a function'],
    [
      { ...good, handlers: { login: account } },
      'module "m": it has a handler for "login", which this runtime does not know',
    ],
    [{ ...good, grants: undefined }, 'module "m": its grants are nothing, not an object'],
    [
      { ...good, grants: { root: [] } },
      'module "m": its grants have "root", not lists under auth, account, session, password',
    ],
    [
      { ...good, grants: { account: ["authtok"] } },
      'module "m": grants.account holds "authtok": tokens exist only on auth and password lines',
    ],
    [
      { ...good, permissions: null },
      'module "m": permissions must be an object, such as { read: [{ option: "rules" }] }',
    ],
    [
      { ...good, permissions: { read: [{ option: "rulez" }] } },
      'module "m": permissions.read names the option "rulez", which the validator does not know',
    ],
  ];
  for (const [exported, message] of cases) {
    assert.throws(() => loadModule(exported, { name: "m" }), { name: "TypeError", message: said(message) });
  }
  assert.throws(() => loadModule(good, { name: "m", configured: { rules: {} } }), {
    name: "TypeError",
    message: /^module "m": the configured option "rules" is an object/,
  });
});
