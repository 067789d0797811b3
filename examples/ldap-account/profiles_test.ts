// SPDX-License-Identifier: MIT
import { assertSurvives, type ProfileName, PROFILES } from "@pam-deno/sdk/testing";
import module, { close } from "./module.ts";

/** A port of the loopback where nobody listens: it was free a moment ago. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("without a server the module refuses every application that heeds it, and fails in none", async () => {
  const server = `127.0.0.1:${closedPort()}`;
  const configured = { server, tls: "none", base: "ou=people,dc=example,dc=org", limit: "1s", total: "1s" };
  // passwd does not ask about the account, and a locker opens all the same.
  const refused = (Object.keys(PROFILES) as ProfileName[]).filter((name) =>
    name !== "passwd" && name !== "locker"
  );
  await assertSurvives(module, undefined, { configured, refused });
  close();
});
