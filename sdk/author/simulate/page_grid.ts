// SPDX-License-Identifier: MIT
/**
 * The picture in a page: for each week a grid with a row for each login, and in it a rectangle for each run of equal cells of a day.
 *
 * @module
 */

import { Clock, type Day } from "./calendar.ts";
import { html } from "./html.ts";
import { nameOf, type Outcome } from "./outcome.ts";
import type { Picture, Value } from "./picture.ts";
import { type Run, runsOfDay } from "./runs.ts";
import type { Row } from "./task.ts";

/** Days of one grid. */
const WEEK = 7;
/** Above every so many hours stands a number. */
const HOURS_EVERY = 6;
const HOUR_MS = 3_600_000;
/** The longest text of a tooltip, in bytes; the panel has all of it. */
const TOOLTIP_MAX = 200;

/** The most rectangles: more make a page that no browser opens. */
export const RECTANGLES_MAX = 100_000;

/** How many rectangles a page of the picture has. */
export function rectanglesOf({ runs, calendar }: Picture): number {
  return runs.reduce(
    (sum, row) => calendar.days.reduce((sum, day) => sum + runsOfDay(row, day).length, sum),
    0,
  );
}

/** The grids. */
export function gridsOf(picture: Picture): string {
  const { days } = picture.calendar;
  const clock = new Clock(picture.calendar);
  const weeks: string[] = [];
  for (let i = 0; i < days.length; i += WEEK) {
    weeks.push(new Week(picture, days.slice(i, i + WEEK), clock).html(weeks.length));
  }
  return weeks.join("\n");
}

/** What stands in front of a login's row. */
export function loginsOf(rows: readonly Row[]): string[] {
  const services = new Set(rows.map(({ service }) => service)).size > 1;
  const hosts = new Set(rows.map(({ rhost }) => rhost)).size > 1;
  return rows.map(({ user, service, rhost }) =>
    [user, ...services ? [service] : [], ...hosts ? [rhost ?? "no host"] : []].join(" ")
  );
}

class Week {
  readonly #picture: Picture;
  readonly #days: readonly Day[];
  readonly #clock: Clock;
  readonly #begin: number;
  readonly #end: number;

  constructor(picture: Picture, days: readonly Day[], clock: Clock) {
    this.#picture = picture;
    this.#days = days;
    this.#clock = clock;
    const { starts } = picture.calendar;
    this.#begin = starts[days[0]!.first]!;
    this.#end = starts[days.at(-1)!.first + days.at(-1)!.cells]!;
  }

  html(number: number): string {
    const days = this.#days;
    const [first, last] = [days[0]!.date, days.at(-1)!.date];
    const title = first === last ? first : `${first} to ${last}`;
    const { rows } = this.#picture;
    const cells = days.reduce((sum, { cells }) => sum + cells, 0);
    const logins = loginsOf(rows);
    const drawn = rows.map((_, i) => this.#row(i, logins[i]!, number));
    return `<section aria-labelledby="w${number}">
<h2 id="w${number}">${title}</h2>
<div class="scroll">
<div role="grid" aria-labelledby="w${number}" aria-describedby="keys" aria-readonly="true" aria-rowcount="${
      rows.length + 1
    }" aria-colcount="${cells + 1}">
${this.#head(number)}
${drawn.join("\n")}
</div>
</div>
</section>`;
  }

  /** Where an instant is, from left to right. */
  #x(ms: number): string {
    return `${Number(((ms - this.#begin) / (this.#end - this.#begin) * 100).toFixed(4))}%`;
  }

  #at(cell: number): number {
    return this.#picture.calendar.starts[cell]!;
  }

  /** The days and their hours, and the lines between days that every row has. */
  #head(number: number): string {
    const [origin] = this.#days;
    const names = this.#days.map((day) => {
      const { weekday, date, minutes, first, cells } = day;
      const length = minutes === 1440 ? "" : ` (${minutes / 60} h)`;
      return `<text role="columnheader" aria-colindex="${
        2 + first - origin!.first
      }" aria-colspan="${cells}" x="${this.#x(this.#at(first))}" dx="4" y="15">${weekday} ${
        date.slice(5)
      }${length}</text>` + this.#hours(day);
    });
    const edges = this.#days.slice(1).map(({ first }) => {
      const x = this.#x(this.#at(first));
      return `<line x1="${x}" x2="${x}" y1="0" y2="100%"/>`;
    });
    return `<div role="row" class="row days" aria-rowindex="1"><div role="columnheader" aria-colindex="1" class="who">Who</div>` +
      `<svg role="none"><defs><g id="e${number}" class="edges">${edges.join("")}</g></defs>${
        names.join("")
      }` +
      `<use href="#e${number}"/></svg></div>`;
  }

  #hours(day: Day): string {
    const marks: string[] = [];
    for (let hour = 1; hour < day.minutes / 60; hour++) {
      const shown = this.#clock.hourAfter(day, hour);
      if (shown % HOURS_EVERY !== 0) continue;
      const x = this.#x(this.#at(day.first) + hour * HOUR_MS);
      marks.push(
        `<line x1="${x}" x2="${x}" y1="34" y2="100%"/><text class="hour" aria-hidden="true" x="${x}" y="31" text-anchor="middle">${shown}</text>`,
      );
    }
    return marks.join("");
  }

  #row(i: number, login: string, number: number): string {
    const { runs } = this.#picture;
    const cells = this.#days.flatMap((day) => runsOfDay(runs[i]!, day));
    const drawn = cells.map((run, at) => this.#cell(run, login, i === 0 && at === 0));
    return `<div role="row" class="row" aria-rowindex="${
      i + 2
    }"><div role="rowheader" aria-colindex="1" class="who" title="${html(login)}">${html(login)}</div>` +
      `<svg role="none">${drawn.join("")}<use href="#e${number}"/></svg></div>`;
  }

  #cell({ first, cells, value }: Run, login: string, isFirst: boolean): string {
    const { values } = this.#picture;
    const { date, weekday } = this.#clock.dayOf(first);
    const when = `${weekday} ${date} ${this.#clock.time(first)} to ${this.#clock.end(first + cells)}`;
    const [from, to] = [this.#at(first), this.#at(first + cells)];
    const width = Number(((to - from) / (this.#end - this.#begin) * 100).toFixed(4));
    return `<rect role="gridcell" class="cell m${values[value]!.mark}" tabindex="${isFirst ? 0 : -1}" x="${
      this.#x(from)
    }" width="${width}%" height="100%" aria-colindex="${
      2 + first - this.#days[0]!.first
    }" aria-colspan="${cells}" ` +
      `data-f="${first}" data-n="${cells}" data-v="${value}" data-w="${when}"><title>${
        html(`${login}, ${when}: `)
      }${html(tooltipOf(values[value]!), TOOLTIP_MAX)}</title></rect>`;
  }
}

function tooltipOf({ outcome, before }: Value): string {
  const said = (one: Outcome) => [nameOf(one), ...one.texts.map((text) => JSON.stringify(text))].join(" ");
  if (before === undefined || said(before) === said(outcome)) return said(outcome);
  return `${said(before)} becomes ${said(outcome)}`;
}
