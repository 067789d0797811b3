// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { machineZone } from "./machine_zone.ts";

const LINK = "/etc/localtime";

Deno.test("machineZone() reads the link that names the zone", () => {
  const zone = (target: string) => machineZone(LINK, () => target);
  assert.equal(zone("/usr/share/zoneinfo/Europe/Berlin"), "Europe/Berlin");
  assert.equal(zone("../usr/share/zoneinfo/America/Argentina/Ushuaia"), "America/Argentina/Ushuaia");
  assert.equal(zone("/usr/share/zoneinfo/posix/Asia/Kathmandu"), "Asia/Kathmandu");
  assert.equal(zone("/usr/share/zoneinfo/Etc/UTC"), "Etc/UTC");
});

Deno.test("machineZone() throws where the zone cannot be known", () => {
  const noZone =
    /^Error: \/etc\/localtime: Cannot tell the machine's time zone: the link leads to no zone; .*write "tz="/;
  for (
    const target of [
      "/etc/zone",
      "/usr/share/zoneinfo/",
      "/usr/share/zoneinfo/right/UTC",
      "/zoneinfo/Mars/Base",
    ]
  ) {
    assert.throws(() => machineZone(LINK, () => target), noZone, target);
  }
  for (const failure of [new Deno.errors.NotFound(), new TypeError("Invalid argument (os error 22)")]) {
    const fail = () => {
      throw failure;
    };
    assert.throws(
      () => machineZone(LINK, fail),
      /it is no link that can be read; link it to a file of \/usr\/share\/zoneinfo/,
    );
  }
});

Deno.test({
  name: "machineZone() says where the permission is given if it has none",
  permissions: "none",
  fn() {
    assert.throws(
      () => machineZone(LINK),
      /grant it under "permissions": \{ "read": \["\/etc\/localtime"\] \}/,
    );
  },
});
