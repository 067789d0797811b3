// SPDX-License-Identifier: MIT
/**
 * Certificates of an authority that only a test knows, made with openssl.
 *
 * @module
 */

import { join } from "node:path";

/** Where the servers of these tests are. */
const LOOPBACK = "DNS:localhost,IP:127.0.0.1";

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args,
    env: { LD_PRELOAD: "" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** A certificate and its key, as files. */
export interface Certificate {
  /** The certificate. */
  readonly file: string;
  /** The key. */
  readonly key: string;
}

/** The authority, and what it has signed. */
export interface Certificates {
  /** Its own certificate. */
  readonly ca: string;
  /** The certificate of an authority that signed nothing. */
  readonly stranger: string;
  /** For localhost and 127.0.0.1. */
  readonly good: Certificate;
  /** For names only, one of which looks like an address. */
  readonly named: Certificate;
  /** For another name. */
  readonly other: Certificate;
  /** For localhost and 127.0.0.1, until 2020. */
  readonly expired: Certificate;
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

async function authority(folder: string, name: string): Promise<Certificate> {
  const [file, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const subject = ["-subj", `/CN=${name}`, "-addext", "basicConstraints=critical,CA:true"];
  await run("openssl", "req", "-x509", ...KEY, "-keyout", key, "-out", file, "-days", "30", ...subject);
  return { file, key };
}

async function signed(
  folder: string,
  ca: Certificate,
  name: string,
  names: string,
  at?: string,
): Promise<Certificate> {
  const [file, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const [request, extensions] = [join(folder, `${name}.csr`), join(folder, `${name}.ext`)];
  await run("openssl", "req", ...KEY, "-keyout", key, "-out", request, "-subj", `/CN=${name}`);
  Deno.writeTextFileSync(extensions, `subjectAltName=${names}\n`);
  const sign = [
    "openssl",
    "x509",
    "-req",
    "-in",
    request,
    "-CA",
    ca.file,
    "-CAkey",
    ca.key,
    "-CAcreateserial",
  ];
  const words = [...sign, "-out", file, "-days", "3", "-extfile", extensions];
  await (at === undefined ? run(words[0]!, ...words.slice(1)) : run("faketime", at, ...words));
  return { file, key };
}

/** Makes all of them in a folder. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const ca = await authority(folder, "authority");
  const { file: stranger } = await authority(folder, "stranger");
  const good = await signed(folder, ca, "good", LOOPBACK);
  const named = await signed(folder, ca, "named", "DNS:localhost,DNS:127.0.0.1");
  const other = await signed(folder, ca, "other", "DNS:other.example");
  const expired = await signed(folder, ca, "expired", LOOPBACK, "2020-01-01");
  return { ca: ca.file, stranger, good, named, other, expired };
}
