// SPDX-License-Identifier: MIT
/**
 * Cuts a stream of octets into frames: u32 big-endian length, then as many octets (a tag and a body).
 *
 * @module
 */

import { LENGTH_SIZE } from "./cursor.ts";
import { WireError } from "./errors.ts";
import { LIMITS } from "./schema.ts";

const NOTHING = new Uint8Array(0);

/**
 * Collects the chunks of one connection and gives whole frames, without their length word.
 *
 * After `push()`, call `next()` until it returns `undefined`: from then on nothing of the chunk is referred to, so that its buffer
 * may be used again. A frame may be a view into the chunk; whoever decodes one that holds secrets wipes it.
 */
export class FrameReader {
  readonly #max: number;
  #chunk: Uint8Array = NOTHING;
  #at = 0;
  #word = 0;
  #wordOctets = 0;
  #partial: Uint8Array | undefined;
  #filled = 0;
  #error: WireError | undefined;

  /** Takes frames of up to `max` octets behind the length word, FRAME_MAX unless told otherwise. */
  constructor(max: number = LIMITS.FRAME_MAX) {
    this.#max = max;
  }

  /** Whether a frame has begun that has not ended: after EOF that is `truncated`. */
  get unfinished(): boolean {
    return this.#wordOctets > 0 || this.#at < this.#chunk.length;
  }

  /** Adds what the connection gave. */
  push(chunk: Uint8Array): void {
    if (this.#at === this.#chunk.length) {
      this.#chunk = chunk;
    } else {
      const left = this.#chunk.subarray(this.#at);
      this.#chunk = new Uint8Array(left.length + chunk.length);
      this.#chunk.set(left);
      this.#chunk.set(chunk, left.length);
    }
    this.#at = 0;
  }

  /**
   * The next whole frame, `undefined` if more octets are needed.
   *
   * @throws {WireError} `too_long` if a length is above the limit, `truncated` if it is 0; the stream is lost then, and every
   * further call throws the same.
   */
  next(): Uint8Array | undefined {
    if (this.#error !== undefined) throw this.#error;
    if (!this.#readLength()) return this.#forget();
    const length = this.#word;
    const left = this.#chunk.length - this.#at;
    if (this.#partial === undefined) {
      if (left >= length) return this.#whole(this.#chunk.subarray(this.#at, this.#at += length));
      this.#partial = new Uint8Array(length);
      this.#filled = 0;
    }
    const count = Math.min(left, length - this.#filled);
    this.#partial.set(this.#chunk.subarray(this.#at, this.#at + count), this.#filled);
    this.#filled += count;
    this.#at += count;
    return this.#filled === length ? this.#whole(this.#partial) : this.#forget();
  }

  /** Overwrites what is held of an unfinished frame, which may be a secret: for a connection that ended in the middle. */
  wipe(): void {
    this.#partial?.fill(0);
    this.#chunk.fill(0, this.#at);
    this.#forget();
  }

  #forget(): undefined {
    this.#chunk = NOTHING;
    this.#at = 0;
  }

  #whole(frame: Uint8Array): Uint8Array {
    this.#partial = undefined;
    this.#word = 0;
    this.#wordOctets = 0;
    return frame;
  }

  /** Reads the length word as far as it is there; checks it as soon as it is whole. */
  #readLength(): boolean {
    if (this.#wordOctets === LENGTH_SIZE) return true;
    while (this.#wordOctets < LENGTH_SIZE) {
      if (this.#at === this.#chunk.length) return false;
      this.#word = this.#word * 256 + this.#chunk[this.#at++]!;
      this.#wordOctets++;
    }
    if (this.#word >= 1 && this.#word <= this.#max) return true;
    this.#error = this.#word === 0
      ? new WireError("truncated", "a frame of no octets has no tag")
      : new WireError("too_long", `a frame of ${this.#word} octets is over ${this.#max}`);
    this.#forget();
    throw this.#error;
  }
}
