// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { InsufficientAccessError, SizeLimitExceededError, UnavailableError } from "ldapts";
import { Broken, NotLdap, TooMuch, Unasked } from "./frames.ts";
import { asProblem, Unavailable, Unusable } from "./problems.ts";

Deno.test("asProblem() takes sockets that fail and what is no LDAP for a server that cannot be asked", () => {
  const errors = [
    Broken.by(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })),
    Broken.by(new Error("unable to verify the first certificate")),
    new Broken("It closed the connection"),
    new NotLdap("It sent something"),
    new UnavailableError(),
    new Unavailable("No answer"),
  ];
  for (const error of errors) assert.ok(asProblem(error, "x") instanceof Unavailable, error.message);
});

Deno.test("asProblem() takes every other error for one that the cache does not stand in for", () => {
  const errors = [
    new Error("Something else"),
    Broken.by(new TypeError("x is not iterable")),
    Broken.by(new Deno.errors.NotCapable('Requires net access to "x"')),
    Broken.by(new Error("getaddrinfo EPERM x")),
    new TooMuch("It sent more"),
    new Unasked("It sent an attribute"),
    new SizeLimitExceededError(),
    new InsufficientAccessError(),
    new Unusable("Cannot read"),
    "a text",
    undefined,
  ];
  for (const error of errors) assert.ok(asProblem(error, "x") instanceof Unusable, String(error));
});
