// SPDX-License-Identifier: MIT
import { formatServiceLine, ServiceDirectory, type ServiceLine } from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";
import fc from "fast-check";
import { start } from "./probe.ts";

const LINE: ServiceLine = { type: "account", control: "required", module: "pam_permit.so" };

Deno.test("formatServiceLine() writes types, controls and arguments as pam.conf(5) has them", () => {
  const lines: [Partial<ServiceLine>, string][] = [
    [{}, "account required pam_permit.so"],
    [{ type: "-session", control: "optional" }, "-session optional pam_permit.so"],
    [
      { control: { success: 1, authtok_recover_err: "die", default: "bad" } },
      "[success=1 authtok_recover_err=die default=bad]",
    ],
    [{ args: ["a=b", "c d", "e]f", "[g", "h] i", ""] }, "pam_permit.so a=b [c d] e]f [[g] [h\\] i] []"],
    [{ module: "/opt/my modules/pam_x.so" }, "required [/opt/my modules/pam_x.so]"],
    [{ control: "include", module: "common-account" }, "account include common-account"],
  ];
  for (const [change, expected] of lines) {
    const text = formatServiceLine({ ...LINE, ...change });
    assert.ok(text.includes(expected), `${text} has no ${expected}`);
  }
});

Deno.test("formatServiceLine() refuses what pam.conf(5) cannot quote", () => {
  for (const arg of ["a\nb", "a\0b", "a#b", "a\\", "a b\\"]) {
    const name = JSON.stringify(arg);
    assert.throws(
      () => formatServiceLine({ ...LINE, args: [arg] }),
      /^TypeError: Cannot write the argument /,
      name,
    );
    assert.throws(
      () => formatServiceLine({ ...LINE, module: arg }),
      /^TypeError: Cannot write the module /,
      name,
    );
  }
  assert.throws(() => formatServiceLine({ ...LINE, module: "" }), TypeError);
  const control = "required pam_permit.so\nauth" as "required";
  assert.throws(() => formatServiceLine({ ...LINE, control }), /^TypeError: Cannot write the control /);
});

Deno.test("formatServiceLine() writes the longest line that libpam reads, and refuses a longer one", () => {
  const room = 1023 - `${formatServiceLine(LINE)} `.length;
  using services = ServiceDirectory.create();
  services.write("probe", [{ ...LINE, args: ["ü".repeat(Math.floor(room / 2))] }]);
  services.write("probe", [{ ...LINE, args: ["x".repeat(room)] }]);
  {
    using transaction = start(services);
    assert.equal(transaction.account(), "success");
  }
  for (const args of [["x".repeat(room + 1)], ["ü".repeat(Math.floor(room / 2) + 1)]]) {
    assert.throws(
      () => services.write("probe", [{ ...LINE, args }]),
      /^RangeError: .* 102[45] octets, libpam reads 1023 \[libpam-misused\]/,
    );
  }
});

Deno.test("libpam reads every argument as it was given", () => {
  using services = ServiceDirectory.create();
  const character = fc.oneof(
    fc.constantFrom(..."[[]]\\\\  \t=ab,é東%'\"$;\u00a0\v"),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
  ).filter((text) => !/[\0\n#]/.test(text));
  const argument = fc.array(character, { maxLength: 12 }).map((parts) => parts.join(""))
    .filter((text) => !text.endsWith("\\") && text.isWellFormed());
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 8 }), (args) => {
      const print = ["quiet", "stdout", "/usr/bin/printf", "<%s>", "first", ...args, "last"];
      services.write("probe", [{ type: "account", control: "required", module: "pam_exec.so", args: print }]);
      using transaction = start(services);
      assert.equal(transaction.account(), "success");
      const printed = transaction.messages.map(({ text }) => text).join("\n");
      assert.equal(printed, ["first", ...args, "last"].map((arg) => `<${arg}>`).join(""));
    }),
    { numRuns: 100 },
  );
});

Deno.test("libpam takes the actions of a control as they were given", () => {
  using services = ServiceDirectory.create();
  services.write("probe", [
    {
      type: "account",
      control: { perm_denied: 1, default: "die" },
      module: "pam_debug.so",
      args: ["acct=perm_denied"],
    },
    { type: "account", control: "requisite", module: "pam_deny.so" },
    {
      type: "account",
      control: { new_authtok_reqd: "ok", default: "ignore" },
      module: "pam_debug.so",
      args: ["acct=new_authtok_reqd"],
    },
  ]);
  using transaction = start(services);
  assert.equal(transaction.account(), "new_authtok_reqd");
});

Deno.test("ServiceDirectory.write() refuses a name that libpam would look for elsewhere", () => {
  using services = ServiceDirectory.create();
  for (const service of ["", ".", "..", "../etc", "a/b", "Login", "a\0b"]) {
    assert.throws(
      () => services.write(service, [LINE]),
      /^TypeError: Cannot write the service /,
      JSON.stringify(service),
    );
  }
  assert.deepEqual([...Deno.readDirSync(services.path)], []);
});

Deno.test("ServiceDirectory is readable by all and writable by its owner, whatever the umask", () => {
  const before = Deno.umask(0o077);
  try {
    using services = ServiceDirectory.create();
    const path = services.write("probe", [LINE]);
    assert.equal(Deno.statSync(services.path).mode! & 0o7777, 0o755);
    assert.equal(Deno.statSync(path).mode! & 0o7777, 0o644);
  } finally {
    Deno.umask(before);
  }
});

Deno.test("ServiceDirectory makes its directory where it is told, and removes it with everything in it", () => {
  using outer = ServiceDirectory.create();
  const inner = ServiceDirectory.create({ dir: outer.path });
  assert.ok(inner.path.startsWith(`${outer.path}/`));
  inner.write("probe", [LINE]);
  inner[Symbol.dispose]();
  inner[Symbol.dispose]();
  assert.deepEqual([...Deno.readDirSync(outer.path)], []);
});
