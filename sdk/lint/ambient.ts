// SPDX-License-Identifier: MIT
/**
 * Finds the members of globals that a module must not take from its surroundings.
 *
 * @module
 */

import { isGlobal, keyOf, memberName, type Node, type Reports } from "./syntax.ts";

/** Members of a global. */
export interface Source {
  /** The global. */
  readonly global: string;
  /** The members. */
  readonly members: readonly string[];
  /** Modules that have the global, or its members, as well. */
  readonly modules: readonly string[];
}

/** Visits what reads a member of `sources`, in whatever way; `complain` gets how it is called. */
export function ambient(
  sources: readonly Source[],
  reports: Reports,
  complain: (what: string) => string,
): Deno.lint.LintVisitor {
  const report = (node: Node, what: string) => reports.add(node, complain(what));
  const named = (object: Node, member: string | undefined): string | undefined => {
    const found = sources.find(({ global, members, modules }) =>
      members.includes(member ?? "") && isGlobal(object, global, modules)
    );
    return found && `${found.global}.${member}`;
  };
  return {
    MemberExpression(node) {
      reports.look(node);
      const what = named(node.object, memberName(node));
      if (what !== undefined) report(node, what);
    },
    VariableDeclarator({ id, init }) {
      if (id.type !== "ObjectPattern" || init === null) return;
      for (const property of id.properties) {
        if (property.type !== "Property") continue;
        const what = named(init, keyOf(property));
        if (what !== undefined) report(property.key, what);
      }
    },
    ImportSpecifier({ parent, imported }) {
      if (parent.type !== "ImportDeclaration" || imported.type !== "Identifier") return;
      const { name } = imported;
      const from = sources.find(({ members, modules }) =>
        members.includes(name) && modules.includes(parent.source.value)
      );
      if (from !== undefined) report(imported, `${from.global}.${name}`);
    },
    "Program:exit"() {
      reports.end();
    },
  };
}
