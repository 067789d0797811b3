// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { faintTexts, TestBrowser } from "./browser.ts";

Deno.test("TestBrowser tells what goes wrong on a page, and faintTexts() what cannot be read", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const file = join(folder, "page.html");
    Deno.writeTextFileSync(
      file,
      `<!doctype html><html lang="en"><title>page</title><style>
:root { color-scheme: light dark; } @media (prefers-color-scheme: dark) { h1 { color: #444; } }
</style><h1>Readable in the light</h1><p style="color:#bbb">Never</p><img alt="" src="http://127.0.0.1:9/">
<script>console.warn("careful"); nowhere();</script>`,
    );
    await using browser = await TestBrowser.start();
    const light = await browser.open(`file://${file}`);
    assert.deepEqual(light.requests, ["http://127.0.0.1:9/"]);
    assert.ok(light.problems.some((problem) => problem === "warning: careful"), light.problems.join("\n"));
    assert.ok(light.problems.some((problem) => /^uncaught: nowhere is not defined/.test(problem)));
    const inLight = await faintTexts(light.page);
    assert.equal(inLight.looked, 2);
    assert.deepEqual(inLight.faint.map(({ text }) => text), ["Never"]);
    const dark = await browser.open(`file://${file}`, { colorScheme: "dark" });
    assert.deepEqual((await faintTexts(dark.page)).faint.map(({ text }) => text), ["Readable in the light"]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
