// SPDX-License-Identifier: MIT
/**
 * An OAuth 2.0 server, oidc-provider, for one client that may get tokens for itself. Prints `listening on PORT`, and
 * `granted` for each token.
 *
 * Usage: `deno run -A token_server.ts CLIENT_ID CLIENT_SECRET [CERTIFICATE KEY]`
 *
 * @module
 */

import { createServer as createPlainServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";

const [client_id = "", client_secret = "", cert, key] = Deno.args;
const ttl = { ClientCredentials: 600 };

const server = cert === undefined || key === undefined
  ? createPlainServer()
  : createSecureServer({ cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key) });
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  const provider = new Provider(`${cert === undefined ? "http" : "https"}://127.0.0.1:${port}`, {
    clients: [{
      client_id,
      client_secret,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    }],
    scopes: ["read", "write"],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true },
    },
    ttl,
  });
  provider.on("grant.success", () => console.log("granted"));
  server.on("request", provider.callback());
  console.log(`listening on ${port}`);
});
