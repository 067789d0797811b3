// SPDX-License-Identifier: MIT
/**
 * The options of a line: whom to ask for a token, as which client, and what becomes of a login without one.
 *
 * @module
 */

import * as v from "valibot";

/** The longest time to wait for the endpoint, in seconds. */
export const TIMEOUT_S_MAX = 60;

/** What is at this machine and nowhere else. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

const text = (name: string, pattern: RegExp, how: string) => {
  const message = `Cannot read "${name}=": write ${how}`;
  return v.pipe(v.string(message), v.regex(pattern, message));
};

const path = (name: string) => text(name, /^\/[^\0]+$/, "the absolute path of a file");

const yesOrNo = (name: string) =>
  v.optional(
    v.pipe(
      v.picklist(["yes", "no"], `Cannot read "${name}=": write yes or no`),
      v.transform((word) => word === "yes"),
    ),
    "no",
  );

const Timeout = v.pipe(
  text("timeout", /^\d{1,2}s$/, `a time from 1s to ${TIMEOUT_S_MAX}s, such as 3s`),
  v.transform((word) => parseInt(word)),
  v.minValue(1, `Cannot read "timeout=": write at least 1s`),
  v.maxValue(TIMEOUT_S_MAX, `Cannot read "timeout=": write at most ${TIMEOUT_S_MAX}s`),
);

const Known = v.object({
  /** The endpoint's host, and its port if that is another than usual. */
  server: text(
    "server",
    /^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/,
    "HOST or HOST:PORT, such as login.example.org:8443",
  ),
  /** The endpoint's path. */
  path: text("path", /^\/[\x21-\x7e]*$/, "the path of the token endpoint, such as /oauth2/token"),
  /** The client's name. */
  client_id: text("client_id", /^[\x20-\x7e]{1,255}$/, "the client's id, at most 255 characters"),
  /** The path of the file that holds the client's secret. */
  client_secret: path("client_secret"),
  /** How the client shows who it is. */
  client_auth: v.optional(
    v.picklist(["basic", "post"], 'Cannot read "client_auth=": write basic or post'),
    "basic",
  ),
  /** What the token is to be good for; what the endpoint gives by itself if left out. */
  scope: v.optional(
    text("scope", /^[\x21\x23-\x5b\x5d-\x7e]+(?:[ ,][\x21\x23-\x5b\x5d-\x7e]+)*$/, "scopes with commas"),
  ),
  /** For whom the token is. */
  audience: v.optional(text("audience", /^[\x21-\x7e]{1,1024}$/, "the audience, mostly a URL")),
  /** A file of certificates in PEM that are trusted besides the usual ones. */
  ca: v.optional(path("ca")),
  /** How long to wait for the endpoint, in seconds. */
  timeout: v.optional(Timeout, "3s"),
  /** What stands in the file: the token and a line feed, or JSON. */
  format: v.optional(v.picklist(["token", "json"], 'Cannot read "format=": write token or json'), "token"),
  /** Whether there is no session without a token. */
  required: yesOrNo("required"),
  /** Whether an endpoint on this machine is asked without TLS. */
  loopback_http: yesOrNo("loopback_http"),
});

// Not v.strictObject(): of an object that lists its names the runtime lets no others through, and only logs them. Here a misspelt
// "required=yes" would let somebody in, so that an unknown option has to be an error.
const Words: v.GenericSchema<v.InferInput<typeof Known>, v.InferOutput<typeof Known>> = v.objectWithRest(
  Known.entries,
  v.never(`Unknown option: the options are ${Object.keys(Known.entries).join(", ")}`),
);

/** The options of a line. */
export const LineOptions = v.pipe(
  Words,
  v.check(
    ({ server, loopback_http }) => !loopback_http || LOOPBACK.test(server.replace(/:\d+$/, "")),
    'Cannot take "loopback_http=yes" for another machine: write localhost, 127.0.0.1 or [::1] into "server="',
  ),
  v.check(
    ({ server, path }) => URL.canParse(`https://${server}${path}`),
    'Cannot make a URL of "server=" and "path="',
  ),
  v.transform(({ server, path, loopback_http, scope, ...rest }) => ({
    ...rest,
    scope: scope?.replaceAll(",", " "),
    /** Where the token endpoint is. */
    endpoint: new URL(`${loopback_http ? "http" : "https"}://${server}${path}`),
  })),
);

/** The options of a line, parsed. */
export type LineOptions = v.InferOutput<typeof LineOptions>;
