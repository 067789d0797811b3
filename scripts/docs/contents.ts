// SPDX-License-Identifier: MIT
/**
 * The table of contents: every page of the site, in the order in which one reads on. A page of `docs/` that is not here, and one that
 * is here and not there, are errors of the build.
 *
 * @module
 */

/** A page of the site. */
export interface Entry {
  /** The Markdown file or manual page, from the top of the tree. */
  readonly source: string;
  /** What lists call it, where that is not its heading. */
  readonly title?: string;
  /** What the reader finds there, in a few words; stands in lists, and in the head of the page. */
  readonly about: string;
  /** A folder of Markdown files that follow this page, by name; lists leave them to the page itself. */
  readonly folder?: string;
  /** The page that it belongs to, if its place is in that page's folder. */
  readonly within?: string;
  /** Whether it is of use only beside the sources, so that the Debian package goes without. */
  readonly withSources?: true;
}

/** Pages for one kind of reader. */
export interface Part {
  /** Its heading. */
  readonly title: string;
  /** What the front page says above its list. */
  readonly about: string;
  readonly pages: readonly Entry[];
}

/** The page that the site opens with; its list of pages is generated from here. */
export const FRONT: Entry = {
  source: "docs/index.md",
  about: "PAM policy in TypeScript: what it is for, and where to read on",
};

/** All other pages. */
export const PARTS: readonly Part[] = [
  {
    title: "I write policies",
    about:
      "A policy is a TypeScript function that is asked by PAM and answers with one of PAM's codes. It needs no root to be " +
      "written, tested and tried.",
    pages: [
      {
        source: "README.md",
        title: "pam-deno in short",
        about: "what it is, and the shortest way to see it",
      },
      {
        source: "docs/pam_in_fifteen_minutes.md",
        about: "what PAM is, for whoever knows TypeScript and has never seen it",
      },
      { source: "docs/writing_a_module.md", about: "a module step by step, from a folder to a package" },
      { source: "docs/linting.md", about: "what each rule of the lint plugin finds, wrong and right" },
      { source: "docs/cookbook.md", about: "ten short policies that are executed, each with its line" },
      { source: "docs/publishing.md", about: "a module on JSR, and what administrators see of it" },
    ],
  },
  {
    title: "I look after machines",
    about:
      "A module gets nothing but what you grant, to the machine and to the login, and each failure has a code that you know " +
      "before. Try a line by another way in than your own.",
    pages: [
      {
        source: "docs/running.md",
        about: "install, wire, try, watch, change, remove, and what to do at night",
      },
      { source: "docs/configuration.md", about: "each key of a module's file" },
      {
        source: "docs/errors/README.md",
        title: "What errors mean",
        about: "each code: what happened, and what to do",
        folder: "docs/errors",
      },
      { source: "packaging/man/pam-deno.8", about: "the command: every word and option" },
      { source: "packaging/man/pam_deno.8", about: "the pam.d line: options, grants, failures" },
      { source: "packaging/man/pam-deno.conf.5", about: "a module's file, as a manual page" },
    ],
  },
  {
    title: "Modules that come with it",
    about:
      "They are in the package, ready to be added, and are to be read: each is a pure policy, what joins it to PAM, and tests.",
    pages: [
      { source: "examples/account-ageing/README.md", about: "whether account and password may be used now" },
      {
        source: "examples/credentials/README.md",
        about: "a token of an OAuth 2.0 endpoint for each session",
      },
      { source: "examples/ldap-account/README.md", about: "who may log in by a directory's word" },
      { source: "examples/session-ledger/README.md", about: "who has which session open, and how many" },
      { source: "examples/time-of-day/README.md", about: "who may log in when" },
      { source: "examples/totp/README.md", about: "one-time codes, each taken once" },
    ],
  },
  {
    title: "How it is made",
    about: "For whoever wants to know what it is that stands in the way of a login, or to change it.",
    pages: [
      { source: "SECURITY.md", about: "what is a boundary and what is not, and how to report a hole" },
      { source: "docs/comparison.md", about: "what others do, where they are better, and what we do not do" },
      { source: "PROTOCOL.md", about: "what goes over the socket, and what each side must refuse" },
      { source: "docs/decisions.md", about: "where this differs from what was designed, and why" },
      {
        source: "CONTRIBUTING.md",
        about: "how the tree is laid out, and what the checks want",
        withSources: true,
      },
      {
        source: "tests/applications/README.md",
        about: "how sshd, sudo and others are driven in the tests",
        withSources: true,
      },
      { source: "CHANGES.md", about: "what changed for users" },
    ],
  },
];
