// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { nameBundle } from "../../../sdk/install/bundle_names.ts";

/** A bundle with a CommonJS file and a file that is loaded later, of a package cache in `cache`. */
const code = (cache: string) =>
  `// ${cache}a/1.0.0/a.js
var require_a = __commonJS({
  "${cache}a/1.0.0/a.js"(exports, module) {
    module.exports = "${cache}";
  }
});

// deno:${cache}b/1.0.0/b.mjs
var init_b = __esm({
  "deno:${cache}b/1.0.0/b.mjs"() {
    b = { "../mine"(exports) { return exports; } };
  }
});
//# sourceMappingURL=module.js.map
`;

Deno.test("nameBundle() takes out where packages came from, also where the bundler writes it into the code", async () => {
  const named = (cache: string) =>
    nameBundle(code(cache).replace(`= "${cache}"`, "= 1"), '{"sources":[]}', { npm: [cache], jsr: "jsr/" });
  const one = await named("../../root/.cache/deno/npm/registry_1/");
  const two = await named("../../../home/x/npm/localhost_1/");
  assert.equal(one.code, two.code);
  assert.equal(one.sha256, two.sha256);
  assert.match(one.code, /__commonJS\(\{\n {2}"npm\/a\/1\.0\.0\/a\.js"\(exports, module\) \{\n/);
  assert.match(one.code, /__esm\(\{\n {2}"npm\/b\/1\.0\.0\/b\.mjs"\(\) \{\n/);
  assert.ok(one.sources.includes("npm/a/1.0.0/a.js") && one.sources.includes("npm/b/1.0.0/b.mjs"));
});

Deno.test("nameBundle() leaves a module's own code alone", async () => {
  const cache = "../../npm/";
  const { code: text } = await nameBundle(code(cache), '{"sources":[]}', { npm: [cache], jsr: "jsr/" });
  assert.ok(text.includes(`module.exports = "${cache}";`));
  assert.ok(text.includes(`"../mine"(exports) { return exports; }`));
});
