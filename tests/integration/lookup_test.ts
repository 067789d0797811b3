// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { assertSeen, fixture, play, shareHarness } from "./scene.ts";

const shared = shareHarness((harness) => harness.configure("lookups", fixture("lookups")));

const SHADOW = ["grant=shadow"];

/** The line of a user in a database of this machine, by getent(1). */
function entry(database: string, user: string): string[] {
  const { stdout } = new Deno.Command("getent", { args: [database, user] }).outputSync();
  return new TextDecoder().decode(stdout).trim().split(":");
}

function groupsOf(user: string): string {
  const { stdout } = new Deno.Command("id", { args: ["-Gn", user] }).outputSync();
  return new TextDecoder().decode(stdout).trim();
}

for (const user of ["root", "nobody"]) {
  Deno.test(`look-ups find the passwd entry and the groups of ${user}`, async () => {
    const [name, , uid, gid, , home, shell] = entry("passwd", user);
    const seen = await play(shared(), { module: "lookups", hook: "account", user, options: SHADOW });
    assertSeen(seen, { code: "success" });
    const expected = `name="${name}" uid=${uid} gid=${gid} home="${home}" shell="${shell}"`;
    const [line] = seen.log;
    assert.ok(line?.text.includes(expected), JSON.stringify(seen));
    const found = /groups="(.*)"$/.exec(line?.text ?? "")?.[1]?.split(",");
    assert.deepEqual(found?.sort(), groupsOf(user).split(" ").sort());
  });
}

Deno.test("look-ups find nothing about a user that does not exist, and the log does not name it", async () => {
  const user = "nobody-of-this-name";
  const seen = await play(shared(), { module: "lookups", hook: "account", user, options: SHADOW });
  assertSeen(seen, {
    code: "user_unknown",
    log: /^notice account lookups: user_unknown in \d+ ms for an unknown user$/,
  });
  assert.ok(!JSON.stringify(seen.log).includes(user), JSON.stringify(seen));
  const ageing = await play(shared(), { module: "lookups", hook: "authenticate", user, options: SHADOW });
  if (Deno.uid() === 0) assertSeen(ageing, { code: "success", log: /ageing found=false/ });
  // Who may not read the entries cannot know that there is none.
  else assertSeen(ageing, { code: "authinfo_unavail", log: /no ageing: "perm_denied"/ });
});

Deno.test("ageing fields come with the grant, without the hash, if the application may read them", async () => {
  const seen = await play(shared(), {
    module: "lookups",
    hook: "authenticate",
    // nss-systemd(8) makes up entries for root and nobody, which anybody may read.
    user: "daemon",
    options: SHADOW,
  });
  if (Deno.uid() === 0) {
    assertSeen(seen, {
      code: "success",
      log: /^info authenticate lookups says: ageing found=true locked=true/,
    });
    const keys = seen.log.find(({ text }) => text.includes("keys"))?.text;
    assert.match(
      keys ?? "",
      /"changeRequired empty expires fields inactiveDays lastChange locked maxDays minDays warnDays"$/,
    );
  } else {
    assertSeen(seen, { code: "authinfo_unavail", log: /^warning authenticate lookups says: no ageing: / });
    assertSeen(seen, { code: "authinfo_unavail", log: /^err authenticate lookups: .*shadow entry/ });
  }
});

Deno.test("a look-up is made once per hook", async () => {
  const seen = await play(shared(), { module: "lookups", hook: "openSession", user: "root" });
  assertSeen(seen, { code: "success", log: /^info openSession lookups says: same true$/ });
});
