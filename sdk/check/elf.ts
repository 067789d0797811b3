// SPDX-License-Identifier: MIT
/**
 * Reads of a shared object what matters to whoever loads it, without loading it: which functions it shows, for which machine it is,
 * and the text by which ours can be told.
 *
 * @module
 */

/** What {@linkcode readSharedObject} gives. */
export interface SharedObject {
  /** The machine that it is for, as ELF numbers it. */
  readonly machine: number;
  /** The names of the functions and variables that it shows, sorted. */
  readonly exports: readonly string[];
  /** What it says it was made from, if it says so: `pam_deno VERSION protocol N fingerprint HEX`. */
  readonly ident: string | undefined;
}

/** A file that is no shared object, or a damaged one. The message says why. */
export class ElfError extends Error {
  override name = "ElfError";
}

/** The largest file that is read, in bytes: ours has 60 KiB, and with what a debugger wants 400. */
const FILE_MAX = 8_388_608;
/** Symbols that are looked at. */
const SYMBOLS_MAX = 65_536;
/** The longest name of one, in bytes. */
const NAME_MAX = 256;

const MAGIC = 0x7f454c46;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const TYPE_SHARED = 3;
const SECTION_DYNSYM = 11;
const SECTION_MAX = 1_024;
const SYMBOL_SIZE = 24;
const UNDEFINED = 0;
const BIND_LOCAL = 0;

/** The machines of ELF that Deno runs on, by Deno's names. */
export const MACHINES: Readonly<Record<string, number>> = { x86_64: 62, aarch64: 183 };

/** What the shim and the runtime say of themselves. */
export const IDENT_PATTERN =
  /pam_deno ([0-9][0-9A-Za-z.+-]{0,31}) protocol ([0-9]{1,3}) fingerprint ([0-9a-f]{16})/;

/**
 * Reads a shared object of 64 bits.
 *
 * @throws {ElfError} if it is none, or too large, or damaged.
 */
export function readSharedObject(file: string): SharedObject {
  const bytes = readBounded(file);
  try {
    return parse(bytes);
  } catch (error) {
    // Every offset in the file is the file's word: one beyond its end is found by the view.
    if (error instanceof RangeError) throw new ElfError("it is cut off or damaged");
    throw error;
  }
}

function readBounded(file: string): Uint8Array<ArrayBuffer> {
  const { size, isFile } = Deno.statSync(file);
  if (!isFile) throw new ElfError("it is not a regular file");
  if (size > FILE_MAX) throw new ElfError(`it has more than ${FILE_MAX} bytes`);
  return Deno.readFileSync(file);
}

function parse(bytes: Uint8Array<ArrayBuffer>): SharedObject {
  const view = new DataView(bytes.buffer);
  if (bytes.length < 64 || view.getUint32(0) !== MAGIC) throw new ElfError("it is not in the format ELF");
  if (view.getUint8(4) !== CLASS_64 || view.getUint8(5) !== LITTLE_ENDIAN) {
    throw new ElfError("it is not for a little-endian machine of 64 bits");
  }
  if (view.getUint16(16, true) !== TYPE_SHARED) throw new ElfError("it is not a shared object");
  return {
    machine: view.getUint16(18, true),
    exports: readExports(view).sort(),
    ident: IDENT_PATTERN.exec(new TextDecoder("latin1").decode(bytes))?.[0],
  };
}

/** The names of the dynamic symbols that are defined and not local. */
function readExports(view: DataView): string[] {
  const sections = sectionHeaders(view);
  const symbols = sections.find(({ type }) => type === SECTION_DYNSYM);
  if (!symbols) throw new ElfError("it has no table of the functions that it shows");
  const names = sections[symbols.link];
  if (!names) throw new ElfError("it is damaged: its table of functions has no names");
  const count = Math.floor(symbols.size / SYMBOL_SIZE);
  if (count > SYMBOLS_MAX) throw new ElfError(`it has more than ${SYMBOLS_MAX} symbols`);
  const found: string[] = [];
  for (let i = 0; i < count; i++) {
    const at = symbols.offset + i * SYMBOL_SIZE;
    const bind = view.getUint8(at + 4) >> 4;
    if (bind === BIND_LOCAL || view.getUint16(at + 6, true) === UNDEFINED) continue;
    found.push(nameAt(view, names.offset + view.getUint32(at, true)));
  }
  return found;
}

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

function sectionHeaders(view: DataView): Section[] {
  const table = Number(view.getBigUint64(40, true));
  const size = view.getUint16(58, true);
  const count = view.getUint16(60, true);
  if (count > SECTION_MAX) throw new ElfError(`it has more than ${SECTION_MAX} sections`);
  return Array.from({ length: count }, (_, i) => {
    const at = table + i * size;
    return {
      type: view.getUint32(at + 4, true),
      offset: Number(view.getBigUint64(at + 24, true)),
      size: Number(view.getBigUint64(at + 32, true)),
      link: view.getUint32(at + 40, true),
    };
  });
}

function nameAt(view: DataView, at: number): string {
  let name = "";
  while (name.length < NAME_MAX) {
    const octet = view.getUint8(at + name.length);
    if (octet === 0) return name;
    name += String.fromCharCode(octet);
  }
  throw new ElfError("it is damaged: a name has no end");
}
