// SPDX-License-Identifier: MIT
/**
 * Greets who opens a session, limits how long a shell may idle, and logs how long the session was.
 *
 * @module
 */

import { dataKey, defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";
import { duration, greeting, idleSeconds } from "./policy.ts";

const MINUTES_MAX = 1440;

const Minutes = v.pipe(
  v.string(),
  v.regex(/^\d{1,4}$/, "Write a number of minutes"),
  v.transform(Number),
  v.maxValue(MINUTES_MAX, `Write at most ${MINUTES_MAX} minutes`),
);

/** When the session was opened: for the hook that closes it, if that is asked in a process that knows it. */
const opened = dataKey("opened", v.pipe(v.string(), v.transform((text) => Temporal.Instant.from(text))));

export default defineModule({
  // The words behind the module's name on the pam.d line. One that is not here is logged and ignored. 0 is no limit.
  options: v.object({
    local: v.optional(Minutes, "0"),
    remote: v.optional(Minutes, "15"),
  }),
  // What it needs from the login: to set one variable. From the machine it needs nothing.
  grants: { session: ["env:TMOUT"] },
  permissions: {},
  openSession({ user, items, options, environment, conversation, data, now }) {
    const visit = { user, rhost: items.rhost };
    const seconds = idleSeconds(visit, options);
    if (seconds !== undefined) environment.set("TMOUT", String(seconds));
    conversation.info(greeting(visit, seconds));
    data.set(opened, now);
    return "success";
  },
  closeSession({ user, data, now, log }) {
    const time = duration(data.get(opened), now);
    if (time !== undefined) log.info("the session of {user} was open for {time}", { user, time });
    return "success";
  },
}) as PamModule;
