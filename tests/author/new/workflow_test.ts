// SPDX-License-Identifier: MIT
/**
 * The workflow that a new module brings: what it may do, and that its steps work.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { Place, run } from "./place.ts";

const WORKFLOW = ".github/workflows/ci.yml";

Deno.test("the workflow of a new module pins what it uses, and may do little", async () => {
  using place = new Place();
  const text = Deno.readTextFileSync(join(await place.begun("policy"), WORKFLOW));
  const uses = [...text.matchAll(/^ *- uses: (.*)$/gm)].map(([, action]) => action!);
  assert.equal(uses.length, 4);
  for (const action of uses) assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  assert.match(text, /^permissions: \{\}$/m);
  const given = [...text.matchAll(/^ {6}([a-z-]+): (read|write)\b/gm)].map(([, what, how]) =>
    `${what}: ${how}`
  );
  assert.deepEqual(given, ["contents: read", "contents: read", "id-token: write"]);
  // Only what publishes has the token, and only for a tag.
  const [check, publish] = text.split(/^ {2}publish:$/m);
  assert.ok(!check!.includes("id-token") && publish!.includes("id-token: write"));
  assert.match(publish!, /^ {4}if: startsWith\(github\.ref, 'refs\/tags\/v'\)$/m);
  assert.match(publish!, /^ {4}needs: check$/m);
  assert.match(publish!, /run: deno publish --allow-dirty$/m);
  assert.match(check!, /run: deno task check$/m);
  assert.doesNotMatch(text, /secrets\.|pull_request_target|persist-credentials: true/);
});

Deno.test("the workflow takes the SDK from JSR, and publishes no version but the tag's", async () => {
  using place = new Place();
  const folder = await place.begun("policy");
  const text = Deno.readTextFileSync(join(folder, WORKFLOW));
  const step = (name: RegExp) => new RegExp(`- name: ${name.source}\\n +run: (.*)`).exec(text)![1]!;
  // There the workflow has set Deno up.
  const PATH = `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`;
  const shell = (script: string, env = {}) =>
    run(["bash", "-ec", script], { cwd: folder, env: { PATH, ...env } });

  const tag = step(/The tag is the version/);
  assert.equal((await shell(tag, { GITHUB_REF_NAME: "v0.1.0" })).status, 0);
  assert.equal((await shell(tag, { GITHUB_REF_NAME: "v0.1.1" })).status, 1);

  const file = join(folder, "deno.json");
  const before = JSON.parse(Deno.readTextFileSync(file));
  const taken = await shell(step(/Take the SDK from JSR, .*/));
  assert.equal(taken.status, 0, taken.stderr);
  const { links, ...rest } = before;
  assert.equal(links.length, 1);
  assert.deepEqual(JSON.parse(Deno.readTextFileSync(file)), rest);
  assert.equal((await run([Deno.execPath(), "fmt", "--check"], { cwd: folder })).status, 0);
});
