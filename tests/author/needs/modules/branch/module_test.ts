// SPDX-License-Identifier: MIT
import { assertCode, runHook } from "@pam-deno/sdk/testing";
import module from "./module.ts";

const WORDS: Readonly<Record<string, string>> = { "/alice": "yes", "/bob": "no", "/carol": "code" };

Deno.test("authenticate asks the server, and the person where that says so", async () => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async ({ url }) => {
    // What a fixture needs while a hook waits for it is not the module's.
    await Deno.stat("/usr/share");
    return new Response(WORDS[new URL(url).pathname]);
  });
  const options = [`server=127.0.0.1:${server.addr.port}`];
  const answer = async (user: string) => {
    const conversation = user === "carol" ? [{ prompt: "Code: ", answer: "1234" }] : [];
    return await runHook(module, "authenticate", { user, options, conversation });
  };
  assertCode(await answer("alice"), "success");
  assertCode(await answer("bob"), "auth_err");
  assertCode(await answer("carol"), "success");
});
