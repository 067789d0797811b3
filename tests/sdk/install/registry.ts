// SPDX-License-Identifier: MIT
/**
 * A registry of npm and JSR packages on loopback, so that no test depends on the internet.
 *
 * @module
 */

const encoder = new TextEncoder();

/** A registry that is being served, and set up for this process. */
export interface Registry extends AsyncDisposable {
  /** Publishes a package of npm: the files, `package.json` left out, and what stands in that. */
  npm(
    manifest: NpmManifest,
    files: Readonly<Record<string, string>>,
    extra?: readonly TarEntry[],
  ): Promise<void>;
  /** Publishes a package of JSR; its main file is `./mod.ts` unless `main` says another. */
  jsr(name: string, version: string, files: Readonly<Record<string, string>>, main?: string): Promise<void>;
  /** Answers a path with a text, whatever it is. */
  serve(path: string, text: string): void;
  /** The paths that were asked for. */
  readonly asked: string[];
  /** Where it is. */
  readonly url: string;
}

/** What stands in a package.json. */
export interface NpmManifest {
  readonly name: string;
  readonly version: string;
  readonly [key: string]: unknown;
}

/** An entry of an archive. */
export interface TarEntry {
  readonly name: string;
  /** `0` a file, `2` a symbolic link. */
  readonly type: "0" | "2";
  readonly content?: string;
  readonly target?: string;
}

interface NpmVersion {
  readonly manifest: NpmManifest;
  readonly archive: Uint8Array<ArrayBuffer>;
  readonly integrity: string;
}

/** Starts a registry, and makes it the one of this process until it is disposed of. */
export function startRegistry(): Registry {
  const texts = new Map<string, string | Uint8Array<ArrayBuffer>>();
  const versions = new Map<string, NpmVersion[]>();
  const asked: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, ({ url }) => {
    const path = decodeURIComponent(new URL(url).pathname);
    asked.push(path);
    const found = texts.get(path);
    if (found === undefined) return new Response("there is no such thing", { status: 404 });
    const type = path.endsWith(".ts") ? "application/typescript" : "application/json";
    return new Response(found, {
      headers: { "content-type": path.endsWith(".tgz") ? "application/gzip" : type },
    });
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const before = setEnvironment({ NPM_CONFIG_REGISTRY: `${url}/npm/`, JSR_URL: `${url}/jsr/` });
  return {
    asked,
    url,
    serve: (path, text) => void texts.set(path, text),
    async npm(manifest, files, extra = []) {
      const { name, version } = manifest;
      const archive = await pack(manifest, files, extra);
      const integrity = `sha512-${new Uint8Array(await crypto.subtle.digest("SHA-512", archive)).toBase64()}`;
      const all = [...versions.get(name) ?? [], { manifest, archive, integrity }];
      versions.set(name, all);
      texts.set(`/npm/${name}/-/${version}.tgz`, archive);
      texts.set(`/npm/${name}`, JSON.stringify(packument(name, all, url)));
    },
    async jsr(name, version, files, main = "./mod.ts") {
      texts.set(`/jsr/${name}/meta.json`, JSON.stringify({ latest: version, versions: { [version]: {} } }));
      const manifest: Record<string, { size: number; checksum: string }> = {};
      for (const [file, text] of Object.entries(files)) {
        const bytes = encoder.encode(text);
        const checksum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
        manifest[`/${file}`] = { size: bytes.length, checksum: `sha256-${checksum}` };
        texts.set(`/jsr/${name}/${version}/${file}`, text);
      }
      texts.set(
        `/jsr/${name}/${version}_meta.json`,
        JSON.stringify({ manifest, exports: { ".": main } }),
      );
    },
    async [Symbol.asyncDispose]() {
      setEnvironment(before);
      await server.shutdown();
    },
  };
}

/** Sets variables and gives what they were. */
function setEnvironment(
  values: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const before: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(values)) {
    before[name] = Deno.env.get(name);
    if (value === undefined) Deno.env.delete(name);
    else Deno.env.set(name, value);
  }
  return before;
}

function packument(name: string, versions: readonly NpmVersion[], url: string) {
  return {
    name,
    "dist-tags": { latest: versions.at(-1)!.manifest.version },
    versions: Object.fromEntries(versions.map(({ manifest, integrity }) => [manifest.version, {
      ...manifest,
      dist: { tarball: `${url}/npm/${name}/-/${manifest.version}.tgz`, integrity },
    }])),
  };
}

async function pack(
  manifest: NpmManifest,
  files: Readonly<Record<string, string>>,
  extra: readonly TarEntry[],
): Promise<Uint8Array<ArrayBuffer>> {
  const all: TarEntry[] = [
    { name: "package/package.json", type: "0", content: JSON.stringify(manifest) },
    ...Object.entries(files).map(([name, content]) => ({
      name: `package/${name}`,
      type: "0" as const,
      content,
    })),
    ...extra,
  ];
  const blocks = all.flatMap((entry) => [tarHeader(entry), padded(encoder.encode(entry.content ?? ""))]);
  const tar = new Blob([...blocks, new Uint8Array(1024)]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(tar).arrayBuffer());
}

function padded(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
  block.set(bytes);
  return block;
}

function tarHeader({ name, type, content = "", target = "" }: TarEntry): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(512);
  const put = (at: number, text: string) => header.set(encoder.encode(text), at);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  put(0, name);
  put(100, "0000644\0");
  put(108, "0000000\0");
  put(116, "0000000\0");
  put(124, `${octal(encoder.encode(content).length, 11)}\0`);
  put(136, "00000000000\0");
  put(148, "        ");
  put(156, type);
  put(157, target);
  put(257, "ustar\0" + "00");
  put(148, `${octal(header.reduce((sum, octet) => sum + octet, 0), 6)}\0 `);
  return header;
}
