// SPDX-License-Identifier: MIT
/**
 * The templates of `pam-deno new`, as texts: the files lie in `templates/`, where they are checked like all others, and are taken into
 * whatever imports this.
 *
 * @module
 */

import accountModule from "./templates/account/module.ts" with { type: "text" };
import accountModuleTest from "./templates/account/module_test.ts" with { type: "text" };
import accountLines from "./templates/account/pam.d" with { type: "text" };
import accountPolicy from "./templates/account/policy.ts" with { type: "text" };
import accountPolicyTest from "./templates/account/policy_test.ts" with { type: "text" };
import accountReadme from "./templates/account/README.md" with { type: "text" };
import authEnroll from "./templates/auth/enroll.ts" with { type: "text" };
import authModule from "./templates/auth/module.ts" with { type: "text" };
import authModuleTest from "./templates/auth/module_test.ts" with { type: "text" };
import authLines from "./templates/auth/pam.d" with { type: "text" };
import authPins from "./templates/auth/pins.example" with { type: "text" };
import authPolicy from "./templates/auth/policy.ts" with { type: "text" };
import authPolicyTest from "./templates/auth/policy_test.ts" with { type: "text" };
import authReadme from "./templates/auth/README.md" with { type: "text" };
import workflow from "./templates/common/.github/workflows/ci.yml" with { type: "text" };
import ignored from "./templates/common/.gitignore" with { type: "text" };
import configuration from "./templates/common/deno.json" with { type: "text" };
import licence from "./templates/common/LICENSE" with { type: "text" };
import passwordModule from "./templates/password/module.ts" with { type: "text" };
import passwordModuleTest from "./templates/password/module_test.ts" with { type: "text" };
import passwordLines from "./templates/password/pam.d" with { type: "text" };
import passwordPolicy from "./templates/password/policy.ts" with { type: "text" };
import passwordPolicyTest from "./templates/password/policy_test.ts" with { type: "text" };
import passwordReadme from "./templates/password/README.md" with { type: "text" };
import sessionModule from "./templates/session/module.ts" with { type: "text" };
import sessionModuleTest from "./templates/session/module_test.ts" with { type: "text" };
import sessionLines from "./templates/session/pam.d" with { type: "text" };
import sessionPolicy from "./templates/session/policy.ts" with { type: "text" };
import sessionPolicyTest from "./templates/session/policy_test.ts" with { type: "text" };
import sessionReadme from "./templates/session/README.md" with { type: "text" };

/** The names of the templates: the types of pam.d lines. */
export const TEMPLATE_NAMES = ["account", "session", "auth", "password"] as const;

/** The name of a template. */
export type TemplateName = typeof TEMPLATE_NAMES[number];

/** Texts of files, by their paths in the module's folder, with `{{name}}` and others to be filled in. */
export type Template = Readonly<Record<string, string>>;

/** What every module has. */
const COMMON: Template = {
  "deno.json": configuration,
  "LICENSE": licence,
  ".gitignore": ignored,
  ".github/workflows/ci.yml": workflow,
};

/** The templates. */
export const TEMPLATES: Readonly<Record<TemplateName, Template>> = {
  account: {
    ...COMMON,
    "module.ts": accountModule,
    "module_test.ts": accountModuleTest,
    "policy.ts": accountPolicy,
    "policy_test.ts": accountPolicyTest,
    "pam.d": accountLines,
    "README.md": accountReadme,
  },
  session: {
    ...COMMON,
    "module.ts": sessionModule,
    "module_test.ts": sessionModuleTest,
    "policy.ts": sessionPolicy,
    "policy_test.ts": sessionPolicyTest,
    "pam.d": sessionLines,
    "README.md": sessionReadme,
  },
  auth: {
    ...COMMON,
    "module.ts": authModule,
    "module_test.ts": authModuleTest,
    "policy.ts": authPolicy,
    "policy_test.ts": authPolicyTest,
    "enroll.ts": authEnroll,
    "pins.example": authPins,
    "pam.d": authLines,
    "README.md": authReadme,
  },
  password: {
    ...COMMON,
    "module.ts": passwordModule,
    "module_test.ts": passwordModuleTest,
    "policy.ts": passwordPolicy,
    "policy_test.ts": passwordPolicyTest,
    "pam.d": passwordLines,
    "README.md": passwordReadme,
  },
};
