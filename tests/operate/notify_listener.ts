// SPDX-License-Identifier: MIT
/**
 * A service manager's ear: prints each message that comes to a datagram socket as a line of JSON. Datagrams of Unix sockets are behind
 * a flag in Deno, so it is a program of its own. Run by `Supervised`.
 *
 * @module
 */

/** This file, to be run with the place of the socket: a path, or an abstract name that begins with `@`. */
export const NOTIFY_LISTENER: string = import.meta.filename!;

if (import.meta.main) {
  const path = Deno.args[0]!.replace(/^@/, "\0");
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  if (!path.startsWith("\0")) Deno.chmodSync(path, 0o666);
  console.log(JSON.stringify("listening"));
  for await (const [bytes] of socket) console.log(JSON.stringify(new TextDecoder().decode(bytes)));
}
