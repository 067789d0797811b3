// SPDX-License-Identifier: MIT
import { assertSurvives, type ProfileName, PROFILES } from "@pam-deno/sdk/testing";
import assert from "node:assert/strict";
import module from "./module.ts";
import { Endpoint, NOON } from "./scene.ts";

const NAMES = Object.keys(PROFILES) as ProfileName[];
/** Those that open a session. */
const SESSIONS = NAMES.filter((name) => !["passwd", "locker", "polkit"].includes(name));

const scene = ({ server, secret }: Endpoint, ...words: string[]) => ({
  now: NOON,
  configured: { server, path: "/token", client_id: "machine", client_secret: secret },
  options: ["loopback_http=yes", ...words],
});

Deno.test("the module survives every application, with one token for each session", async () => {
  for (const name of NAMES) {
    await using endpoint = new Endpoint();
    const [seen] = await assertSurvives(module, [name], scene(endpoint, "required=yes"));
    // The child of cron that becomes the job asks for new credentials.
    assert.equal(endpoint.asked, SESSIONS.includes(name) ? name === "cron" ? 2 : 1 : 0, name);
    const files = seen!.steps.flatMap(({ result }) => Object.entries(result.userFiles));
    const named = (isThere: boolean) =>
      new Set(files.filter(([, file]) => (file !== undefined) === isThere).map(([file]) => file));
    assert.deepEqual(named(true), named(false), name);
  }
});

Deno.test("without an endpoint no application opens a session that needs a token", async () => {
  const endpoint = new Endpoint(() => new Response("busy", { status: 503 }));
  await using _ = endpoint;
  await assertSurvives(module, undefined, { ...scene(endpoint, "required=yes"), refused: SESSIONS });
  await assertSurvives(module, undefined, scene(endpoint));
});
