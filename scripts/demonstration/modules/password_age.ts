// SPDX-License-Identifier: MIT
/**
 * A module with declared grants and data of its own: `account` finds the password too old and notes why, `changePassword` says it
 * and takes a long one.
 *
 * @module
 */

import { dataKey, defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

const reason = dataKey("reason", v.string());
const LENGTH_MIN = 12;

export default defineModule({
  grants: { auth: ["authtok"], password: ["authtok"] },
  async authenticate({ authtok }) {
    using password = await authtok();
    return password.use((bytes) => bytes.length > 0) ? "success" : "auth_err";
  },
  account({ data }) {
    data.set(reason, "Your password is older than 90 days");
    return "new_authtok_reqd";
  },
  changePassword: {
    async update({ authtok, conversation, data, deny }) {
      conversation.info(data.get(reason) ?? "You wanted a new password");
      using password = await authtok();
      if (password.use((bytes) => bytes.length) < LENGTH_MIN) {
        return deny("authtok_err", `At least ${LENGTH_MIN} characters, please`);
      }
      data.delete(reason);
      return "success";
    },
  },
}) as PamModule;
