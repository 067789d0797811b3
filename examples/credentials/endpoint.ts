// SPDX-License-Identifier: MIT
/**
 * The token endpoint: the client credentials grant of RFC 6749, section 4.4. Whatever the endpoint does, its words stay out of the log.
 *
 * @module
 */

import {
  allowInsecureRequests,
  clientCredentialsGrantRequest,
  ClientSecretBasic,
  ClientSecretPost,
  customFetch,
  type CustomFetchOptions,
  processClientCredentialsResponse,
  ResponseBodyError,
} from "oauth4webapi";
import { certificatesIn, clientSecretIn } from "./files.ts";
import type { LineOptions } from "./options.ts";
import { type Token, tokenProblem } from "./policy.ts";

/** The longest answer that is read, in bytes. */
export const ANSWER_MAX: number = 64 * 1024;

/** The errors of RFC 6749, section 5.2: the only words of an endpoint that are repeated. */
const ERRORS: readonly unknown[] = [
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
];

/** An answer that is none. The message is ours. */
class AnswerError extends Error {}

/** A client of HTTP that trusts these certificates besides the usual ones, and keeps no connection: the next login is far away. */
function clientWith(certificates: string | undefined): Deno.HttpClient {
  return Deno.createHttpClient({
    poolMaxIdlePerHost: 0,
    ...certificates === undefined ? {} : { caCerts: [certificates] },
  });
}

/** The body of a response, as long as it is short. */
async function bodyOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    length += piece.length;
    // Leaving the loop cancels the rest.
    if (length > ANSWER_MAX) throw new AnswerError(`its answer has more than ${ANSWER_MAX} bytes`);
    pieces.push(piece);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    body.set(piece, at);
    at += piece.length;
  }
  return body;
}

/** Fetches as the library asks, and reads no more of an answer than there should be. */
function careful(client: Deno.HttpClient) {
  return async (url: string, options: CustomFetchOptions<"POST", URLSearchParams>): Promise<Response> => {
    const response = await fetch(url, { ...options, signal: options.signal ?? null, client });
    const { status, headers } = response;
    if (status >= 300 && status < 400) {
      await response.body?.cancel();
      throw new AnswerError(`it answers with HTTP ${status}, and redirects are not followed`);
    }
    const body = await bodyOf(response);
    // The library reads JSON whatever it is called.
    const type = headers.get("content-type") ?? "";
    if (status === 200 && !/^application\/json\s*(?:;|$)/i.test(type)) {
      throw new AnswerError("its answer is not application/json");
    }
    // Some statuses take no body, not even an empty one.
    return new Response(body.length === 0 ? null : body, { status, headers: { "content-type": type } });
  };
}

/**
 * Fetches a token.
 *
 * @param signal Ends it.
 * @throws {Error} with a message for the log, in which there is neither the token nor the secret nor anything that the endpoint wrote.
 */
export async function fetchToken(options: LineOptions, signal: AbortSignal): Promise<Token> {
  const { endpoint, client_id, client_auth, client_secret, scope, audience, ca, timeout } = options;
  const secret = clientSecretIn(client_secret);
  using client = clientWith(ca === undefined ? undefined : certificatesIn(ca));
  const server = { issuer: endpoint.origin, token_endpoint: endpoint.href };
  const authentication = client_auth === "basic" ? ClientSecretBasic(secret) : ClientSecretPost(secret);
  const wanted = { ...scope === undefined ? {} : { scope }, ...audience === undefined ? {} : { audience } };
  let status: number | undefined;
  const late = AbortSignal.timeout(timeout * 1000);
  try {
    const response = await clientCredentialsGrantRequest(server, { client_id }, authentication, wanted, {
      [customFetch]: careful(client),
      [allowInsecureRequests]: endpoint.protocol === "http:",
      signal: AbortSignal.any([signal, late]),
    });
    status = response.status;
    const { access_token, token_type, expires_in, scope } = await processClientCredentialsResponse(
      server,
      { client_id },
      response,
    );
    if (token_type !== "bearer") throw new AnswerError("its token is not a bearer token");
    const token: Token = { value: access_token, lifetime: expires_in, scope };
    const problem = tokenProblem(token);
    if (problem !== undefined) throw new AnswerError(problem);
    return token;
  } catch (error) {
    if (late.aborted) throw new Error(`it did not answer within ${timeout} s`);
    throw new Error(problemOf(error, status));
  }
}

/** What is wrong, in words of ours. */
function problemOf(error: unknown, status: number | undefined): string {
  if (error instanceof AnswerError) return error.message;
  if (error instanceof ResponseBodyError && ERRORS.includes(error.error)) {
    return `it refuses with ${error.error}`;
  }
  if (status !== undefined && status !== 200) return `it answers with HTTP ${status}`;
  if (status !== undefined) return "its answer holds no token that can be used";
  // Nothing was answered: this is Deno's word about the connection, the last of them the most exact.
  let exact = error;
  while (exact instanceof Error && exact.cause instanceof Error) exact = exact.cause;
  return exact instanceof Error ? exact.message : String(exact);
}
