// SPDX-License-Identifier: MIT
/**
 * `pam-deno simulate`: asks a module about a week of logins, and draws who may log in when.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { multiple, optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant, flag, option } from "@optique/core/primitives";
import { choice, integer, string } from "@optique/core/valueparser";
import { dirname, resolve } from "node:path";
import type { Comparison } from "../author/simulate/comparison.ts";
import type { Picture } from "../author/simulate/picture.ts";
import type { Plan } from "../author/simulate/ask.ts";
import type { Simulation } from "../author/simulate/simulation.ts";
import { type Hook, HOOKS } from "../hooks.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit_code.ts";
import { CommandError, UsageError } from "./failure.ts";
import { pathWord } from "./path_word.ts";

/** The most questions: more take longer than anybody waits, and make a page that nobody reads. */
const CELLS_MAX = 1_000_000;
/** The service where none is said. */
const SERVICE = "sshd";
/** On a terminal it is told how far it is so often, in ms. */
const SHOWN_MS = 100;
/** In a log it is told how far it is whenever so much more is done, in percent. */
const LOGGED_PERCENT = 10;

const word = (metavar: "WORD" | "DATE" | "USER" | "SERVICE" | "HOST" | "LENGTH" | "ZONE") =>
  string({ metavar });

/** Its words. */
export const SIMULATE = command(
  "simulate",
  object({
    command: constant("simulate"),
    module: argument(pathWord("MODULE", "any"), {
      description: message`The module's main file, or its folder.`,
    }),
    hook: withDefault(
      option("--hook", choice(Object.keys(HOOKS) as Hook[], { metavar: "HOOK", suggest: "nearest" }), {
        description: message`The hook that is asked; account by default.`,
      }),
      "account",
    ),
    user: multiple(option("--user", word("USER"), {
      description: message`A user, as NAME or NAME:GROUP,GROUP; may be repeated. The current one by default.`,
    })),
    users: optional(option("--users", pathWord("FILE", "file"), {
      description: message`Users with their groups, ids and ageing, as JSON or CSV.`,
    })),
    service: multiple(option("--service", word("SERVICE"), {
      description: message`A service that they log in to; may be repeated. ${SERVICE} by default.`,
    })),
    rhost: multiple(option("--rhost", word("HOST"), {
      description: message`A host that they come from; may be repeated. None by default.`,
    })),
    option: multiple(option("--option", word("WORD"), {
      description: message`A word of the pam.d line; may be repeated.`,
    })),
    from: optional(
      option("--from", word("DATE"), { description: message`The first day; today by default.` }),
    ),
    to: optional(option("--to", word("DATE"), { description: message`The last day.` })),
    days: optional(option("--days", integer({ metavar: "NUMBER" }), {
      description: message`How many days; 7 by default.`,
    })),
    step: optional(option("--step", word("LENGTH"), {
      description: message`How far questions are apart, such as 15m or 1h; 15m by default.`,
    })),
    tz: optional(option("--tz", word("ZONE"), {
      description: message`The time zone of the days; the machine's by default.`,
    })),
    html: optional(option("--html", pathWord("FILE", "file"), {
      description: message`Write a page with the picture there, too.`,
    })),
    json: withDefault(flag("--json", { description: message`Print one JSON document.` }), false),
    compare: withDefault(
      flag("--compare", { description: message`Show what would change, by one of the next two or both.` }),
      false,
    ),
    compareOption: multiple(option("--compare-option", word("WORD"), {
      description:
        message`A word of the pam.d line that it would be, in place of all of --option; may be repeated.`,
    })),
    compareWith: optional(option("--compare-with", pathWord("MODULE", "any"), {
      description: message`The module that it would be, such as another version.`,
    })),
    failOnChange: withDefault(
      flag("--fail-on-change", { description: message`End with 1 if a comparison finds a change.` }),
      false,
    ),
  }),
  {
    brief: message`Draw who may log in when, as a module decides.`,
    description:
      message`Asks the module about every quarter of an hour of a week, in memory, with the permissions that it declares but run and ffi, and draws what it answers. Each question is a login of its own. Nothing is installed, and nobody who is asked about notices.`,
  },
);

type Words = InferValue<typeof SIMULATE>;

/** Asks, draws, and says what would change. */
export async function runSimulate(words: Words, context: Context): Promise<number> {
  const { output } = context;
  const isComparison = words.compareOption.length > 0 || words.compareWith !== undefined;
  demandSense(words, isComparison);
  const plan = await planOf(words, context);
  const other: Plan = {
    ...plan,
    module: words.compareWith ?? plan.module,
    options: words.compareOption.length > 0 ? words.compareOption : plan.options,
  };
  const [before, after] = await askAll(isComparison ? [plan, other] : [plan], context);
  if (after === undefined) {
    const [{ pictureOf }, { simulationDocument }] = await Promise.all([
      import("../author/simulate/picture.ts"),
      import("../author/simulate/document.ts"),
    ]);
    await show(pictureOf(before!), () => simulationDocument(before!), words, context);
    return EXIT.done;
  }
  const { compare, countChanges } = await import("../author/simulate/comparison.ts");
  const comparison: Comparison = compare(before!, after);
  const [{ pictureOfComparison }, { comparisonDocument }] = await Promise.all([
    import("../author/simulate/picture.ts"),
    import("../author/simulate/document.ts"),
  ]);
  await show(pictureOfComparison(comparison), () => comparisonDocument(comparison), words, context);
  const { same, ...changes } = countChanges(comparison);
  const changed = Object.values(changes).reduce((sum, cells) => sum + cells, 0);
  if (!words.failOnChange || changed === 0) return EXIT.done;
  output.note(`pam-deno: ${changed} of ${changed + same} answers change`);
  return EXIT.failed;
}

function demandSense({ compare, failOnChange, html }: Words, isComparison: boolean): void {
  if (html !== undefined && !followed(dirname(resolve(html)))?.isDirectory) {
    throw new CommandError(`${html}: there is no folder ${dirname(html)}: make it, or name another file`);
  }
  if (isComparison) return;
  const said = compare ? "--compare" : failOnChange ? "--fail-on-change" : undefined;
  if (said === undefined) return;
  throw new UsageError(
    `${said}: there is nothing to compare with: add --compare-option WORD, --compare-with MODULE or both`,
  );
}

/** What the words ask for. */
async function planOf(words: Words, { output }: Context): Promise<Plan> {
  const { CalendarError, calendarOf, cellsOf } = await import("../author/simulate/calendar.ts");
  const { names, users } = await peopleOfWords(words, output.note.bind(output));
  const { module, hook, option: options } = words;
  const services = words.service.length > 0 ? words.service : [SERVICE];
  const hosts = words.rhost.length > 0 ? words.rhost : [undefined];
  demandItems(words);
  const rows = names.flatMap((user) =>
    services.flatMap((service) =>
      hosts.map((rhost) => ({ user, service, ...(rhost === undefined ? {} : { rhost }) }))
    )
  );
  try {
    const now = Temporal.Now.instant();
    const calendar = calendarOf(words, { now, zone: Temporal.Now.timeZoneId() });
    const cells = rows.length * cellsOf(calendar);
    if (cells > CELLS_MAX) {
      throw new UsageError(
        `these are ${cells} questions, of at most ${CELLS_MAX}: take fewer users or days, or a longer --step`,
      );
    }
    return { module, hook, options, calendar, rows, users };
  } catch (error) {
    throw error instanceof CalendarError ? new UsageError(error.message) : error;
  }
}

/** Services and hosts travel as items: what cannot, libpam would not take either. */
function demandItems({ service, rhost }: Words): void {
  for (const [name, values] of Object.entries({ service, rhost })) {
    const twice = values.find((value, i) => values.indexOf(value) < i);
    if (twice !== undefined) throw new UsageError(`--${name} ${twice}: it is named twice: name each once`);
    // deno-lint-ignore no-control-regex
    const bad = values.find((value) => value === "" || value.length > 256 || /[\x00-\x1f\x7f]/.test(value));
    if (bad !== undefined) {
      throw new UsageError(
        `--${name} ${JSON.stringify(bad)}: it is empty, too long or has control characters`,
      );
    }
  }
}

async function peopleOfWords({ user, users }: Words, note: (text: string) => void) {
  const [{ PeopleError, peopleOf, userOf, USERS_FILE_MAX, withEntries }, { currentUser, machineUser }] =
    await Promise.all([
      import("../author/simulate/people.ts"),
      import("../author/simulate/machine_user.ts"),
    ]);
  try {
    const said = user.map(userOf);
    if (users !== undefined) {
      try {
        said.push(...peopleOf(readText(users, USERS_FILE_MAX), users));
      } catch (error) {
        throw error instanceof PeopleError ? new CommandError(error.message, NOT_READ) : error;
      }
    }
    if (said.length === 0) said.push(userOf(await currentUser() ?? "root"));
    return await withEntries(said, machineUser, (text) => note(`pam-deno: ${text}`));
  } catch (error) {
    throw error instanceof PeopleError ? new UsageError(error.message) : error;
  }
}

/** What is at the end of a path, behind all links. */
function followed(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** What is wrong with a file is no mistake of the command line. */
const NOT_READ = { code: "users-not-read" } as const;

function readText(path: string, most: number): string {
  const found = followed(path);
  if (found === undefined || found.isDirectory) {
    throw new CommandError(`${path}: there is no such file: check --users`, NOT_READ);
  }
  if (found.size > most) {
    throw new CommandError(`${path}: it is larger than ${most} bytes: name fewer users`, NOT_READ);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Deno.readFileSync(path));
  } catch (error) {
    throw error instanceof TypeError
      ? new CommandError(`${path}: it is not UTF-8: save it as that`, NOT_READ)
      : error;
  }
}

/** Asks one module, or both of a comparison at once. */
async function askAll(plans: readonly Plan[], { layout, output, progress }: Context): Promise<Simulation[]> {
  const [{ ask }, { OptionError }, { cellsOf }] = await Promise.all([
    import("../author/simulate/ask.ts"),
    import("../author/options.ts"),
    import("../author/simulate/calendar.ts"),
  ]);
  const asked = plans.map(() => 0);
  const all = plans.reduce((sum, { rows, calendar }) => sum + rows.length * cellsOf(calendar), 0);
  const notes = new Set<string>();
  let logged = 0;
  let shown = 0;
  progress.step(`starting ${plans[0]!.module}`);
  const tell = () => {
    const percent = Math.floor(asked.reduce((sum, done) => sum + done, 0) / all * 100);
    const now = performance.now();
    if (output.canRewrite ? now < shown + SHOWN_MS : percent < logged + LOGGED_PERCENT) return;
    [logged, shown] = [percent, now];
    progress.step(`asking ${plans[0]!.hook}, ${percent} % of ${all} questions${dayOf(plans[0]!, asked[0]!)}`);
  };
  const over = new AbortController();
  const asking = plans.map((plan, i) =>
    ask(plan, layout, {
      progress: (done) => {
        asked[i] = done;
        tell();
      },
      note: (text) => notes.add(text),
    }, over.signal)
  );
  try {
    return await Promise.all(asking);
  } catch (error) {
    // The other side of a comparison is not left behind.
    over.abort();
    await Promise.allSettled(asking);
    throw error instanceof OptionError ? new UsageError(error.message, { code: error.errorCode }) : error;
  } finally {
    progress.clear();
    for (const text of notes) output.note(`pam-deno: ${text}`);
  }
}

function dayOf({ rows, calendar }: Plan, asked: number): string {
  const day = calendar.days.findLast(({ first }) => first <= asked / rows.length);
  return day === undefined ? "" : `, ${day.weekday} ${day.date}`;
}

/** Prints the picture or the document, and writes the page. */
async function show(
  picture: Picture,
  document: () => unknown,
  { json, html }: Words,
  { output }: Context,
): Promise<void> {
  if (html !== undefined) {
    const [{ pageOf }, { RECTANGLES_MAX, rectanglesOf }] = await Promise.all([
      import("../author/simulate/page.ts"),
      import("../author/simulate/page_grid.ts"),
    ]);
    const rectangles = rectanglesOf(picture);
    if (rectangles > RECTANGLES_MAX) {
      throw new CommandError(
        `${html}: ${rectangles} rectangles are too many for a page, which has ${RECTANGLES_MAX} at most: ` +
          "take fewer users or days, or a longer --step",
      );
    }
    Deno.writeTextFileSync(html, pageOf(picture));
    output.note(`pam-deno: ${html} has the picture as a page`);
  }
  if (json) return output.json(document());
  const { drawPicture } = await import("../author/simulate/terminal.ts");
  const { width, colour } = output;
  output.result(drawPicture(picture, { width, colour, wrap: (text) => output.wrapped(text) }));
}
