// SPDX-License-Identifier: MIT
/**
 * A module as somebody writes it who has the SDK from npm: with options, grants and permissions, and without a validator's package.
 *
 * @module
 */

import { dataKey, defineModule, type PamModule, type Result, type StandardSchema } from "@pam-deno/sdk";

/** The options of the pam.d line. */
interface Options {
  readonly from: number;
  readonly tz: string;
}

const options: StandardSchema<Record<string, string>, Options> = {
  "~standard": {
    version: 1,
    vendor: "gate",
    validate(value) {
      const { from = "0", tz = "UTC" } = value as Record<string, string>;
      const hour = Number(from);
      if (Number.isInteger(hour)) return { value: { from: hour, tz } };
      return { issues: [{ message: "Cannot read it: write an hour", path: ["from"] }] };
    },
  },
};

const text: StandardSchema<unknown, string> = {
  "~standard": { version: 1, vendor: "gate", validate: (value) => ({ value: String(value) }) },
};

const ticketKey = dataKey("ticket", text);

/** What the ticket's number is worth. */
function judge(ticket: string): Result<"authenticate"> {
  return /^OPS-\d+$/.test(ticket) ? "success" : "auth_err";
}

const gate: PamModule = defineModule({
  options,
  permissions: { read: ["/etc/gate"] },
  grants: { auth: ["prompt"], session: ["env:TICKET"] },
  async authenticate({ conversation, data, log }) {
    const ticket = await conversation.prompt("Ticket: ");
    log.info("asked for {ticket}", { ticket, of: { list: [1, 2], more: true } });
    data.set(ticketKey, ticket);
    return judge(ticket);
  },
  account({ now, options, deny }) {
    const { hour } = now.toZonedDateTimeISO(options.tz);
    return hour >= options.from ? "success" : deny("perm_denied", `Open from ${options.from}`);
  },
  openSession({ data, environment }) {
    environment.set("TICKET", data.get(ticketKey) ?? "none");
    return "success";
  },
});

export default gate;
