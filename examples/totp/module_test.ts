// SPDX-License-Identifier: MIT
import {
  assertCode,
  assertFailure,
  assertLogged,
  assertNotLogged,
  assertPrompted,
  assertShown,
  FakeTransaction,
} from "@pam-deno/sdk/testing";
import { passwordOnly } from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";
import module from "./module.ts";
import { codeAt, Files, LATER, login, NOON, texts, wrongCode } from "./scene.ts";

const TOO_OFTEN = "Too many codes that were not right: try again later";

Deno.test("authenticate takes a code once, and asks for a delay after every other", async () => {
  using files = new Files();
  const code = codeAt(NOON);
  const first = await login(files, code);
  assertCode(first, "success");
  assertNotLogged(first);
  const second = await login(files, code);
  assertCode(second, "auth_err");
  assertLogged(second, /^the code of "alice" is not taken: it, or one behind it, was used$/, "info");
  assert.equal(second.failDelay?.total("seconds"), 2);
  assertNotLogged(second, code);
  assertCode(await login(files, codeAt(NOON, -30)), "auth_err");
  assertCode(await login(files, codeAt(NOON, 30)), "success");
});

Deno.test("authenticate takes codes as authenticators show them, and no other shape", async () => {
  const code = codeAt(NOON);
  for (
    const [answer, expected] of [
      [`${code.slice(0, 3)} ${code.slice(3)}`, "success"],
      [` ${code} `, "success"],
      [code.slice(1), "auth_err"],
      [`${code}0`, "auth_err"],
      [`${code.slice(0, 5)}x`, "auth_err"],
      [`${code.slice(0, 5)}\u0663`, "auth_err"],
      ["", "auth_err"],
      ["correct horse", "auth_err"],
      ["\u{1f600}".repeat(100), "auth_err"],
    ] as const
  ) {
    using files = new Files();
    assertCode(await login(files, answer), expected);
  }
});

Deno.test("authenticate takes a code that was typed slowly: the time of the answer counts", async () => {
  using files = new Files();
  const later = "2026-08-03T12:01:40Z";
  using transaction = new FakeTransaction(module, {
    user: "alice",
    now: NOON,
    configured: { secrets: files.secrets, database: files.database },
    conversation: (messages) => {
      transaction.now = later;
      return messages.map(() => codeAt(later));
    },
  });
  assertCode(await transaction.run("authenticate"), "success");
});

Deno.test("authenticate takes codes of the window only", async () => {
  for (
    const [words, seconds, expected] of [
      [[], -30, "success"],
      [[], 30, "success"],
      [[], -60, "auth_err"],
      [[], 60, "auth_err"],
      [["window=0"], 0, "success"],
      [["window=0"], 30, "auth_err"],
      [["window=2"], -60, "success"],
    ] as const
  ) {
    using files = new Files();
    assertCode(await login(files, codeAt(NOON, seconds), { words: [...words] }), expected);
  }
});

Deno.test("authenticate looks at no code of who has failed too often, and says so whatever the code", async () => {
  using files = new Files();
  const words = ["failures=3", "within=60s"];
  const wrong = wrongCode(NOON);
  for (let i = 0; i < 3; i++) assertCode(await login(files, wrong, { words }), "auth_err");
  const right = await login(files, "", { words, ...texts(codeAt(NOON)) });
  const false_ = await login(files, "", { words, ...texts(wrong) });
  for (const limited of [right, false_]) {
    assertCode(limited, "maxtries");
    assertShown(limited, TOO_OFTEN, "error_msg");
    assertLogged(limited, /^"alice" has failed too often: the code was not looked at$/, "warning");
  }
  // The failures are a minute old, and what was refused meanwhile does not count.
  const later = "2026-08-03T12:01:00Z";
  assertCode(await login(files, codeAt(later), { words, now: later }), "success");
});

Deno.test("authenticate counts a success as no failure, and a success clears no failure", async () => {
  using files = new Files();
  const words = ["failures=2"];
  assertCode(await login(files, wrongCode(NOON), { words }), "auth_err");
  for (const seconds of [0, 30, 60]) {
    const now = new Date(Date.parse(NOON) + seconds * 1000).toISOString();
    assertCode(await login(files, codeAt(now), { words, now }), "success");
  }
  const now = "2026-08-03T12:02:00Z";
  assertCode(await login(files, wrongCode(now), { words, now }), "auth_err");
  assertCode(await login(files, "", { words, now, ...texts(codeAt(now)) }), "maxtries");
});

Deno.test("authenticate refuses used codes when the clock is set back, and lets failures expire", async () => {
  using files = new Files();
  const words = ["failures=2", "within=60s"];
  assertCode(await login(files, codeAt(NOON), { words }), "success");
  const before = "2026-08-01T12:00:00Z";
  const back = await login(files, codeAt(before), { words, now: before });
  assertCode(back, "auth_err");
  assertLogged(back, /all codes of this time were used: the clock may have been set back/);
  // A failure from the future counts as one of now, not for two days.
  for (let i = 0; i < 2; i++) assertCode(await login(files, wrongCode(NOON), { words }), "auth_err");
  const soon = "2026-08-01T12:00:30Z";
  assertCode(await login(files, "", { words, now: soon, ...texts(wrongCode(soon)) }), "maxtries");
  const after = "2026-08-01T12:01:31Z";
  assertCode(await login(files, wrongCode(after), { words, now: after }), "auth_err");
});

Deno.test("authenticate treats somebody without a secret, and nobody, like somebody with a wrong code", async () => {
  using files = new Files();
  const words = ["failures=2"];
  for (const user of ["bob", "no-such-user"]) {
    const told = (code: string) => login(files, code, { user, words, ...texts(code) });
    const results = [await told("123456"), await told(codeAt(NOON)), await told("123456")];
    assert.deepEqual(results.map(({ code }) => code), ["auth_err", "auth_err", "maxtries"]);
    for (const result of results) {
      assertPrompted(result, "One-time code: ", "prompt_echo_on");
      assert.equal(result.failDelay?.total("seconds"), 2);
      assertNotLogged(result, /no-such-user/);
    }
  }
  assertLogged(
    await login(files, "1", { user: "nobody-else" }),
    "the code of somebody unknown is not taken: there is no such user",
  );
  assertLogged(await login(files, "1", { user: "bob" }), /"bob" has failed|there is no secret/);
  const stored = Deno.readFileSync(files.database).reduce(
    (text, byte) => text + String.fromCharCode(byte),
    "",
  );
  assert.ok(!stored.includes("no-such-user"));
});

Deno.test("authenticate with unenrolled=ignore ignores users without a secret, and nobody else", async () => {
  using files = new Files();
  const words = ["unenrolled=ignore"];
  const bob = await login(files, "", { user: "bob", words, conversation: [] });
  assertCode(bob, "ignore");
  assertLogged(bob, '"bob" has no secret, and the line says unenrolled=ignore');
  assertCode(await login(files, "123456", { user: "no-such-user", words }), "auth_err");
  assertCode(await login(files, wrongCode(NOON), { words }), "auth_err");
});

Deno.test("authenticate knows users by the name that the database has", async () => {
  using files = new Files();
  const users = { Alice: { name: "alice" }, alice: {} };
  assertCode(
    await login(files, codeAt(NOON), { user: "Alice", users, words: ["unenrolled=ignore"] }),
    "success",
  );
  assertCode(await login(files, codeAt(NOON), { user: "alice", users }), "auth_err");
});

Deno.test("authenticate never takes a password for a code, and counts nothing if nobody answers", async () => {
  using files = new Files();
  const code = codeAt(NOON);
  const words = ["failures=1"];
  for (let i = 0; i < 3; i++) {
    const result = await login(files, "", { words, conversation: passwordOnly(code) });
    assertCode(result, "conv_err");
    assertLogged(
      result,
      /^No code was given, and nothing is counted.*"KbdInteractiveAuthentication yes"/,
      "warning",
    );
  }
  assertCode(await login(files, "", { words, conversation: [{ prompt: /./ }] }), "conv_err");
  assertCode(await login(files, code, { words }), "success");
});

Deno.test("authenticate does not count what sshd answers for who may not come in as the user's failure", async () => {
  const results = await Promise.all(["alice", "bob", "no-such-user"].map(async (user) => {
    using files = new Files();
    const words = ["failures=2"];
    const codes: string[] = [];
    for (const feigned of ["\b\n\r\x7fIN", "\b\n\r\x7fINCORRECT\b\n", "\b"]) {
      const result = await login(files, "", { user, words, ...texts(feigned) });
      codes.push(result.code);
      assert.equal(result.failDelay?.total("seconds"), 2);
      assertNotLogged(result, /INCORRECT/);
    }
    // Whoever tries is told the same, whether the user exists and has a secret or not.
    assert.deepEqual(codes, ["auth_err", "auth_err", "maxtries"], user);
    return await login(files, "", { user, words, ...texts(codeAt(NOON)) });
  }));
  assert.deepEqual(results.map(({ code }) => code), ["success", "auth_err", "maxtries"]);
  using files = new Files();
  const told = await login(files, "\b\n\r\x7fIN");
  assertLogged(
    told,
    /^the code of "alice" is not taken: sshd does not let this user in, whatever is typed$/,
    "info",
  );
});

Deno.test("authenticate refuses while the database cannot be used, and recovers", async () => {
  using files = new Files();
  Deno.writeTextFileSync(
    files.database,
    "this is not a database, and it is long enough to be looked at".repeat(9),
  );
  const broken = await login(files, "", { conversation: [{ text: LATER }] });
  assertCode(broken, "service_err");
  assertLogged(broken, /totp\.db: file is not a database/, "error");
  Deno.removeSync(files.database);
  assertCode(await login(files, codeAt(NOON)), "success");
});

Deno.test("authenticate gives up a database that breaks or is replaced while it is open", async () => {
  using files = new Files();
  const remove = () => {
    for (const end of ["", "-wal", "-shm"]) {
      try {
        Deno.removeSync(files.database + end);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  };
  assertCode(await login(files, wrongCode(NOON)), "auth_err");
  for (const end of ["", "-wal", "-shm"]) Deno.writeTextFileSync(files.database + end, "broken".repeat(9999));
  assertCode(await login(files, codeAt(NOON), texts(codeAt(NOON))), "service_err");
  remove();
  assertCode(await login(files, codeAt(NOON)), "success");
  remove();
  // A worker that was started now would see nothing of the old one: neither does this one.
  assertCode(await login(files, wrongCode(NOON), { words: ["failures=1"] }), "auth_err");
  const { size } = Deno.statSync(files.database);
  assert.ok(size > 0);
  assertCode(await login(files, "", { words: ["failures=1"], ...texts(codeAt(NOON)) }), "maxtries");
});

Deno.test("authenticate is misconfigured by options that do not parse, and by unknown ones", async () => {
  using files = new Files();
  for (
    const [words, cause] of [
      [["window=11"], /Cannot read "window=": write a whole number from 0 to 10/],
      [["window"], /Cannot read "window="/],
      [["failures=0"], /Cannot read "failures="/],
      [["within=5"], /Cannot read "within=": write a time from 10s to 24h/],
      [["within=25h"], /Cannot read "within="/],
      [["unenrolled=allow"], /Cannot read "unenrolled=": write deny or ignore/],
      [["secrets=secrets"], /Cannot use "secrets=": write the absolute path/],
      [["failure=1"], /failure.*Unknown option: the options are secrets, database, window, failures, within/],
      [["failures=3", "witin=1h"], /witin.*Unknown option/],
      [["nullok"], /nullok.*Unknown option/],
    ] as const
  ) {
    const result = await login(files, "", { words: [...words], conversation: [] });
    assertCode(result, "service_err");
    assertFailure(result, "misconfigured", cause);
  }
});
