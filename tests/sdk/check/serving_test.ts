// SPDX-License-Identifier: MIT
/**
 * Each thing that can be wrong with what the shim meets: links, sockets, the marker, folders.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Mistake, testMistakes } from "./mistakes.ts";
import { bundleOf, Scene } from "./scene.ts";

const link = (scene: Scene) => scene.at("config", "hooks", "hours");
const socket = (scene: Scene) => scene.at("run", "hours.sock");
const status = (scene: Scene) => scene.at("run", "workers", "hours", "status.json");
const STRANGER = 54_321;

function writeStatus(scene: Scene, over: Record<string, unknown> = {}): void {
  const now = new Date().toISOString();
  const said = {
    name: "hours",
    supervisor: Deno.pid,
    since: now,
    written: now,
    bundle: bundleOf(scene).replace(/.*\/|\.js$/g, ""),
    workers: [],
    restarts: 0,
    reloads: 0,
    hooks: {},
    ...over,
  };
  Deno.mkdirSync(scene.at("run", "workers", "hours"), { recursive: true });
  Deno.writeTextFileSync(status(scene), JSON.stringify(said));
}

const MISTAKES: Readonly<Record<string, Mistake>> = {
  "no link": {
    id: "link-missing",
    severity: "error",
    says: /no hook link/,
    breakIt: (scene) => Deno.removeSync(link(scene)),
    mendIt: (scene) => scene.link("hours", "account"),
  },
  "a file in place of a link": {
    id: "link-broken",
    severity: "error",
    says: /not a symbolic link/,
    breakIt(scene) {
      Deno.removeSync(link(scene));
      Deno.writeTextFileSync(link(scene), "account");
    },
    mendIt: (scene) => scene.link("hours", "account"),
  },
  "a link with unknown hooks": {
    id: "link-broken",
    severity: "error",
    says: /list of hooks/,
    breakIt: (scene) => scene.link("hours", "account,logout"),
    mendIt: (scene) => scene.link("hours", "account"),
  },
  "a link with other hooks": {
    id: "link-stale",
    severity: "error",
    says: /lists account,openSession, and the installed module defines account/,
    breakIt: (scene) => scene.link("hours", "account,openSession"),
    mendIt: (scene) => scene.link("hours", "account"),
  },
  "a link that somebody else made": {
    id: "link-unsafe",
    severity: "error",
    says: new RegExp(`belongs to uid ${STRANGER}`),
    breakIt: (scene) =>
      void new Deno.Command("chown", { args: ["-h", `${STRANGER}`, link(scene)] }).outputSync(),
    mendIt: (scene) => scene.link("hours", "account"),
    needsRoot: true,
  },
  "a link that was left": {
    id: "link-left",
    severity: "warning",
    says: /hooks\/gone.*none of that name is configured/,
    breakIt: (scene) => scene.link("gone", "account"),
    mendIt: (scene) => Deno.removeSync(scene.at("config", "hooks", "gone")),
  },
  "no socket": {
    id: "socket-missing",
    severity: "error",
    says: /no such socket/,
    breakIt: (scene) => Deno.renameSync(socket(scene), scene.at("away.sock")),
    mendIt: (scene) => Deno.renameSync(scene.at("away.sock"), socket(scene)),
  },
  "a file in place of a socket": {
    id: "socket-broken",
    severity: "error",
    says: /not a socket/,
    breakIt(scene) {
      Deno.renameSync(socket(scene), scene.at("away.sock"));
      Deno.writeTextFileSync(socket(scene), "");
    },
    mendIt: (scene) => Deno.renameSync(scene.at("away.sock"), socket(scene)),
  },
  "a socket that all may write to": {
    id: "socket-mode",
    severity: "error",
    says: /666, not 600.*does not trust it/,
    breakIt: (scene) => Deno.chmodSync(socket(scene), 0o666),
    mendIt: (scene) => Deno.chmodSync(socket(scene), 0o600),
  },
  "a socket of somebody else": {
    id: "socket-unsafe",
    severity: "error",
    says: new RegExp(`belongs to uid ${STRANGER}`),
    breakIt: (scene) => Deno.chownSync(socket(scene), STRANGER, null),
    mendIt: (scene) => Deno.chownSync(socket(scene), 0, null),
    needsRoot: true,
  },
  "a socket that was left": {
    id: "socket-left",
    severity: "warning",
    says: /no module gone is configured/,
    breakIt: (scene) => scene.serve("gone"),
    mendIt: (scene) => Deno.removeSync(scene.at("run", "gone.sock")),
  },
  "no marker": {
    id: "marker-missing",
    severity: "warning",
    says: /on_unreachable=ignore ignores nothing/,
    breakIt: (scene) => Deno.renameSync(scene.at("run", ".pam-deno"), scene.at("away")),
    mendIt: (scene) => Deno.renameSync(scene.at("away"), scene.at("run", ".pam-deno")),
  },
  "a folder in place of the marker": {
    id: "marker-unsafe",
    severity: "error",
    says: /not a regular file/,
    breakIt(scene) {
      Deno.removeSync(scene.at("run", ".pam-deno"));
      Deno.mkdirSync(scene.at("run", ".pam-deno"));
    },
    mendIt(scene) {
      Deno.removeSync(scene.at("run", ".pam-deno"));
      Deno.writeTextFileSync(scene.at("run", ".pam-deno"), "");
    },
  },
  "a status that nobody writes any more": {
    id: "status-old",
    severity: "warning",
    says: /last said something \d+ s ago/,
    breakIt: (scene) => writeStatus(scene, { written: "2026-01-02T03:04:05.000Z" }),
    mendIt: (scene) => writeStatus(scene),
  },
  "a status that is none": {
    id: "status-broken",
    severity: "warning",
    says: /not what a supervisor writes/,
    breakIt(scene) {
      writeStatus(scene);
      Deno.writeTextFileSync(status(scene), "[]");
    },
    mendIt: (scene) => writeStatus(scene),
  },
  "another bundle that is served": {
    id: "bundle-not-served",
    severity: "error",
    says: /0{12}… is served/,
    breakIt: (scene) => writeStatus(scene, { bundle: "0".repeat(64) }),
    mendIt: (scene) => writeStatus(scene),
  },
  "hooks in a folder that all can write": {
    id: "place-unsafe",
    severity: "error",
    says: /hooks can be written to by others/,
    breakIt: (scene) => Deno.chmodSync(scene.at("config", "hooks"), 0o777),
    mendIt: (scene) => Deno.chmodSync(scene.at("config", "hooks"), 0o755),
  },
  "sockets in a folder of somebody else": {
    id: "place-unsafe",
    severity: "error",
    says: new RegExp(`run belongs to uid ${STRANGER}`),
    breakIt: (scene) => Deno.chownSync(scene.at("run"), STRANGER, null),
    mendIt: (scene) => Deno.chownSync(scene.at("run"), 0, null),
    needsRoot: true,
  },
  "no folder of hooks": {
    id: "place-missing",
    severity: "error",
    says: /the shim knows no module/,
    breakIt: (scene) => Deno.renameSync(scene.at("config", "hooks"), scene.at("away")),
    mendIt: (scene) => Deno.renameSync(scene.at("away"), scene.at("config", "hooks")),
  },
};

testMistakes(MISTAKES);

Deno.test("checkInstallation() finds place-is-link: the shim follows none", async () => {
  await using scene = new Scene();
  Deno.symlinkSync(scene.folder, scene.at("link"));
  const layout = { ...scene.layout, configDir: scene.at("link", "config") };
  assert.equal((await scene.finds("place-is-link", { layout })).where, scene.at("link"));
  await scene.lacks("place-is-link");
});
