// SPDX-License-Identifier: MIT
/**
 * The documentation site in a real browser: pages say nothing on the console and ask nobody, can be read in the light and in the dark,
 * narrow and wide, and are gone through by keyboard.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildSite } from "../../scripts/docs/build.ts";
import { faintTexts, TestBrowser, type View } from "../browser.ts";
import { ROOT } from "./page.ts";

/** The narrowest screen that pages are made for, in CSS pixels. */
const NARROW = 360;
const VIEWS = [
  { width: NARROW, colorScheme: "light" },
  { width: 1280, colorScheme: "dark" },
] as const satisfies readonly View[];
/** One of so many pages of the reference, of sources and of errors is looked at: they are made alike. */
const ERRORS_EVERY = 30;
const REFERENCE_EVERY = 80;
const SOURCES_EVERY = 15;

/** The site, served as a host would and as files. */
class Served implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "pam-deno-site-" });
  /** Paths that were asked for and are not there. */
  readonly missing: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      const path = decodeURIComponent(new URL(request.url).pathname);
      const type = /\.(html|css|js|svg)$/.exec(path)?.[1] ?? "html";
      const types = { html: "text/html", css: "text/css", js: "text/javascript", svg: "image/svg+xml" };
      try {
        const bytes = Deno.readFileSync(join(this.folder, path));
        return new Response(bytes, { headers: { "content-type": types[type as keyof typeof types] } });
      } catch {
        this.missing.push(path);
        return new Response("", { status: 404 });
      }
    });
  }

  at(path: string): string {
    return `http://127.0.0.1:${this.#server.addr.port}/${path.split("/").map(encodeURIComponent).join("/")}`;
  }

  pages(folder = ""): string[] {
    return [...Deno.readDirSync(join(this.folder, folder))].flatMap(({ name, isDirectory }) => {
      const path = join(folder, name);
      return isDirectory ? this.pages(path) : name.endsWith(".html") ? [path] : [];
    }).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function opened() {
  const stack = new AsyncDisposableStack();
  const site = stack.use(new Served());
  const { findings } = await buildSite({ root: ROOT, into: site.folder, whole: true });
  assert.deepEqual(findings, []);
  const browser = stack.use(await TestBrowser.start());
  return Object.assign(stack, { site, browser });
}

/** Asserts what has to be so on each of the pages, in one view. */
async function lookWell(browser: TestBrowser, addresses: readonly string[], view: View): Promise<void> {
  // One after the other in one window, as a reader does; opening one for each takes most of the time.
  const { page, problems, requests } = await browser.open(addresses[0]!, view);
  for (const address of addresses) {
    const where = `${address} ${view.colorScheme} ${view.width}`;
    await page.goto(address);
    const { looked, faint } = await faintTexts(page);
    assert.ok(looked > 0, where);
    assert.deepEqual(faint, [], where);
    const width = await page.evaluate("document.documentElement.scrollWidth");
    assert.ok(Number(width) <= view.width!, `${where}: is ${width} px wide`);
    assert.deepEqual(problems, [], where);
    const { origin } = new URL(address);
    const elsewhere = requests.filter((url) => !url.startsWith("data:") && new URL(url).origin !== origin);
    assert.deepEqual(elsewhere, [], where);
  }
  await page.context().close();
}

Deno.test("the site in a browser", async (t) => {
  await using opening = await opened();
  const { site, browser } = opening;
  const all = site.pages();
  const sources = all.filter((path) => path.startsWith("source/"));
  const reference = all.filter((path) => path.startsWith("api/") && !path.endsWith(".prototype.html"));
  const seen = [
    ...all.filter((path, i) =>
      !/^(?:api|source)\//.test(path) && (!path.startsWith("errors/") || i % ERRORS_EVERY === 0)
    ),
    ...sources.filter((_, i) => i % SOURCES_EVERY === 0),
    ...reference.filter((path, i) => !path.includes("/~/") || i % REFERENCE_EVERY === 0),
  ];

  for (const view of VIEWS) {
    await t.step(`pages can be read, ${view.colorScheme} and ${view.width} px wide`, async () => {
      assert.ok(seen.length > 30);
      await lookWell(browser, seen.map((path) => site.at(path)), view);
      assert.deepEqual(site.missing, []);
    });
  }

  await t.step("the keyboard gets to the text, to all pages, and opens the next one", async () => {
    const { page } = await browser.open(site.at("running.html"), { width: NARROW });
    const focused = () => page.evaluate("document.activeElement.textContent.trim()");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "Skip to the text");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate("document.activeElement.id"), "content");
    await page.keyboard.press("Tab");
    assert.equal(
      await page.evaluate("document.querySelector('main').contains(document.activeElement)"),
      true,
    );

    await page.goto(site.at("configuration.html"));
    for (const word of ["Skip to the text", "pam-deno", "Reference of the SDK", "All pages"]) {
      await page.keyboard.press("Tab");
      assert.equal(await focused(), word);
    }
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate("document.activeElement.closest('nav')?.ariaLabel"), "All pages");
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => !url.pathname.endsWith("/configuration.html"));
    await page.context().close();
  });

  await t.step("what is too wide is scrolled by keyboard, and not the page", async () => {
    const { page } = await browser.open(site.at("comparison.html"), { width: NARROW });
    const table = page.locator(".wide").first();
    await table.focus();
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction("document.querySelector('.wide').scrollLeft > 0");
    assert.equal(await page.evaluate("document.documentElement.scrollLeft"), 0);
    await page.context().close();
  });

  await t.step(
    "pages are read as files as well, without scripts, and on paper without the frame",
    async () => {
      const address = pathToFileURL(join(site.folder, "readme.html")).href;
      const { page, problems, requests } = await browser.open(address, { scripts: false });
      assert.deepEqual(problems, []);
      assert.ok(requests.every((url) => url.startsWith("file:")));
      assert.equal(await page.locator(".side").isVisible(), true);
      await page.emulateMedia({ media: "print" });
      assert.equal(await page.locator(".side").isVisible(), false);
      assert.equal(await page.locator("h1").isVisible(), true);
      const { faint } = await faintTexts(page);
      assert.deepEqual(faint, []);
      await page.context().close();
    },
  );

  await t.step("the reference finds a name, and leads back to the pages", async () => {
    const { page, problems } = await browser.open(site.at("api/index.html"));
    await page.locator("#searchbar").fill("defineModule");
    await page.locator("#searchResults a").first().waitFor();
    assert.match(await page.locator("#searchResults").innerText(), /defineModule/);
    await page.locator(".to-site a").click();
    await page.waitForURL((url) => url.pathname === "/index.html");
    assert.deepEqual(problems, []);
    await page.context().close();
  });
});
