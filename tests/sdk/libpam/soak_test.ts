// SPDX-License-Identifier: MIT
import { ServiceDirectory, type Transaction } from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import { allTypes, buildProbe, serviceOf, start } from "./probe.ts";

const TRANSACTIONS = 10_000;
/** Enough for every table and arena to have grown as far as it will. */
const WARM_UP = 2000;
/** What the heap may differ by. The least that malloc gives is 32 octets: one lost per transaction would be five times as much. */
const HEAP_BYTES_MAX = 64 * 1024;

const MALLINFO2 = {
  // struct mallinfo2: ten of size_t, the eighth, uordblks, is the octets in use
  mallinfo2: {
    parameters: [],
    result: {
      struct: ["usize", "usize", "usize", "usize", "usize", "usize", "usize", "usize", "usize", "usize"],
    },
  },
} as const satisfies Deno.ForeignLibraryInterface;

function countDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

v8.setFlagsFromString("--expose-gc");
/** Collects garbage: buffers of the script's are on the C heap too. */
const collect: () => void = vm.runInNewContext("gc");

/** Runs `once` many times and returns by how much descriptors and octets of the C heap have grown. */
function soak(once: () => void): { readonly descriptors: number; readonly bytes: number } {
  const libc = Deno.dlopen("libc.so.6", MALLINFO2);
  const inUse = (): number => {
    collect();
    return Number(new BigUint64Array(libc.symbols.mallinfo2().buffer)[7]);
  };
  for (let count = 0; count < WARM_UP; count++) once();
  const before = [countDescriptors(), inUse()] as const;
  for (let count = 0; count < TRANSACTIONS; count++) once();
  const after = [countDescriptors(), inUse()] as const;
  libc.close();
  return { descriptors: after[0] - before[0], bytes: after[1] - before[1] };
}

Deno.test("10,000 transactions leave no descriptor and no memory behind", () => {
  using services = ServiceDirectory.create();
  services.write("probe", [{ type: "account", control: "required", module: "pam_permit.so" }]);
  const grown = soak(() => {
    using transaction = start(services, { items: { tty: "tty1", rhost: "192.0.2.7" } });
    assert.equal(transaction.account(), "success");
  });
  assert.equal(grown.descriptors, 0);
  assert.ok(grown.bytes <= HEAP_BYTES_MAX, `${grown.bytes} octets more`);
});

Deno.test("10,000 conversations with variables and delays leave nothing behind", () => {
  using services = ServiceDirectory.create();
  services.write("probe", allTypes(buildProbe(services.path), ["say=4:Welcome", "say=1:Password: "]));
  const grown = soak(() => {
    using transaction = start(services, {
      failDelay: "record",
      environment: { LANG: "C" },
      conversation: () => [undefined, "a password"],
    });
    assert.equal(transaction.authenticate(), "success");
    assert.equal(transaction.environment.ANSWER_1, "a password");
    transaction.deleteEnvironment("LANG");
  });
  assert.equal(grown.descriptors, 0);
  assert.ok(grown.bytes <= HEAP_BYTES_MAX, `${grown.bytes} octets more`);
});

// Not among them is a service without a file: Linux-PAM 1.5.2 itself loses 112 octets in each pam_start() that fails.
Deno.test("10,000 failures leave nothing behind", () => {
  using services = serviceOf("pam_permit.so");
  const grown = soak(() => {
    assert.throws(() => start(services, { items: { user: "a\0b" } }));
    const transaction: Transaction = start(services);
    transaction.end();
    assert.throws(() => transaction.account());
  });
  assert.equal(grown.descriptors, 0);
  assert.ok(grown.bytes <= HEAP_BYTES_MAX, `${grown.bytes} octets more`);
});
