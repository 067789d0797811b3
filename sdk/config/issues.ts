// SPDX-License-Identifier: MIT
/**
 * Says what is wrong with the shape of a configuration file, in words that help.
 *
 * @module
 */

import type * as v from "valibot";
import { nearest } from "../nearest.ts";
import { isGrantable, kindProblem } from "./permissions.ts";
import { DANGEROUS_WORDS, SCHEMA } from "./schema.ts";

/** What the validator complains of. */
export type Issue = v.InferIssue<typeof SCHEMA>;

type Path = readonly (string | number)[];

/** A complaint in words. */
export interface Complaint {
  /** Where. */
  readonly path: (string | number)[];
  /** What, and the remedy. */
  readonly message: string;
  /** Whether it is about the key, not about its value. */
  readonly key: boolean;
}

/** Puts a complaint of the validator about `value` into words. */
export function describeIssue(issue: Issue, value: unknown): Complaint {
  const path = issue.path?.map(({ key }) => key as string | number) ?? [];
  const key = issue.type === "strict_object" && issue.expected === "never";
  return {
    path,
    message: describe(issue, path, value),
    key: key || path[0] === "credentials" && isKey(issue),
  };
}

/** Whether the complaint is about a key that there is not. */
export function isUnknownKey(issue: Issue): boolean {
  return issue.type === "strict_object" && issue.expected === "never";
}

/** Whether the complaint is about the key of a record. */
function isKey(issue: Issue): boolean {
  return issue.path?.at(-1)?.origin === "key";
}

function describe(issue: Issue, path: Path, value: unknown): string {
  if (isUnknownKey(issue)) return describeUnknownKey(path);
  if (issue.type === "strict_object" && issue.received === "undefined") {
    return `the key ${issue.expected} is missing`;
  }
  const quoted = JSON.stringify(path.join("."));
  switch (path[0]) {
    case "permissions":
      if (path.length > 1) return describePermission(path, value);
      break;
    case "run_as":
      return `"run_as": expected the name of a user or a uid, found ${issue.received}`;
    case "dangerous":
      if (path.length > 1) return describeWord(issue);
      break;
    case "credentials":
      if (path.length > 1) return describeCredential(issue, path);
  }
  if (issue.type === "custom") return `${quoted}: ${issue.message}`;
  const expected = issue.type === "integer" ? "a whole number" : issue.expected ?? "something else";
  return `${quoted}: expected ${expected}, found ${issue.received}`;
}

function describePermission(path: Path, value: unknown): string {
  const kind = String(path[1]);
  if (!isGrantable(kind)) return kindProblem(kind);
  const granted = (value as { permissions: Record<string, unknown> }).permissions[kind];
  const named = kind === "run" || kind === "ffi";
  if (granted === true && named) {
    return `${JSON.stringify(kind)} cannot be granted for all there is: list what it is for`;
  }
  return `expected a list of words, or of { "option": "NAME" }${named ? "" : ", or true or false"}`;
}

function describeWord(issue: Issue): string {
  const near = nearest(String(issue.input), DANGEROUS_WORDS);
  return `${issue.received} is not a word for something dangerous: ${
    near ? `did you mean ${JSON.stringify(near)}?` : `known are ${DANGEROUS_WORDS.join(", ")}`
  }`;
}

function describeCredential(issue: Issue, path: Path): string {
  const name = JSON.stringify(path.at(-1));
  if (isKey(issue)) {
    return `${name} is not the name of a credential: use at most 64 letters, digits and _.-, no point first`;
  }
  return `${name}: ${issue.received} is not the path of a credential: write an absolute path of letters, digits and _.@+-`;
}

function describeUnknownKey(path: Path): string {
  const key = String(path.at(-1));
  if (path[0] === "permissions" && path.length === 2) return kindProblem(key);
  const entries = path.length === 1
    ? SCHEMA.entries
    : path[0] === "limits"
    ? SCHEMA.entries.limits.wrapped.entries
    : {};
  const near = nearest(key, Object.keys(entries));
  const hint = near
    ? `did you mean ${JSON.stringify(near)}?`
    : `known are ${Object.keys(entries).join(", ")}`;
  return `${JSON.stringify(key)} is not a key that can stand here: ${hint}`;
}

/** Whether a value is `{ … }`. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a message calls a value of this type. */
export function typeName(value: unknown): string {
  return Array.isArray(value) ? "a list" : value === null ? "null" : `a ${typeof value}`;
}
