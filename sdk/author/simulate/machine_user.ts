// SPDX-License-Identifier: MIT
/**
 * What this machine's databases say of a user. The shadow entry is not asked for: it is nobody's but root's.
 *
 * @module
 */

import { stat } from "../../config/place.ts";
import type { TestUser } from "../../testing/options.ts";

const GETENT = ["/usr/bin/getent", "/bin/getent"];
const ID = ["/usr/bin/id", "/bin/id"];

/** The entries of a user; `undefined` if this machine knows none of that name. */
export async function machineUser(name: string): Promise<TestUser | undefined> {
  // A name that reads like a number, or like an option, is not asked for: it would be taken for something else.
  if (!/^[A-Za-z_][^:\n]*$/.test(name)) return undefined;
  const [entry, groups] = await Promise.all([run(GETENT, "passwd", name), run(ID, "-Gnz", "--", name)]);
  const [spelt, , uid, gid, , home, shell] = (entry ?? "").split("\n", 1)[0]!.split(":");
  if (!spelt || uid === undefined) return undefined;
  return {
    name: spelt,
    uid: Number(uid),
    gid: Number(gid),
    home: home || "/",
    shell: shell || "/bin/sh",
    ...(groups === undefined ? {} : { groups: groups.split("\0").filter((group) => group !== "") }),
  };
}

/** The name of whoever runs this. */
export async function currentUser(): Promise<string | undefined> {
  return (await run(ID, "-un"))?.trim() || undefined;
}

async function run(places: readonly string[], ...args: string[]): Promise<string | undefined> {
  const program = places.find((path) => stat(path));
  if (program === undefined) return undefined;
  const { success, stdout } = await new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout) : undefined;
}
