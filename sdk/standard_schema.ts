// SPDX-License-Identifier: MIT
/**
 * The part of the Standard Schema convention that validators share, so that a module's author picks the
 * library.
 *
 * @module
 */

import { typeError } from "./coded.ts";

/**
 * What is wrong with a validated value.
 *
 * @example
 * ```ts
 * import type { SchemaIssue } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 * import * as v from "valibot";
 *
 * const result = v.object({ tz: v.string() })["~standard"].validate({ tz: 1 });
 * const issues: readonly SchemaIssue[] = result instanceof Promise ? [] : result.issues ?? [];
 * assert.match(issues[0]?.message ?? "", /Expected string/);
 * ```
 */
export interface SchemaIssue {
  /** Says what was expected. */
  readonly message: string;
  /** Where, from the outside in. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * What a validator answers: the value it made, or what is wrong.
 *
 * @example
 * ```ts
 * import type { SchemaResult, StandardSchema } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * // A validator without a library: the only option is `tz`.
 * const validate = (input: unknown): SchemaResult<{ tz: string }> => {
 *   const { tz = "UTC" } = input as { tz?: string };
 *   return Intl.supportedValuesOf("timeZone").includes(tz) || tz === "UTC"
 *     ? { value: { tz } }
 *     : { issues: [{ message: "no such time zone", path: ["tz"] }] };
 * };
 * const schema: StandardSchema<{ tz?: string }, { tz: string }> = {
 *   "~standard": { version: 1, vendor: "example", validate },
 * };
 * assert.deepEqual(schema["~standard"].validate({}), { value: { tz: "UTC" } });
 * ```
 */
export type SchemaResult<Output> =
  | {
    /** The validated and transformed value. */
    readonly value: Output;
    /** Absent: this is a success. */
    readonly issues?: undefined;
  }
  | {
    /** What is wrong. */
    readonly issues: readonly SchemaIssue[];
  };

/**
 * A validator that follows Standard Schema: one of valibot, zod, arktype and others. Only synchronous
 * validation is used.
 *
 * @example
 * ```ts
 * import type { StandardSchema } from "@pam-deno/sdk";
 * import * as v from "valibot";
 *
 * const schema: StandardSchema<{ tz?: string | undefined }, { tz: string }> = v.object({
 *   tz: v.optional(v.string(), "UTC"),
 * });
 * ```
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** What the convention prescribes. */
  readonly "~standard": {
    /** The version of the convention. */
    readonly version: 1;
    /** The library's name. */
    readonly vendor: string;
    /** Validates `value`. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** The types on both sides; never a value. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** Whether `value` can be used as a validator. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard = (value as Partial<StandardSchema>)["~standard"];
  return typeof standard === "object" && standard !== null && typeof standard.validate === "function";
}

/** Validates synchronously. Throws a TypeError if the validator answers with a promise. */
export function validate<Output>(
  schema: StandardSchema<unknown, Output>,
  value: unknown,
): SchemaResult<Output> {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw typeError(
      "validator-asynchronous",
      "the validator is asynchronous: take one that validates synchronously",
    );
  }
  return result;
}

/** Where an issue is, `rules.0.hours`; empty for the value as a whole. */
export function issuePath(issue: SchemaIssue): string {
  const parts = issue.path ?? [];
  return parts.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
}
