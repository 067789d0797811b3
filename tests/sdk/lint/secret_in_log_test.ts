// SPDX-License-Identifier: MIT
import plugin from "@pam-deno/sdk/lint";
import assert from "node:assert/strict";
import { handler, reported, reports, silent } from "./rules.ts";

const READ = "using password = await authtok();\n" +
  "const text = password.use((octets) => new TextDecoder().decode(octets));\n";
const bad = (statement: string) => handler(`${READ}${statement}\nreturn "ignore";`);

reported("secret-in-log", {
  [bad("log.info(`with ${text}`);")]: "`with ${text}`",
  [bad('log.info("with {text}", { text });')]: "{ text }",
  [bad('log.debug("with", { seen: { password: text } });')]: "{ seen: { password: text } }",
  [bad('log.warn("with " + text);')]: '"with " + text',
  [bad("console.log(text);")]: "text",
  [bad("console.error('password', text);")]: "text",
  [bad("console.log([text]);")]: "[text]",
  [bad("logger.error(text.trim());")]: "text.trim()",
  [bad("const upper = text.toUpperCase(); log.info(upper);")]: "upper",
  [bad("const first = text.slice(0, 1); log.info('begins', { first });")]: "{ first }",
  [bad("const line = `${user}:${text}`; log.info(line);")]: "line",
  [bad("throw new Error(`bad password ${text}`);")]: "new Error(`bad password ${text}`)",
  [bad("const error = new TypeError(text); throw error;")]: "error",
  [bad("return Promise.reject(new Error(text));")]: "new Error(text)",
  [bad("log.info(JSON.stringify({ text }));")]: "JSON.stringify({ text })",
  [bad("log.info(encodeHex(text));")]: "encodeHex(text)",
  [bad("const { 0: first } = text; log.info(first);")]: "first",
  [
    handler(
      "using password = await authtok();\n" +
        "log.info('with', { text: password.use((octets) => utf8.decode(octets)) }); return 'ignore';",
    )
  ]: "{ text: password.use((octets) => utf8.decode(octets)) }",
  [
    handler(
      "using password = await authtok();\npassword.use((octets) => console.log(octets)); return 'ignore';",
    )
  ]: "octets",
  [
    handler(
      "using password = await authtok();\n" +
        "password.use((octets) => { const text = String.fromCharCode(...octets); log.info(text); }); return 'ignore';",
    )
  ]: "text",
  [
    handler(
      "using pin = await conversation.promptHidden('PIN: ');\nlet copy = new Uint8Array();\n" +
        "copy = pin.use((octets) => octets.slice()); log.info(`pin ${copy}`); return 'ignore';",
    )
  ]: "`pin ${copy}`",
  [
    `function textOf(secret: Secret) { return secret.use((octets) => utf8.decode(octets)); }\n${
      handler("log.info(textOf(await authtok())); return 'ignore';")
    }`
  ]: "textOf(await authtok())",
  [
    handler(
      "context.log.info(context.secret.use((octets) => octets.toString())); return 'ignore';",
      "context",
    )
  ]: "context.secret.use((octets) => octets.toString())",
});

silent("secret-in-log", [
  bad("log.info('a password was given', { password });"),
  bad("log.info(`${password}`);"),
  bad("log.info('too short', { length: text.length });"),
  bad("if (text.includes(user)) log.warn('contains the name of {user}', { user });"),
  bad("const isShort = text.length < 8; log.info('judged', { isShort });"),
  bad("const verdict = judge(text, user); log.info('judged: {verdict}', { verdict });"),
  bad("const ok = await verify(text); if (!ok) throw new Error('the directory did not answer');"),
  bad("await send(text); log.info('sent');"),
  handler(
    "using password = await authtok();\nconst length = password.use((octets) => octets.length); log.info('octets', { length }); return 'ignore';",
  ),
  handler(
    "using password = await authtok();\nconst short = password.use((octets) => octets.length < 8); log.info(`short: ${short}`); return 'ignore';",
  ),
  handler(
    "const ticket = await conversation.prompt('Ticket: '); log.info('ticket', { ticket }); return 'ignore';",
  ),
  // Not a Secret's.
  "app.use((request, next) => { console.log(request.url); return next(); });",
  "app.use(middleware); console.log(app);",
  "const text = new TextDecoder().decode(await Deno.readFile('motd')); console.log(text);",
]);

Deno.test("secret-in-log leaves tests alone", () => {
  assert.deepEqual(reports(bad("console.log(text);"), "module_test.ts"), []);
});

Deno.test("every report of the plugin says the remedy", () => {
  const source = `${bad("log.info(text); throw deny('perm_denied', 'No');")}
    export const [at, code] = [Date.now(), Math.random()];`;
  const found = Deno.lint.runPlugin(plugin, "module.ts", source);
  assert.deepEqual(
    found.map(({ id }) => id.replace("pam-deno/", "")).sort(),
    Object.keys(plugin.rules).sort(),
  );
  for (const { id, message, hint } of found) {
    assert.match(message, /^\S[^]{20,}[^.]$/, id);
    assert.match(hint ?? "", /^(Write|Take|Log) /, id);
  }
});
