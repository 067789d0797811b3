// SPDX-License-Identifier: MIT
// userFiles: what it takes, refuses, sends and wipes.
import assert from "node:assert/strict";
import { defineModule, PamError, Secret } from "../../mod.ts";
import type { OpenSessionContext } from "../../sdk/context.ts";
import type { Grant } from "../../sdk/grants.ts";
import { LIMITS } from "../../sdk/wire/schema.ts";
import { said } from "./codes.ts";
import { bytesOf, faultOf, resultOf, runHook, type Scene, type Seen } from "./run_hook.ts";

type Full = OpenSessionContext<unknown, Grant>;
type Work = (context: Full) => void | "ignore" | "perm_denied" | Promise<void>;

const ENTRY = { name: "anna", uid: 1234, gid: 100, home: "/home/anna", shell: "/bin/sh" };

function effects(work: Work, scene: Scene = {}): Promise<Seen> {
  const module = defineModule({
    grants: { session: ["user_file:token", "user_file:ticket-*"] },
    async openSession(context) {
      return (await work(context as unknown as Full)) ?? "success";
    },
  });
  return runHook(module, "openSession", scene);
}

const filesOf = (seen: Seen) => resultOf(seen).user_files;

Deno.test("userFiles sends what it writes and deletes, the last of each name", async () => {
  const octets = Uint8Array.of(0, 255);
  using secret = new Secret(bytesOf("hunter22"));
  const seen = await effects(({ userFiles }) => {
    userFiles.set("token", "first");
    userFiles.set("token", secret);
    userFiles.set("ticket-1", octets);
    octets.fill(7);
    userFiles.set("ticket-2", "Grüße\n");
    userFiles.delete("ticket-2");
    userFiles.delete("ticket-3");
    userFiles.set("ticket-3", "");
  });
  assert.deepEqual(filesOf(seen), [
    { name: "token", content: bytesOf("hunter22") },
    { name: "ticket-1", content: Uint8Array.of(0, 255) },
    { name: "ticket-2" },
    { name: "ticket-3", content: new Uint8Array(0) },
  ]);
  assert.equal(secret.use((bytes) => bytes.length), 8);
});

Deno.test("userFiles.path() joins the folder that the shim named, the user's id and the name", async () => {
  let asked = 0;
  const scene: Scene = {
    userFiles: "/run/pam-deno/user",
    caller: { lookupPasswd: () => Promise.resolve((asked++, ENTRY)) },
  };
  const seen = await effects(async ({ userFiles }) => {
    assert.equal(await userFiles.path("token"), "/run/pam-deno/user/1234-token");
    const both = await Promise.all([userFiles.path("ticket-a.b"), userFiles.path("token")]);
    assert.deepEqual(both, ["/run/pam-deno/user/1234-ticket-a.b", "/run/pam-deno/user/1234-token"]);
  }, scene);
  assert.deepEqual([filesOf(seen), asked], [[], 1]);
});

Deno.test("userFiles.path() rejects where the user cannot be looked up", async () => {
  const refuses = async (caller: Scene["caller"], code: string) => {
    const seen = await effects(async ({ userFiles }) => {
      await assert.rejects(
        userFiles.path("token"),
        (error) => error instanceof PamError && error.code === code,
      );
    }, { caller: caller! });
    resultOf(seen);
  };
  await refuses({ lookupPasswd: () => Promise.resolve(undefined) }, "user_unknown");
  await refuses({ lookupPasswd: () => Promise.reject(new PamError("system_err", "no")) }, "system_err");
});

Deno.test("userFiles.path() that is not awaited ends the hook, and harms nothing else", async () => {
  const seen = await effects(({ userFiles }) => {
    userFiles.path("token");
  });
  assert.match(faultOf(seen).message, /userFiles\.path\(\)/);
});

Deno.test("userFiles refuses names without a grant, and names that are none", async () => {
  resultOf(
    await effects(({ userFiles }) => {
      for (const act of ["path", "set", "delete"] as const) {
        const use = (name: string) => act === "set" ? userFiles.set(name, "x") : void userFiles[act](name);
        for (const name of ["tokens", "ticket", "other"]) {
          assert.throws(() => use(name), {
            name: "TypeError",
            message: said(
              `userFiles.${act}("${name}") needs the grant "user_file:${name}": add it to grants.session in ` +
                "defineModule() and to grant= on the pam.d line",
            ),
          });
        }
        const bad = [
          "",
          ".",
          "..",
          ".token",
          "-x",
          "a/b",
          "ticket-/../x",
          "ticket-*",
          "ticket-\0",
          "ticket-ä",
        ];
        for (const name of [...bad, `ticket-${"x".repeat(58)}`, 7 as never]) {
          assert.throws(() => use(name), { name: "RangeError", message: /\(USER_FILE_NAME_MAX\) \[/ }, name);
        }
      }
    }),
  );
  const longest = `ticket-${"x".repeat(57)}`;
  assert.equal(longest.length, LIMITS.USER_FILE_NAME_MAX);
  assert.deepEqual(filesOf(await effects(({ userFiles }) => userFiles.delete(longest))), [{ name: longest }]);
});

Deno.test("userFiles refuses contents that cannot be written", async () => {
  const most = "x".repeat(LIMITS.USER_FILE_MAX);
  const seen = await effects(({ userFiles }) => {
    const tooLong = {
      name: "RangeError",
      message: said("userFiles.set() takes a content of at most 8192 octets (USER_FILE_MAX), not 8193"),
    };
    using secret = new Secret(bytesOf(`${most}x`));
    for (const content of [`${most}x`, bytesOf(`${most}x`), secret]) {
      assert.throws(() => userFiles.set("token", content), tooLong);
    }
    assert.throws(() => userFiles.set("token", "ä".repeat(4097)), /not 8194 \[limit-exceeded\]/);
    assert.throws(() => userFiles.set("token", "\ud800"), /well-formed/);
    for (const content of [undefined, 3, [1], null]) {
      assert.throws(() => userFiles.set("token", content as never), { name: "TypeError" });
    }
    using wiped = new Secret(bytesOf("x"));
    wiped[Symbol.dispose]();
    assert.throws(() => userFiles.set("token", wiped), /has been wiped/);
    userFiles.set("token", most);
  });
  assert.deepEqual(filesOf(seen), [{ name: "token", content: bytesOf(most) }]);
});

Deno.test("userFiles refuses a fifth file, and not the change of one", async () => {
  const seen = await effects(({ userFiles }) => {
    for (let i = 1; i <= LIMITS.USER_FILES_MAX; i++) userFiles.set(`ticket-${i}`, "x");
    assert.throws(() => userFiles.set("token", "x"), /at most 4 files \(USER_FILES_MAX\) \[limit-exceeded\]/);
    assert.throws(() => userFiles.delete("token"), /at most 4 files \(USER_FILES_MAX\) \[limit-exceeded\]/);
    userFiles.delete("ticket-1");
  });
  assert.equal(filesOf(seen).length, 4);
});

Deno.test("userFiles fails closed where the shim does not name the folder", async () => {
  for (const act of ["path", "set", "delete"] as const) {
    const seen = await effects(async ({ userFiles }) => {
      if (act === "set") userFiles.set("token", "x");
      else await userFiles[act]("token");
    }, { userFiles: null });
    const { fault, message } = faultOf(seen);
    assert.equal(fault, "threw");
    assert.match(message, new RegExp(`userFiles\\.${act}\\("token"\\): .* an older one: restart it`));
  }
});

Deno.test("user files that do not travel are wiped, and those that take another's place", async () => {
  const wiped: string[] = [];
  const { fill } = Uint8Array.prototype;
  Uint8Array.prototype.fill = function (...values) {
    if (this.length > 0) wiped.push(new TextDecoder().decode(this));
    return fill.apply(this, values);
  };
  try {
    const ends: Work[] = [
      ({ userFiles }) => (userFiles.set("token", bytesOf("hunter22")), "perm_denied"),
      ({ userFiles }) => (userFiles.set("token", bytesOf("hunter22")), "ignore"),
      ({ userFiles }) => {
        userFiles.set("token", bytesOf("hunter22"));
        throw new Error("Away");
      },
      ({ userFiles }) => {
        userFiles.set("token", bytesOf("hunter22"));
        userFiles.set("token", bytesOf("other"));
      },
      ({ userFiles }) => {
        userFiles.set("token", bytesOf("hunter22"));
        userFiles.delete("token");
      },
      // What was a string is at least not left as octets.
      ({ userFiles }) => userFiles.set("token", "hunter22"),
    ];
    for (const work of ends) {
      wiped.length = 0;
      await effects(work);
      assert.deepEqual(wiped, ["hunter22"], String(work));
    }
  } finally {
    Uint8Array.prototype.fill = fill;
  }
});

Deno.test("user files that come after the hook has ended are logged and dropped", async () => {
  const { promise, resolve } = Promise.withResolvers<Full>();
  const seen = await effects((context) => resolve(context));
  const { userFiles } = await promise;
  userFiles.set("token", "x");
  userFiles.delete("token");
  assert.deepEqual(filesOf(seen), []);
  assert.match(seen.late[0] ?? "", /^userFiles\.set\(\) came after openSession had ended and has no effect/);
  assert.equal(seen.late.length, 2);
});
