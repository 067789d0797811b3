// SPDX-License-Identifier: MIT
/**
 * Files for pam_time and who asks when, made up from a seed: the same for the same seed.
 *
 * @module
 */

/** Who asks, and when. */
export interface Asked {
  /** PAM_SERVICE. */
  readonly service: string;
  /** PAM_TTY; not set if absent. */
  readonly tty?: string;
  /** PAM_USER. */
  readonly user: string;
  /** Seconds since the epoch. */
  readonly at: number;
}

/** A time.conf and who asks. */
export interface TimeCase {
  /** What the file holds; latin1. */
  readonly text: string;
  /** The machine's time zone. */
  readonly zone: string;
  /** pam_time logs that something is wrong with the file. */
  readonly broken: boolean;
  /** Who asks, and when. */
  readonly asked: readonly Asked[];
}

/** Netgroups, as /etc/netgroup has them. */
export const NETGROUPS = `ops (-,alice,-) (,root,)
night (,bob,) (,nobody-of-this-name,)
shifts ops night
everybody (,,)
nobody (-,-,-)
`;

export const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Africa/Casablanca",
  "America/St_Johns",
  "Etc/UTC",
] as const;

const SERVICES = ["login", "sshd", "sudo", "su", "cron", "su-l", "x.y_z-1"];
const TTYS = [
  undefined,
  "",
  "tty1",
  "/dev/tty1",
  "ttyp0",
  "/dev/pts/0",
  "pts/0",
  "ssh",
  "cron",
  ":0",
  "/",
  "/dev/",
  "/tty1",
  "//tty1",
  "ttyS0",
  "not a tty",
];
const USERS = [
  "alice",
  "bob",
  "root",
  "nobody-of-this-name",
  "al",
  "alicebob",
  "a.b-c_d",
  "m\u00fcller",
  "bob+x",
  "*",
  "al*",
];
const NETGROUP_FIELDS = [
  "@ops",
  "@night",
  "@shifts",
  "@everybody",
  "@nobody",
  "@no-such-group",
  "@ops & bob",
  "@",
];
const CLOCK = [
  "0000",
  "0001",
  "0059",
  "0200",
  "0230",
  "0300",
  "0800",
  "0875",
  "0959",
  "1000",
  "1200",
  "1800",
  "2359",
  "2400",
];
const DAYS = ["Su", "Mo", "Tu", "We", "Th", "Fr", "Sa", "Wk", "Wd", "Al"];

/** A generator of numbers, from a seed. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to, but without, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from 0 up to, but without, `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** Whether something of this probability happens. */
  is(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of several. */
  one<Value>(of: readonly Value[]): Value {
    return of[this.below(of.length)]!;
  }

  /** From `from` to `to` of them. */
  some<Value>(from: number, to: number, make: () => Value): Value[] {
    return Array.from({ length: from + this.below(to - from + 1) }, make);
  }
}

/** Makes up a file and `count` questions. */
export function timeCase(chance: Chance, count: number, broken: boolean): TimeCase {
  const zone = chance.one(ZONES);
  const rules = chance.some(1, 5, () => rule(chance));
  if (broken) rules.splice(chance.below(rules.length + 1), 0, chance.one(MISTAKES)(chance));
  const text = rules.map((rule) => (chance.is(0.2) ? filler(chance) : "") + rule).join("");
  const asked = Array.from({ length: count }, () => question(chance, zone));
  const isCut = broken && chance.is(0.2);
  return { zone, text: isCut ? `${text}login;*;*;Al0000-2400` : text, broken, asked };
}

function rule(chance: Chance): string {
  const names = (of: readonly (string | undefined)[]) =>
    logic(chance, () => pattern(chance, chance.one(of) ?? ""));
  const mostly = (field: () => string) => chance.is(0.5) ? "*" : field();
  const fields = [
    mostly(() => names(SERVICES)),
    mostly(() => names(TTYS.map((tty) => tty?.replace(/^\/(?:dev\/)?/, "").split(" ")[0]))),
    mostly(() => chance.is(0.3) ? chance.one(NETGROUP_FIELDS) : names(USERS)),
    logic(chance, () => hours(chance)),
  ];
  const end = chance.is(0.15)
    ? ` # \\${chance.is(0.3) ? "x;".repeat(700) : " a comment; with & signs"}\n`
    : "\n";
  const first = chance.is(0.03) ? " ;" : "";
  return first + fields.map((field) => blank(chance) + broken(chance, field) + blank(chance)).join(";") + end;
}

/** A word that may fit a name. */
function pattern(chance: Chance, name: string): string {
  const plain = name.replaceAll(/[^\w.\-/:*]/g, "") || "x";
  const at = chance.below(plain.length + 1);
  const to = at + chance.below(plain.length + 1 - at);
  switch (chance.below(8)) {
    case 0:
      return "*";
    case 1:
      return `${plain.slice(0, at)}*`;
    case 2:
      return `*${plain.slice(at)}`;
    case 3:
      return `${plain.slice(0, at)}*${plain.slice(to)}`;
    case 4:
      return `${plain.slice(0, at)}*${plain.slice(Math.max(0, at - 2))}`;
    case 5:
      return chance.one([
        `${plain}x`,
        plain.slice(0, at) || "y",
        plain.toUpperCase(),
        `/dev/${plain}`,
        `*/${plain}`,
        `${plain}**`,
      ]);
    default:
      return plain;
  }
}

function logic(chance: Chance, word: () => string): string {
  const gap = () => chance.is(0.2) ? chance.one([" ", "\t", "  ", "+", "\xe9", " \\\n "]) : "";
  const not = () => chance.is(0.25) ? chance.one(["!", "! ", "!!", "!+"]) : "";
  const [first = "", ...rest] = chance.some(1, chance.is(0.5) ? 1 : 4, () => gap() + not() + word() + gap());
  const more = rest.map((word) => chance.one(["&", "|"]) + word).join("");
  return first + more + (chance.is(0.03) ? chance.one(["&", "|", "|!", "+"]) : "");
}

function hours(chance: Chance): string {
  const letters = chance.some(1, chance.is(0.6) ? 1 : 4, () => chance.one(DAYS)).join("");
  const days = chance.is(0.1) ? letters.toUpperCase() : chance.is(0.1) ? letters.toLowerCase() : letters;
  const start = chance.is(0.05) ? chance.one(["", "8", "59", "800"]) : chance.one(CLOCK);
  const tail = chance.is(0.03) ? chance.one(["5", "x", "-1200", ":", "*"]) : "";
  return `${days}${start}-${chance.one(CLOCK)}${tail}`;
}

function blank(chance: Chance): string {
  return chance.is(0.3) ? chance.one([" ", "\t", "   ", " \\\n\t"]) : "";
}

/** A field that goes on in the next line, in the middle of a word. */
function broken(chance: Chance, field: string): string {
  if (!chance.is(0.05)) return field;
  const at = chance.below(field.length + 1);
  return field[at - 1] === "\\" ? field : `${field.slice(0, at)}\\\n${field.slice(at)}`;
}

function filler(chance: Chance): string {
  return chance.one([
    "\n",
    "   \t\n",
    "# nothing; to see; here; Al0000-0000\n",
    `#${"long ".repeat(500)}\n`,
    "  # \xff\xfe\n",
    ";;\n",
    "\\\n\n",
    "; # nobody\n",
  ]);
}

/** Lines that pam_time complains of. */
const MISTAKES: readonly ((chance: Chance) => string)[] = [
  () => "login;*;alice\n",
  () => "login\n",
  () => "login # ;*;alice;Al0000-2400\n",
  () => "*;*;*;Al0000-2400;\n",
  () => "*;*;alice bob;Al0000-2400\n",
  () => "*;tty1 !tty2;*;Al0000-2400\n",
  () => "& login;*;*;Al0000-2400\n",
  () => "*;*;bob&|alice;Al0000-2400\n",
  () => "*;*;m\xfcller;Al0000-2400\n",
  () => "*;*;*;Xx0000-2400\n",
  () => "*;*;*;Mon0000-2400\n",
  () => "*;*;*;!0000-2400\n",
  () => "*;*;*;*\n",
  () => "*;*;*;Al0000\n",
  () => "*;*;*;Al00000-2400\n",
  () => "*;*;*;Al0000-900\n",
  () => "*;*;*;Al08:00-18:00\n",
  () => "*;*;*;Wk0800-1800 Wd1000-1200\n",
  () => "\r\n",
  (chance) => `*;*;${"alice|".repeat(167)}b;Al0000-2400${blank(chance)}\n`,
  () => `*;*;alice${" ".repeat(1000)};Al0000-2400\n`,
  () => "\xef\xbb\xbf\n",
];

function question(chance: Chance, zone: string): Asked {
  const tty = chance.one(TTYS);
  return {
    service: chance.one(SERVICES),
    ...tty === undefined ? {} : { tty },
    user: chance.one(USERS),
    at: moment(chance, zone),
  };
}

/** A moment of 2026: near a time that rules are made of, or near a change of the clock. */
function moment(chance: Chance, zone: string): number {
  const day = new Temporal.PlainDate(2026, 1, 1).add({ days: chance.below(365) });
  const seconds = chance.below(120) - 60;
  if (chance.is(0.2)) {
    const change = day.toZonedDateTime(zone).getTimeZoneTransition(chance.one(["next", "previous"]));
    if (change !== null) return change.add({ seconds: seconds * 150 }).epochMilliseconds / 1000;
  }
  const clock = chance.one(CLOCK);
  const time = chance.is(0.3)
    ? new Temporal.PlainTime(chance.below(24), chance.below(60))
    : new Temporal.PlainTime(Number(clock.slice(0, 2)) % 24, Number(clock.slice(2)) % 60);
  return day.toZonedDateTime({ timeZone: zone, plainTime: time }).add({ seconds }).epochMilliseconds / 1000;
}
