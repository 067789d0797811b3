// SPDX-License-Identifier: MIT
/**
 * The application that `pam-deno try` plays: `build/try_application.js`. It calls libpam as sshd or sudo do, in a process of its own,
 * and holds no permission but to call it and, for applications that fork, to start itself again.
 *
 * What it is to do comes as lines of standard input, and what comes of it goes to standard output. On standard error is what libpam and
 * the shim write to the system log.
 *
 * @module
 */

import {
  type Answer,
  type ConversationMessage,
  ITEMS,
  type PamCode,
  type PamItem,
  Transaction,
} from "../../libpam/mod.ts";
import {
  type ApplicationRequest,
  type ApplicationWord,
  type Call,
  type CallFlag,
  type CallOutcome,
  type Items,
  LOG_MARK,
  type StartRequest,
} from "./application_words.ts";

/** LOG_AUTHPRIV, and LOG_PERROR: what is logged is also written to standard error; see openlog(3). */
const LOG_AUTHPRIV = 10 << 3;
const LOG_PERROR = 0x20;

/** What the lines of the log begin with. libc keeps the pointer. */
const IDENT = new TextEncoder().encode("pam-deno-try\0");

const encoder = new TextEncoder();

/** A line longer than this is none, in bytes: an answer has 512, and there are at most 32. */
const LINE_MAX = 262_144;

/** Reads lines, and never more than that: what comes after is for whoever reads next. */
function readLine(): string | undefined {
  const line = new Uint8Array(LINE_MAX);
  const octet = new Uint8Array(1);
  for (let length = 0; length < LINE_MAX; length++) {
    if (Deno.stdin.readSync(octet) === null) return undefined;
    if (octet[0] === 0x0a) {
      const text = new TextDecoder().decode(line.subarray(0, length));
      line.fill(0);
      return text;
    }
    line[length] = octet[0]!;
  }
  return undefined;
}

function request(): ApplicationRequest {
  const line = readLine();
  // Whoever asked is gone.
  if (line === undefined) Deno.exit(0);
  return JSON.parse(line);
}

function write(sink: { writeSync(bytes: Uint8Array): number }, text: string): void {
  for (let bytes = encoder.encode(text); bytes.length > 0;) bytes = bytes.subarray(sink.writeSync(bytes));
}

function say(word: ApplicationWord): void {
  write(Deno.stderr, `${LOG_MARK}\n`);
  write(Deno.stdout, `${JSON.stringify(word)}\n`);
}

/** The system log, on standard error too. */
function openLog(): void {
  const library = Deno.dlopen("libc.so.6", {
    openlog: { parameters: ["buffer", "i32", "i32"], result: "void" },
  });
  library.symbols.openlog(IDENT, LOG_PERROR, LOG_AUTHPRIV);
}

let conversationMs = 0;

/** Hands the messages on and waits for the answers: whoever is called by libpam cannot go on meanwhile. */
function converse(messages: readonly ConversationMessage[]): readonly Answer[] | PamCode {
  const began = performance.now();
  say({ said: "ask", messages });
  const said = request();
  conversationMs += performance.now() - began;
  if (said.do !== "answer" || said.answers === null) return "conv_err";
  return said.answers.map((answer) => answer ?? undefined);
}

function start({ service, user, confdir, items, environment }: StartRequest): Transaction {
  return Transaction.start({
    service,
    ...user === undefined ? {} : { user },
    confdir,
    conversation: converse,
    items,
    environment,
    failDelay: "record",
  });
}

const VERBS = ["establish", "delete", "reinitialize", "refresh"] as const;

function call(transaction: Transaction, name: Call, flags: readonly CallFlag[]): PamCode {
  const common = {
    silent: flags.includes("silent"),
    disallowNullAuthtok: flags.includes("disallow_null_authtok"),
    changeExpiredAuthtok: flags.includes("change_expired_authtok"),
  };
  if (name !== "setCredentials") return transaction[name](common);
  const verb = VERBS.find((word) => flags.includes(`${word}_cred`)) ?? "establish";
  return transaction.setCredentials(verb, common);
}

function outcomeOf(transaction: Transaction, name: Call, flags: readonly CallFlag[]): CallOutcome {
  conversationMs = 0;
  const began = performance.now();
  const code = call(transaction, name, flags);
  const totalMs = performance.now() - began;
  return {
    code,
    totalMs,
    conversationMs,
    items: itemsOf(transaction),
    environment: transaction.environment,
    delays: transaction.delays,
  };
}

function itemsOf(transaction: Transaction): Items {
  const items: Partial<Record<PamItem, string>> = {};
  for (const name of Object.keys(ITEMS) as PamItem[]) {
    const value = transaction.getItem(name);
    if (value !== undefined) items[name] = value;
  }
  return items;
}

/** A process below this one: it has another id, and its parent is this. Standard streams are its own until it leaves. */
function fork(): void {
  new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-config",
      "--allow-ffi",
      "--allow-run",
      import.meta.filename!,
    ],
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).outputSync();
}

function main(): void {
  openLog();
  let transaction: Transaction | undefined;
  const current = (): Transaction => {
    if (transaction === undefined) throw new Error("there is no transaction");
    return transaction;
  };
  const done = () => say({ said: "done", pid: Deno.pid });
  const actions: { readonly [K in ApplicationRequest["do"]]: (asked: never) => void } = {
    start: (asked: StartRequest) => {
      transaction = start(asked);
      done();
    },
    set: ({ items, environment }: ApplicationRequest & { do: "set" }) => {
      for (const [name, value] of Object.entries(items)) current().setItem(name as PamItem, value);
      for (const [name, value] of Object.entries(environment)) current().setEnvironment(name, value);
      done();
    },
    call: ({ call, flags }: ApplicationRequest & { do: "call" }) =>
      say({ said: "code", outcome: outcomeOf(current(), call, flags) }),
    answer: () => {
      throw new Error("nothing was asked");
    },
    end: ({ silent }: ApplicationRequest & { do: "end" }) => {
      transaction?.end("success", { silent });
      transaction = undefined;
      done();
    },
    // It says itself that it is there, and this process when it has gone.
    fork: () => {
      fork();
      done();
    },
    leave: () => Deno.exit(0),
  };
  done();
  for (;;) {
    const asked = request();
    try {
      actions[asked.do](asked as never);
    } catch (error) {
      say({ said: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  }
}

if (import.meta.main) main();
