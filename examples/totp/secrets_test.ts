// SPDX-License-Identifier: MIT
// The file of secrets, as logins see it.
import { assertCode, assertLogged, assertNotLogged } from "@pam-deno/sdk/testing";
import { Secret, TOTP } from "otpauth";
import { codeAt, Files, LATER, login, NOON, SECRET } from "./scene.ts";

const OTHER = new Secret({ size: 20 }).base32;

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
