// SPDX-License-Identifier: MIT
/**
 * Opens paths in the file system that a module's unit sees: as far as they are granted, and no further.
 *
 * @module
 */

/** Places that the template replaces by an empty folder: what lies beneath can be bound into it. */
export const EMPTY_PLACES = ["/run", "/var"] as const;

/** Places that the template closes: nothing can be bound beneath. */
export const CLOSED_PLACES = [
  "/boot",
  "/efi",
  "/lost+found",
  "/media",
  "/mnt",
  "/srv",
  "/sys",
  "/dev/shm",
  "/dev/mqueue",
  "/tmp",
  "/var/tmp",
] as const;

/** Places that `ProtectHome=` closes. */
const HOMES = ["/home", "/root", "/run/user"] as const;

/** Where the template lets programs and libraries be run from, and the links that lead there. */
const PROGRAMS = ["/usr", "/bin", "/sbin", "/lib", "/lib64"];

/** What a module may write that may write everything; in the rest of the system there is nothing that a file can hold. */
const WRITABLE_PLACES = ["/boot", "/etc", "/media", "/mnt", "/opt", "/run", "/srv", "/var"];

/** A word of a unit file that can be nothing but that word. */
export function quoteWord(word: string): string {
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(word)) {
    throw new TypeError(`${JSON.stringify(word)} has a control character, which a unit file cannot hold`);
  }
  return `"${word.replace(/[\\"]/g, "\\$&").replaceAll("%", "%%")}"`;
}

/** What is granted, as far as it concerns the file system. */
export interface PathGrants {
  /** What may be read. */
  readonly read: readonly string[] | true;
  /** What may be written. */
  readonly write: readonly string[] | true;
  /** Paths of Unix sockets that may be connected to. */
  readonly sockets: readonly string[];
  /** Programs and libraries that may be run. */
  readonly executed: readonly string[];
}

/** The lines that open what is granted. */
export function pathLines({ read, write, sockets, executed }: PathGrants): string[] {
  if (read === true || write === true) return [...blanketLines(write, executed), ...execLines(executed)];
  const written = write.map(plain);
  // A socket is made anew whenever its service starts: bound alone it would stay the old one.
  const seen = [...read, ...sockets.map(folderOf)]
    // Bound for reading, what may also be written could not be.
    .filter((path) => !written.some((place) => plain(path) === place || isBeneath(path, place)));
  const granted = [...seen, ...write, ...executed].map(plain);
  return [
    // The first two may begin a list anew.
    ...emptyLines(granted),
    ...closedLines(granted),
    ...homeLines(granted),
    ...seen.filter(isHidden).flatMap((path) => mountLines("BindReadOnlyPaths", path, executed)),
    ...write.flatMap((path) => mountLines(isHidden(path) ? "BindPaths" : "ReadWritePaths", path, executed)),
    ...execLines(executed),
  ];
}

/** Everything is there to be seen: the module's user decides what of it can be read, or written. */
function blanketLines(write: readonly string[] | true, executed: readonly string[]): string[] {
  const written = write === true ? WRITABLE_PLACES : write;
  const isWritten = (home: string) => write === true || write.some((path) => plain(path) === home);
  return [
    "TemporaryFileSystem=",
    "InaccessiblePaths=",
    // No files of anybody, and a place to write to.
    "InaccessiblePaths=-/sys -/dev/shm -/dev/mqueue",
    // systemd 252 takes `ReadWritePaths=` for nothing where it stands for `/` or for a home.
    "ProtectHome=tmpfs",
    ...HOMES.flatMap((home) =>
      mountLines(isWritten(home) ? "BindPaths" : "BindReadOnlyPaths", home, executed)
    ),
    ...written.filter((path) => !HOMES.some((home) => home === plain(path)))
      .flatMap((path) => mountLines("ReadWritePaths", path, executed)),
  ];
}

/** A path as a mount of its own, from which nothing can be run: `NoExecPaths=/` of the template does not reach such a mount. */
function mountLines(
  directive: "BindPaths" | "BindReadOnlyPaths" | "ReadWritePaths",
  path: string,
  executed: readonly string[],
): string[] {
  const line = `${directive}=${optional(path)}`;
  return executed.includes(path) ? [line] : [line, noExecLine(path)];
}

/** Keeps programs on the mount `path` from being run. */
export function noExecLine(path: string): string {
  return `NoExecPaths=${optional(path)}`;
}

/** A mount of its own, which `ExecPaths=` makes, can be written to unless it is bound for reading. */
function execLines(executed: readonly string[]): string[] {
  return executed.filter((path) => !PROGRAMS.some((place) => isBeneath(path, place)))
    .flatMap((path) => [`BindReadOnlyPaths=${optional(path)}`, `ExecPaths=${optional(path)}`]);
}

/** Homes become empty folders. `ProtectHome=tmpfs` alone makes them writable for everybody in systemd 252. */
function homeLines(granted: readonly string[]): string[] {
  if (!granted.some((path) => HOMES.some((home) => path === home || isBeneath(path, home)))) return [];
  return ["ProtectHome=tmpfs", ...HOMES.filter((home) => !granted.includes(home)).map(emptyPlace)];
}

/** A place that is granted as a whole is not replaced any more. */
function emptyLines(granted: readonly string[]): string[] {
  const left = EMPTY_PLACES.filter((place) => !granted.includes(place));
  if (left.length === EMPTY_PLACES.length) return [];
  return ["TemporaryFileSystem=", ...left.map(emptyPlace)];
}

/** A place of which a part is granted becomes an empty folder that this part can be bound into. */
function closedLines(granted: readonly string[]): string[] {
  const opened = CLOSED_PLACES.filter((place) =>
    granted.some((path) => path === place || isBeneath(path, place))
  );
  if (opened.length === 0) return [];
  const left = CLOSED_PLACES.filter((place) => !opened.includes(place));
  const replaced = opened.filter((place) => !granted.includes(place));
  return ["InaccessiblePaths=", `InaccessiblePaths=${left.map((place) => `-${place}`).join(" ")}`]
    .concat(replaced.map(emptyPlace));
}

function emptyPlace(place: string): string {
  return `TemporaryFileSystem=${place}:ro,mode=0755`;
}

/** Whether a path must be bound to be seen. */
function isHidden(path: string): boolean {
  const at = plain(path);
  return HOMES.some((home) => home === at) ||
    [...EMPTY_PLACES, ...CLOSED_PLACES, ...HOMES].some((place) => isBeneath(at, place));
}

function isBeneath(path: string, place: string): boolean {
  return path.startsWith(`${place}/`);
}

/** The folder of a socket, unless that is a hidden place as a whole. */
function folderOf(path: string): string {
  const folder = path.slice(0, path.lastIndexOf("/"));
  return isHidden(path) && !isHidden(folder) ? path : folder || "/";
}

/** A path without a slash at its end. */
function plain(path: string): string {
  return path.replace(/\/$/, "");
}

/** What is not there yet must not keep the module from starting. */
function optional(path: string): string {
  return quoteWord(`-${path}`);
}
