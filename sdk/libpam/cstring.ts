// SPDX-License-Identifier: MIT
/**
 * Strings, pointers and the two structs of the conversation, to and from C. The only file that does pointer arithmetic.
 *
 * All sizes are those of 64-bit Linux, the only one that Deno runs on.
 *
 * @module
 */

import { typeError } from "../coded.ts";

const ENCODER = new TextEncoder();
const POINTER_SIZE = 8;
/** `struct pam_message { int msg_style; const char *msg; }` */
const MESSAGE_TEXT_OFFSET = 8;
/** `struct pam_response { char *resp; int resp_retcode; }` */
const RESPONSE_SIZE = 16;

/** calloc(3) and free(3) of the process. */
export interface Allocator {
  /** Zeroed memory for `count` things of `size` bytes, or `null`. */
  calloc(count: bigint, size: bigint): Deno.PointerValue;
  /** Gives memory back. */
  free(pointer: Deno.PointerValue): void;
}

/**
 * A text with the terminator that C wants.
 *
 * @param text the text, or its bytes if they are not UTF-8
 * @param name what the text is, for the error
 * @throws {TypeError} if there is a NUL in it: C would see the text end there
 */
export function encodeCString(text: string | Uint8Array, name: string): Uint8Array<ArrayBuffer> {
  const isText = typeof text === "string";
  const bytes = isText ? ENCODER.encode(`${text}\0`) : new Uint8Array(text.length + 1);
  if (!isText) bytes.set(text);
  const end = bytes.indexOf(0);
  if (end !== bytes.length - 1) {
    bytes.fill(0);
    throw typeError("libpam-misused", `Cannot pass ${name} to libpam: there is a NUL at byte ${end}`);
  }
  return bytes;
}

/** Reads a C string; octets that are not UTF-8 become U+FFFD. `undefined` for NULL. */
export function decodeCString(pointer: Deno.PointerValue): string | undefined {
  return pointer === null ? undefined : Deno.UnsafePointerView.getCString(pointer);
}

/** Room for one pointer that C fills in. */
export class PointerCell {
  readonly #value = new BigUint64Array(1);
  /** The cell's own bytes, to be passed as the address. */
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(this.#value.buffer);

  /** Takes the pointer out; the cell is NULL again. */
  take(): Deno.PointerValue {
    const pointer = Deno.UnsafePointer.create(this.#value[0] ?? 0n);
    this.#value[0] = 0n;
    return pointer;
  }
}

/** `struct pam_conv { int (*conv)(…); void *appdata_ptr; }`; libpam copies it when the transaction starts. */
export function encodePamConv(conversation: Deno.PointerObject, appdata: bigint): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new BigUint64Array([Deno.UnsafePointer.value(conversation), appdata]).buffer);
}

/** A message as it stands in memory: its style as a number, its text unread. */
export interface RawMessage {
  /** `msg_style` */
  readonly style: number;
  /** `msg` */
  readonly text: Deno.PointerValue;
}

/** Reads `const struct pam_message **`: an array of pointers, as Linux-PAM has it. */
export function readMessages(messages: Deno.PointerObject, count: number): RawMessage[] {
  const pointers = new Deno.UnsafePointerView(messages);
  return Array.from({ length: count }, (_, index) => {
    const message = pointers.getPointer(index * POINTER_SIZE);
    if (message === null) return { style: 0, text: null };
    const view = new Deno.UnsafePointerView(message);
    return { style: view.getInt32(0), text: view.getPointer(MESSAGE_TEXT_OFFSET) };
  });
}

/** Copies `bytes` into memory of its own. */
function duplicate(memory: Allocator, bytes: Uint8Array): Deno.PointerObject | null {
  const copy = memory.calloc(1n, BigInt(bytes.length));
  if (copy !== null) new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(copy, bytes.length)).set(bytes);
  return copy;
}

/**
 * Stores an array of `struct pam_response` through `struct pam_response **`. The module that asked frees array and strings.
 *
 * @param memory the allocator that the module frees with
 * @param target where the address of the array goes
 * @param answers C strings; `undefined` is a NULL response
 * @returns whether there was memory for it; if not, nothing is left behind and nothing was stored
 */
export function writeResponses(
  memory: Allocator,
  target: Deno.PointerObject,
  answers: readonly (Uint8Array | undefined)[],
): boolean {
  const array = memory.calloc(BigInt(answers.length), BigInt(RESPONSE_SIZE));
  if (array === null) return false;
  const words = new BigUint64Array(
    Deno.UnsafePointerView.getArrayBuffer(array, answers.length * RESPONSE_SIZE),
  );
  const stored: [Deno.PointerObject, number][] = [];
  for (const [index, answer] of answers.entries()) {
    if (answer === undefined) continue;
    const copy = duplicate(memory, answer);
    if (copy === null) {
      for (const [pointer, length] of stored) {
        new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, length)).fill(0);
        memory.free(pointer);
      }
      memory.free(array);
      return false;
    }
    stored.push([copy, answer.length]);
    words[index * RESPONSE_SIZE / POINTER_SIZE] = Deno.UnsafePointer.value(copy);
  }
  const cell = new BigUint64Array(Deno.UnsafePointerView.getArrayBuffer(target, POINTER_SIZE));
  cell[0] = Deno.UnsafePointer.value(array);
  return true;
}

/** Reads an array of strings that ends with NULL, and frees strings and array. */
export function takeStrings(memory: Allocator, array: Deno.PointerValue): string[] {
  if (array === null) return [];
  const pointers = new Deno.UnsafePointerView(array);
  const strings: string[] = [];
  for (let offset = 0;; offset += POINTER_SIZE) {
    const pointer = pointers.getPointer(offset);
    if (pointer === null) break;
    strings.push(decodeCString(pointer) ?? "");
    memory.free(pointer);
  }
  memory.free(array);
  return strings;
}
