// SPDX-License-Identifier: MIT
/**
 * The codes of what goes wrong: one for each thing that a person has to do about it.
 *
 * A code is for good: it may be added, and is never taken away, renamed or given another meaning, because people search for it and
 * programs compare it. Each has a page, `docs/errors/CODE.md`, which `pam-deno explain CODE` shows. Only the type is for the rest of
 * the SDK: the table is not to be carried into every module's bundle.
 *
 * @module
 */

/** Where a code comes from, and what stands above its group in a list. */
export const ERROR_GROUPS = {
  handler: "While a handler runs: mistakes of the module",
  load: "When a module is loaded",
  worker: "Workers, and who serves them",
  shim: "The classes of failure that pam_deno.so logs",
  kit: "The test kit and the client of libpam",
  command: "What pam-deno says when it fails",
  check: "What pam-deno check finds",
} as const;

/** A group of codes. */
export type ErrorGroup = keyof typeof ERROR_GROUPS;

/**
 * Each code with its group and what happened, in one line.
 *
 * @example
 * ```ts
 * import type { ERROR_CODES } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * const [group]: (typeof ERROR_CODES)["deny-thrown"] = [
 *   "handler",
 *   "A handler threw what deny() made, instead of returning it",
 * ];
 * assert.equal(group, "handler");
 * ```
 */
export const ERROR_CODES = {
  "deny-thrown": ["handler", "A handler threw what deny() made, instead of returning it"],
  "deny-not-returned": ["handler", "A handler called deny() and returned something else"],
  "deny-of-another-hook": ["handler", "A handler returned what the deny() of another hook had made"],
  "deny-takes-refusals": [
    "handler",
    "deny() was given a code that refuses nothing, or that its hook does not have",
  ],
  "not-awaited": ["handler", "A handler returned while a question that it had asked was still open"],
  "nothing-returned": ["handler", "A handler returned nothing"],
  "boolean-returned": ["handler", "A handler returned true or false instead of a code"],
  "no-code-returned": ["handler", "A handler returned something that is neither a code nor what deny() made"],
  "wrong-code": ["handler", "A handler returned a word that is no code of its hook"],
  "handler-threw": ["handler", "A handler threw an error, or its promise was rejected"],
  "no-error-thrown": ["handler", "A handler threw something that is no Error"],
  "pam-error-not-caught": ["handler", "A question could not be answered, and the handler did not catch that"],
  "permission-missing": [
    "handler",
    "A handler wanted something of the machine for which it has no permission",
  ],
  "grant-not-declared": ["handler", "A handler used something for which the module declares no grant"],
  "argument-refused": ["handler", "A function of the context was given something that it does not take"],
  "limit-exceeded": ["handler", "A function of the context was given more than a hook may have"],
  "variable-refused": ["handler", "A handler wanted to change a variable that no grant can give"],
  "data-too-large": ["handler", "The module data would be over 4096 bytes"],
  "data-holds-secret": ["handler", "A handler wanted to keep a Secret in the module data"],
  "data-key-invalid": ["handler", "dataKey() was given a bad name, or no validator"],
  "data-unreadable": ["handler", "The module data on the PAM handle are not what a module writes"],
  "data-outdated": ["handler", "A value of the module data does not fit its validator any more"],
  "secret-wiped": ["handler", "A Secret was used after it had been wiped"],
  "effects-too-large": ["handler", "What a hook wanted to change does not fit into one answer"],
  "effects-with-ignore": [
    "handler",
    'A handler made changes and returned "ignore", with which they are dropped',
  ],
  "effect-too-late": ["handler", "A handler did something after its hook had ended"],
  "too-many-texts": ["handler", "A hook showed more than 16 texts"],
  "log-lines-left-out": ["handler", "A hook wrote more lines to the log than it may"],
  "validator-asynchronous": ["handler", "The validator of the options answers with a promise"],
  "several-verbs": ["handler", "An application called pam_setcred() with several verbs at once"],
  "shim-older": ["handler", "The application has an older pam_deno.so loaded than this needs"],
  "runtime-failed": ["handler", "The runtime itself failed while it ran a hook"],
  "no-default-export": ["load", "A module's file has no default export"],
  "not-a-module": ["load", "A module's default export was not made by defineModule()"],
  "module-format": ["load", "A bundle was made with an SDK that this runtime does not know"],
  "definition-invalid": ["load", "defineModule() was given something that it does not know"],
  "no-handler": ["load", "A module has no handler"],
  "handler-invalid": ["load", "A handler is no function, or is for a hook that does not exist"],
  "grants-invalid": ["load", "A module declares grants that there are not"],
  "permissions-invalid": ["load", "A module declares permissions that there are not"],
  "options-schema-invalid": ["load", "A module's options are no validator that follows Standard Schema"],
  "option-name-reserved": ["load", "A module has an option with a name that is libpam's own"],
  "configured-option-invalid": ["load", "An option in the configuration is nothing that a word can be"],
  "declaration-changed": ["worker", "A module declares something else than when it was installed"],
  "configured-option-refused": ["worker", "A module refuses an option of its configuration"],
  "runtime-damaged": ["worker", "The runtime does not understand itself"],
  "permissions-not-as-told": ["worker", "A worker may do something else than it was told"],
  "started-by-hand": ["worker", "A worker was started by somebody else than a supervisor"],
  "not-caught": ["worker", "Something failed in a module outside of any hook"],
  "descriptors-used-up": ["worker", "A worker has no descriptors left"],
  "import-refused": ["worker", "A module wanted to run code that is not in its bundle"],
  busy: ["worker", "Too many hooks were in flight"],
  "no-common-version": ["worker", "Shim and worker have no version of the protocol in common"],
  "shim-of-another-build": ["worker", "A shim that was built from something else speaks the same version"],
  "hook-abandoned": ["worker", "Nobody waited for a hook's answer any more"],
  "worker-ended": ["worker", "A worker ended that nobody had asked to"],
  "worker-distrusted": ["worker", "A worker was not the process that was started"],
  "workers-not-ready": ["worker", "New workers did not become ready"],
  "not-reloaded": ["worker", "A module was not reloaded, and goes on as before"],
  "socket-handed-over": ["worker", "The sockets that the service manager handed over cannot be used"],
  "already-served": ["worker", "Another supervisor serves the same folder"],
  "run-as-refused": ["worker", "A worker's user cannot be used"],
  "system-refused": ["worker", "The system refused something that is needed"],
  unreachable: ["shim", "No connection to the module could be made"],
  "broken-off": ["shim", "The module hung up, was late or was busy"],
  threw: ["shim", "A handler threw, or returned nothing that is an answer"],
  protocol: ["shim", "Something was said that must not be: malformed, over a limit, beyond the grants"],
  misconfigured: ["shim", "The pam.d line, the options or a place is wrong"],
  "look-up-failed": ["shim", "The application could not look something up that the module asked for"],
  starved: ["shim", "The application has no descriptors or no memory left"],
  "kit-misused": ["kit", "The test kit was asked for something that it cannot do"],
  "script-not-followed": ["kit", "A conversation went otherwise than its script"],
  "libpam-misused": ["kit", "The client of libpam was asked for something that cannot be"],
  "libpam-refused": ["kit", "A function of libpam refused"],
  "libpam-missing": ["kit", "libpam, or a function of it, is not there"],
  failed: ["command", "A command could not do what it was asked to"],
  misused: ["command", "The command line is wrong"],
  declined: ["command", "The question was answered with no, or nobody could be asked"],
  unexpected: ["command", "A mistake in pam-deno itself"],
  "module-not-found": ["command", "A command was given no module"],
  "bundle-failed": ["command", "A module could not be bundled"],
  "install-failed": ["command", "An installation could not be finished, and was undone"],
  "project-refused": ["command", "The deno.json beside a module cannot be used"],
  "jail-failed": ["command", "The process that bundles could not be confined"],
  "types-wrong": ["command", "A module does not type-check"],
  "new-refused": ["command", "A new module cannot be begun"],
  "try-failed": ["command", "A module could not be tried"],
  "tests-say-nothing": ["command", "The tests of a module do not say what it needs"],
  "simulation-refused": ["command", "A simulation of a module cannot be made"],
  "simulation-late": ["command", "A hook of a simulation was not answered in time"],
  "users-not-read": ["command", "A file of users cannot be used"],
  "account-is-root": ["check", "A module's user is root by another name"],
  "account-missing": ["check", "A module's user does not exist"],
  "account-shared": ["check", "Two modules have the same user"],
  "alone-in-stack": ["check", "No other line of the stack says more than ignore"],
  "break-glass-broken": ["check", "The line that leads root past the module leads to a refusal"],
  "bundle-changed": ["check", "An installed bundle is not what was installed"],
  "bundle-not-served": ["check", "Another bundle is served than is installed"],
  "bundle-older": ["check", "A bundle was made by another version of pam-deno"],
  "cache-missing": ["check", "The compiled code of the runtime is not there"],
  "change-pending": ["check", "A change of a module was begun and not finished"],
  "config-invalid": ["check", "A configuration cannot be used"],
  "config-strange": ["check", "A file among the configurations has no name of a module"],
  "control-broken": ["check", "libpam cannot read the control of a line"],
  dangerous: ["check", "A configuration allows something that it should not have to"],
  "drop-in-stale": ["check", "The unit's drop-in does not fit the configuration"],
  "file-unsafe": ["check", "Others than root can change a file that decides"],
  "grant-missing": ["check", "A pam.d line gives less than the module needs"],
  "grant-unknown": ["check", "A pam.d line has a grant that there is not"],
  "grant-unused": ["check", "A pam.d line gives more than the module asks for"],
  "grants-too-many": ["check", "A pam.d line has more grants than it can have"],
  "jump-leaves-file": ["check", "A jump in a stack leaves its file"],
  "jump-too-far": ["check", "A jump in a stack goes past its end"],
  "line-decides-alone": ["check", "The module's line is one way in of several"],
  "line-does-nothing": ["check", "A pam.d line is of a type for which the module has no hook"],
  "line-fails-open": ["check", "By its control a line lets everybody pass when the module cannot answer"],
  "line-not-reached": ["check", "A line is not asked where another one succeeds"],
  "link-broken": ["check", "A hook link is not what the shim can read"],
  "link-left": ["check", "A hook link is left of a module that is not configured"],
  "link-missing": ["check", "A module has no hook link"],
  "link-stale": ["check", "A hook link lists other hooks than the module defines"],
  "link-unsafe": ["check", "A hook link belongs to somebody else than root"],
  "marker-missing": ["check", "The marker of the runtime folder is not there"],
  "marker-unsafe": ["check", "The marker of the runtime folder could be somebody else's"],
  "missing-is-silent": ["check", "A line has a - in front"],
  "module-broken": ["check", "A module cannot be loaded"],
  "module-missing": ["check", "The file that a configuration names is not there"],
  "module-not-named": ["check", "A pam.d line names no module"],
  "module-options-too-long": ["check", "An option on a pam.d line is too long"],
  "module-options-too-many": ["check", "A pam.d line has too many options"],
  "module-unknown": ["check", "A pam.d line names a module that there is not"],
  "module-unsafe": ["check", "Others than root can change a module that is run from its sources"],
  "no-break-glass": ["check", "Root does not get in either when the module cannot answer"],
  "not-in-step": ["check", "The configuration names something else than is installed"],
  "not-installed": ["check", "A module is configured and not installed"],
  "option-unknown": ["check", "A module does not know an option"],
  "options-not-checked": ["check", "The options of a pam.d line were not compared with the module"],
  "options-refused": ["check", "A module refuses the options of a pam.d line"],
  "other-config-dir": ["check", "A line asks the modules of another folder"],
  "other-runtime-dir": ["check", "A line looks for sockets in another folder"],
  "pam-line-broken": ["check", "libpam cannot use a line"],
  "pam-line-too-long": ["check", "A pam.d line is longer than libpam reads"],
  "password-line-too-late": ["check", "A password line stands behind the one that changes the password"],
  "permissions-unused": ["check", "A configuration grants permissions that the module does not ask for"],
  "place-is-link": ["check", "A folder is a symbolic link, which the shim does not follow"],
  "place-missing": ["check", "A folder is not there"],
  "place-unsafe": ["check", "Others than root can change what is in a folder"],
  "program-broken": ["check", "A program of pam-deno cannot be run"],
  "program-version": ["check", "A program of pam-deno is of another version"],
  "record-damaged": ["check", "The record of an installation cannot be used"],
  "refusal-ignored": ["check", "By the control of its line a refusal of the module does not count"],
  "root-without-password": ["check", "A line lets root in without a password"],
  "runtime-missing": ["check", "A file of the runtime is not there"],
  "runtime-version": ["check", "A file of the runtime is of another version"],
  "service-not-read": ["check", "libpam does not read a file of pam.d"],
  "session-under-sudo": ["check", "sudo goes on in spite of session_err"],
  "shim-broken": ["check", "libpam cannot load pam_deno.so"],
  "shim-exports": ["check", "pam_deno.so shows more than it should"],
  "shim-functions": ["check", "pam_deno.so lacks functions"],
  "shim-machine": ["check", "pam_deno.so is for another machine"],
  "shim-misspelt": ["check", "A line misspells the name of pam_deno.so"],
  "shim-missing": ["check", "pam_deno.so is not there"],
  "shim-mode": ["check", "Not everybody may read pam_deno.so"],
  "shim-option-behind-name": ["check", "An option of the shim stands behind the module's name"],
  "shim-option-unknown": ["check", "A pam.d line has an option that the shim does not know"],
  "shim-option-value": ["check", "An option of the shim has a bad value"],
  "shim-protocol": ["check", "pam_deno.so speaks another version of the protocol"],
  "shim-version": ["check", "pam_deno.so is of another version"],
  "socket-broken": ["check", "There is something else where a module's socket should be"],
  "socket-left": ["check", "A socket is left of a module that is not configured"],
  "socket-missing": ["check", "Nobody serves a module"],
  "socket-mode": ["check", "A socket has the wrong mode"],
  "socket-silent": ["check", "Nobody answers on a module's socket"],
  "socket-unsafe": ["check", "A socket belongs to somebody else than root"],
  "stack-broken": ["check", "A stack includes something that cannot be read"],
  "stack-of-ignores": ["check", "No line of a stack can say yes"],
  "stack-refuses-all": ["check", "A stack refuses everybody even if all say yes"],
  "status-broken": ["check", "A supervisor's status cannot be read"],
  "status-old": ["check", "A supervisor has said nothing for too long"],
  "unit-failed": ["check", "A module's service has failed"],
  "unit-inactive": ["check", "A module's socket unit is not active"],
  "unit-missing": ["check", "systemd has no units of pam-deno"],
  "unit-not-enabled": ["check", "A module's socket unit is not enabled"],
  "unit-not-reloaded": ["check", "systemd has not read a changed unit"],
  "units-unknown": ["check", "systemctl cannot be asked"],
  "unreachable-ignored": ["check", "A line has on_unreachable=ignore"],
  unreadable: ["check", "Something could not be looked at"],
  "worker-program": ["check", "The link that workers are started by is wrong"],
} as const satisfies Readonly<Record<string, readonly [ErrorGroup, string]>>;

/**
 * A stable code of something that went wrong, such as `deny-thrown`. Its page says what happened and what to do:
 * `docs/errors/CODE.md`, or `pam-deno explain CODE`.
 *
 * @example
 * ```ts
 * import { defineModule, type ErrorCode } from "@pam-deno/sdk";
 * import { runHook } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const forgetful = defineModule({ account: (() => undefined) as () => never });
 * const { errorCode } = await runHook(forgetful, "account");
 * const expected: ErrorCode = "nothing-returned";
 * assert.equal(errorCode, expected);
 * ```
 */
export type ErrorCode = keyof typeof ERROR_CODES;
