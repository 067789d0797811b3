// SPDX-License-Identifier: MIT
/**
 * Takes what a module's bundle exports, checks its shape, and prepares what can be prepared once.
 *
 * @module
 */

import { splitCode, typeError } from "./coded.ts";
import { grantProblem, type Grants, LINES } from "./grants.ts";
import { type Hook, HOOKS } from "./hooks.ts";
import { MODULE_FORMAT } from "./module.ts";
import { OptionsParser } from "./options.ts";
import { type Permissions, permissionsProblem } from "./permissions.ts";
import { isStandardSchema, type StandardSchema } from "./standard_schema.ts";

/** What loadModule() is told about a module. */
export interface LoadModuleOptions {
  /** The administrator's name for the module: the first bare word of the pam.d line. */
  readonly name: string;
  /** The options of the module's configuration file; those of the pam.d line go over them. */
  readonly configured?: Readonly<Record<string, unknown>>;
}

/** A handler, its context unknown. */
export type LoadedHandler = (context: unknown) => unknown;

/** A module that dispatch() can run hooks of. */
export interface LoadedModule {
  /** The administrator's name for it. */
  readonly name: string;
  /** The hooks it defines, in the order of HOOKS; joined by commas, the target of its hook link. */
  readonly hooks: readonly Hook[];
  /** The grants it declares, by the type of the pam.d line. */
  readonly grants: Grants;
  /** The Deno permissions it declares. */
  readonly permissions: Permissions;
  /** Its handlers. */
  readonly handlers: ReadonlyMap<Hook, LoadedHandler>;
  /** Turns the words of a pam.d line into its options; whoever checks pam.d lines calls it too. */
  readonly options: OptionsParser;
}

type Shape = Readonly<Record<string, unknown>>;

function isShape(value: unknown): value is Shape {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  return Array.isArray(value) ? "a list" : `${/^[aeiou]/.test(typeof value) ? "an" : "a"} ${typeof value}`;
}

function grantsOf(name: string, value: unknown): Grants {
  if (!isShape(value)) {
    throw typeError("grants-invalid", `module "${name}": its grants are ${describe(value)}, not an object`);
  }
  for (const [line, list] of Object.entries(value)) {
    if (!(LINES as readonly string[]).includes(line) || !Array.isArray(list)) {
      throw typeError(
        "grants-invalid",
        `module "${name}": its grants have "${line}", not lists under ${LINES.join(", ")}`,
      );
    }
    for (const grant of list) {
      const problem = grantProblem(grant, line as keyof Grants);
      if (problem !== undefined) throw typeError("grants-invalid", `module "${name}": ${problem}`);
    }
  }
  return value;
}

function handlersOf(name: string, value: unknown): ReadonlyMap<Hook, LoadedHandler> {
  if (!isShape(value)) {
    throw typeError(
      "handler-invalid",
      `module "${name}": its handlers are ${describe(value)}, not an object`,
    );
  }
  for (const [hook, handler] of Object.entries(value)) {
    if (!Object.hasOwn(HOOKS, hook)) {
      throw typeError(
        "handler-invalid",
        `module "${name}": it has a handler for "${hook}", which this runtime does not know`,
      );
    }
    if (typeof handler !== "function") {
      throw typeError("handler-invalid", `module "${name}": ${hook} is ${describe(handler)}, not a function`);
    }
  }
  const hooks = Object.keys(HOOKS).filter((hook) => Object.hasOwn(value, hook)) as Hook[];
  if (hooks.length === 0) throw typeError("no-handler", `module "${name}": it has no handler`);
  return new Map(hooks.map((hook) => [hook, value[hook] as LoadedHandler]));
}

/** The module in a bundle's namespace, or what is a module already. */
function moduleOf(name: string, exported: unknown): Shape {
  const mend = 'end its file with "export default defineModule({ … }) as PamModule"';
  const found = isShape(exported) && !Object.hasOwn(exported, "pamModule") ? exported.default : exported;
  if (found === undefined) {
    throw typeError("no-default-export", `module "${name}" has no default export: ${mend}`);
  }
  if (!isShape(found) || !Object.hasOwn(found, "pamModule")) {
    throw typeError(
      "not-a-module",
      `module "${name}": its default export is ${describe(found)} that defineModule() did not make: ${mend}`,
    );
  }
  if (found.pamModule !== MODULE_FORMAT) {
    throw typeError(
      "module-format",
      `module "${name}" is in format ${String(found.pamModule)}, this runtime knows ${MODULE_FORMAT}: ` +
        "bundle it again with an SDK that fits the installed runtime",
    );
  }
  return found;
}

/**
 * Checks a bundle's namespace or its default export and prepares it for dispatch().
 *
 * There are no identity checks: module and runtime are two bundles, each with its own copy of the SDK.
 *
 * @param exported The namespace of the module's bundle (`await import(…)`), or its default export.
 * @param options The module's name and configured options.
 * @throws {TypeError} saying what is wrong with the export or a configured option, and how to mend it.
 */
export function loadModule(exported: unknown, options: LoadModuleOptions): LoadedModule {
  const { name, configured } = options;
  const module = moduleOf(name, exported);
  const schema = module.options;
  if (schema !== undefined && !isStandardSchema(schema)) {
    throw typeError(
      "options-schema-invalid",
      `module "${name}": its options are ${describe(schema)} that does not follow Standard Schema`,
    );
  }
  const parser = parserOf(name, schema, configured);
  const problem = permissionsProblem(module.permissions, parser.known);
  if (problem !== undefined) throw typeError("permissions-invalid", `module "${name}": ${problem}`);
  const handlers = handlersOf(name, module.handlers);
  return Object.freeze({
    name,
    hooks: Object.freeze([...handlers.keys()]),
    grants: grantsOf(name, module.grants),
    permissions: module.permissions as Permissions,
    handlers,
    options: parser,
  });
}

function parserOf(
  name: string,
  schema: StandardSchema | undefined,
  configured: Readonly<Record<string, unknown>> | undefined,
): OptionsParser {
  try {
    return new OptionsParser(schema, configured);
  } catch (error) {
    const { text, code } = splitCode(error instanceof Error ? error.message : String(error));
    throw typeError(code ?? "options-schema-invalid", `module "${name}": ${text}`);
  }
}
