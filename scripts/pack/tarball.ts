// SPDX-License-Identifier: MIT
/**
 * Unpacks and makes archives as npm wants them. The same files give the same bytes: sorted, with one time, owner and mode, and a gzip
 * header that tells nothing.
 *
 * @module
 */

import { run, type Staging } from "../package/files.ts";

/** The folder in the archive that everything is in. */
export const TOP = "package";

/** The time of everything in the archive, in seconds since 1970: 1985-10-26T08:15:00Z, as in all that `npm pack` makes. */
const EPOCH = 499_162_500;

/** Unpacks `archive` into the folder `into`. */
export async function unpack(archive: string, into: string): Promise<void> {
  await run(["tar", "--extract", "--gzip", "--no-same-owner", "--file", archive, "--directory", into]);
}

/** Makes the archive `to` of all files in the folder of `staging`. */
export async function pack(staging: Staging, to: string): Promise<void> {
  const names = staging.files(TOP);
  const plain = `${to}.tar`;
  await run([
    "tar",
    "--create",
    "--format=ustar",
    "--no-recursion",
    `--mtime=@${EPOCH}`,
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--mode=644",
    `--directory=${staging.root}`,
    `--file=${plain}`,
    "--",
    ...names,
  ]);
  await run(["gzip", "--best", "--no-name", "--force", "--suffix=.gz", plain]);
  await Deno.rename(`${plain}.gz`, to);
}
