// SPDX-License-Identifier: MIT
/**
 * The machine's time zone, in which localtime(3) and so pam_time(8) reads a clock.
 *
 * It is what /etc/localtime leads to, see localtime(5), and not `Temporal.Now.timeZoneId()`: that gives UTC where there is no
 * link, guesses where there is something else, and does not see a change until the worker is started again.
 *
 * @module
 */

import { parseTimeZone } from "./words.ts";

const REMEDY =
  `link it to a file of /usr/share/zoneinfo with timedatectl(1), or write "tz=" in place of "localtime="`;

/**
 * The IANA name of the machine's time zone.
 *
 * @param link The path of the link that leads to it.
 * @param readLink Reads a symbolic link.
 * @throws {Error} If it cannot be known; the message says why and what to do.
 */
export function machineZone(link: string, readLink: (path: string) => string = Deno.readLinkSync): string {
  const [, name] = /\/zoneinfo\/(?:posix\/)?(.+)$/.exec(target(link, readLink)) ?? [];
  if (name !== undefined) {
    try {
      return parseTimeZone(name);
    } catch {
      // Said below.
    }
  }
  throw new Error(`${link}: Cannot tell the machine's time zone: the link leads to no zone; ${REMEDY}`);
}

function target(link: string, readLink: (path: string) => string): string {
  try {
    return readLink(link);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotCapable
      ? `grant it under "permissions": { "read": ["${link}"] } in the module's configuration`
      : `it is no link that can be read; ${REMEDY}`;
    throw new Error(`${link}: Cannot tell the machine's time zone: ${reason}`);
  }
}
