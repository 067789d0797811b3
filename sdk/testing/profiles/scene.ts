// SPDX-License-Identifier: MIT
/**
 * Who and where a replay is about, and the words of a profile that stand for it.
 *
 * @module
 */

import { typeError } from "../../coded.ts";
import type { ProfileScene, ProfileText } from "./profile.ts";

/**
 * What a replay is about unless it is told otherwise.
 *
 * @example
 * ```ts
 * import { PROFILE_SCENE } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * assert.equal(PROFILE_SCENE.target, "root");
 * ```
 */
export const PROFILE_SCENE: ProfileScene = Object.freeze({
  user: "alice",
  home: "/home/alice",
  by: "bob",
  target: "root",
  rhost: "192.0.2.7",
  tty: "/dev/pts/0",
  host: "workstation",
});

/**
 * A text of a profile with the words of a scene in their places.
 *
 * @param text The text.
 * @param scene The scene.
 * @returns The text as an application gives it to libpam.
 * @throws {TypeError} if there is something else in braces.
 *
 * @example
 * ```ts
 * import { PROFILE_SCENE, profileText } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * assert.equal(profileText("{host} login: ", PROFILE_SCENE), "workstation login: ");
 * ```
 */
export function profileText(text: ProfileText, scene: ProfileScene): string {
  return text.replaceAll(/\{(\w*)\}/g, (_, word: string) => {
    if (!Object.hasOwn(scene, word)) {
      throw typeError("kit-misused", `A profile has {${word}}, which is no word of a scene`);
    }
    return scene[word as keyof ProfileScene];
  });
}
