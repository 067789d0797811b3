// SPDX-License-Identifier: MIT
/**
 * The rule `secret-in-log`.
 *
 * @module
 */

import {
  bare,
  type Binding,
  bindingOf,
  Gathered,
  isFunction,
  isSame,
  isTest,
  memberName,
  type Node,
  parentOf,
  Reports,
} from "./syntax.ts";

/** What a log has, LogTape's and the console's too. */
const LEVELS: readonly string[] = [
  "critical",
  "debug",
  "dir",
  "error",
  "fatal",
  "info",
  "log",
  "table",
  "trace",
  "warn",
  "warning",
];
const LOGS: readonly string[] = ["log", "logger", "console"];

/** Members of a text or of octets that say something about them and not what they are. */
const ABOUT: readonly string[] = [
  "byteLength",
  "endsWith",
  "equals",
  "every",
  "fill",
  "findIndex",
  "includes",
  "indexOf",
  "lastIndexOf",
  "length",
  "localeCompare",
  "search",
  "some",
  "startsWith",
];
/** Functions that give what they are handed in another form. */
const FORMS: readonly string[] = [
  "String",
  "atob",
  "btoa",
  "concat",
  "decode",
  "encode",
  "encodeBase64",
  "encodeBase64Url",
  "encodeHex",
  "encodeURIComponent",
  "from",
  "fromCharCode",
  "fromCodePoint",
  "inspect",
  "stringify",
];

const HINT = "Log the Secret itself, which prints as [secret], or only what was found out about it";

/** Follows what `use` reads out of Secrets through one file. */
class Readings {
  readonly #gathered: Gathered;
  /** Bindings that are being looked at: what they depend on themselves for adds nothing. */
  readonly #open = new Set<Node>();

  constructor(gathered: Gathered) {
    this.#gathered = gathered;
  }

  /** Whether the value of an expression has the text or the octets of a Secret in it. */
  hold(node: Node | null | undefined): boolean {
    if (!node) return false;
    const one = bare(node);
    switch (one.type) {
      case "Identifier":
        return this.#isRead(bindingOf(one));
      case "TemplateLiteral":
        return one.expressions.some((part) => this.hold(part));
      case "BinaryExpression":
        return one.operator === "+" && (this.hold(one.left) || this.hold(one.right));
      case "ConditionalExpression":
        return this.hold(one.consequent) || this.hold(one.alternate);
      case "LogicalExpression":
        return this.hold(one.left) || this.hold(one.right);
      case "AssignmentExpression":
        return this.hold(one.right);
      case "SequenceExpression":
        return this.hold(one.expressions.at(-1));
      case "MemberExpression":
        return !ABOUT.includes(memberName(one) ?? "") && this.hold(one.object);
      case "SpreadElement":
        return this.hold(one.argument);
      case "ArrayExpression":
        return one.elements.some((element) => this.hold(element));
      case "ObjectExpression":
        return one.properties.some((each) => this.hold(each.type === "Property" ? each.value : each));
      case "NewExpression":
        return one.arguments.some((argument) => this.hold(argument));
      case "CallExpression":
        return this.#isReading(one);
      default:
        return false;
    }
  }

  /** Whether a call gives what it reads out of a Secret, or what it is handed of one. */
  #isReading(call: Deno.lint.CallExpression): boolean {
    const callee = bare(call.callee);
    if (callee.type === "MemberExpression") {
      const name = memberName(callee) ?? "";
      const [first] = call.arguments;
      if (isUse(call) && isFunction(first)) {
        return this.#gathered.returned(first).some((value) => this.hold(value));
      }
      if (ABOUT.includes(name)) return false;
      if (this.hold(callee.object)) return true;
      return FORMS.includes(name) && call.arguments.some((argument) => this.hold(argument));
    }
    if (callee.type !== "Identifier") return false;
    const helper = bindingOf(callee)?.function;
    if (helper !== undefined) return this.#once(helper, () => this.#anyReturned(helper));
    return FORMS.includes(callee.name) && call.arguments.some((argument) => this.hold(argument));
  }

  #anyReturned(helper: Parameters<Gathered["returned"]>[0]): boolean {
    return this.#gathered.returned(helper).some((value) => this.hold(value));
  }

  /** Whether a name means what was read out of a Secret. */
  #isRead(binding: Binding | undefined): boolean {
    if (binding === undefined || ABOUT.includes(binding.key ?? "")) return false;
    if (binding.kind === "parameter") return isHanded(binding);
    if (binding.kind !== "variable") return false;
    return this.#once(binding.node, () =>
      this.hold(binding.init) ||
      this.#gathered.uses(binding).some((use) => {
        const around = parentOf(use);
        return around?.type === "AssignmentExpression" && isSame(around.left, use) && this.hold(around.right);
      }));
  }

  #once(node: Node, look: () => boolean): boolean {
    if (this.#open.has(node)) return false;
    this.#open.add(node);
    try {
      return look();
    } finally {
      this.#open.delete(node);
    }
  }
}

/** Whether a call is `secret.use((octets) => …)`. */
function isUse({ callee, arguments: given }: Deno.lint.CallExpression): boolean {
  const target = bare(callee);
  const [first, ...more] = given;
  return target.type === "MemberExpression" && memberName(target) === "use" && more.length === 0 &&
    isFunction(first) && first.params.length === 1;
}

/** Whether a parameter is what `use` hands to a function: the octets. */
function isHanded({ node }: Binding): boolean {
  const owner = parentOf(node);
  const call = isFunction(owner) ? parentOf(owner) : undefined;
  return call?.type === "CallExpression" && isUse(call) && isSame(call.arguments[0], owner);
}

/** Whether a call writes to a log or to the console. */
function isLog({ callee }: Deno.lint.CallExpression): boolean {
  const target = bare(callee);
  if (target.type !== "MemberExpression" || !LEVELS.includes(memberName(target) ?? "")) return false;
  const object = bare(target.object);
  const name = object.type === "MemberExpression"
    ? memberName(object)
    : object.type === "Identifier"
    ? object.name
    : undefined;
  return LOGS.includes(name ?? "");
}

/** Nothing that was read out of a Secret gets into a log, the console or an error; but for tests, and programs that people start. */
export const secretInLog: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    if (isTest(context.filename)) return {};
    const gathered = new Gathered();
    const reports = new Reports(context, HINT);
    const logged: Node[] = [];
    const thrown: Node[] = [];
    return {
      ...gathered.visitor,
      MemberExpression(node) {
        reports.look(node);
      },
      CallExpression(node) {
        if (isLog(node)) logged.push(...node.arguments);
        const callee = bare(node.callee);
        if (callee.type === "MemberExpression" && memberName(callee) === "reject") {
          thrown.push(...node.arguments);
        }
      },
      ThrowStatement({ argument }) {
        thrown.push(argument);
      },
      "Program:exit"() {
        const readings = new Readings(gathered);
        const report = (nodes: readonly Node[], where: string) => {
          for (const node of nodes) {
            if (readings.hold(node)) reports.add(node, `What was read out of a Secret gets into ${where}`);
          }
        };
        report(logged, "the log");
        report(thrown, "an error, and with it into the log");
        reports.end();
      },
    };
  },
};
