// SPDX-License-Identifier: MIT
/**
 * What is said to the program that bundles, `build/bundler.js`, and what it answers: one JSON document each.
 *
 * @module
 */

/** What is to be bundled. */
export type BundlerRequest =
  & {
    /** The folder of the module's sources, or of the ready bundle. */
    readonly folder: string;
    /** An empty folder to work in. */
    readonly into: string;
    /** The folder of the SDK's `mod.ts`. */
    readonly sdk: string;
  }
  & (
    | {
      readonly kind: "folder";
      /** The main file, from the folder; by default what its deno.json names. */
      readonly main?: string | undefined;
      /** The folder of its deno.json, if that is another. */
      readonly manifests?: string | undefined;
    }
    | { readonly kind: "npm" | "jsr"; readonly name: string; readonly version: string }
    | {
      readonly kind: "ready";
      /** The bundle's file, from the folder. */
      readonly main: string;
    }
  );

/** What came of it. Whoever reads it checks it: it comes from a process that read what a stranger wrote. */
export type BundlerAnswer =
  | {
    /** The main file, from the folder. */
    readonly main: string;
    /** The bundle. */
    readonly code: string;
    /** Its source map, which the last line of the code names by its SHA-256. */
    readonly map?: string | undefined;
    /** The deno.lock that names its packages. */
    readonly lock?: string | undefined;
    /** The files that it was made of, packages left out. */
    readonly inputs?: readonly string[] | undefined;
  }
  | {
    /** What is wrong, for people. */
    readonly error: string;
  };

/** The argument with which the program does all of it, the throwaway user included, for a `serve` that may do less itself. */
export const FROM_SOURCES = "from-sources";

/** A module in a folder that `serve` is to serve without its having been installed. */
export interface SourcesRequest {
  /** The module's main file, or its folder. */
  readonly path: string;
  /** The folder of the programs: `Layout.libDir`. */
  readonly libDir: string;
  /** The folder of the SDK: `Layout.sdkDir`. */
  readonly sdkDir: string;
  /** A folder of root's own, which others may pass through, to work in. */
  readonly stage: string;
  /** User ids to take for the throwaway user, the first that nobody runs anything as; by default any. */
  readonly uids: readonly number[];
}

/** What came of a {@linkcode SourcesRequest}. It has been checked. */
export type SourcesAnswer =
  | {
    /** The bundle. */
    readonly code: string;
    /** Its SHA-256 in hexadecimal. */
    readonly sha256: string;
    /** Its source map, if it has one. */
    readonly map?: { readonly name: string; readonly text: string } | undefined;
    /** What is to be logged. */
    readonly warnings: readonly string[];
  }
  | {
    /** What is wrong, for people. */
    readonly error: string;
  };
