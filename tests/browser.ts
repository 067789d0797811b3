// SPDX-License-Identifier: MIT
/**
 * A real browser for tests of pages: Debian's Chromium, headless, without a network, driven by playwright-core.
 *
 * @module
 */

import { type Browser, chromium, type Page } from "playwright-core";

/** Debian's browser; `scripts/setup` installs it. */
const CHROMIUM = "/usr/bin/chromium";
/** It is started as root in tests, and by itself it talks to hosts that nobody asked for. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];
/** The longest that anything on a page may take, in ms. */
const PATIENCE_MS = 60_000;

/** How a page is looked at. */
export interface View {
  /** Width of the window, in CSS pixels. Default: 1200. */
  readonly width?: number;
  /** Its height, in CSS pixels. Default: 900. */
  readonly height?: number;
  /** What the person prefers. Default: light. */
  readonly colorScheme?: "light" | "dark";
  /** Whether it is seen on paper. Default: screen. */
  readonly media?: "screen" | "print";
  /** Whether the page's scripts run. Default: true. */
  readonly scripts?: boolean;
}

/** A page with all that went wrong on it. */
export interface Seen {
  /** The page. */
  readonly page: Page;
  /** Warnings and errors of the console, errors that nobody caught, breaches of its content security policy. */
  readonly problems: string[];
  /** What it asked for besides itself: address by address. */
  readonly requests: string[];
}

/** The browser; dispose of it with `await using`. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Starts it. */
  static async start(): Promise<TestBrowser> {
    // A library that a test preloads for itself is none of the browser's.
    const { LD_PRELOAD: _, ...env } = Deno.env.toObject();
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: FLAGS,
      env,
      timeout: PATIENCE_MS,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    return new TestBrowser(browser);
  }

  /** Opens an address, `file:` or one of this machine, in a profile of its own, and waits until it is loaded. */
  async open(address: string, view: View = {}): Promise<Seen> {
    const { width = 1200, height = 900, colorScheme = "light", media = "screen", scripts = true } = view;
    const context = await this.#browser.newContext({
      viewport: { width, height },
      colorScheme,
      javaScriptEnabled: scripts,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const problems: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) {
        problems.push(`${message.type()}: ${message.text()}`);
      }
    });
    page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
    page.on("request", (request) => {
      if (!request.isNavigationRequest()) requests.push(request.url());
    });
    await page.emulateMedia({ media });
    await page.goto(address);
    return { page, problems, requests };
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** A text of a page that is hard to read. */
export interface Faint {
  /** The text, or the beginning of it. */
  readonly text: string;
  /** Its colour and that behind it, and the ratio of WCAG 2 between them. */
  readonly ratio: number;
  readonly colour: string;
  readonly behind: string;
}

/**
 * The texts of a page whose colour has too little contrast with what is behind them, as WCAG 2 reckons it. Texts in a drawing count
 * with their `fill`, before the background of the element that the drawing is in.
 */
export async function faintTexts(page: Page, least = 4.5): Promise<{ looked: number; faint: Faint[] }> {
  return await page.evaluate(`(${FAINT_TEXTS})(${least})`) as { looked: number; faint: Faint[] };
}

// A text: it is compiled in the page, whose names are not those of this program.
const FAINT_TEXTS = `(least) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
  const light = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((octet) => {
      const part = octet / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, two) => {
    const [bright, dark] = [light(one), light(two)].sort((a, b) => b - a);
    return (bright + 0.05) / (dark + 0.05);
  };
  const canvasColour = rgba(matchMedia("(prefers-color-scheme: dark)").matches &&
    getComputedStyle(document.documentElement).colorScheme.includes("dark") ? "#121212" : "#fff");
  const behind = (element) => {
    const layers = [];
    for (let at = element; at !== null; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), canvasColour);
  };
  const faint = [];
  let looked = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    const element = walker.currentNode.parentElement;
    if (text === "" || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    if (["SCRIPT", "STYLE", "TITLE", "DESC"].includes(element.tagName.toUpperCase())) continue;
    const style = getComputedStyle(element);
    const back = behind(element);
    const colour = over(rgba(element instanceof SVGElement ? style.fill : style.color), back);
    looked++;
    const found = ratio(colour, back);
    if (found < least) {
      const name = (rgb) => "rgb(" + rgb.slice(0, 3).map(Math.round).join(" ") + ")";
      faint.push({ text: text.slice(0, 60), ratio: found, colour: name(colour), behind: name(back) });
    }
  }
  return { looked, faint };
}`;
