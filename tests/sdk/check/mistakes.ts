// SPDX-License-Identifier: MIT
/**
 * Things that can go wrong in an installation, each of which is found, and not found any more when it is mended.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Severity } from "../../../sdk/check/finding.ts";
import { type Installed, Scene } from "./scene.ts";

/** Something that goes wrong. */
export interface Mistake {
  readonly id: string;
  readonly severity: Severity;
  /** What is found names this. */
  readonly says: RegExp;
  readonly breakIt: (scene: Scene) => void | Promise<void>;
  readonly mendIt: (scene: Scene) => void | Promise<void>;
  readonly installed?: Installed;
  /** It takes two users to go wrong. */
  readonly needsRoot?: true;
}

/** A test for each of them, in an installation that has the module `hours`, served. */
export function testMistakes(mistakes: Readonly<Record<string, Mistake>>): void {
  for (
    const [what, { id, severity, says, breakIt, mendIt, installed, needsRoot }] of Object.entries(mistakes)
  ) {
    Deno.test({
      name: `checkInstallation() finds ${id}: ${what}`,
      ignore: needsRoot !== undefined && Deno.uid() !== 0,
      async fn() {
        await using scene = new Scene();
        await scene.install("hours", installed);
        scene.serve("hours");
        await breakIt(scene);
        const found = await scene.finds(id);
        assert.equal(found.severity, severity);
        assert.match(`${found.where} ${found.what} ${found.remedy}`, says);
        await mendIt(scene);
        await scene.lacks(id);
      },
    });
  }
}
