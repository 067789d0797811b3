// SPDX-License-Identifier: MIT
/**
 * A directory of a test: Debian's slapd with a configuration, a data folder and ports of its own.
 *
 * @module
 */

import { join } from "node:path";
import type { Certificate } from "./certificates.ts";

/** The top of the directory, its administrator, and the account that the module asks with. */
export const SUFFIX = "dc=example,dc=org";
export const PEOPLE = `ou=people,${SUFFIX}`;
export const GROUPS = `ou=groups,${SUFFIX}`;
export const READER = `cn=reader,${SUFFIX}`;
export const READER_PASSWORD = "read {these} entries";
const ADMIN = `cn=admin,${SUFFIX}`;
const ADMIN_PASSWORD = "administer";

const READY_MS_MAX = 10_000;
/** What captures our system log is not for other programs. */
const ENVIRONMENT = { LD_PRELOAD: "" };
const LAST_DAY_IN_2000 = 11_322;

function configuration(folder: string, certificate: Certificate, ca: string, more: string): string {
  return `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.3.6.1.4.1.5322.17.2.1 NAME 'authorizedService' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
moduleload memberof
pidfile ${folder}/slapd.pid
TLSCACertificateFile ${ca}
TLSCertificateFile ${certificate.file}
TLSCertificateKeyFile ${certificate.key}
${more}
database mdb
maxsize 16777216
suffix "${SUFFIX}"
rootdn "${ADMIN}"
rootpw "${ADMIN_PASSWORD}"
directory ${folder}/data
index objectClass,uid,member,memberUid eq
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="ou=hidden,${SUFFIX}" by dn.exact="${READER}" read by * none
access to * by * read
overlay ppolicy
ppolicy_default "cn=policy,${SUFFIX}"
overlay memberof
`;
}

/** An entry in LDIF. */
export function ldif(
  dn: string,
  attributes: Readonly<Record<string, string | number | readonly string[]>>,
): string {
  const lines = Object.entries(attributes).flatMap(([name, values]) =>
    [values].flat().map((value) =>
      `${name}:: ${btoa(String.fromCharCode(...new TextEncoder().encode(String(value))))}`
    )
  );
  const name = btoa(String.fromCharCode(...new TextEncoder().encode(dn)));
  return `dn:: ${name}\n${lines.join("\n")}\n\n`;
}

let uids = 10_000;

/** A user in LDIF. */
export function person(
  uid: string,
  more: Readonly<Record<string, string | number | readonly string[]>> = {},
  ou = "people",
): string {
  const escaped = uid.replace(
    /[^A-Za-z0-9._-]/gu,
    (one) =>
      [...new TextEncoder().encode(one)].map((octet) => `\\${octet.toString(16).padStart(2, "0")}`).join(""),
  );
  return ldif(`uid=${escaped},ou=${ou},${SUFFIX}`, {
    objectClass: ["account", "posixAccount", "shadowAccount", "extensibleObject"],
    uid,
    cn: uid,
    uidNumber: ++uids,
    gidNumber: 100,
    homeDirectory: "/nonexistent",
    ...more,
  });
}

/** A group in LDIF. */
export function group(cn: string, attribute: "member" | "uniqueMember", members: readonly string[]): string {
  const objectClass = attribute === "member" ? "groupOfNames" : "groupOfUniqueNames";
  return ldif(`cn=${cn},${GROUPS}`, { objectClass, cn, [attribute]: members });
}

/** What every directory here has. */
const BASE = [
  ldif(SUFFIX, { objectClass: ["dcObject", "organization"], dc: "example", o: "Example" }),
  ldif(PEOPLE, { objectClass: "organizationalUnit", ou: "people" }),
  ldif(GROUPS, { objectClass: "organizationalUnit", ou: "groups" }),
  ldif(`ou=hidden,${SUFFIX}`, { objectClass: "organizationalUnit", ou: "hidden" }),
  ldif(READER, {
    objectClass: ["organizationalRole", "simpleSecurityObject"],
    cn: "reader",
    userPassword: READER_PASSWORD,
  }),
  ldif(`cn=policy,${SUFFIX}`, {
    objectClass: ["organizationalRole", "pwdPolicy"],
    cn: "policy",
    pwdAttribute: "userPassword",
    pwdLockout: "TRUE",
    pwdMaxFailure: 2,
    pwdLockoutDuration: 600,
  }),
].join("");

/** The users that most tests ask for. */
export const USERS: string = [
  person("alice", { userPassword: "wonderland" }),
  person("expired", { shadowExpire: LAST_DAY_IN_2000 }),
].join("");

/** A port that nobody listens on now. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function isListening(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

/** How a directory is made. */
export interface SlapdOptions {
  /** What it proves itself with. */
  readonly certificate: Certificate;
  /** The authority. */
  readonly ca: string;
  /** What it holds, in LDIF, beside the base. */
  readonly entries: string;
  /** More lines for its configuration. */
  readonly more?: string;
}

/** A directory server. */
export class Slapd implements AsyncDisposable {
  readonly #folder: string;
  #process: Deno.ChildProcess | undefined;
  /** The port for ldap:// and StartTLS. */
  readonly port: number = freePort();
  /** The port for ldaps://. */
  readonly tlsPort: number = freePort();

  private constructor() {
    this.#folder = Deno.makeTempDirSync({ prefix: "pam-deno-slapd-" });
  }

  /** Makes a directory, and starts it. */
  static async start({ certificate, ca, entries, more = "" }: SlapdOptions): Promise<Slapd> {
    const slapd = new Slapd();
    Deno.mkdirSync(join(slapd.#folder, "data"));
    Deno.writeTextFileSync(slapd.#file("slapd.conf"), configuration(slapd.#folder, certificate, ca, more));
    Deno.writeTextFileSync(slapd.#file("entries.ldif"), BASE + entries);
    await slapd.#run("/usr/sbin/slapadd", "-f", slapd.#file("slapd.conf"), "-l", slapd.#file("entries.ldif"));
    await slapd.start();
    return slapd;
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }

  async #run(program: string, ...args: string[]): Promise<void> {
    const command = new Deno.Command(program, {
      args,
      env: ENVIRONMENT,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    const { success, stderr } = await command.output();
    if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
  }

  /** Starts it again, and waits until it listens. */
  async start(): Promise<void> {
    const urls = `ldap://127.0.0.1:${this.port}/ ldaps://127.0.0.1:${this.tlsPort}/`;
    this.#process = new Deno.Command("/usr/sbin/slapd", {
      args: ["-f", this.#file("slapd.conf"), "-h", urls, "-d", "0"],
      env: ENVIRONMENT,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const deadline = performance.now() + READY_MS_MAX;
    while (!(await isListening(this.port) && await isListening(this.tlsPort))) {
      if (performance.now() > deadline) throw new Error("slapd does not listen");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Stops it, and waits for it. */
  async stop(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    process?.kill(signal);
    await process?.status;
  }

  /** Sends it a signal: SIGSTOP lets it hang. */
  signal(signal: Deno.Signal): void {
    this.#process?.kill(signal);
  }

  /** Changes entries, in LDIF, as the administrator. */
  async modify(text: string): Promise<void> {
    Deno.writeTextFileSync(this.#file("change.ldif"), text);
    const bind = ["-x", "-H", `ldap://127.0.0.1:${this.port}`, "-D", ADMIN, "-w", ADMIN_PASSWORD];
    await this.#run("ldapmodify", ...bind, "-f", this.#file("change.ldif"));
  }

  /** Adds entries, in LDIF, as the administrator; the memberOf overlay sees only what is added so. */
  async add(text: string): Promise<void> {
    await this.modify(text.replaceAll(/^dn::.*$/gm, "$&\nchangetype: add"));
  }

  /** Sets or, without a value, deletes an attribute of a user. */
  async set(uid: string, attribute: string, ...values: string[]): Promise<void> {
    const lines = values.map((value) => `${attribute}: ${value}\n`).join("");
    await this.modify(`dn: uid=${uid},${PEOPLE}\nchangetype: modify\nreplace: ${attribute}\n${lines}-\n`);
  }

  /** Whether a password is taken; a wrong one counts towards a lock. */
  async takes(dn: string, password: string): Promise<boolean> {
    const args = ["-x", "-H", `ldap://127.0.0.1:${this.port}`, "-D", dn, "-w", password];
    return (await new Deno.Command("ldapwhoami", {
      args,
      env: ENVIRONMENT,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output()).success;
  }

  /** Stops it and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGCONT");
    await this.stop();
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
