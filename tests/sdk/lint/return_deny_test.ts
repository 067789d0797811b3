// SPDX-License-Identifier: MIT
import { handler, reported, silent } from "./rules.ts";

const NO = 'deny("perm_denied", "No")';

reported("return-deny", {
  [handler(`throw ${NO};`)]: NO,
  [handler(`throw await ${NO};`)]: NO,
  [handler(`throw new Error(${NO});`)]: NO,
  [handler(`return Promise.reject(${NO});`)]: NO,
  [handler(`${NO}; return "success";`)]: NO,
  [handler(`await ${NO}; return "success";`)]: NO,
  [handler(`void ${NO}; return "success";`)]: NO,
  [handler(`if (user === "guest") ${NO}; return "success";`)]: NO,
  [handler(`if (user === "guest") { ${NO}; } return "success";`)]: NO,
  [handler(`user === "guest" && ${NO}; return "success";`)]: NO,
  [handler(`user === "guest" ? ${NO} : "success"; return "success";`)]: NO,
  [handler(`return (${NO}, "success");`)]: NO,
  [handler(`return ${NO} && "success";`)]: NO,
  [handler(`return ${NO}.code;`)]: `${NO}`,
  [handler(`if (${NO}) return "success"; return "ignore";`)]: NO,
  [handler(`log.info(\`\${${NO}}\`); return "perm_denied";`)]: NO,
  [handler(`log.info("refused", ${NO}); return "perm_denied";`)]: NO,
  [handler(`const denial = ${NO}; return "perm_denied";`)]: NO,
  [handler(`const denial = ${NO}; throw denial;`)]: NO,
  [handler(`let denial; denial = ${NO}; return "success";`)]: NO,
  [handler(`const denial = ${NO}; if (denial) return "success"; return "ignore";`)]: NO,
  [handler(`const denial = ${NO}; return denial.code;`)]: NO,
  [handler(`["a"].forEach((name) => ${NO}); return "success";`)]: NO,
  [handler(`["a"].forEach((name) => { return ${NO}; }); return "success";`)]: NO,
  [handler(`setTimeout(() => ${NO}, 10); return "success";`)]: NO,
  [handler(`await fetch("x").catch(() => ${NO}); return "success";`)]: NO,
  [handler(`await fetch("x").catch(() => { throw ${NO}; }); return "success";`)]: NO,
  [handler(`if (["a"].some((name) => ${NO})) return "success"; return "ignore";`)]: NO,
  [handler(`(() => ${NO})(); return "success";`)]: NO,
  // By another name.
  [handler(`refuse("perm_denied", "No"); return "success";`, "{ deny: refuse }")]:
    'refuse("perm_denied", "No")',
  [handler(`const { deny: no } = context; no("perm_denied", "No"); return "success";`, "context")]:
    'no("perm_denied", "No")',
  [handler(`const no = context.deny; no("perm_denied", "No"); return "success";`, "context")]:
    'no("perm_denied", "No")',
  [handler(`context.deny("perm_denied", "No"); return "success";`, "context")]:
    'context.deny("perm_denied", "No")',
  [handler(`throw context.deny("perm_denied", "No");`, "context: AccountContext")]:
    'context.deny("perm_denied", "No")',
  [`function closed(refuse: Deny<"account">) { throw refuse("perm_denied", "No"); }`]:
    'refuse("perm_denied", "No")',
  [`function check({ deny, user }: AccountContext) { if (user === "guest") ${NO}; }`]: NO,
  // Through helpers.
  [handler(`const no = (text: string) => deny("perm_denied", text); no("No"); return "success";`)]:
    'no("No")',
  [
    handler(
      `function no() { return user === "a" ? ${NO} : undefined; } if (no() !== undefined) return "ignore"; return "success";`,
    )
  ]: "no()",
  [`function closed(deny) { return ${NO}; } ${handler(`closed(deny); return "success";`)}`]: "closed(deny)",
  [`import { closed } from "./closed.ts"; ${handler(`await closed(deny, now); return "success";`)}`]:
    "closed(deny, now)",
});

silent("return-deny", [
  handler(`return ${NO};`),
  handler(`return await ${NO};`),
  handler(`return user === "guest" ? ${NO} : "success";`),
  handler(`return user === "guest" && "ignore" || ${NO};`),
  handler(`return known(user) ?? ${NO};`),
  handler(`return (log.info("no"), ${NO});`),
  handler(`return ${NO} as Denial<"account">;`),
  handler(`return ${NO}!;`),
  handler(`const denial = ${NO}; log.info(denial.code); return denial;`),
  handler(`let result: Result<"account"> = "success"; if (user === "guest") result = ${NO}; return result;`),
  handler(`const denials = [${NO}]; return denials[0];`),
  handler(`return Promise.resolve(${NO});`),
  handler(`return fetch("x").then(() => "success", () => ${NO});`),
  handler(`return await fetch("x").then(() => "success").catch(() => ${NO});`),
  handler(`return (() => ${NO})();`),
  handler(
    `using password = await authtok(); return password.use((octets) => octets.length < 8 ? ${NO} : "ignore");`,
  ),
  handler(
    `const no = (text: string) => deny("perm_denied", text); return user === "" ? no("No") : "success";`,
  ),
  handler(
    `const refusal = user === "guest" ? ${NO} : undefined; if (refusal !== undefined) return refusal; return "success";`,
  ),
  handler(`switch (user) { case "guest": return ${NO}; default: return "success"; }`),
  handler(`try { return await ask(user); } catch { return ${NO}; }`),
  "export default defineModule({ account: ({ user, deny }) => user === 'guest' ? deny('perm_denied', 'No') : 'success' });",
  "export default defineModule({ account: (context) => context.deny('perm_denied', 'No') });",
  `const closed = (deny: Deny<"account">): Denial<"account"> => ${NO};`,
  `import { closed } from "./closed.ts"; ${handler(`return closed(deny, now);`)}`,
  `import { closed } from "./closed.ts"; ${
    handler(`const no = await closed(deny); return no === undefined ? "success" : no;`)
  }`,
  // Another `deny` altogether.
  `function deny(who: string, why: string) { list.push([who, why]); } deny("alice", "guest");`,
  `import { deny } from "./firewall.ts"; deny("203.0.113.9", "drop");`,
  `firewall.deny("203.0.113.9", "drop");`,
  handler(
    `const deny = (a: string, b: string) => list.push(a, b); deny("a", "b"); return "success";`,
    "{ user }",
  ),
]);
