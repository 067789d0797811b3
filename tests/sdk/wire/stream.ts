// SPDX-License-Identifier: MIT
/**
 * Decodes all that came from a connection that is over, as `wire_frame()` and the decoders of the shim do together.
 *
 * @module
 */

import { decode, FrameReader, type Message, WireError } from "../../../sdk/wire/mod.ts";

/** The one message in `octets`, which arrive in chunks of `size`. */
export function decodeStream(octets: Uint8Array, size: number): Message {
  const reader = new FrameReader();
  let frame: Uint8Array | undefined;
  let taken = 0;
  while (frame === undefined && taken < octets.length) {
    const chunk = octets.slice(taken, taken + size);
    taken += chunk.length;
    reader.push(chunk);
    frame = reader.next()?.slice();
    // Used again for the next chunk, as a reader of sockets would.
    if (frame === undefined) chunk.fill(0xa5);
  }
  if (frame === undefined) throw new WireError("truncated", "the connection ended before the frame");
  if (octets.length > taken || reader.unfinished) {
    throw new WireError("trailing", "octets are behind the frame");
  }
  return decode(frame);
}
