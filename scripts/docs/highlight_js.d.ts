// SPDX-License-Identifier: MIT
/**
 * What the site uses of highlight.js. Its own declarations bring those of the DOM along, which contradict Deno's.
 *
 * @module
 */

/** A rule of a language. */
export interface Mode {
  readonly scope: string;
  readonly begin: RegExp;
  readonly end?: RegExp;
}

/** A language. */
export interface Language {
  readonly name: string;
  readonly contains: readonly Mode[];
}

declare const hljs: {
  /** Makes a language known. */
  registerLanguage(name: string, language: () => Language): void;
  /** Gives the code as HTML with classes. */
  highlight(
    code: string,
    options: { readonly language: string; readonly ignoreIllegals: boolean },
  ): { readonly value: string };
};

export default hljs;
