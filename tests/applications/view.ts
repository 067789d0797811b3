// SPDX-License-Identifier: MIT
/**
 * The folders that a stage puts over those of the machine: an /etc of its own with its own people, an empty /run, spool and log.
 *
 * @module
 */

import { join } from "node:path";

/** The password of everybody on a stage, of root too. */
export const PASSWORD = "correct horse";

/** Somebody on a stage. */
export interface Person {
  /** Their user id, and that of their group of the same name. */
  readonly uid: number;
  /** Fields of shadow(5) behind the password: last change, least, most, warning, inactive, expiry. */
  readonly ageing?: string;
}

/** Everybody. carol must change her password, dave's account has expired. */
export const PEOPLE: Readonly<Record<string, Person>> = {
  alice: { uid: 2001 },
  bob: { uid: 2002 },
  carol: { uid: 2003, ageing: "0:0:99999:7::" },
  dave: { uid: 2004, ageing: "19000:0:99999:7::19100" },
};

const AGEING = "19000:0:99999:7::";

/** Folders of the machine that are replaced, below `/`. */
export const PLACES: readonly string[] = [
  "etc",
  "run",
  "var/log",
  "var/mail",
  "var/spool/cron",
  "var/lib/sudo",
];

/** Where people live: /home may hold the checkout that is tested. */
const HOMES = "run/home";

/** What programs need of the machine's /etc to run at all, as it is. */
const TAKEN = [
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "login.defs",
  "services",
  "protocols",
  "localtime",
];

const FILES: Readonly<Record<string, string>> = {
  "nsswitch.conf":
    "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\nnetgroup: files\n",
  "hosts": `127.0.0.1 localhost ${Deno.hostname()}\n::1 localhost\n`,
  "hostname": `${Deno.hostname()}\n`,
  "shells": "/bin/sh\n/bin/bash\n",
  "environment": "",
  "default/locale": "",
  "timezone": "Etc/UTC\n",
  "security/limits.conf": "",
  "security/access.conf": "",
  "security/time.conf": "",
  "security/group.conf": "",
  "security/pam_env.conf": "",
  // As Debian's.
  "sudoers": `Defaults env_reset
Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Defaults use_pty
root ALL=(ALL:ALL) ALL
alice ALL=(ALL:ALL) ALL
`,
  "crontab": "",
  "pam.d/other": "auth required pam_deny.so\naccount required pam_deny.so\npassword required pam_deny.so\n" +
    "session required pam_deny.so\n",
};

/** The machine's own entries: programs' users and groups, whose ids are on its files. */
function systemEntries(file: string): string[] {
  return Deno.readTextFileSync(file).split("\n").filter((line) => {
    const id = Number(line.split(":")[2]);
    return line !== "" && (id < 1000 || id === 65534);
  });
}

async function hash(password: string): Promise<string> {
  const child = new Deno.Command("openssl", {
    args: ["passwd", "-6", "-stdin"],
    stdin: "piped",
    stdout: "piped",
  })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${password}\n`));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout).trim();
}

function write(file: string, text: string, mode = 0o644): void {
  Deno.mkdirSync(join(file, ".."), { recursive: true, mode: 0o755 });
  Deno.writeTextFileSync(file, text);
  Deno.chmodSync(file, mode);
}

async function copy(from: string, to: string): Promise<void> {
  const { success } = await new Deno.Command("cp", { args: ["-a", "--dereference", from, to] }).output();
  if (!success) throw new Error(`Cannot copy ${from} to ${to}`);
}

async function makeEtc(etc: string): Promise<void> {
  for (const name of TAKEN) {
    if (await Deno.stat(`/etc/${name}`).catch(() => undefined)) await copy(`/etc/${name}`, join(etc, name));
  }
  for (const [name, text] of Object.entries(FILES)) write(join(etc, name), text);
  Deno.chmodSync(join(etc, "sudoers"), 0o440);
  const people = Object.entries(PEOPLE);
  const passwd = systemEntries("/etc/passwd");
  const entries = people.map(([name, { uid }]) => `${name}:x:${uid}:${uid}::/${HOMES}/${name}:/bin/sh`);
  write(join(etc, "passwd"), `${[...passwd, ...entries].join("\n")}\n`);
  const groups = people.map(([name, { uid }]) => `${name}:x:${uid}:`);
  write(join(etc, "group"), `${[...systemEntries("/etc/group"), ...groups].join("\n")}\n`);
  const known = await hash(PASSWORD);
  const shadow = [
    ...passwd.map((line) => line.split(":")[0]!).map((name) =>
      `${name}:${name === "root" ? known : "*"}:${AGEING}:`
    ),
    ...people.map(([name, { ageing = AGEING }]) => `${name}:${known}:${ageing}:`),
  ];
  write(join(etc, "shadow"), `${shadow.join("\n")}\n`, 0o640);
  Deno.chownSync(join(etc, "shadow"), 0, groupId("shadow"));
}

/** The id of a group of the machine. */
function groupId(name: string): number {
  const line = systemEntries("/etc/group").find((line) => line.startsWith(`${name}:`));
  return Number(line?.split(":")[2] ?? 0);
}

function makeFolder(path: string, mode = 0o755, uid = 0, gid = 0): void {
  Deno.mkdirSync(path, { recursive: true });
  Deno.chmodSync(path, mode);
  Deno.chownSync(path, uid, gid);
}

/** Makes all of it in a folder. */
export async function makeView(folder: string): Promise<void> {
  for (const place of [...PLACES, "bin", "dev", "run/lock", "run/sshd", "etc/pam.d"]) {
    makeFolder(join(folder, place));
  }
  makeFolder(join(folder, "run/home"));
  for (const [name, { uid }] of Object.entries(PEOPLE)) {
    makeFolder(join(folder, HOMES, name), 0o700, uid, uid);
  }
  makeFolder(join(folder, "var/spool/cron/crontabs"), 0o1730, 0, groupId("crontab"));
  for (const name of ["run/utmp", "var/log/wtmp", "var/log/lastlog"]) write(join(folder, name), "");
  write(join(folder, "var/log/btmp"), "", 0o600);
  await makeEtc(join(folder, "etc"));
}
