// SPDX-License-Identifier: MIT
/**
 * Rules for stacks that a line of the shim stands in: whether it is asked, and whether what it says counts.
 *
 * @module
 */

import { COMMON_CODES, FAILURES, type Hook, HOOK_CODES, LINE_TYPES } from "../hooks.ts";
import type { PamCode } from "../tokens.ts";
import { canSayYes, choosesRoot, isShim, keepsPasswords, usually } from "./answers.ts";
import { readControl } from "./control.ts";
import { jump, walk } from "./dispatch.ts";
import { readShimLine } from "./shim_line.ts";
import { named, type StackFinding } from "./stack_finding.ts";
import { type Entry, isModule, type Stack } from "./stack.ts";

/** What is known of the module of a line. */
export interface LineModule {
  /** The hooks that it defines; `undefined` if that is not known. */
  readonly hooks: readonly Hook[] | undefined;
}

/** One stack, and the lines of the shim in it. */
interface Subject {
  readonly stack: Stack;
  readonly entries: readonly Entry[];
  readonly ours: readonly Entry[];
  readonly moduleOf: (entry: Entry) => LineModule;
}

type Rule = (subject: Subject) => Iterable<StackFinding>;

/** All that is to be said about a stack; nothing if no line of the shim stands in it. */
export function checkStack(stack: Stack, moduleOf: (entry: Entry) => LineModule): StackFinding[] {
  const { entries } = stack;
  const ours = entries.filter(isShim);
  if (ours.length === 0) return [];
  const subject = { stack, entries, ours, moduleOf };
  return RULES.flatMap((rule) => [...rule(subject)]);
}

function* problems({ stack }: Subject): Iterable<StackFinding> {
  for (const { line, what } of stack.problems) {
    yield {
      severity: "error",
      id: "stack-broken",
      line,
      what: `${what}: libpam refuses everybody here`,
      remedy: "mend what is included",
    };
  }
}

function* controls({ entries }: Subject): Iterable<StackFinding> {
  for (const entry of entries) {
    const { problem } = readControl(entry.line);
    if (entry.kind !== "module" || problem === undefined) continue;
    const what =
      `libpam cannot read [${entry.line.control}]: ${problem}; each result of this line counts as a failure`;
    yield { severity: "error", id: "control-broken", line: entry.line, what, remedy: "see pam.conf(5)" };
  }
}

function* jumps({ entries }: Subject): Iterable<StackFinding> {
  for (const [at, entry] of entries.entries()) {
    const { line } = entry;
    const counts = new Set([...entry.actions.values()].filter((action) => typeof action === "number"));
    for (const count of entry.kind === "module" ? counts : []) {
      const last = jump(entries, at, count);
      const next = last === undefined ? undefined : entries.slice(at + 1, last + 1);
      if (next === undefined) {
        const what = `a jump over ${count} lines goes past the end: libpam answers perm_denied`;
        yield {
          severity: "error",
          id: "jump-too-far",
          line,
          what,
          remedy: "count the lines that follow in this stack",
        };
      } else if (next.some(({ chain }) => !chain.includes(line.file))) {
        const what =
          `a jump over ${count} lines leaves the file, and skips lines of the file that includes it`;
        yield {
          severity: "warning",
          id: "jump-leaves-file",
          line,
          what,
          remedy: "jump within one file, or use substack",
        };
      }
    }
  }
}

/** Whether a refusal by this line is meant to count. */
function refuses({ actions }: Entry): boolean {
  return ["bad", "die"].includes(String(actions.get("perm_denied")));
}

function* notReached({ entries, ours }: Subject): Iterable<StackFinding> {
  const { asked, skippedBy } = walk(entries, usually("somebody", () => "success"));
  for (const entry of ours) {
    const by = skippedBy.get(entry);
    if (asked.has(entry) || by === undefined || !refuses(entry)) continue;
    yield {
      severity: "warning",
      id: "line-not-reached",
      line: entry.line,
      what: `where ${named(by)} succeeds this line is not asked, so it refuses nobody`,
      remedy: `move it in front of that line, or into the account lines`,
    };
  }
}

/** Codes by which a line of this type says that it failed, and those by which its module refuses. */
function codesOf(entry: Entry): { failures: PamCode[]; refusals: PamCode[] } {
  const hooks = (Object.keys(LINE_TYPES) as Hook[]).filter((hook) =>
    LINE_TYPES[hook] === entry.line.type && hook !== "setCredentials" && hook !== "closeSession"
  );
  const failures = new Set(hooks.flatMap((hook) => Object.values(FAILURES).map((codes) => codes[hook])));
  const all = new Set<PamCode>(hooks.flatMap((hook) => [...COMMON_CODES, ...HOOK_CODES[hook]]));
  const mild: readonly PamCode[] = ["success", "ignore", "new_authtok_reqd", "user_unknown"];
  return {
    failures: [...failures],
    refusals: [...all].filter((code) => !failures.has(code) && !mild.includes(code)),
  };
}

function* failsOpen({ entries, ours }: Subject): Iterable<StackFinding> {
  for (const entry of ours) {
    const { line } = entry;
    const passes = (code: PamCode) => {
      const { code: result, asked } = walk(
        entries,
        usually("somebody", (one) => one === entry ? code : "success"),
      );
      return asked.has(entry) && result === "success";
    };
    const { failures, refusals } = codesOf(entry);
    const open = failures.filter(passes);
    const vain = refusals.filter(passes);
    if (open.length + vain.length === 0) continue;
    const alternative = line.type === "auth" && entry.actions.get("success") !== "ok";
    yield alternative
      ? {
        severity: "note",
        id: "line-decides-alone",
        line,
        what:
          "the module is one way of several: where it says success the lines behind are not all asked, where it fails they decide",
        remedy: "nothing, if that is what is meant",
      }
      : ignored(entry, open, vain);
  }
}

function ignored({ line }: Entry, open: readonly PamCode[], vain: readonly PamCode[]): StackFinding {
  const parts = [
    ...vain.length ? [`a refusal by the module (${vain.join(", ")}) does not count`] : [],
    ...open.length ? [`where the module cannot answer (${open.join(", ")}) everybody passes`] : [],
  ];
  return {
    severity: "warning",
    id: vain.length === 0 ? "line-fails-open" : "refusal-ignored",
    line,
    what: `by the control of this line ${parts.join(", and ")}`,
    remedy: "write required, or take out what ignores or jumps over these codes",
  };
}

function* failsOpenByOption({ ours }: Subject): Iterable<StackFinding> {
  for (const { line } of ours) {
    if (!readShimLine(line)?.ignoresUnreachable) continue;
    yield {
      severity: "warning",
      id: "unreachable-ignored",
      line,
      what: "on_unreachable=ignore: while nobody serves the module, this line refuses nobody",
      remedy: "take the option out, unless logging in matters more than this policy",
    };
  }
}

/** What to put where nobody says yes. On an auth line pam_permit would let everybody in without a password. */
function lineThatSaysYes(type: Entry["line"]["type"]): string {
  return type === "auth" ? "auth required pam_unix.so" : `${type} required pam_permit.so`;
}

function* nobodySaysYes({ entries, ours, moduleOf }: Subject): Iterable<StackFinding> {
  const [{ line }] = ours as [Entry];
  if (!entries.some(canSayYes)) {
    const what = "every line can only say ignore or no: libpam answers perm_denied to everybody";
    const remedy = `add the line: ${lineThatSaysYes(line.type)}`;
    yield { severity: "error", id: "stack-of-ignores", line, what, remedy };
    return;
  }
  const say = (code: PamCode) => walk(entries, usually("somebody", () => code)).code;
  if (say("success") !== "success") {
    const what =
      "even if all modules say success, libpam answers perm_denied: a jump leads to pam_deny.so, or past what says yes";
    yield {
      severity: "warning",
      id: "stack-refuses-all",
      line,
      what,
      remedy: "count what each jump skips now",
    };
    return;
  }
  if (say("ignore") === "success") return;
  const defined = ours.map((entry) => moduleOf(entry).hooks);
  const never = defined.every((hooks) => hooks && !hooks.some((hook) => LINE_TYPES[hook] === line.type));
  yield {
    severity: never ? "error" : "warning",
    id: "alone-in-stack",
    line,
    what: never
      ? "no other line says more than ignore, and the module has no hook for this one: libpam answers perm_denied to everybody"
      : "no other line says more than ignore: where the module answers ignore, libpam answers perm_denied",
    remedy: line.type === "auth"
      ? `add behind it what authenticates: ${lineThatSaysYes(line.type)}`
      : `add behind it, if ignore is to mean yes: ${lineThatSaysYes(line.type)}`,
  };
}

function* breakGlass({ entries, ours }: Subject): Iterable<StackFinding> {
  const [first] = ours as [Entry];
  if (first.line.type === "password") return;
  if (walk(entries, usually("somebody", () => "success")).code !== "success") return;
  const failing = walk(entries, usually("root", () => "service_err"));
  if (failing.code === "success") return;
  const chooser = entries.find((entry) => choosesRoot(entry));
  const entry = ours.find((one) => failing.asked.has(one)) ?? first;
  yield chooser && !failing.asked.has(entry)
    ? {
      severity: "warning",
      id: "break-glass-broken",
      line: chooser.line,
      what:
        "this line leads root past the module, and then no line says success: libpam answers perm_denied to root",
      remedy: `add at the end of the stack: ${lineThatSaysYes(entry.line.type)}`,
    }
    : {
      severity: "warning",
      id: "no-break-glass",
      line: entry.line,
      what: "when the module cannot answer, or is wrong, root does not get in either",
      remedy:
        `put right in front of it: ${entry.line.type} [success=1 default=ignore] pam_succeed_if.so quiet uid = 0`,
    };
}

function* rootWithoutPassword({ stack, entries }: Subject): Iterable<StackFinding> {
  if (stack.type !== "auth") return;
  for (const entry of entries) {
    if (!choosesRoot(entry) || !isModule(entry, "pam_succeed_if.so")) continue;
    const yes = (one: Entry) => one === entry || isModule(one, "pam_permit.so");
    const { code } = walk(entries, (one) => yes(one) ? "success" : "auth_err");
    if (code !== "success") continue;
    yield {
      severity: "error",
      id: "root-without-password",
      line: entry.line,
      what: "this line lets root in without any password or key",
      remedy: "on auth lines jump over the module only: [success=1 default=ignore] right in front of it",
    };
  }
}

function* passwordOrder({ entries, ours, moduleOf }: Subject): Iterable<StackFinding> {
  for (const entry of ours) {
    const { line } = entry;
    const before = entries.slice(0, entries.indexOf(entry)).find(keepsPasswords);
    if (line.type !== "password" || before === undefined) continue;
    if (moduleOf(entry).hooks?.includes("update") === false) continue;
    yield {
      severity: "warning",
      id: "password-line-too-late",
      line,
      what: `when the module's update fails, ${named(before)} has changed the password already`,
      remedy: "move this line in front of that one",
    };
  }
}

function* sessions({ stack, ours, moduleOf }: Subject): Iterable<StackFinding> {
  for (const entry of ours) {
    const { line } = entry;
    if (line.type !== "session" || !/^sudo/.test(stack.service) || !refuses(entry)) continue;
    if (moduleOf(entry).hooks?.includes("openSession") === false) continue;
    yield {
      severity: "note",
      id: "session-under-sudo",
      line,
      what: "sudo runs the command in spite of session_err, if the module returns that",
      remedy: "let a module that must refuse return perm_denied, and ask it on an account line too",
    };
  }
}

const RULES: readonly Rule[] = [
  problems,
  controls,
  jumps,
  notReached,
  failsOpen,
  failsOpenByOption,
  nobodySaysYes,
  breakGlass,
  rootWithoutPassword,
  passwordOrder,
  sessions,
];
