// SPDX-License-Identifier: MIT
/**
 * The one definition of a module's configuration file. The parser checks with it; the JSON Schema, the reference and the man page are
 * generated from it.
 *
 * @module
 */

import * as v from "valibot";
import { type GrantableKind, SCOPE_PATTERNS } from "./permissions.ts";
import { MODULE_PATTERN } from "./specifier.ts";

/** What the reference says about a key besides its type, default and limits. */
export interface KeyNotes {
  /** What it is, in whole sentences. */
  readonly description: string;
  /** In what it is counted. */
  readonly unit?: string;
  /** Values to show. */
  readonly examples?: readonly unknown[];
  /** What it becomes in the module's unit, for the reference. */
  readonly service?: string;
}

/** A pattern that the JSON Schema gives to a text, where the parser has a better message of its own. */
interface PatternNotes {
  readonly pattern: string;
}

/** Words that break the sandbox, each to be said before what it names is granted. */
export const DANGEROUS_WORDS = ["run", "ffi", "read", "write", "net", "env", "sys", "root"] as const;

/** A user name as `run_as` takes it. */
const USER = "[a-z_][a-z0-9_-]{0,31}";
/** uids end here: the last two mean "none" somewhere. */
const UID_MAX = 4_294_967_293;
/** The name of a credential. */
const CREDENTIAL = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
/** The path of a credential: it goes through systemd's own syntax, so it is plain. */
const CREDENTIAL_PATH = /^(?:\/(?!\.\.?(?:\/|$))[A-Za-z0-9_.@+-]+)+$/;

type Notes = KeyNotes & Record<string, unknown>;

function notes<T>(about: KeyNotes): v.MetadataAction<T, Notes> {
  return v.metadata<T, Notes>(about as Notes);
}

function limit(least: number, most: number, fallback: number, about: KeyNotes) {
  return v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most), notes(about)),
    fallback,
  );
}

function scope(kind: GrantableKind) {
  const text = v.pipe(v.string(), v.metadata({ pattern: SCOPE_PATTERNS[kind] } satisfies PatternNotes));
  return v.union([text, v.strictObject({ option: v.pipe(v.string(), v.nonEmpty()) })]);
}

function scopes(kind: GrantableKind, about: KeyNotes) {
  return v.optional(v.pipe(v.union([v.array(scope(kind)), v.boolean()]), notes(about)));
}

function named(kind: GrantableKind, about: KeyNotes) {
  return v.optional(v.pipe(v.union([v.array(scope(kind)), v.literal(false)]), notes(about)));
}

/** An object of any content. Not `v.record`, which takes a list for one and drops keys. */
export const ANY_OBJECT = v.custom<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  ({ received }) => `expected an object, found ${received === "Array" ? "a list" : received}`,
);

const PERMISSIONS = v.strictObject({
  read: scopes("read", {
    description:
      "Files and folders that the module may read, as absolute paths; a folder stands for all that is in it. `true` is every file that its user can read.",
    examples: [["/etc/pam-deno/rules.json", { option: "rules" }]],
    service:
      "`BindReadOnlyPaths=` for what lies in a place that the unit hides; the rest is there to be read, as far as the module's user can",
  }),
  write: scopes("write", {
    description:
      "Files and folders that the module may write, as absolute paths; a folder stands for all that is in it. They must be there, and belong to the module's user: `state` is simpler. `true` is every file that its user can write.",
    examples: [["/srv/ledger"]],
    service:
      "`ReadWritePaths=`, or `BindPaths=` in a place that the unit hides; nothing can be run from there. `LimitFSIZE=infinity`: without it no file may be longer than 4 MiB",
  }),
  net: scopes("net", {
    description:
      "What the module may connect to: `HOST`, `HOST:PORT`, `*.DOMAIN`, `[IPv6]:PORT`, or `unix:/PATH` for the socket of a local service, which it may then also read and write. `true` is every host.",
    examples: [["ldap.example.org:636", "unix:/run/slapd/ldapi"]],
    service:
      "`PrivateNetwork=no` and `RestrictAddressFamilies=AF_INET AF_INET6`, with `IPAddressAllow=` for addresses, or all addresses if there is a name among them; for a Unix socket only its folder is bound",
  }),
  env: scopes("env", {
    description:
      "Environment variables that are handed on to the module. `true` lets it read and set every variable of its own process, and hands none on.",
    examples: [["TZ"]],
    service: "`PassEnvironment=`",
  }),
  sys: scopes("sys", {
    description: "Facts about the machine that the module may ask Deno for. `true` is all of them.",
    examples: [["hostname"]],
    service:
      "`ProcSubset=all` for what only /proc tells, such as `osRelease`; `RestrictAddressFamilies=AF_NETLINK` for `networkInterfaces`",
  }),
  run: named("run", {
    description:
      'Programs that the module may start, as absolute paths; only with `"dangerous": ["run"]`. What a program does is bounded by the module\'s user and unit, not by its permissions.',
    examples: [["/usr/bin/id"]],
    service: "`ExecPaths=` for what is outside of /usr; a program has the same user and the same sandbox",
  }),
  ffi: named("ffi", {
    description:
      'Libraries that the module may call, as absolute paths; only with `"dangerous": ["ffi"]`. Code in C can do whatever the module\'s user can: there is no sandbox of Deno then.',
    examples: [["/usr/lib/x86_64-linux-gnu/libkrb5.so.3"]],
    service: "`ExecPaths=` for what is outside of /usr",
  }),
});

const LIMITS = v.strictObject({
  hooks: limit(1, 4096, 256, {
    description: "Hooks whose handlers are at work at once. Past it a caller is answered at once: busy.",
  }),
  waiting: limit(1, 4096, 1024, {
    description: "Hooks that wait for a person at once.",
  }),
  waiting_per_person: limit(1, 4096, 16, {
    description: "Of those, hooks for the same user and remote host.",
  }),
  heap_mib: limit(16, 4096, 128, {
    description:
      "JavaScript objects. A worker that needs more ends and is replaced. `memory_mib` must leave 64 MiB besides.",
    unit: "MiB",
  }),
  memory_mib: limit(80, 16_384, 256, {
    description:
      "Resident memory, heap and all else. A worker that needs more is killed and replaced. The kernel does the same if all processes of a module together need more than its unit has.",
    unit: "MiB",
    service: "`MemoryMax=`, twice as much for each worker, as a reload runs two of each, and 128 MiB",
  }),
  tasks: limit(32, 4096, 128, {
    description:
      "Threads and processes, with those of programs that the module starts. Deno itself takes about as many as the machine has processors, and at most some 60.",
    service: "`TasksMax=`, twice as many for each worker, and 64",
  }),
  descriptors: limit(256, 65_536, 2048, {
    description:
      "Open files and connections. It must leave 128 besides `hooks` and `waiting`, each of which is a connection.",
    service: "`LimitNOFILE=`, at least 4096",
  }),
});

/** The file. */
export const SCHEMA = v.strictObject({
  $schema: v.optional(v.pipe(
    v.string(),
    notes({
      description: "Where the JSON Schema is, for editors. It changes nothing.",
      examples: ["file:///usr/share/pam-deno/pam-deno.schema.json"],
    }),
  )),
  module: v.pipe(
    v.string(),
    v.nonEmpty(),
    v.metadata({ pattern: MODULE_PATTERN } satisfies PatternNotes),
    notes({
      description:
        "The module: the path of its main file, absolute or from the folder of this file, or a package in an exact version, `npm:NAME@VERSION` or `jsr:@SCOPE/NAME@VERSION`.",
      examples: ["/srv/policies/office-hours/module.ts", "npm:@example/office-hours@1.2.0"],
    }),
  ),
  permissions: v.optional(
    v.pipe(
      PERMISSIONS,
      notes({
        description:
          'What the module may do to the machine: for each kind a list, in which `{ "option": NAME }` stands for the value of that option. What is not listed is refused; `false` is the same as an empty list.',
        examples: [{ read: ["/etc/pam-deno/rules.json"], net: ["ldap.example.org:636"] }],
        service: "see each of them",
      }),
    ),
    {},
  ),
  options: v.optional(
    v.pipe(
      ANY_OBJECT,
      notes({
        description:
          'The module\'s options; those of the pam.d line go over them. Which there are, the module says. `{ "state": "FILE" }` becomes the path of a file in its state folder, `{ "credential": "NAME" }` that of a credential.',
        examples: [{ tz: "Europe/Berlin", ledger: { state: "ledger.db" } }],
      }),
    ),
    {},
  ),
  state: v.optional(
    v.pipe(
      v.boolean(),
      notes({
        description:
          "Whether the module has a folder of its own to keep things in, `/var/lib/pam-deno-state/NAME`, which it may then read and write. `pam-deno remove` leaves it, unless told `--purge`.",
        examples: [true],
        service:
          "`StateDirectory=pam-deno-state/NAME`, mode 0700; nothing can be run from there. `LimitFSIZE=infinity`",
      }),
    ),
    false,
  ),
  credentials: v.optional(
    v.pipe(
      v.record(v.pipe(v.string(), v.regex(CREDENTIAL)), v.pipe(v.string(), v.regex(CREDENTIAL_PATH))),
      notes({
        description:
          'Secrets: names, and the files that hold them, which only root needs to be able to read. The module may read a copy, whose path an option takes with `{ "credential": NAME }`. Names and paths are of letters, digits and `_.-`, paths also of `@+/`.',
        examples: [{ ldap: "/etc/pam-deno/secrets/ldap" }],
        service: "`LoadCredential=`",
      }),
    ),
    {},
  ),
  run_as: v.optional(v.pipe(
    v.union([
      v.pipe(v.string(), v.regex(new RegExp(`^${USER}$`))),
      v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(UID_MAX)),
    ]),
    notes({
      description:
        'The user, by name or uid, whose processes run the module. Without it the module has a uid that nobody else has. Two modules must not share one. Root only with `"dangerous": ["root"]`.',
      examples: ["policy", 61_190],
      service: "`User=` and `DynamicUser=no`",
    }),
  )),
  workers: limit(1, 16, 1, {
    description: "Processes that share the module's callers. One is enough but for modules that compute.",
    examples: [2],
    service: "counts for `MemoryMax=` and `TasksMax=`",
  }),
  limits: v.optional(
    v.pipe(
      LIMITS,
      notes({
        description: "How much a worker may use.",
        examples: [{ hooks: 512, memory_mib: 384, heap_mib: 256 }],
      }),
    ),
    {},
  ),
  dangerous: v.optional(
    v.pipe(
      v.array(v.picklist(DANGEROUS_WORDS)),
      notes({
        description:
          "What of the above breaks the sandbox and is meant all the same; each word is said in the log at every start. `run` and `ffi` for those permissions, `read`, `write`, `net`, `env` and `sys` for `true` in place of a list, `root` for `run_as`. A word that nothing needs is an error.",
        examples: [["run"]],
      }),
    ),
    [],
  ),
});

/** What the file says, with what is left out filled in. */
export type ConfigFile = v.InferOutput<typeof SCHEMA>;
