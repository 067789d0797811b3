// SPDX-License-Identifier: MIT
/** Takes apart what stands behind the text of an error. */
import { docsLink } from "../../sdk/coded.ts";
import type { ErrorCode } from "../../sdk/error_codes.ts";

const BEHIND = / \[([a-z]+(?:-[a-z]+)*)\] https:\/\/jsr\.io\/@pam-deno\/sdk\/[0-9.]+\/docs\/errors\/\1\.md/g;

/** `text` without codes and links. */
export function withoutCodes(text: string): string {
  return text.replaceAll(BEHIND, "");
}

/** The codes in `text`, in order. */
export function codesIn(text: string): string[] {
  return [...text.matchAll(BEHIND)].map(([, code]) => code!);
}

/** Matches `text` with a code and its link behind it, and nothing else. */
export function said(text: string): RegExp {
  return new RegExp(`^${RegExp.escape(text)}${BEHIND.source}$`);
}

/** What stands behind a text with this code. */
export function behind(code: ErrorCode): string {
  return ` [${code}] ${docsLink(code)}`;
}
