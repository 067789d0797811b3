// SPDX-License-Identifier: MIT
/**
 * The options, from words of the pam.d line and the configuration to what the module works with.
 *
 * @module
 */

import { FilterParser } from "ldapts";
import * as v from "valibot";
import { type Naming, namingsOf, parseDn, USER } from "./names.ts";
import { type Check, CHECKS } from "./policy.ts";

/** How a connection is protected. */
export const TLS_MODES = ["ldaps", "starttls", "none"] as const;
/** The attributes that can hold a membership. */
export const MEMBERSHIPS = ["member", "uniqueMember", "memberUid", "memberOf"] as const;

/** The ports that are meant where none stands. */
const PORTS = { ldaps: 636, starttls: 389, none: 389 } as const;
/** The most servers, groups and levels that a line may name. */
const SERVERS_MAX = 8;
const GROUPS_MAX = 16;
const NESTED_MAX = 16;
/** The times for one server and for all, where none stand, in ms: a directory that hangs is given up within a second. */
const LIMIT_MS = 800;
const TOTAL_MS = 3000;
/** The longest durations, in ms. */
const LIMIT_MS_MAX = 60_000;
const CACHE_MS_MAX = 30 * 86_400_000;
const LOCKOUT_MS_MAX = 3650 * 86_400_000;

/** A directory server. */
export interface Server {
  /** Its name or address, without brackets. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
}

/** How servers are reached, and as whom they are asked. */
export interface Access {
  /** The servers, in the order in which they are asked. */
  readonly servers: readonly Server[];
  /** How a connection is protected. */
  readonly tls: typeof TLS_MODES[number];
  /** The file with the certificates of the authorities that may sign a server's; Deno's own list if left out. */
  readonly ca: string | undefined;
  /** As whom the directory is asked; as nobody if left out. */
  readonly bind: { readonly dn: string; readonly passwordFile: string } | undefined;
  /** The time for one server, from its connection to its last answer, in ms. */
  readonly limitMs: number;
  /** The time for all servers, in ms. */
  readonly totalMs: number;
}

/** Where a user's entry is. */
export type Where = {
  /** What the entry must have to be the user's. */
  readonly namings: readonly Naming[];
  /** Whether upper and lower case are the same in user names. */
  readonly ignoreCase: boolean;
} & ({ readonly base: string; readonly filter: string } | { readonly dn: string });

/** Which groups are required: one of them is enough. */
export interface Membership {
  /** Their names. */
  readonly groups: readonly string[];
  /** The attribute that says so. */
  readonly by: typeof MEMBERSHIPS[number];
  /** How many groups may stand between the user and the required one. */
  readonly nested: number;
  /** Where the groups between them are. */
  readonly base: string | undefined;
}

/** All that a line says. */
export interface Settings {
  /** How servers are reached. */
  readonly access: Access;
  /** Where a user's entry is. */
  readonly where: Where;
  /** The required groups. */
  readonly membership: Membership | undefined;
  /** What is checked. */
  readonly checks: ReadonlySet<Check>;
  /** The names of this machine; the kernel's if left out. */
  readonly hostnames: readonly string[] | undefined;
  /** How long a lock with a date lasts. */
  readonly lockout: Temporal.Duration | undefined;
  /** What is remembered, and for how long. */
  readonly cache: { readonly file: string; readonly limitMs: number } | undefined;
}

const Text = v.string("write it once, with a value");
const Texts = v.pipe(
  v.union([Text, v.array(v.string())], "write it with a value"),
  v.transform((given) => [given].flat()),
);
const Path = v.pipe(Text, v.regex(/^\/[^\0]*[^/\0]$/, "write the absolute path of a file"));
const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function duration(maxMs: number) {
  return v.pipe(
    Text,
    v.regex(
      /^[0-9]{1,9}(?:ms|s|m|h|d)$/,
      'write a number and a unit, as in "800ms", "30s", "15m", "8h" or "7d"',
    ),
    v.transform((text) => Number.parseInt(text) * UNITS[text.replace(/^[0-9]+/, "") as keyof typeof UNITS]),
    v.check((ms) => ms > 0 && ms <= maxMs, `write more than 0, and at most ${maxMs / 1000}s`),
  );
}

const Flag = v.literal(true, "write it without a value");
const Dn = v.pipe(
  Text,
  v.check((dn) => (parseDn(dn)?.length ?? 0) > 0, 'write a name as in "ou=people,dc=example,dc=org"'),
);
const Names = v.pipe(Texts, v.transform((list) => list.flatMap((text) => text.split(","))));

/** The words, each by itself. Unknown ones are refused: a misspelt `group=` would let everybody in. */
const WORDS = {
  server: v.exactOptional(v.pipe(Texts, v.maxLength(SERVERS_MAX, `write at most ${SERVERS_MAX}`))),
  tls: v.exactOptional(v.picklist(TLS_MODES, `write one of ${TLS_MODES.join(", ")}`)),
  ca: v.exactOptional(Path),
  bind_dn: v.exactOptional(Dn),
  bind_password_file: v.exactOptional(Path),
  base: v.exactOptional(Dn),
  filter: v.exactOptional(Text),
  dn: v.exactOptional(Text),
  ignore_case: v.exactOptional(Flag),
  group: v.exactOptional(v.pipe(
    Texts,
    v.maxLength(GROUPS_MAX, `write at most ${GROUPS_MAX}`),
    v.check(
      (list) => list.every((dn) => (parseDn(dn)?.length ?? 0) > 0),
      'write names as in "cn=staff,ou=groups,dc=example,dc=org"',
    ),
  )),
  group_base: v.exactOptional(Dn),
  member: v.exactOptional(v.picklist(MEMBERSHIPS, `write one of ${MEMBERSHIPS.join(", ")}`)),
  nested: v.exactOptional(v.pipe(
    Text,
    v.regex(/^[0-9]{1,2}$/, `write a number from 1 to ${NESTED_MAX}`),
    v.transform(Number),
    v.minValue(1, `write a number from 1 to ${NESTED_MAX}`),
    v.maxValue(NESTED_MAX, `write a number from 1 to ${NESTED_MAX}`),
  )),
  check: v.exactOptional(v.pipe(
    Names,
    v.check(
      (names) =>
        names.join() === "none" || names.every((name) => (CHECKS as readonly string[]).includes(name)),
      `write some of ${CHECKS.join(", ")}, or none`,
    ),
  )),
  hostname: v.exactOptional(
    v.pipe(Names, v.check((names) => names.every((name) => name !== ""), "write a name")),
  ),
  lockout: v.exactOptional(duration(LOCKOUT_MS_MAX)),
  limit: v.exactOptional(duration(LIMIT_MS_MAX)),
  total: v.exactOptional(duration(LIMIT_MS_MAX)),
  cache: v.exactOptional(duration(CACHE_MS_MAX)),
  cache_file: v.exactOptional(Path),
} as const;

// Not v.strictObject(): names that an object lists are all that the runtime lets through, and it only logs the others.
const Words = v.objectWithRest(
  WORDS,
  v.never(`Unknown option: the options are ${Object.keys(WORDS).join(", ")}`),
);

type Given = v.InferOutput<typeof Words>;

const fail = (message: string): never => {
  throw new SyntaxError(message);
};

const DEFAULT_FILTER = `(&(objectClass=posixAccount)(uid=${USER}))`;
const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|::1)$/;

/** Parses `HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`. */
export function parseServer(text: string, tls: Access["tls"]): Server {
  const [, six, name, port] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?))(?::([0-9]{1,5}))?$/.exec(text) ??
      [];
  const number = port === undefined ? PORTS[tls] : Number(port);
  const host = six ?? name;
  if (host === undefined || number < 1 || number > 65535) {
    return fail(
      `Cannot read the server ${
        JSON.stringify(text)
      }: write HOST:PORT, as in "ldap.example.org:636"; "tls=" says how it is protected`,
    );
  }
  return { host: host.toLowerCase(), port: number };
}

function accessOf(given: Given): Access {
  const { tls = "ldaps", ca, bind_dn: dn, bind_password_file: passwordFile } = given;
  const { limit: limitMs = LIMIT_MS, total: totalMs = TOTAL_MS } = given;
  const named = given.server ??
    fail('Cannot do without "server=": name the directory server, as in "server=ldap.example.org:636"');
  const servers = named.map((text) => parseServer(text, tls));
  if ((dn === undefined) !== (passwordFile === undefined)) {
    return fail('Cannot bind with half of it: write "bind_dn=" and "bind_password_file=", or neither');
  }
  if (tls === "none" && ca !== undefined) {
    return fail('Cannot use "ca=" with "tls=none": there is no certificate');
  }
  if (tls === "none" && dn !== undefined && !servers.every(({ host }) => LOOPBACK.test(host))) {
    return fail('Cannot send a password in clear: write "tls=ldaps" or "tls=starttls"');
  }
  const bind = dn === undefined || passwordFile === undefined ? undefined : { dn, passwordFile };
  return { servers, tls, ca, bind, limitMs, totalMs };
}

function whereOf(
  { base, filter = DEFAULT_FILTER, dn, ignore_case, ...given }: Given & { filter?: string },
): Where {
  const ignoreCase = ignore_case === true;
  if (dn !== undefined) {
    if (base !== undefined || "filter" in given) {
      return fail('Cannot search and not search: write "dn=", or "base=" with "filter="');
    }
    const namings = namingsOf(dn, "dn");
    if (parseDn(dn.replaceAll(USER, "x")) === undefined) {
      return fail(`Cannot read the name ${JSON.stringify(dn)}`);
    }
    return { dn, namings, ignoreCase };
  }
  if (base === undefined) {
    return fail('Cannot tell where users are: write "base=", as in "base=ou=people,dc=example,dc=org"');
  }
  // ldapts takes an escaped octet for a character.
  if (/\\[89A-Fa-f][0-9A-Fa-f]/.test(filter)) {
    return fail(`Cannot use an escaped letter in "filter=": write the letter itself`);
  }
  const namings = namingsOf(filter, "filter");
  try {
    // ldapts takes a filter whose last parenthesis is missing.
    if (filter.split("(").length !== filter.split(")").length) throw new SyntaxError("Unbalanced");
    FilterParser.parseString(filter.replaceAll(USER, "x"));
  } catch {
    return fail(`Cannot read the filter ${JSON.stringify(filter)}: write one as in "${DEFAULT_FILTER}"`);
  }
  return { base, filter, namings, ignoreCase };
}

function membershipOf({ group, member, nested, group_base: base }: Given): Membership | undefined {
  if (group === undefined) {
    if (member !== undefined || nested !== undefined || base !== undefined) {
      return fail(
        'Cannot tell which group is meant: write "group=", as in "group=cn=staff,ou=groups,dc=example,dc=org"',
      );
    }
    return undefined;
  }
  const by = member ?? "member";
  if (nested !== undefined && by === "memberUid") {
    return fail('Cannot nest groups with "member=memberUid": its values are no groups');
  }
  if (nested !== undefined && by !== "memberOf" && base === undefined) {
    return fail(
      'Cannot tell where nested groups are: write "group_base=", as in "group_base=ou=groups,dc=example,dc=org"',
    );
  }
  return { groups: group, by, nested: nested ?? 0, base };
}

function settingsOf(given: Given): Settings {
  const { check = ["lock", "expire"], hostname, lockout, cache, cache_file: file } = given;
  if (cache !== undefined && file === undefined) {
    return fail(
      'Cannot cache without a file: write "cache_file": { "state": "cache.db" } into "options", and "state": true',
    );
  }
  return {
    access: accessOf(given),
    where: whereOf(given),
    membership: membershipOf(given),
    checks: new Set(check.join() === "none" ? [] : check as Check[]),
    hostnames: hostname,
    lockout: lockout === undefined ? undefined : Temporal.Duration.from({ milliseconds: lockout }),
    cache: cache === undefined || file === undefined ? undefined : { file, limitMs: cache },
  };
}

/** The options as words of the pam.d line, or as the configuration has them; see README.md. */
export type LineWords = { readonly [Option in keyof typeof WORDS]?: string | true | readonly string[] };

/** The options of a line. */
export const Options: v.GenericSchema<LineWords, Settings> = v.pipe(
  Words,
  v.rawTransform<Given, Settings>(({ dataset, addIssue, NEVER }) => {
    try {
      return settingsOf(dataset.value);
    } catch (error) {
      addIssue({ message: (error as Error).message });
      return NEVER;
    }
  }),
);
