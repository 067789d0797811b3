// SPDX-License-Identifier: MIT
/**
 * What the rules ask of the syntax: which binding a name means, which global, and what a function returns.
 *
 * @module
 */

/** A node of the syntax tree. */
export type Node = Deno.lint.Node;
/** A function with a body or an expression. */
export type FunctionNode =
  | Deno.lint.ArrowFunctionExpression
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression;

/** What a name means: where it was bound, and to what. */
export interface Binding {
  /** The identifier that binds it. */
  readonly node: Deno.lint.Identifier;
  /** What kind of a place binds it. */
  readonly kind: "parameter" | "variable" | "function" | "import" | "other";
  /** The member that it was taken from, if a pattern took it from an object: `deny` in `{ deny: refuse }`. */
  readonly key?: string | undefined;
  /** What a variable begins with, or a pattern takes apart. */
  readonly init?: Node | undefined;
  /** The function of that name. */
  readonly function?: FunctionNode;
  /** Where an import is from, and what it is called there; `default` and `*` too. */
  readonly imported?: { readonly from: string; readonly name: string };
}

/** The node around `node`; `undefined` for the program. */
export function parentOf(node: Node): Node | undefined {
  return (node as { parent?: Node | null }).parent ?? undefined;
}

/** Whether two nodes are one. */
export function isSame(a: Node | null | undefined, b: Node | null | undefined): boolean {
  return !!a && !!b && a.type === b.type && a.range[0] === b.range[0] && a.range[1] === b.range[1];
}

/** Whether `node` is a function. */
export function isFunction(node: Node | null | undefined): node is FunctionNode {
  return node?.type === "ArrowFunctionExpression" || node?.type === "FunctionExpression" ||
    node?.type === "FunctionDeclaration";
}

/** The function that `node` is in. */
export function functionAround(node: Node): FunctionNode | undefined {
  let found = parentOf(node);
  while (found !== undefined && !isFunction(found)) found = parentOf(found);
  return found;
}

/** `node` without what only the compiler sees, and without `await`. */
export function bare(node: Node): Node {
  switch (node.type) {
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "TSNonNullExpression":
    case "TSTypeAssertion":
    case "ChainExpression":
      return bare(node.expression);
    case "AwaitExpression":
      return bare(node.argument);
    default:
      return node;
  }
}

/** The name of the member that is read: `now` of `Date.now` and of `Date["now"]`. */
export function memberName(node: Deno.lint.MemberExpression): string | undefined {
  const { property, computed } = node;
  if (!computed) return property.type === "Identifier" ? property.name : undefined;
  return property.type === "Literal" && typeof property.value === "string" ? property.value : undefined;
}

/** The name of a property, in an object or a pattern. */
export function keyOf({ key, computed }: Deno.lint.Property): string | undefined {
  if (key.type === "Identifier") return computed ? undefined : key.name;
  return key.type === "Literal" && typeof key.value === "string" ? key.value : undefined;
}

type Found = Pick<Binding, "node" | "key">;

/** The names that a pattern binds. */
function* namesIn(pattern: Node | Deno.lint.Parameter | null | undefined, key?: string): Iterable<Found> {
  switch (pattern?.type) {
    case "Identifier":
      yield { node: pattern, key };
      break;
    case "AssignmentPattern":
      yield* namesIn(pattern.left, key);
      break;
    case "RestElement":
      yield* namesIn(pattern.argument);
      break;
    case "TSParameterProperty":
      yield* namesIn(pattern.parameter);
      break;
    case "ArrayPattern":
      for (const element of pattern.elements) yield* namesIn(element);
      break;
    case "ObjectPattern":
      for (const property of pattern.properties) {
        if (property.type === "Property") yield* namesIn(property.value, keyOf(property));
        else yield* namesIn(property);
      }
  }
}

function* variables(node: Node): Iterable<Binding> {
  if (node.type !== "VariableDeclaration") return;
  for (const { id, init } of node.declarations) {
    for (const { node, key } of namesIn(id)) {
      const own = isFunction(init) ? { function: init } : {};
      yield { node, key, kind: "variable", init: init ?? undefined, ...own };
    }
  }
}

function* imports({ source, specifiers }: Deno.lint.ImportDeclaration): Iterable<Binding> {
  for (const specifier of specifiers) {
    const name = specifier.type === "ImportSpecifier"
      ? specifier.imported.type === "Identifier" ? specifier.imported.name : String(specifier.imported.value)
      : specifier.type === "ImportDefaultSpecifier"
      ? "default"
      : "*";
    yield { node: specifier.local, kind: "import", imported: { from: source.value, name } };
  }
}

/** What a statement binds in the block that it stands in. */
function* declared(statement: Node): Iterable<Binding> {
  switch (statement.type) {
    case "VariableDeclaration":
      yield* variables(statement);
      break;
    case "FunctionDeclaration":
      if (statement.id) yield { node: statement.id, kind: "function", function: statement };
      break;
    case "ClassDeclaration":
      if (statement.id) yield { node: statement.id, kind: "other" };
      break;
    case "ImportDeclaration":
      yield* imports(statement);
      break;
    case "ExportNamedDeclaration":
      if (statement.declaration) yield* declared(statement.declaration);
  }
}

/** What a node binds for what is in it. */
function* boundIn(scope: Node): Iterable<Binding> {
  switch (scope.type) {
    case "Program":
    case "BlockStatement":
      for (const statement of scope.body) yield* declared(statement);
      break;
    case "SwitchCase":
      for (const statement of scope.consequent) yield* declared(statement);
      break;
    case "ForStatement":
      if (scope.init) yield* variables(scope.init);
      break;
    case "ForOfStatement":
    case "ForInStatement":
      yield* variables(scope.left);
      break;
    case "CatchClause":
      for (const { node } of namesIn(scope.param)) yield { node, kind: "other" };
      break;
    case "ArrowFunctionExpression":
    case "FunctionExpression":
    case "FunctionDeclaration":
      for (const parameter of scope.params) {
        for (const found of namesIn(parameter)) yield { ...found, kind: "parameter" };
      }
      if (scope.type === "FunctionExpression" && scope.id) {
        yield { node: scope.id, kind: "function", function: scope };
      }
  }
}

const scopes = new WeakMap<Node, ReadonlyMap<string, Binding>>();

function bindingsOf(scope: Node): ReadonlyMap<string, Binding> {
  let found = scopes.get(scope);
  if (found === undefined) {
    found = new Map([...boundIn(scope)].map((binding) => [binding.node.name, binding]));
    scopes.set(scope, found);
  }
  return found;
}

/** What `name` means at `from`; `undefined` if the file does not bind it. */
export function resolve(name: string, from: Node): Binding | undefined {
  for (let scope = parentOf(from); scope !== undefined; scope = parentOf(scope)) {
    const found = bindingsOf(scope).get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What the identifier `node` means; `undefined` for any other node. */
export function bindingOf(node: Node): Binding | undefined {
  return node.type === "Identifier" ? resolve(node.name, node) : undefined;
}

const GLOBAL_OBJECTS: readonly string[] = ["globalThis", "self", "window"];

/**
 * Whether `node` is the global `name`: by itself, as a member of `globalThis`, or as the import of that name (or the whole) of one of
 * the modules `sources`.
 */
export function isGlobal(node: Node, name: string, sources: readonly string[] = []): boolean {
  if (node.type === "MemberExpression") {
    const { object } = node;
    return memberName(node) === name && object.type === "Identifier" &&
      GLOBAL_OBJECTS.includes(object.name) && resolve(object.name, object) === undefined;
  }
  if (node.type !== "Identifier") return false;
  const binding = resolve(node.name, node);
  if (binding === undefined) return node.name === name;
  const { imported } = binding;
  return imported !== undefined && sources.includes(imported.from) &&
    (imported.name === name || ["*", "default"].includes(imported.name));
}

/** What a rule gathers while a file is walked, to be judged at its end. */
export class Gathered {
  /** What stands in the `return` statements of each function. */
  readonly #returned = new Map<FunctionNode, Node[]>();
  /** The identifiers, by name. */
  readonly #names = new Map<string, Deno.lint.Identifier[]>();

  /** The visitor that gathers. */
  readonly visitor: Deno.lint.LintVisitor = {
    ReturnStatement: (node) => {
      const from = functionAround(node);
      if (from === undefined || node.argument === null) return;
      const known = this.#returned.get(from);
      if (known === undefined) this.#returned.set(from, [node.argument]);
      else known.push(node.argument);
    },
    Identifier: (node) => {
      const known = this.#names.get(node.name);
      if (known === undefined) this.#names.set(node.name, [node]);
      else known.push(node);
    },
  };

  /** What a function returns. */
  returned(from: FunctionNode): readonly Node[] {
    if (from.body !== null && from.body.type !== "BlockStatement") return [from.body];
    return this.#returned.get(from) ?? [];
  }

  /** Where the value of a binding is used. */
  uses({ node }: Binding): Deno.lint.Identifier[] {
    return (this.#names.get(node.name) ?? []).filter((use) =>
      !isSame(use, node) && !isName(use) && isSame(resolve(use.name, use)?.node, node)
    );
  }
}

/** Whether an identifier only names a member or a property. */
function isName(node: Deno.lint.Identifier): boolean {
  const around = parentOf(node);
  if (around?.type === "MemberExpression") return !around.computed && isSame(around.property, node);
  return around?.type === "Property" && !around.computed && !around.shorthand && isSame(around.key, node);
}

/** Whether a file is one of tests or benchmarks, which may have a clock and secrets of their own. */
export function isTest(filename: string): boolean {
  return /[._](?:test|bench)\.[cm]?[jt]sx?$/.test(filename);
}

/** Whether a member tells that a file is a program that people start, and no part of a module: the worker has no arguments. */
function isOfProgram(node: Deno.lint.MemberExpression): boolean {
  const { object } = node;
  const name = memberName(node);
  return name === "main" && object.type === "MetaProperty" || name === "args" && isGlobal(object, "Deno");
}

/** Reports, at the end of a file, what was found in it, unless it is a program. */
export class Reports {
  readonly #context: Deno.lint.RuleContext;
  readonly #hint: string;
  readonly #found: { node: Node; message: string }[] = [];
  #isProgram = false;

  /** Reports to `context`, with the remedy `hint`. */
  constructor(context: Deno.lint.RuleContext, hint: string) {
    this.#context = context;
    this.#hint = hint;
  }

  /** Keeps what is wrong at a node. */
  add(node: Node, message: string): void {
    this.#found.push({ node, message });
  }

  /** Looks at a member: it may tell that the file is a program. */
  look(node: Deno.lint.MemberExpression): void {
    this.#isProgram ||= isOfProgram(node);
  }

  /** Reports. */
  end(): void {
    if (this.#isProgram) return;
    for (const { node, message } of this.#found) this.#context.report({ node, message, hint: this.#hint });
  }
}
