// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { onTerminal, PAM_DENO, quoted } from "../../sdk/command/program.ts";
import { ASKING, CLOSED, moduleText, OFFICE_HOURS, ROOT, Scratch } from "./trying.ts";

Deno.test("try tells what a module decided through libpam, at a time of one's own", async () => {
  using scratch = new Scratch();
  const { status, stdout, stderr } = await scratch.run([OFFICE_HOURS, ...CLOSED]);
  assert.equal(stderr, "");
  assert.equal(status, 0);
  assert.match(stdout, /^perm_denied {2}account, alice at sshd from 203\.0\.113\.9\n/);
  assert.match(stdout, /shown +error "Logins are open from 08:00:00 to 18:00:00"/);
  assert.match(stdout, /time +[0-9.]+ ms of the service, 0 ms of the person/);
  assert.match(
    stdout,
    /pam\.d +account required pam_deno\.so office-hours tz=Europe\/Berlin open=08:00 close=18:00\n$/,
  );
});

Deno.test("try --json prints one object as the last line, with the keys that are documented", async () => {
  using scratch = new Scratch();
  const told = await scratch.told([OFFICE_HOURS, ...CLOSED]);
  assert.equal(told.status, 0);
  assert.equal(told.code, "perm_denied");
  assert.deepEqual(told.texts, ["Logins are open from 08:00:00 to 18:00:00"]);
  assert.ok(told.time_ms > 0 && told.time_ms < 5_000);
  assert.equal(told.time_ms, Math.round((told.service_ms + told.human_ms) * 100) / 100);
  assert.deepEqual(told.types, { verdict: "ok", text: "" });
  const keys = [
    ...[
      "format",
      "module",
      "in_memory",
      "hook",
      "code",
      "application",
      "means",
      "defined",
      "failure",
      "trouble",
      "texts",
    ],
    ...["shown", "prompts", "items", "environment", "tokens", "user_files", "data", "continuity"],
    ...["fail_delay_ms", "time_ms", "service_ms", "human_ms", "log", "system_log", "permissions", "grants"],
    ...["line", "login", "now", "problems", "types"],
  ];
  assert.deepEqual(Object.keys(told).filter((key) => key !== "status"), keys);
  const page = Deno.readTextFileSync(join(ROOT, "packaging", "man", "pam-deno.8"));
  for (const key of ["code", "texts", "time_ms", "user_files", "problems"]) {
    assert.ok(page.includes(key), key);
  }
});

Deno.test("try finds a module by its folder, and calls the first hook that it defines", async () => {
  using scratch = new Scratch();
  const told = await scratch.told([
    ...[join(ROOT, "examples", "time-of-day"), "--user", "root", "--now", "2026-11-20T12:00Z"],
    ...["--option", "tz=UTC", "--option", "hours=08:00-18:00"],
  ]);
  assert.equal(told["hook"], "authenticate");
  assert.equal(told.code, "ignore");
  assert.equal(told.application, "perm_denied");
});

Deno.test("try answers questions with --answer in their order, and shows no answer that is hidden", async () => {
  using scratch = new Scratch({ "asking.ts": ASKING });
  const file = join(scratch.path, "asking.ts");
  const { status, stdout, stderr } = await scratch.run([
    file,
    "--user",
    "alice",
    "--answer",
    "blue",
    "--answer",
    "grün",
  ]);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^success {2}authenticate/);
  assert.match(
    stdout,
    /asked +"Colour\? ", answered by --answer\n +"Secret\? ", answered by --answer, hidden\n/,
  );
  assert.doesNotMatch(stdout, /grün/);
  assert.match(stdout, /grants +given: prompt\n +used: prompt\n/);
});

Deno.test("a question is conv_err where nobody is at a terminal, and an answer too many is told", async () => {
  using scratch = new Scratch({ "asking.ts": ASKING });
  const file = join(scratch.path, "asking.ts");
  const unanswered = await scratch.told([file, "--user", "alice"]);
  assert.equal(unanswered.code, "service_err");
  assert.match(unanswered.failure!.cause, /conv_err/);
  assert.deepEqual(unanswered.prompts.map(({ text, by }) => [text, by]), [["Colour? ", "nobody"]]);
  assert.equal(unanswered.status, 1);
  const talkative = await scratch.told([OFFICE_HOURS, ...CLOSED, "--answer", "x"]);
  assert.deepEqual(talkative.problems, ["1 of the answers was not asked for"]);
  assert.equal(talkative.status, 1);
});

Deno.test("try asks at the terminal, and does not echo what is hidden", async () => {
  using scratch = new Scratch({ "asking.ts": ASKING });
  const command = `expect -c ${
    quoted(`set timeout 30
spawn -noecho ${PAM_DENO} try ${join(scratch.path, "asking.ts")} --user alice
expect "Colour? "
send "blue\\r"
expect "Secret? "
send "gr\\u00fcx\\u007fn\\r"
expect eof
exit [lindex [wait] 3]`)
  }`;
  const { status, text } = await onTerminal(command);
  assert.equal(status, 0, text);
  assert.match(text, /Think of a colour\r?\n/);
  assert.match(text, /asked +"Colour\? ", answered\r?\n +"Secret\? ", answered, hidden/);
  assert.doesNotMatch(text, /ü/);
});

Deno.test("permissions are those that are declared: what was used and what was refused have their places", async () => {
  const text = moduleText(`{
  permissions: { read: ["/etc/hostname"] },
  account({ log }) {
    Deno.statSync("/etc/hostname");
    try {
      Deno.readTextFileSync("/etc/passwd");
    } catch (error) {
      log.warn("{name}", { name: (error as Error).name });
    }
    return "success";
  },
}`);
  using scratch = new Scratch({ "reading.ts": text });
  const told = await scratch.told([join(scratch.path, "reading.ts"), "--user", "alice"]);
  const { held, used, refused } = told["permissions"] as Record<string, unknown>;
  const place = (line: number, column: number) => ({ file: join(scratch.path, "reading.ts"), line, column });
  assert.deepEqual(held, { read: ["/etc/hostname"] });
  assert.deepEqual(used, [{ kind: "read", scope: "/etc/hostname", place: place(6, 10) }]);
  assert.deepEqual(refused, [{ kind: "read", scope: "/etc/passwd", place: place(8, 12) }]);
  assert.deepEqual(told["log"], [{ level: "warning", text: "NotCapable" }]);
  const allowed = await scratch.told([
    ...[join(scratch.path, "reading.ts"), "--user", "alice", "--allow", "read=/etc/passwd"],
  ]);
  assert.deepEqual((allowed["permissions"] as Record<string, unknown>)["refused"], []);
});

Deno.test("what a session changes is told: environment, items, module data, and a code that sudo overlooks", async () => {
  const text = moduleText(
    `{
  grants: { session: ["env:APP_*", "set_item:xdisplay"] },
  openSession({ environment, items, data }) {
    environment.set("APP_ROLE", "ops");
    items.set("xdisplay", ":1");
    data.set(seat, "one");
    return "success";
  },
}`,
    'import { dataKey } from "@pam-deno/sdk";\nimport * as v from "valibot";\nconst seat = dataKey("seat", v.string());',
  );
  using scratch = new Scratch({
    "opening.ts": text,
    "deno.json": '{ "imports": { "valibot": "npm:valibot@^1.5.0" } }',
  });
  const told = await scratch.told([join(scratch.path, "opening.ts"), "--user", "alice", "--env", "OLD=1"]);
  assert.equal(told.code, "success", JSON.stringify(told));
  assert.deepEqual(told["environment"], { APP_ROLE: "ops" });
  assert.deepEqual(told["items"], { xdisplay: ":1" });
  assert.deepEqual(told["data"], { changed: "set", keys: ["seat"] });
  assert.deepEqual(told["grants"], {
    given: ["env:APP_*", "set_item:xdisplay"],
    used: ["env:APP_*", "set_item:xdisplay"],
  });
});

Deno.test("a line that grants less than the module declares is misconfigured", async () => {
  using scratch = new Scratch({ "asking.ts": ASKING });
  const told = await scratch.told([join(scratch.path, "asking.ts"), "--user", "alice", "--grant", "get_env"]);
  assert.equal(told.failure?.class, "misconfigured");
  assert.match(told.failure.cause, /does not give prompt/);
});

Deno.test("a shim that is not there is told with where it was looked for, and in memory it is not needed", async () => {
  using scratch = new Scratch();
  const lib = join(scratch.path, "lib");
  Deno.mkdirSync(lib);
  Deno.symlinkSync(ROOT, join(lib, "sdk"));
  for (const { name } of Deno.readDirSync(join(ROOT, "build"))) {
    if (name.endsWith(".js") || name.endsWith(".map")) {
      Deno.symlinkSync(join(ROOT, "build", name), join(lib, name));
    }
  }
  const { status, stderr } = await scratch.run([OFFICE_HOURS, ...CLOSED, "--lib-dir", lib]);
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`pam_deno\\.so is not here.*${lib}/pam_deno\\.so`, "s"));
  assert.match(stderr, /--in-memory.*\npam-deno: \[shim-missing\] /);
  const told = await scratch.told([OFFICE_HOURS, ...CLOSED, "--in-memory", "--lib-dir", lib, "--debug"]);
  assert.deepEqual([told.code, told["in_memory"], told.status], ["perm_denied", true, 0]);
});
