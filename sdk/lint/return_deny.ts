// SPDX-License-Identifier: MIT
/**
 * The rule `return-deny`.
 *
 * @module
 */

import {
  bare,
  type Binding,
  bindingOf,
  functionAround,
  type FunctionNode,
  Gathered,
  isFunction,
  isSame,
  memberName,
  type Node,
  parentOf,
} from "./syntax.ts";

/** What becomes of the value of an expression. */
type Fate = "kept" | "thrown" | "dropped";

/** Functions that throw away what a function returns that they are handed, or make a condition of it. */
const DEAF: readonly string[] = [
  "addEventListener",
  "every",
  "filter",
  "finally",
  "find",
  "findIndex",
  "findLast",
  "forEach",
  "on",
  "once",
  "queueMicrotask",
  "setInterval",
  "setTimeout",
  "some",
];
/** Functions that return what the function returns that they are handed, or a promise of it. */
const ECHOES: readonly string[] = ["catch", "map", "then", "try", "use"];
/** Functions that make a text of what they are handed, or write it somewhere. */
const WRITERS: readonly string[] = ["String", "debug", "error", "info", "log", "stringify", "warn"];

const THROWN = "`deny` is returned, never thrown: who throws is broken, and the login ends with service_err";
const DROPPED = "This refusal is lost: `deny` refuses only if the handler returns what it made";
const HINT = "Write `return deny(…)`, in a helper as well, and return what the helper returns";

/** The name that is called, also behind a dot. */
function calledName({ callee }: Deno.lint.CallExpression): string | undefined {
  const target = bare(callee);
  if (target.type === "MemberExpression") return memberName(target);
  return target.type === "Identifier" ? target.name : undefined;
}

/** Follows refusals through one file. */
class Refusals {
  readonly #gathered: Gathered;
  readonly #text: (node: Node) => string;
  /** Whether a function returns a refusal: no, while that is being looked at. */
  readonly #helpers = new Map<FunctionNode, boolean>();

  constructor(gathered: Gathered, text: (node: Node) => string) {
    this.#gathered = gathered;
    this.#text = text;
  }

  /** Whether a call makes a refusal: of `deny` by whatever name, or of a function of this file that returns one. */
  makes(call: Deno.lint.CallExpression): boolean {
    const callee = bare(call.callee);
    if (callee.type === "MemberExpression") return this.#isMember(callee) && call.arguments.length === 2;
    const binding = bindingOf(callee);
    return binding !== undefined && (this.isDeny(binding) || this.#isHelper(binding));
  }

  /** Whether a name means the `deny` of a context. */
  isDeny({ kind, key, node, init }: Binding): boolean {
    if (kind === "parameter") {
      const type = node.typeAnnotation === undefined ? "" : this.#text(node.typeAnnotation);
      return key === "deny" || key === undefined && (node.name === "deny" || /\bDeny\s*</.test(type));
    }
    if (kind !== "variable" || init === undefined) return false;
    const source = bare(init);
    return key === "deny" ||
      key === undefined && source.type === "MemberExpression" && this.#isMember(source);
  }

  /** `context.deny`, where the context is a parameter or was made of one. */
  #isMember(node: Deno.lint.MemberExpression): boolean {
    const kind = bindingOf(bare(node.object))?.kind;
    return memberName(node) === "deny" && (kind === "parameter" || kind === "variable");
  }

  #isHelper({ function: helper }: Binding): boolean {
    if (helper === undefined) return false;
    const known = this.#helpers.get(helper);
    if (known !== undefined) return known;
    this.#helpers.set(helper, false);
    const is = this.#gathered.returned(helper).some((value) => this.#holds(value));
    this.#helpers.set(helper, is);
    return is;
  }

  /** Whether a returned expression may be a refusal. */
  #holds(value: Node): boolean {
    const node = bare(value);
    if (node.type === "ConditionalExpression") {
      return this.#holds(node.consequent) || this.#holds(node.alternate);
    }
    if (node.type === "LogicalExpression") return this.#holds(node.left) || this.#holds(node.right);
    return node.type === "CallExpression" && this.makes(node);
  }

  /** What becomes of the value of `node`. */
  fate(node: Node): Fate {
    const around = parentOf(node);
    switch (around?.type) {
      case "AwaitExpression":
      case "ChainExpression":
      case "TSAsExpression":
      case "TSNonNullExpression":
      case "TSSatisfiesExpression":
      case "TSTypeAssertion":
        return this.fate(around);
      case "ConditionalExpression":
        return isSame(around.test, node) ? "dropped" : this.fate(around);
      case "LogicalExpression":
        return around.operator === "&&" && isSame(around.left, node) ? "dropped" : this.fate(around);
      case "SequenceExpression":
        return isSame(around.expressions.at(-1), node) ? this.fate(around) : "dropped";
      case "ReturnStatement": {
        const from = functionAround(around);
        return from === undefined ? "kept" : this.#returned(from);
      }
      case "ArrowFunctionExpression":
        return this.#returned(around);
      case "ThrowStatement":
        return "thrown";
      case "VariableDeclarator":
        return this.#held(around.id);
      case "AssignmentExpression":
        return this.#held(around.left);
      case "CallExpression":
      case "NewExpression":
        return this.#argument(around);
      case "ExpressionStatement":
      case "IfStatement":
      case "MemberExpression":
      case "BinaryExpression":
      case "SwitchStatement":
      case "TemplateLiteral":
      case "UnaryExpression":
      case "WhileStatement":
        return "dropped";
      default:
        return "kept";
    }
  }

  /** What becomes of what a function returns. */
  #returned(from: FunctionNode): Fate {
    const around = parentOf(from);
    if (around?.type !== "CallExpression") return "kept";
    if (isSame(around.callee, from)) return this.fate(around);
    const name = calledName(around) ?? "";
    return DEAF.includes(name) ? "dropped" : ECHOES.includes(name) ? this.fate(around) : "kept";
  }

  /** What becomes of what a variable holds. */
  #held(target: Node): Fate {
    const binding = bindingOf(target);
    if (binding === undefined) return "kept";
    const uses = this.#gathered.uses(binding).filter((use) => !isAssigned(use));
    const fates = new Set(uses.map((use) => this.#used(use)));
    return fates.has("kept") ? "kept" : fates.has("thrown") ? "thrown" : "dropped";
  }

  /** What becomes of a variable where it is used: one that is looked into may be returned at another place. */
  #used(use: Node): Fate {
    const around = parentOf(use);
    return around?.type === "VariableDeclarator" || around?.type === "AssignmentExpression"
      ? "kept"
      : this.fate(use);
  }

  #argument(around: Deno.lint.CallExpression | Deno.lint.NewExpression): Fate {
    if (around.type === "NewExpression") return this.fate(around) === "thrown" ? "thrown" : "kept";
    const name = calledName(around) ?? "";
    if (name === "reject") return "thrown";
    if (name === "resolve") return this.fate(around);
    return WRITERS.includes(name) ? "dropped" : "kept";
  }
}

/** Whether a variable is only given a value. */
function isAssigned(use: Node): boolean {
  const around = parentOf(use);
  return around?.type === "AssignmentExpression" && around.operator === "=" && isSame(around.left, use);
}

/** What `deny` makes must be returned from the handler. */
export const returnDeny: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    const gathered = new Gathered();
    const calls: Deno.lint.CallExpression[] = [];
    const refusals = new Refusals(gathered, (node) => context.sourceCode.getText(node));
    return {
      ...gathered.visitor,
      CallExpression(node) {
        calls.push(node);
      },
      "Program:exit"() {
        for (const node of calls) {
          const handedOn = node.arguments.some((argument) => {
            const binding = isFunction(argument) ? undefined : bindingOf(argument);
            return binding !== undefined && refusals.isDeny(binding);
          });
          if (!handedOn && !refusals.makes(node)) continue;
          const fate = refusals.fate(node);
          if (fate === "kept") continue;
          context.report({ node, message: fate === "thrown" ? THROWN : DROPPED, hint: HINT });
        }
      },
    };
  },
};
