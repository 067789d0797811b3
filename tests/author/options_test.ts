// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { demandOptions } from "../../sdk/author/options.ts";
import { Folder, rehearse, ROOT } from "./scene.ts";

const OFFICE_HOURS = join(ROOT, "examples/office-hours/module.ts");
const FIT = ["tz=UTC", "open=08:00", "close=18:00"];

Deno.test("words of --option that a module refuses or ignores are told, and those that fit are not", async () => {
  using into = new Folder();
  await using rehearsal = await rehearse(OFFICE_HOURS, into);
  const demand = (...options: string[]) => demandOptions(rehearsal, { word: "hours", options });
  assert.equal(await demand(...FIT), undefined);
  await assert.rejects(demand(..."tz=UTC", "open=soon", "close=18:00"), {
    name: "OptionError",
    message: /^hours: --option: option "open": /,
  });
  await assert.rejects(demand(...FIT, "opne=09:00"), {
    name: "OptionError",
    message: /^hours: --option: option "opne" is unknown and ignored \(did you mean "open"\?\): take it out$/,
  });
});

Deno.test("a module that cannot do without options says so of a line without any, which is no error", async () => {
  using into = new Folder();
  await using rehearsal = await rehearse(OFFICE_HOURS, into);
  assert.match(await demandOptions(rehearsal, { word: "hours", options: [] }) ?? "", /"open"/);
});
