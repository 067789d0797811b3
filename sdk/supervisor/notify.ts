// SPDX-License-Identifier: MIT
/**
 * Tells a service manager how a service is, as sd_notify(3) does.
 *
 * @module
 */

import { unixAddress } from "./descriptors.ts";
import { libc } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const CLOCK_MONOTONIC = 1;

/** A line of `STATUS=`. */
const STATUS_MAX = 300;

/** Where a service manager listens, if there is one. */
export class Notifier {
  readonly #address: Uint8Array<ArrayBuffer> | undefined;
  /** Half of what the service manager waits for a sign of life, in ms, if it does. */
  readonly watchdogMs: number | undefined;

  /** Takes `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` from the environment. */
  constructor(env: { get(name: string): string | undefined }, pid: number) {
    const path = env.get("NOTIFY_SOCKET");
    if (path && /^[@/]/.test(path)) this.#address = unixAddress(path);
    const micros = Number(env.get("WATCHDOG_USEC") ?? 0);
    const mine = [undefined, String(pid)].includes(env.get("WATCHDOG_PID"));
    if (this.#address && mine && micros > 0) this.watchdogMs = micros / 2_000;
  }

  /** It serves. */
  ready(status: string): void {
    this.#send(`READY=1\n${statusLine(status)}`);
  }

  /** How it is, for people. */
  status(status: string): void {
    this.#send(statusLine(status));
  }

  /** It reads its configuration again; {@linkcode ready} comes when it has. */
  reloading(): void {
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${monotonicMicros()}`);
  }

  /** It is about to end. */
  stopping(): void {
    this.#send(`STOPPING=1\n${statusLine("finishing what is in flight")}`);
  }

  /** It is alive. */
  alive(): void {
    this.#send("WATCHDOG=1");
  }

  /** Whoever does not listen any more is not waited for: what the service manager misses shows there. */
  #send(text: string): void {
    if (!this.#address) return;
    const { symbols } = libc();
    const fd = symbols.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    const bytes = new TextEncoder().encode(text);
    const { length } = this.#address;
    symbols.sendto(fd, bytes, BigInt(bytes.length), MSG_NOSIGNAL, this.#address, length);
    symbols.close(fd);
  }
}

function statusLine(status: string): string {
  // deno-lint-ignore no-control-regex
  return `STATUS=${status.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").slice(0, STATUS_MAX)}`;
}

/** What the clock says that the service manager compares with, in µs. */
function monotonicMicros(): bigint {
  const time = new BigInt64Array(2);
  libc().symbols.clock_gettime(CLOCK_MONOTONIC, new Uint8Array(time.buffer));
  return time[0]! * 1_000_000n + time[1]! / 1_000n;
}
