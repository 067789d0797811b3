// SPDX-License-Identifier: MIT
/**
 * The machine's time zone, in which localtime(3) and so pam_time(8) reads a clock.
 *
 * It is the link /etc/localtime, see localtime(5), and not `Temporal.Now.timeZoneId()`: that gives UTC where there is no link,
 * guesses where there is something else, and does not see a change until the worker is started again.
 *
 * @module
 */

import { parseTimeZone } from "./words.ts";

/** The link that names the time zone. */
export const LOCALTIME = "/etc/localtime";

const REMEDY =
  `link it to a file of /usr/share/zoneinfo with timedatectl(1), or write "tz=" on the pam.d line`;

/**
 * The IANA name of the machine's time zone.
 *
 * @param readLink Reads a symbolic link.
 * @throws {Error} If it cannot be known; the message says why and what to do.
 */
export function machineZone(readLink: (path: string) => string = Deno.readLinkSync): string {
  const [, name] = /\/zoneinfo\/(?:posix\/)?(.+)$/.exec(target(readLink)) ?? [];
  if (name !== undefined) {
    try {
      return parseTimeZone(name);
    } catch {
      // Said below.
    }
  }
  throw new Error(`${LOCALTIME}: Cannot tell the machine's time zone: the link leads to no zone; ${REMEDY}`);
}

function target(readLink: (path: string) => string): string {
  try {
    return readLink(LOCALTIME);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw new Error(
        `${LOCALTIME}: Cannot tell the machine's time zone: grant it under "permissions": { "read": ["${LOCALTIME}"] } ` +
          `in the module's configuration, or write "tz=" on the pam.d line`,
      );
    }
    throw new Error(
      `${LOCALTIME}: Cannot tell the machine's time zone: it is no link that can be read; ${REMEDY}`,
    );
  }
}
