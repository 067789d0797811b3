// SPDX-License-Identifier: MIT
/**
 * A greeter of greetd(1) with nobody in front of it: logs a user in, with one answer to every question, and starts a command. See
 * greetd-ipc(7).
 *
 * usage: greeter.ts USER ANSWER LOG COMMAND
 *
 * @module
 */

const [user, answer, log, command] = Deno.args;
const LENGTH = 4;

const socket = await Deno.connect({ transport: "unix", path: Deno.env.get("GREETD_SOCK")! });

async function read(count: number): Promise<Uint8Array<ArrayBuffer>> {
  const octets = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const got = await socket.read(octets.subarray(at));
    if (got === null) throw new Error("greetd has hung up");
    at += got;
  }
  return octets;
}

/** One request and its answer: frames of a length in the machine's order, and JSON. */
async function ask(request: unknown): Promise<Record<string, string>> {
  const body = new TextEncoder().encode(JSON.stringify(request));
  const frame = new Uint8Array(LENGTH + body.length);
  new DataView(frame.buffer).setUint32(0, body.length, true);
  frame.set(body, LENGTH);
  for (let at = 0; at < frame.length;) at += await socket.write(frame.subarray(at));
  const length = new DataView((await read(LENGTH)).buffer).getUint32(0, true);
  const said = JSON.parse(new TextDecoder().decode(await read(length)));
  Deno.writeTextFileSync(log!, `${JSON.stringify(said)}\n`, { append: true });
  return said;
}

/** Whoever kills greetd ends it, too. */
const forever = () => new Promise(() => setInterval(() => {}, 1000));

// greetd starts the next greeter when the session is over.
if (await Deno.stat(log!).catch(() => undefined)) await forever();
let said = await ask({ type: "create_session", username: user });
while (said.type === "auth_message") {
  const isQuestion = said.auth_message_type === "visible" || said.auth_message_type === "secret";
  said = await ask({
    type: "post_auth_message_response",
    ...isQuestion ? { response: answer } : {},
  });
}
if (said.type === "success") {
  said = await ask({ type: "start_session", cmd: [command], env: [] });
} else await ask({ type: "cancel_session" });
// The session begins when the greeter has gone.
if (said.type !== "success") await forever();
