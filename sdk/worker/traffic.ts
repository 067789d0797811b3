// SPDX-License-Identifier: MIT
/**
 * Counts what runs at once in a worker, and says when it is enough.
 *
 * @module
 */

/** What may run at once in one worker. */
export interface TrafficLimits {
  /** Hooks whose handlers are at work. */
  readonly hooks: number;
  /** Hooks that wait for a person. */
  readonly waiting: number;
  /** Of those, hooks for the same user and remote host, or of the same caller of set-uid programs. */
  readonly waiting_per_person: number;
}

/**
 * The hooks in flight. Those that wait for a person are counted apart: whoever sits at many prompts without answering must not
 * keep others from being decided, and one person must not take every place at the prompts.
 */
export class Traffic {
  readonly #limits: TrafficLimits;
  readonly #persons = new Map<string, number>();
  #working = 0;
  #waiting = 0;

  /** Begins with nothing in flight. */
  constructor(limits: TrafficLimits) {
    this.#limits = limits;
  }

  /** How many hooks are in flight. */
  get inFlight(): number {
    return this.#working + this.#waiting;
  }

  /** A hook begins; `false` if there is no room for it. */
  begin(): boolean {
    if (this.#working >= this.#limits.hooks) return false;
    this.#working++;
    return true;
  }

  /** A hook that was at work ends. */
  end(): void {
    this.#working--;
  }

  /** A hook at work begins to wait for a person; `false` if there is no room for it. */
  wait(person: string): boolean {
    const waiting = this.#persons.get(person) ?? 0;
    if (this.#waiting >= this.#limits.waiting || waiting >= this.#limits.waiting_per_person) return false;
    this.#persons.set(person, waiting + 1);
    this.#waiting++;
    this.#working--;
    return true;
  }

  /** A hook that waited is at work again. It had its place before: it gets one even if that is one too many. */
  resume(person: string): void {
    const waiting = this.#persons.get(person)! - 1;
    if (waiting > 0) this.#persons.set(person, waiting);
    else this.#persons.delete(person);
    this.#waiting--;
    this.#working++;
  }
}
