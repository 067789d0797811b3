// SPDX-License-Identifier: MIT
/**
 * Rules for C. The shim runs inside other people's setuid programs: what it may not do there is refused here by name.
 *
 * @module
 */

import { blank } from "./blank.ts";
import { filesOf, type Finding, matches, type SourceFile, type Tree } from "./tree.ts";

/** Refused in all C, with what to take. */
const BANNED: Readonly<Record<string, string>> = {
  "alloca": "a fixed, capped buffer",
  "atoi|atol|atoll|strtok|rand": "strtol, a cursor, getrandom: with its errors checked",
  "gets|strcpy|strcat|stpcpy|sprintf|vsprintf|strncpy|strncat": "snprintf or memcpy with a checked length",
  "popen|system": "nothing: no shell is started",
};

/** Refused in the shim besides. */
const BANNED_IN_SHIM: Readonly<Record<string, string>> = {
  "abort|exit|_exit|atexit|assert": "a code: the process is the application's",
  "chdir|chroot|umask|setlocale|tzset": "nothing: that is the application's",
  "exec[lv]p?e?|fork|vfork|clone|posix_spawn": "nothing: no process is started on the login path",
  "getenv|secure_getenv|setenv|unsetenv|putenv|clearenv":
    "an option of the pam.d line: a user plants variables",
  "gethostbyname|getpwnam|getpwuid|getgrnam|getgrgid|getspnam|strerror|localtime|gmtime|ctime|asctime":
    "the re-entrant one (pam_modutil_*, *_r): others share a static buffer with the application",
  "openlog|closelog|syslog|vsyslog": "pam_syslog: openlog changes the application's log",
  "perror|printf|puts|putchar|vprintf|fprintf|fputs":
    "pam_syslog: the descriptors 0 to 2 are the application's",
  "pthread_\\w+|thrd_\\w+": "nothing: no threads",
  "select|pselect|FD_SET|FD_ZERO": "poll: the application may have more than 1024 descriptors",
  "set(?:re|res|e)?[ug]id|setfs[ug]id|setgroups|initgroups": "nothing: ids are the application's",
  "signal|sigaction|sigprocmask|sigsetmask|alarm|setitimer|raise|kill":
    "MSG_NOSIGNAL and poll: signals are the application's",
  "sleep|usleep|nanosleep": "poll within the deadline",
};

const WORDS_BANNED_IN_SHIM: Readonly<Record<string, string>> = {
  "_Thread_local|__thread": "no thread-local storage: it needs what a dlopened module may not get",
  "constructor|destructor": "nothing runs when the shim is loaded",
};

/** The files of the shim that may use the heap: libpam frees module data later, and look-ups are off the usual path. */
const HEAP_ALLOWED = /^shim\/(data|lookup)\.c$/;
const HEAP = /\b(?:malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|vasprintf|getline)\s*\(/g;

/** The six service functions: what the shim exports. */
const SERVICE_FUNCTIONS = [
  "pam_sm_acct_mgmt",
  "pam_sm_authenticate",
  "pam_sm_chauthtok",
  "pam_sm_close_session",
  "pam_sm_open_session",
  "pam_sm_setcred",
];

/** No call, and no word, that C or the shim does better without. */
export function* bannedCalls(tree: Tree): Iterable<Finding> {
  for (const file of filesOf(tree, /\.[ch]$/)) {
    const text = blank(file.text, "c", "comments and texts");
    yield* refused(file, text, BANNED, "\\s*\\(");
    if (!file.path.startsWith("shim/")) continue;
    yield* refused(file, text, BANNED_IN_SHIM, "\\s*\\(");
    yield* refused(file, text, WORDS_BANNED_IN_SHIM, "\\b");
  }
}

function* refused(
  file: SourceFile,
  text: string,
  table: Readonly<Record<string, string>>,
  behind: string,
): Iterable<Finding> {
  for (const [words, instead] of Object.entries(table)) {
    for (const { line, match } of matches(text, new RegExp(`(?<![\\w.>])(?:${words})${behind}`, "g"))) {
      yield {
        path: file.path,
        line,
        message: `'${match[0].replace(/\s*\($/, "()")}' is banned: take ${instead}`,
      };
    }
  }
}

/** The shim uses the heap where it must, and nowhere else. */
export function* heap(tree: Tree): Iterable<Finding> {
  for (const { path, text } of filesOf(tree, /^shim\/.*\.[ch]$/)) {
    if (HEAP_ALLOWED.test(path)) continue;
    for (const { line, match } of matches(blank(text, "c", "comments and texts"), HEAP)) {
      const call = match[0].replace(/\s*\($/, "()");
      yield { path, line, message: `'${call}' outside the files of the heap: take a fixed, capped buffer` };
    }
  }
}

const STATIC = /^[ \t]*static\s+(?!inline\b|_Noreturn\b)([^;={]*?)\s*(?=[;={])/gm;

/** No static of the shim changes: one process may hold many handles. */
export function* mutableStatics(tree: Tree): Iterable<Finding> {
  for (const { path, text } of filesOf(tree, /^shim\/.*\.[ch]$/)) {
    const code = blank(text, "c", "comments and texts");
    for (const { line, match } of matches(code, STATIC)) {
      const declared = match[1] ?? "";
      const fixed = declared.includes("*") ? /\*\s*const\b[^*]*$/.test(declared) : /\bconst\b/.test(declared);
      if (fixed || declared.includes("(") || declaresFunctions(declared, code)) continue;
      const message = `'static ${declared}' can change: make it const, or part of the call's state`;
      yield { path, line, message };
    }
  }
}

/** Whether each name is that of a function which the file defines: its prototype is a typedef. */
function declaresFunctions(declared: string, code: string): boolean {
  const names = declared.replace(/^\w+\s+/, "").split(/\s*,\s*/);
  return names.every((name) => new RegExp(`^${name}\\(`, "m").test(code));
}

/** The shim's version script names the six service functions and nothing else. */
export function* exportsOfShim(tree: Tree): Iterable<Finding> {
  const path = "shim/pam_deno.map";
  const text = tree.files.get(path)?.text;
  if (text === undefined) return;
  const named = [...text.matchAll(/\b(\w+)\s*;/g)].map((match) => match[1] ?? "").sort();
  for (const name of SERVICE_FUNCTIONS) {
    if (!named.includes(name)) {
      yield { path, line: 1, message: `'${name}' is missing: libpam would not find it` };
    }
  }
  for (const name of named) {
    if (!SERVICE_FUNCTIONS.includes(name)) {
      yield { path, line: 1, message: `'${name}' is not a service function: take it out` };
    }
  }
  if (!/local:\s*\*\s*;/.test(text)) {
    yield { path, line: 1, message: "'local: *;' is missing: everything else would be exported" };
  }
}

/** Every header is included by somebody. */
export function* deadHeaders(tree: Tree): Iterable<Finding> {
  const included = new Set(
    filesOf(tree, /\.[ch]$/).flatMap(({ text }) =>
      [...text.matchAll(/^\s*#\s*include\s*"(?:[^"]*\/)?([^"/]+)"/gm)].map((match) => match[1])
    ),
  );
  for (const { path } of filesOf(tree, /\.h$/)) {
    if (included.has(path.split("/").at(-1))) continue;
    yield { path, line: 1, message: "nobody includes this header: include it or remove it" };
  }
}
