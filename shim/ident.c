/* SPDX-License-Identifier: MIT */

/*
 * What this file was made from, for pam-deno check, which reads it out of the
 * file without loading it. Nobody refers to it: the linker is told to keep it.
 */

#include "tokens_gen.h"

#ifndef PAM_DENO_VERSION
#error "PAM_DENO_VERSION is the version in deno.json: build with make"
#endif

#define IDENT_TEXT(value)	#value
#define IDENT_NUMBER(value)	IDENT_TEXT(value)

extern const char ident[];
const char ident[] = "pam_deno " PAM_DENO_VERSION
    " protocol " IDENT_NUMBER(WIRE_VERSION)
    " fingerprint " WIRE_FINGERPRINT_TEXT;
