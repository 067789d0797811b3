// SPDX-License-Identifier: MIT
import { terminal } from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";

const CONFIG = new URL("../../../deno.json", import.meta.url).pathname;
// Prints what it was answered as hexadecimal, so that an echo of the answer cannot be taken for it.
const PROGRAM = `
import { terminal } from "@pam-deno/sdk/libpam";
const hex = (answer) => answer === undefined ? "none" : answer.toHex();
using conversation = terminal();
const ask = (...messages) => {
  const reply = conversation(messages);
  console.log("=" + (typeof reply === "string" ? reply : reply.map(hex).join()) + "=");
};
ask({ style: "text_info", text: "Welcome" }, { style: "prompt_echo_off", text: "Password: " });
ask({ style: "prompt_echo_on", text: "Name: " }, { style: "error_msg", text: "Careful" });
ask({ style: "prompt_echo_off", text: "Again: " });
`;

interface Talk {
  /** What each prompt is answered with, when it has been seen. */
  readonly answers: readonly (readonly [prompt: string, keys: string])[];
}

/** Runs the program at a terminal, or with a pipe, and returns all that it showed. */
async function talk(atTerminal: boolean, { answers }: Talk): Promise<string> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/main.ts`, PROGRAM);
    const run = [Deno.execPath(), "run", "-A", "--quiet", "--config", CONFIG, `${dir}/main.ts`];
    const [program = "", ...args] = atTerminal
      ? ["script", "-qec", run.join(" "), "/dev/null"]
      : ["sh", "-c", `${run.join(" ")} 2>&1`];
    await using child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped" }).spawn();
    const keys = child.stdin.getWriter();
    let shown = "";
    let next = 0;
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      shown += chunk;
      const [prompt, answer] = answers[next] ?? [];
      if (prompt === undefined || !shown.includes(prompt)) continue;
      await keys.write(new TextEncoder().encode(answer));
      if (++next === answers.length && !atTerminal) await keys.close();
    }
    assert.equal(next, answers.length, `not all was asked: ${shown}`);
    if (atTerminal) await keys.close();
    return shown;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const hex = (text: string): string => new TextEncoder().encode(text).toHex();

Deno.test("terminal() does not echo what a hidden question is answered", async () => {
  const shown = await talk(true, {
    answers: [["Password: ", "hunter2\r"], ["Name: ", "zoe\n"], ["Again: ", "x\r"]],
  });
  assert.ok(shown.includes(`=none,${hex("hunter2")}=`), shown);
  assert.ok(shown.includes(`=${hex("zoe")},none=`), shown);
  assert.match(shown, /Welcome\r\n.*Name: zoe\r\n.*Careful/s);
  assert.ok(!shown.includes("hunter2"), shown);
});

Deno.test("terminal() lets a hidden answer be mended: a character, of many octets, or all of it", async () => {
  const shown = await talk(true, {
    answers: [["Password: ", "wrong\x15ab東\x7f\bc\r"], ["Name: ", "z\n"], ["Again: ", "\x7f\x7fq\r"]],
  });
  assert.ok(shown.includes(`=none,${hex("ac")}=`), shown);
  assert.ok(shown.includes(`=${hex("q")}=`), shown);
});

Deno.test("terminal() answers conv_err at end of file and at control-C, and echoes again afterwards", async () => {
  const shown = await talk(true, {
    answers: [["Password: ", "half\x03"], ["Name: ", "visible\n"], ["Again: ", "\x04"]],
  });
  assert.match(shown, /=conv_err=.*Name: visible\r\n.*=conv_err=/s);
});

Deno.test("terminal() reads a pipe line by line", async () => {
  const shown = await talk(false, { answers: [["Password: ", "first\nsecond\n"]] });
  assert.equal(
    shown,
    `Welcome\nPassword: =none,${hex("first")}=\nName: Careful\n=${hex("second")},none=\nAgain: =conv_err=\n`,
  );
});

Deno.test("terminal() asks nobody for texts", () => {
  using conversation = terminal();
  assert.deepEqual(conversation([{ style: "text_info", text: "from the test of terminal()" }]), [undefined]);
});
