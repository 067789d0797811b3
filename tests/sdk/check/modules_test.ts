// SPDX-License-Identifier: MIT
/**
 * Each thing that can be wrong with what is configured and installed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { readModuleConfig } from "../../../sdk/config/config.ts";
import { journalFile } from "../../../sdk/config/layout.ts";
import { dropInFile, unitDropIn } from "../../../sdk/install/unit.ts";
import { type Mistake, testMistakes } from "./mistakes.ts";
import { BUNDLE, bundleOf, DECLARATION, Scene } from "./scene.ts";

const record = (scene: Scene) => scene.at("state", "modules", "hours", "installed.json");

const MISTAKES: Readonly<Record<string, Mistake>> = {
  "a configuration with a misspelt key": {
    id: "config-invalid",
    severity: "error",
    says: /modules\/hours.jsonc:1:\d+ .*optoins.*did you mean/,
    breakIt: (scene) => void scene.configure("hours", '{ "module": "npm:hours@1.0.0", "optoins": {} }'),
    mendIt: (scene) => void scene.configure("hours", '{ "module": "npm:hours@1.0.0" }'),
  },
  "a configuration that is no object": {
    id: "config-invalid",
    severity: "error",
    says: /hours.jsonc:1:1 .*expected an object/,
    breakIt: (scene) => void scene.configure("hours", "[]"),
    mendIt: (scene) => void scene.configure("hours", '{ "module": "npm:hours@1.0.0" }'),
  },
  "a configuration that all can write": {
    id: "config-invalid",
    severity: "error",
    says: /others can change this file/,
    breakIt: (scene) => Deno.chmodSync(scene.at("config", "modules", "hours.jsonc"), 0o666),
    mendIt: (scene) => Deno.chmodSync(scene.at("config", "modules", "hours.jsonc"), 0o644),
  },
  "a file that is no module's": {
    id: "config-strange",
    severity: "warning",
    says: /modules\/Hours.jsonc.*not NAME.jsonc/,
    breakIt: (scene) => Deno.writeTextFileSync(scene.at("config", "modules", "Hours.jsonc"), "{}"),
    mendIt: (scene) => Deno.removeSync(scene.at("config", "modules", "Hours.jsonc")),
  },
  "a record that is damaged": {
    id: "record-damaged",
    severity: "error",
    says: /installed.json.*damaged/,
    breakIt: (scene) => Deno.writeTextFileSync(record(scene), '{ "current": '),
    mendIt: (scene) => scene.install("hours"),
  },
  "a record that others can write": {
    id: "file-unsafe",
    severity: "error",
    says: /installed.json.*what is served/,
    breakIt: (scene) => Deno.chmodSync(record(scene), 0o666),
    mendIt: (scene) => Deno.chmodSync(record(scene), 0o644),
  },
  "a bundle that was changed": {
    id: "bundle-changed",
    severity: "error",
    says: /its SHA-256 is/,
    breakIt: (scene) => Deno.writeTextFileSync(bundleOf(scene), "\n", { append: true }),
    mendIt: (scene) => Deno.writeTextFileSync(bundleOf(scene), BUNDLE),
  },
  "a bundle that is gone": {
    id: "bundle-changed",
    severity: "error",
    says: /cannot be read/,
    breakIt: (scene) => Deno.renameSync(bundleOf(scene), scene.at("away")),
    mendIt: (scene) => scene.install("hours"),
  },
  "another version in the configuration": {
    id: "not-in-step",
    severity: "error",
    says:
      /names npm:hours@2.0.0, but npm:hours@1.0.0 is installed.*pam-deno add npm:hours@2.0.0 --name hours/,
    breakIt: (scene) => void scene.configure("hours", { module: "npm:hours@2.0.0" }),
    mendIt: (scene) => void scene.configure("hours", { module: "npm:hours@1.0.0" }),
  },
  "a module that was configured by hand": {
    id: "not-installed",
    severity: "error",
    says: /npm:days@1.0.0 is not installed/,
    breakIt: (scene) => void scene.configure("days", { module: "npm:days@1.0.0" }),
    mendIt: (scene) => scene.install("days"),
  },
  "a module whose file is not there": {
    id: "module-missing",
    severity: "error",
    says: /nowhere.ts: there is no such file/,
    breakIt: (scene) => void scene.configure("days", { module: "/nowhere.ts" }),
    mendIt: (scene) => scene.install("days"),
  },
  "a module whose file others can write": {
    id: "module-unsafe",
    severity: "warning",
    says: /m.ts.*can change the module/,
    breakIt(scene) {
      Deno.writeTextFileSync(scene.at("m.ts"), "");
      Deno.chmodSync(scene.at("m.ts"), 0o666);
      scene.configure("days", { module: scene.at("m.ts") });
    },
    mendIt: (scene) => Deno.chmodSync(scene.at("m.ts"), 0o644),
  },
  "a bundle of another version": {
    id: "bundle-older",
    severity: "note",
    says: /made by pam-deno 0.0.1/,
    breakIt: (scene) => scene.install("hours", { record: { runtime: "0.0.1" } }),
    mendIt: (scene) => scene.install("hours"),
  },
  "a permission that is not granted": {
    id: "config-invalid",
    severity: "error",
    says: /not granted.*"net": \["db.example.com:5432"\]/,
    installed: { declaration: { ...DECLARATION, permissions: { net: ["db.example.com:5432"] } } },
    breakIt: () => {},
    mendIt: (scene) =>
      void scene.configure("hours", {
        module: "npm:hours@1.0.0",
        permissions: { net: ["db.example.com:5432"] },
      }),
  },
  "a permission that nobody asked for": {
    id: "permissions-unused",
    severity: "note",
    says: /"read": \["\/srv\/x"\]/,
    breakIt: (scene) =>
      void scene.configure("hours", { module: "npm:hours@1.0.0", permissions: { read: ["/srv/x"] } }),
    mendIt: (scene) => void scene.configure("hours", { module: "npm:hours@1.0.0" }),
  },
  "something dangerous": {
    id: "dangerous",
    severity: "warning",
    says: /Dangerous \(net\)/,
    breakIt: (scene) =>
      void scene.configure("hours", {
        module: "npm:hours@1.0.0",
        permissions: { net: true },
        dangerous: ["net"],
      }),
    mendIt: (scene) => void scene.configure("hours", { module: "npm:hours@1.0.0" }),
  },
  "a drop-in of another configuration": {
    id: "drop-in-stale",
    severity: "error",
    says: /50-pam-deno.conf.*another configuration.*pam-deno reload hours/,
    breakIt(scene) {
      const file = dropInFile(scene.layout, "hours");
      Deno.mkdirSync(join(file, ".."), { recursive: true });
      Deno.writeTextFileSync(file, "[Service]\nProtectSystem=no\n");
      scene.configure("hours", { module: "npm:hours@1.0.0", permissions: { read: ["/srv/x"] } });
    },
    mendIt(scene) {
      const wanted = unitDropIn(readModuleConfig(scene.layout.configDir, "hours"))!;
      Deno.writeTextFileSync(dropInFile(scene.layout, "hours"), wanted);
    },
  },
  "a user who is not there": {
    id: "account-missing",
    severity: "error",
    says: /no user "nobody-of-that-name"/,
    breakIt: (scene) =>
      void scene.configure("hours", { module: "npm:hours@1.0.0", run_as: "nobody-of-that-name" }),
    mendIt: (scene) => void scene.configure("hours", { module: "npm:hours@1.0.0", run_as: "nobody" }),
  },
  "a user of two modules": {
    id: "account-shared",
    severity: "error",
    says: /daemon is the user of the module days too/,
    async breakIt(scene) {
      await scene.install("days", { config: { run_as: "daemon" } });
      scene.configure("hours", { module: "npm:hours@1.0.0", run_as: "daemon" });
    },
    mendIt: (scene) => void scene.configure("hours", { module: "npm:hours@1.0.0", run_as: "nobody" }),
  },
  "a change that was interrupted": {
    id: "change-pending",
    severity: "warning",
    says: /pending.json.*was interrupted/,
    breakIt: (scene) => Deno.writeTextFileSync(journalFile(scene.layout), "{}"),
    mendIt: (scene) => Deno.removeSync(journalFile(scene.layout)),
  },
};

testMistakes(MISTAKES);

Deno.test("checkInstallation() finds module-broken: what the bundle says when it is loaded", async () => {
  await using scene = new Scene();
  scene.pam("demo", "account required SHIM hours");
  const bundles = {
    "throw new Error('no licence');": /no licence/,
    "console.log('[]'); export default 1;": /defineModule/,
    "for (;;);": /did not load within/,
    "Deno.exit(0);": /cannot be read|without a word/,
  };
  for (const [bundle, says] of Object.entries(bundles)) {
    await scene.install("hours", { bundle });
    assert.match((await scene.finds("module-broken")).what, says);
  }
  await scene.install("hours");
  await scene.lacks("module-broken");
});
