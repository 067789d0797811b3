// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { compare } from "../../../sdk/author/simulate/comparison.ts";
import { pageOf } from "../../../sdk/author/simulate/page.ts";
import { type Picture, pictureOf, pictureOfComparison } from "../../../sdk/author/simulate/picture.ts";
import { defineModule } from "../../../mod.ts";
import { faintTexts, type Seen, TestBrowser, type View } from "../../browser.ts";
import { type Scene, simulating } from "./asking.ts";

/** Every kind of answer, by the hour, and for each user a little later. */
const MANY = defineModule({
  account({ user, now, deny }) {
    const { hour, dayOfWeek } = now.toZonedDateTimeISO("UTC");
    const slot = hour - user.charCodeAt(0) % 3;
    if (dayOfWeek === 7) return "ignore";
    if (slot < 6) return deny("perm_denied", "Closed until 06:00");
    if (slot === 6) return "new_authtok_reqd";
    if (slot === 12) throw new Error("The database is away");
    if (slot === 13) return deny("acct_expired", "Your account has expired");
    if (slot === 14) return "user_unknown";
    return slot < 20 ? "success" : deny("perm_denied", "Closed until tomorrow");
  },
});
const SCENE: Scene = {
  from: "2026-10-22",
  days: 9,
  step: "1h",
  tz: "Europe/Berlin",
  users: { alice: {}, bob: {}, carol: {} },
};

const closedAt = (from: number) =>
  defineModule({
    account: ({ now, deny }) =>
      now.toZonedDateTimeISO("UTC").hour < from ? "success" : deny("perm_denied", `Closed from ${from}`),
  });

/** Does `look` with a page in a browser of its own. */
async function looking(
  picture: Picture,
  view: View,
  look: (seen: Seen, file: string) => Promise<void>,
): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "pam-deno-page-" });
  try {
    const file = join(folder, "page.html");
    Deno.writeTextFileSync(file, pageOf(picture));
    await using browser = await TestBrowser.start();
    const seen = await browser.open(`file://${file}`, view);
    await look(seen, file);
    assert.deepEqual(seen.problems, [], "the page has complained");
    assert.deepEqual(seen.requests, [], "the page has asked for something");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** What is written of the cell that has the focus. */
const focused = ({ page }: Seen) =>
  page.evaluate(
    "document.activeElement.querySelector('title')?.textContent ?? document.activeElement.tagName",
  );
const panel = async ({ page }: Seen) =>
  (await page.locator("#details").innerText()).replaceAll(/\s*\n\s*/g, " | ");

for (const colorScheme of ["light", "dark"] as const) {
  for (const [what, pictured] of Object.entries({ simulation, comparison })) {
    Deno.test(`the page of a ${what} is quiet and can be read where it is ${colorScheme}`, async () => {
      await looking(await pictured(), { colorScheme }, async (seen) => {
        await seen.page.keyboard.press("Tab");
        const { looked, faint } = await faintTexts(seen.page);
        assert.ok(looked > 50, `${looked} texts`);
        assert.deepEqual(faint, []);
        const ground = await seen.page.evaluate("getComputedStyle(document.body).backgroundColor");
        assert.equal(ground, colorScheme === "light" ? "rgb(255, 255, 255)" : "rgb(18, 20, 23)");
      });
    });
  }
}

async function simulation(): Promise<Picture> {
  return pictureOf(await simulating(MANY, SCENE));
}

async function comparison(): Promise<Picture> {
  return pictureOfComparison(
    compare(await simulating(closedAt(18), SCENE), await simulating(closedAt(20), SCENE)),
  );
}

Deno.test("the page goes from cell to cell by keyboard, says what is there, and keeps it on Enter", async () => {
  await looking(await simulation(), {}, async (seen) => {
    const { page } = seen;
    const press = async (key: string) => {
      await page.keyboard.press(key);
      return await focused(seen);
    };
    assert.match(await panel(seen), /^Point at a cell, or go to one/);
    assert.equal(
      await press("Tab"),
      'alice, Thu 2026-10-22 00:00 to 02:00: perm_denied "Closed until tomorrow"',
    );
    assert.equal(
      await press("ArrowRight"),
      'alice, Thu 2026-10-22 02:00 to 09:00: perm_denied "Closed until 06:00"',
    );
    assert.match(
      await press("ArrowRight") as string,
      /^alice, Thu 2026-10-22 09:00 to 10:00: new_authtok_reqd$/,
    );
    // Up and down keep the time, whatever is there.
    assert.match(await press("ArrowDown") as string, /^bob, Thu 2026-10-22 \d\d:00 to \d\d:00: /);
    assert.match(
      await press("ArrowUp") as string,
      /^alice, Thu 2026-10-22 09:00 to 10:00: new_authtok_reqd$/,
    );
    assert.match(await press("ArrowUp") as string, /^alice, Thu 2026-10-22 09:00/);
    assert.match(await press("End") as string, /^alice, Wed 2026-10-28 \d\d:00 to 24:00: /);
    assert.match(await press("ArrowRight") as string, /^alice, Wed 2026-10-28 \d\d:00 to 24:00: /);
    assert.match(await press("Control+End") as string, /^carol, Wed 2026-10-28 \d\d:00 to 24:00: /);
    assert.match(await press("Home") as string, /^carol, Thu 2026-10-22 00:00 to /);
    assert.match(await press("PageUp") as string, /^alice, Thu 2026-10-22 00:00 to /);
    assert.match(await press("Control+End") as string, /^carol/);
    assert.match(await press("Control+Home") as string, /^alice, Thu 2026-10-22 00:00 to 02:00/);
    assert.equal(
      await panel(seen),
      "alice, Thu 2026-10-22 00:00 to 02:00 | Answer | perm_denied: refused | Said | Closed until tomorrow",
    );
    await press("Enter");
    assert.match(
      await page.getByRole("status").innerText(),
      /^alice, Thu 2026-10-22 00:00 to 02:00\s+Answer/,
    );
    await press("ArrowRight");
    assert.match(await panel(seen), /^alice, Thu 2026-10-22 00:00 to 02:00 /);
    await press("Enter");
    assert.match(await panel(seen), /^alice, Thu 2026-10-22 02:00 to /);
    await press("Escape");
    assert.match(await panel(seen), /^Point at a cell/);
    // The next tab stop is the second week, and one more leaves the grids.
    assert.match(await press("Tab") as string, /^alice, Thu 2026-10-29 00:00/);
    await press("Shift+Tab");
    assert.match(await focused(seen) as string, /^alice, Thu 2026-10-22 02:00/);
  });
});

Deno.test("the page shows where the focus is", async () => {
  await looking(await simulation(), {}, async ({ page }) => {
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowRight");
    const placeOf = async (which: string) => {
      const found = page.locator(which);
      return await Promise.all([found.getAttribute("x"), found.getAttribute("width"), found.isVisible()]);
    };
    const cell = await placeOf(".cell:focus");
    assert.deepEqual(await placeOf(".marker"), cell);
    assert.equal(
      await page.evaluate(
        `document.querySelector(".marker").parentNode === document.activeElement.parentNode`,
      ),
      true,
    );
    assert.equal(
      await page.evaluate(`getComputedStyle(document.querySelector(".marker")).stroke`),
      "rgb(11, 87, 208)",
    );
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    assert.equal(await page.locator(".marker").count(), 0);
  });
});

Deno.test("the page tells a screen reader what a grid is", async () => {
  await looking(await simulation(), {}, async ({ page }) => {
    const grid = page.getByRole("grid", { name: "2026-10-22 to 2026-10-28" });
    assert.equal(await grid.getAttribute("aria-rowcount"), "4");
    assert.equal(await grid.getAttribute("aria-colcount"), String(6 * 24 + 25 + 1));
    assert.equal(await grid.getByRole("row").count(), 4);
    assert.deepEqual(await grid.getByRole("rowheader").allInnerTexts(), ["alice", "bob", "carol"]);
    assert.equal(await grid.getByRole("columnheader").count(), 8);
    assert.equal(await grid.getByRole("columnheader", { name: "Sun 10-25 (25 h)" }).count(), 1);
    const cell = grid.getByRole("gridcell", {
      name: "alice, Thu 2026-10-22 09:00 to 10:00: new_authtok_reqd",
    });
    assert.equal(await cell.getAttribute("aria-colindex"), "11");
    assert.equal(await cell.getAttribute("aria-colspan"), "1");
    // One stop of the tabulator in each grid.
    assert.equal(await page.locator('.cell[tabindex="0"]').count(), 2);
  });
});

Deno.test("the page says of a cell what it is by pointing and clicking, too", async () => {
  await looking(await comparison(), {}, async (seen) => {
    const cell = seen.page.locator(".cell").filter({ hasText: "becomes success" }).first();
    await cell.hover();
    assert.equal(
      await panel(seen),
      "alice, Thu 2026-10-22 20:00 to 22:00 | Now | perm_denied: refused | Said | Closed from 18 | Then | success: the login goes on",
    );
    await cell.click();
    await seen.page.locator(".cell").first().hover();
    assert.match(await panel(seen), /^alice, Thu 2026-10-22 20:00/);
  });
});

const HOSTILE =
  `</title></script><script>alert(1)</script><img src=x onerror=alert(2)>"'&amp;\u202e\x1b[31m\${alert(3)}`;

Deno.test("the page shows hostile texts as text, wherever they come from", async () => {
  const module = defineModule({
    account({ now, deny }) {
      if (now.toZonedDateTimeISO("UTC").hour < 12) return deny("perm_denied", HOSTILE);
      throw new Error(HOSTILE);
    },
  });
  // No item has control characters.
  const name = HOSTILE.replace("\x1b", "");
  const users = { [name]: {} };
  const rows = [{ user: name, service: name, rhost: name }, { user: name, service: "x" }];
  const asked = await simulating(module, { users, rows, days: 1 });
  const picture = pictureOf({ ...asked, module: HOSTILE, options: [HOSTILE] });
  for (const scripts of [true, false]) {
    await looking(picture, { scripts }, async (seen) => {
      const { page } = seen;
      let dialogs = 0;
      page.on("dialog", async (dialog) => {
        dialogs++;
        await dialog.dismiss();
      });
      if (scripts) {
        await page.locator(".cell").first().click();
        assert.match(
          await panel(seen),
          /Said \| <\/title><\/script><script>alert\(1\)<\/script><img src=x onerror=alert\(2\)>"'&amp;\ufffd/,
        );
      }
      assert.equal(await page.locator("img").count(), 0);
      assert.equal(await page.locator("script").count(), 2);
      assert.equal(dialogs, 0);
      assert.match(await page.locator("table").innerText(), /<img src=x onerror=alert\(2\)>/);
    });
  }
});

Deno.test("the page is all there without its script", async () => {
  await looking(await simulation(), { scripts: false }, async ({ page }) => {
    assert.equal(await page.getByRole("gridcell", { name: /^alice, Thu 2026-10-22 09:00/ }).count(), 1);
    assert.match(await page.locator("table").innerText(), /acct_expired\s+Your account has expired/);
  });
});

Deno.test("the page fits a window of 400 pixels, where names stay while days go by", async () => {
  await looking(await simulation(), { width: 400, height: 800 }, async ({ page }) => {
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 400);
    const name = page.getByRole("rowheader", { name: "bob" }).first();
    const before = (await name.boundingBox())!;
    await page.evaluate(`document.querySelector(".scroll").scrollTo(9999, 0)`);
    const gone = await page.evaluate(`document.querySelector(".scroll").scrollLeft`);
    assert.ok(Number(gone) > 300, `${gone}`);
    assert.deepEqual(await name.boundingBox(), before);
    // A cell that is reached by keyboard is not below the names.
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowRight");
    const cell = (await page.locator(".cell:focus").boundingBox())!;
    assert.ok(cell.x + cell.width > before.x + before.width, JSON.stringify([cell, before]));
  });
});

Deno.test("the page prints in light colours whatever the screen has, all of it, without what is only for screens", async () => {
  const view = { media: "print", colorScheme: "dark", width: 1046, height: 720 } as const;
  await looking(await simulation(), view, async ({ page }) => {
    assert.equal(await page.locator("#details").isVisible(), false);
    assert.equal(
      await page.evaluate("getComputedStyle(document.body).backgroundColor"),
      "rgb(255, 255, 255)",
    );
    assert.deepEqual((await faintTexts(page)).faint, []);
    const grid = (await page.getByRole("grid").first().boundingBox())!;
    assert.ok(grid.x >= 0 && grid.x + grid.width <= 1046, JSON.stringify(grid));
    assert.equal(
      await page.evaluate(`getComputedStyle(document.querySelector(".scroll")).overflowX`),
      "visible",
    );
    assert.equal(
      await page.evaluate(`getComputedStyle(document.querySelector(".cell")).printColorAdjust`),
      "exact",
    );
    const pdf = await page.pdf({ preferCSSPageSize: true });
    assert.equal(new TextDecoder().decode(pdf.subarray(0, 5)), "%PDF-");
  });
});

Deno.test("no two marks of a page share colour and pattern, and rows are as long as their week", async () => {
  const picture = await simulation();
  const page = pageOf(picture);
  const patterns = [...page.matchAll(/<pattern id="p(\d+)" class="k\d+"[^>]*>(.*?)<\/pattern>/g)];
  assert.equal(patterns.length, picture.marks.length);
  const grounds = [...page.matchAll(/^\.k(\d+) (\{[^}]*\})$/gm)].slice(0, patterns.length).map((
    [, , colours],
  ) => colours);
  assert.equal(new Set(patterns.map(([, , shape], i) => `${shape} ${grounds[i]}`)).size, patterns.length);
  for (const [row] of page.matchAll(/<div role="row" class="row" .*?<\/svg>/g)) {
    const widths = [...row.matchAll(/ width="([\d.]+)%"/g)].map(([, width]) => Number(width));
    const all = widths.reduce((sum, width) => sum + width, 0);
    assert.ok(Math.abs(all - 100) < 0.01, `${all} %`);
  }
});

Deno.test("the page of 33,600 cells without equal neighbours still opens, and goes from cell to cell", async () => {
  const users = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`user${i}`, {}]));
  const module = defineModule({
    account: ({ now }) => now.epochMilliseconds / 900_000 % 2 === 0 ? "success" : "perm_denied",
  });
  const picture = pictureOf(await simulating(module, { users, days: 7, step: "15m" }));
  const began = performance.now();
  await looking(picture, {}, async (seen) => {
    const opened = performance.now();
    await seen.page.keyboard.press("Tab");
    await seen.page.keyboard.press("ArrowRight");
    assert.match(await focused(seen) as string, /^user0, Mon 2026-08-03 00:15 to 00:30: perm_denied$/);
    const bytes = pageOf(picture).length;
    console.log(`    33,600 rectangles: ${bytes} bytes, ${Math.round(opened - began)} ms to open`);
    assert.ok(bytes < 12_000_000, `${bytes} bytes`);
  });
});
