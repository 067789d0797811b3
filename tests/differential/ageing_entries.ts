// SPDX-License-Identifier: MIT
/**
 * Users with shadow entries for the differential test: generated from a seed, with values weighted to the edges.
 *
 * @module
 */

/** How an entry comes about. */
export type Kind = "edge" | "near" | "malformed" | "absent" | "own_password" | "unknown";

/** A user of the differential test. */
export interface Case {
  /** The name. */
  readonly user: string;
  /** What stands in the password's place in passwd(5); no entry there for `undefined`. */
  readonly password: string | undefined;
  /** The line of shadow(5); none for `undefined`. */
  readonly shadow: string | undefined;
  /** Its hash. */
  readonly hash: string;
  /** How it came about. */
  readonly kind: Kind;
  /** The user with the same shadow entry that is used, where pam_unix does not use this one. */
  readonly twin: string | undefined;
}

/** Random numbers that are the same each time. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from `low` to `high`, both included. */
  within(low: number, high: number): number {
    // SplitMix32.
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    mixed = (mixed ^ (mixed >>> 15)) >>> 0;
    return low + mixed % (high - low + 1);
  }

  /** One of `list`. */
  of<T>(list: readonly T[]): T {
    return list[this.within(0, list.length - 1)]!;
  }

  /** True `percent` times out of a hundred. */
  chance(percent: number): boolean {
    return this.within(1, 100) <= percent;
  }
}

const HASHES = ["!", "*", "", "!!", "!*", "$6$salt$hash", "!$y$j9T$hash", "x", "NP"];
/** What the C library takes: 32 bits, of which the upper half is negative; the last one is 1. */
const ODD = [
  "99999",
  "100000000",
  "100000001",
  "2147483646",
  "2147483647",
  "2147483648",
  "2147483649",
  "4294967196",
  "4294967289",
  "4294967294",
  "4294967295",
  "-0",
  "+5",
  " 1",
  "-18446744073709551615",
];
/** What it does not take: the line is skipped. */
const BROKEN = [
  "-1",
  "-2",
  "-2147483648",
  "4294967296",
  "1000000000000000",
  "9223372036854775807",
  "18446744073709551615",
  "99999999999999999999999",
  "1x",
  "x",
  "1 ",
  "0x10",
  "1.5",
  "--1",
  "１",
];

/** The users of one file, `count` or one more; `from` numbers them. */
export function makeCases(dice: Dice, today: number, from: number, count: number): Case[] {
  const cases: Case[] = [];
  while (cases.length < count) cases.push(...oneCase(dice, today, `u${from + cases.length}`));
  return cases;
}

function oneCase(dice: Dice, today: number, user: string): Case[] {
  const hash = dice.of(HASHES);
  const roll = dice.within(1, 100);
  const near = [hash, ...nearFields(dice, today)].join(":");
  const edge = [hash, ...edgeFields(dice, today)].join(":");
  const made = { user, password: "x", hash, twin: undefined };
  if (roll <= 52) return [{ ...made, shadow: `${user}:${near}`, kind: "near" }];
  if (roll <= 89) return [{ ...made, shadow: `${user}:${edge}`, kind: "edge" }];
  if (roll <= 93) return [{ ...made, shadow: malformed(dice, today, user, hash), kind: "malformed" }];
  if (roll <= 94) return [{ ...made, password: undefined, shadow: `${user}:${near}`, kind: "unknown" }];
  // Each of these starts a helper of pam_unix, so they are few.
  if (roll <= 95) return [{ ...made, password: `##${user}`, shadow: `${user}:${near}`, kind: "near" }];
  if (roll <= 96) {
    const password = dice.of(["x", "*NP*", `##${user}`]);
    return [{ ...made, password, shadow: dice.chance(60) ? undefined : `${user}:${near}`, kind: "absent" }];
  }
  const password = dice.of(["*", "!", "", "$6$salt$hash", "!x", "##other", "X"]);
  if (roll <= 97) return [{ ...made, password, shadow: undefined, kind: "own_password" }];
  const twin = `${user}x`;
  return [
    { ...made, password, shadow: `${user}:${near}`, kind: "own_password", twin },
    { ...made, user: twin, shadow: `${twin}:${near}`, kind: "near" },
  ];
}

/** Fields of which each is near where the next answer begins. */
function nearFields(dice: Dice, today: number): string[] {
  const min = dice.of([-1, 0, 1, 7, 30, 90]);
  const max = dice.of([-1, 0, 1, 30, 90, 365, 99999]);
  const warn = dice.of([-1, 0, 1, 7, 14, 90, 400]);
  const inactive = dice.of([-1, 0, 1, 14, 30, 365]);
  const edge = dice.of([
    0,
    max,
    max,
    max + inactive,
    max + inactive,
    max - warn,
    max - warn,
    min,
    inactive,
    dice.within(0, 400),
  ]);
  const age = edge + dice.within(-2, 2);
  const lastChange = dice.chance(5) ? 0 : dice.chance(4) ? -1 : today - age;
  const expire = dice.chance(80) ? -1 : today + dice.within(-2, 2);
  return [lastChange, min, max, warn, inactive, expire].map((days) => field(dice, days)).concat("");
}

/** An empty field, and the largest number of 32 bits, are -1 to the C library; -1 itself is none. */
function field(dice: Dice, days: number): string {
  if (days >= 0) return String(days);
  return days === -1 && dice.chance(90) ? "" : String(2 ** 32 + days);
}

/** Fields of which each is an edge of its own. */
function edgeFields(dice: Dice, today: number): string[] {
  const duration = () =>
    dice.chance(80)
      ? dice.chance(50) ? dice.of(["", "0", "1", "7", "90"]) : String(dice.within(0, 400))
      : dice.of(ODD);
  const date = () =>
    dice.chance(60)
      ? String(today + dice.within(-3, 3) - (dice.chance(50) ? dice.within(0, 400) : 0))
      : dice.of(dice.chance(50) ? ["", "0", "1", "2"] : ODD);
  const expire = dice.chance(60) ? dice.of(["", "4294967295", "", String(today + 1)]) : date();
  return [
    date(),
    duration(),
    duration(),
    duration(),
    duration(),
    expire,
    dice.of(["", "", "0", "4294967295"]),
  ];
}

/** A line that the C library skips, or takes in part. */
function malformed(dice: Dice, today: number, user: string, hash: string): string {
  const fields = [hash, ...nearFields(dice, today)];
  switch (dice.within(1, 6)) {
    case 1:
      return `${user}:${fields.slice(0, dice.within(1, 6)).join(":")}`;
    case 2:
      fields[dice.within(1, 7)] = dice.of(BROKEN);
      return `${user}:${fields.join(":")}`;
    case 3:
      return `${user}:${fields.join(":")}:${dice.of(["0", "x", ""])}:`;
    case 4:
      return dice.of([user, `${user}:`, `${user} :${fields.join(":")}`, `#${user}:${fields.join(":")}`]);
    case 5:
      return ` \t${user}:${fields.join(":")}`;
    default:
      // The old form, without what stands behind max.
      return `${user}:${fields.slice(0, 4).join(":")}`;
  }
}
