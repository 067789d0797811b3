// SPDX-License-Identifier: MIT
/**
 * Gets one package of npm's registry and unpacks it, so that it can be bundled as a module in a folder: its own import of the SDK then
 * means the installed one, which in a package of Deno's cache it could not.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { normalize } from "node:path/posix";
import { runDenoTool } from "./deno_tool.ts";

/** A package that cannot be had or unpacked. The message names it. */
export class PackageError extends Error {
  override name = "PackageError";
}

/** What an unpacked package may hold. */
const FILES_MAX = 10_000;
const BYTES_MAX = 128 * 1024 ** 2;

/** How long the package's archive may take, in ms. */
const FETCH_MAX_MS = 120_000;

interface Registered {
  readonly versions: Readonly<
    Record<string, { readonly dist?: { readonly tarball?: string; readonly integrity?: string } }>
  >;
}

/** Gets `name` in exactly `version` and unpacks it into `folder`, checked against what the registry says of it. */
export async function unpackPackage(name: string, version: string, folder: string): Promise<void> {
  const { tarball, integrity } = await findArchive(name, version, folder);
  const response = await fetch(tarball, { signal: AbortSignal.timeout(FETCH_MAX_MS) });
  if (!response.ok) throw new PackageError(`npm:${name}@${version}: ${tarball} answers ${response.status}`);
  const archive = await readAtMost(response.body!, `npm:${name}@${version}`);
  await checkIntegrity(archive, integrity, `npm:${name}@${version}`);
  const plain = new Blob([archive]).stream().pipeThrough(new DecompressionStream("gzip"));
  unpackTar(await readAtMost(plain, `npm:${name}@${version}`), folder);
}

/** Where the registry that is set up on this machine has the package: Deno knows which one that is, and asks it. */
async function findArchive(
  name: string,
  version: string,
  folder: string,
): Promise<{ tarball: string; integrity: string }> {
  const probe = join(folder, ".probe.ts");
  Deno.writeTextFileSync(probe, `import ${JSON.stringify(`npm:${name}@${version}`)};\n`);
  const flags = ["--no-config", "--no-lock", "--node-modules-dir=none"];
  // It may not find the dependencies, such as the SDK, which are of no interest here: what it asked about the package is kept.
  const said = await runDenoTool(["info", "--json", ...flags, probe], folder).catch(({ message }) => message);
  Deno.removeSync(probe);
  const { npmCache } = JSON.parse(await runDenoTool(["info", "--json"], folder));
  const file = findRegistered(npmCache, name);
  if (file === undefined) {
    throw new PackageError(`npm:${name}@${version}: no registry has it\n${errorIn(said)}`);
  }
  const { versions } = JSON.parse(Deno.readTextFileSync(file)) as Registered;
  const { tarball, integrity } = versions[version]?.dist ?? {};
  if (tarball === undefined || integrity === undefined) {
    const last = Object.keys(versions).slice(-5).join(", ");
    throw new PackageError(`npm:${name} has no version ${version}; some that it has: ${last}`);
  }
  return { tarball, integrity };
}

function errorIn(said: string): string {
  try {
    const { modules } = JSON.parse(said) as { modules: { error?: string }[] };
    return modules.find(({ error }) => error)?.error ?? "";
  } catch {
    return said;
  }
}

/** What Deno noted of a package, in the folder of whichever registry it asked. */
function findRegistered(cache: string, name: string, depth = 3): string | undefined {
  const file = join(cache, name, "registry.json");
  if (isThere(file)) return file;
  if (depth === 0 || !isThere(cache)) return undefined;
  for (const { name: inner, isDirectory } of Deno.readDirSync(cache)) {
    const found = isDirectory ? findRegistered(join(cache, inner), name, depth - 1) : undefined;
    if (found) return found;
  }
  return undefined;
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

async function readAtMost(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  what: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > BYTES_MAX) throw new PackageError(`${what}: more than ${BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** Subresource Integrity: words such as `sha512-BASE64`. */
async function checkIntegrity(
  bytes: Uint8Array<ArrayBuffer>,
  integrity: string,
  what: string,
): Promise<void> {
  const expected = integrity.split(/\s+/).find((word) => word.startsWith("sha512-"))?.slice("sha512-".length);
  if (expected === undefined) throw new PackageError(`${what}: the registry gives no SHA-512 for it`);
  const found = new Uint8Array(await crypto.subtle.digest("SHA-512", bytes)).toBase64();
  if (found !== expected) {
    throw new PackageError(`${what}: what was downloaded is not what the registry describes`);
  }
}

const BLOCK = 512;
const decoder = new TextDecoder();

/** Unpacks the regular files of a tar archive, without their first folder. Links and devices are left out. */
export function unpackTar(archive: Uint8Array<ArrayBuffer>, folder: string): void {
  let files = 0;
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const header = archive.subarray(at, at + BLOCK);
    const size = Number.parseInt(field(header, 124, 12).trim() || "0", 8);
    const begin = at + BLOCK;
    if (!(size >= 0) || begin + size > archive.length) throw new PackageError("its archive is damaged");
    const content = archive.subarray(begin, begin + size);
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(header[156]!);
    if (type === "x") longName = paxPath(content);
    else if (type === "L") longName = decoder.decode(content).replace(/\0.*$/s, "");
    else {
      if (type === "0" || type === "\0") {
        if (++files > FILES_MAX) throw new PackageError(`its archive has more than ${FILES_MAX} files`);
        writeEntry(folder, longName ?? ustarName(header), content);
      }
      longName = undefined;
    }
  }
}

function field(header: Uint8Array<ArrayBuffer>, at: number, length: number): string {
  return decoder.decode(header.subarray(at, at + length)).replace(/\0.*$/s, "");
}

function ustarName(header: Uint8Array<ArrayBuffer>): string {
  const prefix = field(header, 257, 5) === "ustar" ? field(header, 345, 155) : "";
  return prefix === "" ? field(header, 0, 100) : `${prefix}/${field(header, 0, 100)}`;
}

/** The path in a pax header, whose records are `LENGTH KEY=VALUE\n`. */
function paxPath(content: Uint8Array<ArrayBuffer>): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(decoder.decode(content))?.[1];
}

function writeEntry(folder: string, name: string, content: Uint8Array<ArrayBuffer>): void {
  const path = normalize(name.replace(/^\/+/, "")).split("/").slice(1).join("/");
  if (path === "" || path.split("/").includes("..")) {
    throw new PackageError(`its archive holds the path ${name}`);
  }
  const file = join(folder, path);
  Deno.mkdirSync(dirname(file), { recursive: true });
  Deno.writeFileSync(file, content);
}
