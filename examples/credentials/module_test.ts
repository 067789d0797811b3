// SPDX-License-Identifier: MIT
// The module against endpoints that do as they like, on this machine. What a real one does with it is tested through libpam.
import { assertCode, assertFailure, assertLogged, assertShown } from "@pam-deno/sdk/testing";
import assert from "node:assert/strict";
import { ANSWER_MAX } from "./endpoint.ts";
import { assertNoSecret, Endpoint, file, type Handler, NOON, SECRET, TOKEN, token } from "./scene.ts";

const NO_TOKEN = "There is no token for this session: try again later, or ask the administrator";
const PATH = /^\/run\/pam-deno\/user\/1000-(oauth-[0-9a-f]{16})$/;

Deno.test("setCredentials establishes a file with the token, once for a session", async () => {
  let seen: [string | null, string] | undefined;
  await using endpoint = new Endpoint(async (request) => {
    seen = [request.headers.get("authorization"), await request.text()];
    return token();
  });
  using transaction = endpoint.transaction(["scope=read,write", "audience=https://api.example.org"]);
  const first = await transaction.run("setCredentials");
  assertCode(first, "success");
  const [name, content] = file(first);
  assert.equal(content, `${TOKEN}\n`);
  assert.equal(PATH.exec(transaction.environment["OAUTH_TOKEN_FILE"] ?? "")?.[1], name);
  // RFC 6749, section 2.3.1: both are form-encoded before they go into the header.
  const shown = atob(seen?.[0]?.replace(/^Basic /, "") ?? "").split(":").map(decodeURIComponent);
  assert.deepEqual(shown, ["machine", SECRET]);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(seen?.[1])), {
    grant_type: "client_credentials",
    scope: "read write",
    audience: "https://api.example.org",
  });
  // sshd's second call is in a process that has its own copy of the environment.
  transaction.setVariable("OAUTH_TOKEN_FILE", undefined);
  for (const hook of ["setCredentials", "openSession"] as const) {
    const again = await transaction.run(hook);
    assertCode(again, "success");
    assert.deepEqual(again.userFiles, {});
    assert.equal(PATH.exec(transaction.environment["OAUTH_TOKEN_FILE"] ?? "")?.[1], name);
  }
  assert.equal(endpoint.asked, 1);
  assertNoSecret(first);
});

Deno.test("setCredentials fetches into the same file when the token is near its end, or when it is told to", async () => {
  await using endpoint = new Endpoint((_, count) => token({ access_token: `token-${count}` }));
  using transaction = endpoint.transaction();
  const [name] = file(await transaction.run("setCredentials"));
  transaction.advance({ minutes: 58 });
  assert.deepEqual((await transaction.run("setCredentials")).userFiles, {});
  transaction.advance({ minutes: 1, seconds: 1 });
  assert.deepEqual(file(await transaction.run("setCredentials")), [name, "token-2\n"]);
  assert.deepEqual(file(await transaction.run("setCredentials", { flags: ["refresh_cred"] })), [
    name,
    "token-3\n",
  ]);
  const flags = ["reinitialize_cred"] as const;
  assert.deepEqual(file(await transaction.run("setCredentials", { flags })), [name, "token-4\n"]);
});

Deno.test("setCredentials reinitializes from a cold start, and refreshes nothing that it does not know", async () => {
  await using endpoint = new Endpoint();
  using sudo = endpoint.transaction();
  assert.equal(file(await sudo.run("setCredentials", { flags: ["reinitialize_cred"] }))[1], `${TOKEN}\n`);
  using locker = endpoint.transaction(["required=yes"]);
  const refreshed = await locker.run("setCredentials", { flags: ["refresh_cred"] });
  assertCode(refreshed, "success");
  assert.deepEqual(refreshed.userFiles, {});
  assert.equal(endpoint.asked, 1);
});

Deno.test("openSession gets the token that nobody established, and the one that could not be", async () => {
  await using endpoint = new Endpoint((_, count) =>
    count === 1 ? new Response("", { status: 503 }) : token()
  );
  using transaction = endpoint.transaction(["required=yes"]);
  const established = await transaction.run("setCredentials");
  assertCode(established, "cred_unavail");
  assertLogged(
    established,
    /^no token from "http:\/\/127\.0\.0\.1:\d+\/token": "it answers with HTTP 503"$/,
    "error",
  );
  const opened = await transaction.run("openSession");
  assertCode(opened, "success");
  assert.equal(file(opened)[1], `${TOKEN}\n`);
});

Deno.test("without a token openSession refuses if one is required, and else both go on and leave the endpoint alone", async () => {
  await using endpoint = new Endpoint(() => Response.json({ error: "unauthorized_client" }, { status: 400 }));
  using strict = endpoint.transaction(["required=yes"]);
  const refused = await strict.run("openSession");
  assertCode(refused, "perm_denied");
  assertShown(refused, NO_TOKEN, "error_msg");
  assertLogged(refused, /"it refuses with unauthorized_client"$/, "error");
  assert.deepEqual(strict.environment, {});

  using lenient = endpoint.transaction();
  const before = endpoint.asked;
  for (const hook of ["setCredentials", "openSession", "setCredentials"] as const) {
    const result = await lenient.run(hook);
    assertCode(result, "success");
    assert.deepEqual(result.userFiles, {});
  }
  assert.equal(endpoint.asked, before + 1);
  assert.deepEqual(lenient.environment, {});
  lenient.advance({ seconds: 31 });
  await lenient.run("setCredentials");
  assert.equal(endpoint.asked, before + 2);
});

Deno.test("a token that has not ended is good while the endpoint is down, and no longer", async () => {
  await using endpoint = new Endpoint((_, count) =>
    count === 1 ? token({ expires_in: 90 }) : new Response("", { status: 500 })
  );
  using transaction = endpoint.transaction(["required=yes"]);
  assertCode(await transaction.run("openSession"), "success");
  transaction.advance({ seconds: 40 });
  assertCode(await transaction.run("setCredentials"), "success");
  assertCode(await transaction.run("openSession"), "success");
  transaction.advance({ seconds: 51 });
  assertCode(await transaction.run("setCredentials", { flags: ["refresh_cred"] }), "success");
  assertCode(await transaction.run("setCredentials"), "cred_unavail");
  assertCode(await transaction.run("openSession"), "perm_denied");
  assert.equal(endpoint.asked, 5);
});

Deno.test("format=json writes what else is known about the token", async () => {
  await using endpoint = new Endpoint(() => token({ scope: "read", refresh_token: "no", other: "no" }));
  using transaction = endpoint.transaction(["format=json", "client_auth=post"]);
  assert.deepEqual(JSON.parse(file(await transaction.run("openSession"))[1] ?? ""), {
    access_token: TOKEN,
    token_type: "Bearer",
    expires_at: Date.parse(NOON) / 1000 + 3600,
    scope: "read",
  });
});

Deno.test("an endpoint that lies gives no token, and none of its words get into the log", async () => {
  const html = { "content-type": "text/html" };
  const json = { "content-type": "application/json" };
  const big = `{"access_token":"${TOKEN}","token_type":"bearer","x":"${"x".repeat(ANSWER_MAX)}"}`;
  const echo = { error: `\u001b[31m${SECRET}`, error_description: SECRET };
  const cases: [Handler, RegExp][] = [
    [() => Response.json({ token_type: "bearer" }), /holds no token that can be used/],
    [() => token({ access_token: "" }), /holds no token that can be used/],
    [() => token({ access_token: 7 }), /holds no token that can be used/],
    [() => token({ access_token: `${TOKEN}\n${TOKEN}` }), /characters that no token has/],
    [() => token({ access_token: "x".repeat(7001) }), /its token has more than 7000 characters/],
    [() => token({ token_type: "mac" }), /holds no token that can be used/],
    [() => token({ token_type: "DPoP" }), /its token is not a bearer token/],
    [() => token({ expires_in: "soon" }), /holds no token that can be used/],
    [() => token({ expires_in: -1 }), /holds no token that can be used/],
    [() => token({ expires_in: 0 }), /its token has ended already/],
    [() => new Response(`["${TOKEN}"]`, { headers: json }), /holds no token that can be used/],
    [() => new Response(`{"access_token":"${TOKEN}"`, { headers: json }), /holds no token that can be used/],
    [
      () => new Response(`{"access_token":"${TOKEN}","token_type":"bearer"}`, { headers: html }),
      /is not application\/json/,
    ],
    [() => new Response(big, { headers: json }), /its answer has more than 65536 bytes/],
    [() => Response.redirect("http://127.0.0.1:1/", 307), /HTTP 307, and redirects are not followed/],
    [() => Response.json(echo, { status: 400 }), /it answers with HTTP 400/],
    [
      () => Response.json({ error: "invalid_scope", error_description: TOKEN }, { status: 400 }),
      /it refuses with invalid_scope/,
    ],
    [
      () => new Response(SECRET, { status: 401, headers: { "www-authenticate": `Basic realm="${SECRET}"` } }),
      /it answers with HTTP 401/,
    ],
    [() => new Response(null, { status: 204 }), /it answers with HTTP 204/],
  ];
  for (const [handler, problem] of cases) {
    await using endpoint = new Endpoint(handler);
    using transaction = endpoint.transaction(["required=yes"]);
    const result = await transaction.run("openSession");
    assertCode(result, "perm_denied");
    assertLogged(result, problem, "error");
    assertNoSecret(result);
    assert.deepEqual(result.userFiles, {});
  }
});

Deno.test("a long life is believed for ten years at most, and an unknown one for ever", async () => {
  for (
    const [more, years, asked] of [[{ expires_in: 1e300 }, 9, 1], [{ expires_in: 1e300 }, 11, 2], [
      { expires_in: undefined },
      90,
      1,
    ]] as const
  ) {
    await using endpoint = new Endpoint(() => token(more));
    using transaction = endpoint.transaction();
    await transaction.run("setCredentials");
    transaction.advance({ hours: years * 365 * 24 });
    assertCode(await transaction.run("setCredentials"), "success");
    assert.equal(endpoint.asked, asked);
  }
});

Deno.test("an endpoint that hangs is given up in time, before and within its answer", async () => {
  const never = new AbortController();
  const wait = () => new Promise<void>((resolve) => never.signal.addEventListener("abort", () => resolve()));
  const dribble = () =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"access_token":')),
    });
  const handlers: Handler[] = [
    async () => (await wait(), token()),
    () => new Response(dribble(), { headers: { "content-type": "application/json" } }),
  ];
  for (const handler of handlers) {
    await using endpoint = new Endpoint(handler);
    using transaction = endpoint.transaction(["required=yes", "timeout=1s"]);
    const began = performance.now();
    const result = await transaction.run("openSession");
    const ms = performance.now() - began;
    never.abort();
    assertCode(result, "perm_denied");
    assertLogged(result, /it did not answer within 1 s/, "error");
    assert.ok(ms >= 990 && ms < 4500, `${ms} ms`);
  }
});

Deno.test("an endpoint that is not there is no token", async () => {
  await using endpoint = new Endpoint();
  // A port that was free a moment ago.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  using transaction = endpoint.transaction(["required=yes", `server=127.0.0.1:${port}`]);
  const result = await transaction.run("openSession");
  assertCode(result, "perm_denied");
  assertLogged(result, /^no token from "http:\/\/127\.0\.0\.1:\d+\/token": ".*Connection refused/, "error");
});

Deno.test("a client secret that cannot be read or trusted is no token, and is not quoted", async () => {
  await using endpoint = new Endpoint();
  const write = (text: string, mode = 0o600) => () => {
    Deno.writeTextFileSync(endpoint.secret, text);
    Deno.chmodSync(endpoint.secret, mode);
  };
  const cases: [() => void, RegExp][] = [
    [write(SECRET, 0o644), /Cannot read \\"client_secret=\\": others can get at it: run chmod go-rwx/],
    [write(`${SECRET}\n${SECRET}\n`), /write the secret alone, on one line/],
    [write(""), /write the secret alone, on one line/],
    [write("x".repeat(5000)), /at most 4096 bytes are read/],
    [() => Deno.removeSync(endpoint.secret), /there is no such file/],
  ];
  for (const [spoil, problem] of cases) {
    spoil();
    using transaction = endpoint.transaction(["required=yes"]);
    const result = await transaction.run("openSession");
    assertCode(result, "perm_denied");
    assertLogged(result, problem, "error");
    assertNoSecret(result);
  }
  assert.equal(endpoint.asked, 0);
});

Deno.test("options that do not parse are misconfigured, and so are unknown ones", async () => {
  await using endpoint = new Endpoint();
  for (
    const [words, cause] of [
      [["server=login.example.org"], /Cannot take "loopback_http=yes" for another/],
      [["server=127.0.0.1.example.org"], /Cannot take "loopback_http=yes" for another/],
      [["server=user@127.0.0.1"], /Cannot read "server=": write HOST or HOST:PORT/],
      [["server=127.0.0.1:99999"], /Cannot make a URL/],
      [["path=token"], /Cannot read "path="/],
      [["client_id="], /Cannot read "client_id="/],
      [["timeout=0s"], /Cannot read "timeout=": write at least 1s/],
      [["timeout=5m"], /Cannot read "timeout="/],
      [["format=xml"], /Cannot read "format=": write token or json/],
      [["required"], /Cannot read "required=": write yes or no/],
      [["ca=ca.pem"], /Cannot read "ca=": write the absolute path/],
      [["require=yes"], /require.*Unknown option: the options are server, path, client_id, client_secret/],
      [["colour=blue"], /colour.*Unknown option/],
    ] as const
  ) {
    using transaction = endpoint.transaction(words);
    const result = await transaction.run("openSession");
    assertFailure(result, "misconfigured", cause);
  }
});
