// SPDX-License-Identifier: MIT
import {
  assertCode,
  assertFailure,
  assertLogged,
  assertNotLogged,
  assertPrompted,
  assertShown,
  FakeTransaction,
  type FakeTransactionOptions,
  runHook,
} from "@pam-deno/sdk/testing";
import { passwordOnly } from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";
import { join } from "node:path";
import { Secret, TOTP } from "otpauth";
import module from "./module.ts";

const NOON = "2026-08-03T12:00:00Z";
const SECRET = new Secret({ size: 20 });
const OTHER = new Secret({ size: 20 }).base32;
const LATER = "Codes cannot be checked now; the administrator finds the reason in the system log";
const TOO_OFTEN = "Too many codes that were not right: try again later";

/** A file of secrets and a database in a folder of their own, gone at the end. */
class Files implements Disposable {
  readonly folder = Deno.makeTempDirSync();
  readonly secrets = join(this.folder, "secrets");
  readonly database = join(this.folder, "totp.db");

  constructor(text = `alice ${SECRET.base32}\n`) {
    this.write(text);
  }

  write(text: string, mode = 0o600): void {
    Deno.writeTextFileSync(this.secrets, text);
    Deno.chmodSync(this.secrets, mode);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** The code of Alice's authenticator, so many seconds from now. */
function codeAt(now: string, seconds = 0): string {
  return new TOTP({ secret: SECRET }).generate({ timestamp: Date.parse(now) + seconds * 1000 });
}

/** A code that is not one of this minute's. */
function wrongCode(now: string): string {
  const near = [-60, -30, 0, 30, 60].map((seconds) => codeAt(now, seconds));
  return ["123456", "234567", "345678", "456789", "567890", "678901"].find((code) => !near.includes(code))!;
}

function login(
  files: Files,
  answer: string,
  options: Partial<FakeTransactionOptions> & { words?: string[] } = {},
) {
  const { words = [], ...more } = options;
  return runHook(module, "authenticate", {
    user: "alice",
    users: { alice: {}, bob: {} },
    now: NOON,
    configured: { secrets: files.secrets, database: files.database },
    options: words,
    conversation: [{ prompt: "One-time code: ", echo: true, answer }],
    ...more,
  });
}

const texts = (text: string) => ({
  conversation: (messages: readonly { style: string }[]) =>
    messages.map(({ style }) => style.startsWith("prompt") ? text : undefined),
});

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

Deno.test("authenticate refuses everybody while the secrets cannot be read, and quotes none of them", async () => {
  using files = new Files();
  const secret = SECRET.base32;
  const cases: (readonly [() => void, RegExp])[] = [
    [() => files.write(`alice ${secret}\n`, 0o644), /open to others; run chmod go-rwx/],
    [() => files.write(`alice ${secret}\n`, 0o620), /open to others/],
    [() => files.write(`bob ${secret}!\n`), /secrets:1: Cannot read the secret: write it in base32/],
    [() => files.write(`\n# x\nbob\n`), /secrets:3: Cannot read the secret/],
    [() => files.write(`bob ${secret} ${secret}\n`), /secrets:1: Cannot read what stands behind the secret/],
    [() => files.write(`bob ${secret.slice(0, 24)}\n`), /Cannot take a secret of 15 bytes/],
    [() => files.write(`alice ${secret}\nalice ${secret}`), /secrets:2: This user has a line already/],
    [
      () => files.write(`bob ${secret}\n\nalice ${secret}`),
      /secrets:3: Line 1 has the same secret: make a new one/,
    ],
    [
      () => files.write(`bob ${secret}\nalice ${secret.toLowerCase()} digits=8`),
      /secrets:2: Line 1 has the same/,
    ],
    // The codes of this one are the same: HMAC fills up with zeros.
    [() => files.write(`bob ${secret}\nalice ${secret}AAAAAAAA`), /secrets:2: Line 1 has the same secret/],
    ...["alice:", "alice,bob", "a/b", "-alice", "@staff", "*", "al\u0456ce", "a".repeat(300)].map((name) =>
      [
        () => files.write(`bob ${secret}\n${name} ${OTHER}\n`),
        /secrets:2: Cannot read the user's name/,
      ] as const
    ),
    [
      () => files.write(`alice ${secret} digits=9`),
      /Cannot read "digits=": write a whole number from 6 to 8/,
    ],
    [() => files.write(`alice ${secret} digits=6 digits=6`), /Cannot take "digits=" twice/],
    [() => files.write(`alice ${secret} period=0`), /Cannot read "period="/],
    [
      () => files.write(`alice ${secret} algorithm=MD5`),
      /Cannot read "algorithm=": write SHA1, SHA256, SHA512/,
    ],
    [() => files.write(`alice ${secret}\n`.repeat(40_000)), /at most 1048576 bytes are read/],
    [() => Deno.removeSync(files.secrets), /Cannot find the secrets: write the file/],
    [() => Deno.mkdirSync(files.secrets, { mode: 0o700 }), /it must be a file/],
  ];
  for (const [spoil, problem] of cases) {
    spoil();
    const result = await login(files, "", { words: ["unenrolled=ignore"], conversation: [{ text: LATER }] });
    assertCode(result, "service_err");
    assertLogged(result, problem, "error");
    assertNotLogged(result, new RegExp(secret.slice(0, 12)));
  }
});

Deno.test("authenticate takes the names that user databases have", async () => {
  for (
    const user of [
      "alice",
      "Alice.B-c_1",
      "web$",
      "alice@example.org",
      "EXAMPLE\\alice",
      "EXAMPLE+alice",
      "_a",
    ]
  ) {
    using files = new Files(`bob ${OTHER}\n${user} ${SECRET.base32}\n`);
    assertCode(await login(files, codeAt(NOON), { user, users: { [user]: {} } }), "success");
  }
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

Deno.test("authenticate reads the secrets again when the file has changed", async () => {
  using files = new Files("# nobody yet\n");
  assertCode(await login(files, codeAt(NOON)), "auth_err");
  files.write(`alice\t${SECRET.base32.toLowerCase()}  period=30 # no comment here`);
  assertCode(await login(files, "", { conversation: [{ text: LATER }] }), "service_err");
  files.write(`  alice\t${SECRET.base32.toLowerCase()}  period=30\r\n`);
  assertCode(await login(files, codeAt(NOON)), "success");
});

Deno.test("authenticate makes codes as the line of the user says", async () => {
  const setting = { digits: 8, period: 60, algorithm: "SHA512" };
  using files = new Files(`alice ${SECRET.base32} digits=8 period=60 algorithm=SHA512\n`);
  const code = new TOTP({ secret: SECRET, ...setting }).generate({ timestamp: Date.parse(NOON) });
  assertCode(await login(files, code), "success");
  // Thirty seconds are half a step: another period makes no old code new.
  files.write(`alice ${SECRET.base32}\n`);
  assertCode(await login(files, codeAt(NOON)), "auth_err");
  assertCode(await login(files, codeAt(NOON, 30)), "auth_err");
  const later = "2026-08-03T12:01:00Z";
  assertCode(await login(files, codeAt(later), { now: later }), "success");
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
