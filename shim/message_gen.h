/* SPDX-License-Identifier: MIT */

/*
 * Written by scripts/gen_wire.ts from sdk/wire/schema.ts. Do not edit:
 * change the definition, then run `deno task gen`.
 */

/* One field or value per line, as in PROTOCOL.md. */
/* clang-format off */

#ifndef MESSAGE_GEN_H
#define MESSAGE_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tokens_gen.h"
#include "wire.h"

enum message_tag {
	MESSAGE_HOOK = 0x01,
	MESSAGE_ANSWERS = 0x02,
	MESSAGE_TOKEN = 0x03,
	MESSAGE_PASSWD = 0x04,
	MESSAGE_GROUPS = 0x05,
	MESSAGE_AGEING = 0x06,
	MESSAGE_ABSENT = 0x07,
	MESSAGE_FAILED = 0x08,
	MESSAGE_MEMBER = 0x09,
	MESSAGE_PROCESSES = 0x0a,
	MESSAGE_CONVERSE = 0x41,
	MESSAGE_GET_TOKEN = 0x42,
	MESSAGE_LOOKUP_PASSWD = 0x43,
	MESSAGE_LOOKUP_GROUPS = 0x44,
	MESSAGE_LOOKUP_AGEING = 0x45,
	MESSAGE_TEXT = 0x46,
	MESSAGE_LOG = 0x47,
	MESSAGE_RESULT = 0x48,
	MESSAGE_FAULT = 0x49,
	MESSAGE_LOOKUP_NETGROUP = 0x4a,
	MESSAGE_LOOKUP_PROCESSES = 0x4b
};

/* Calls X(name, TAG) for every message. */
#define MESSAGES(X) \
	X(hook, HOOK) \
	X(answers, ANSWERS) \
	X(token, TOKEN) \
	X(passwd, PASSWD) \
	X(groups, GROUPS) \
	X(ageing, AGEING) \
	X(absent, ABSENT) \
	X(failed, FAILED) \
	X(member, MEMBER) \
	X(processes, PROCESSES) \
	X(converse, CONVERSE) \
	X(get_token, GET_TOKEN) \
	X(lookup_passwd, LOOKUP_PASSWD) \
	X(lookup_groups, LOOKUP_GROUPS) \
	X(lookup_ageing, LOOKUP_AGEING) \
	X(text, TEXT) \
	X(log, LOG) \
	X(result, RESULT) \
	X(fault, FAULT) \
	X(lookup_netgroup, LOOKUP_NETGROUP) \
	X(lookup_processes, LOOKUP_PROCESSES)

struct message_hook_grants {
	struct wire_str grant;
};

struct message_hook_options {
	struct wire_str option;
};

struct message_hook_items {
	uint8_t item;
	struct wire_str value;
};

struct message_hook_environment {
	struct wire_str name;
	struct wire_str value;
};

/*
 * 0x01, from the shim: Opens every connection: greeting and question in one.
 * The first two fields never change.
 */
struct message_hook {
	uint8_t version;
	uint8_t fingerprint[8];
	uint8_t hook;
	uint32_t flags;
	uint32_t budget_ms;
	uint32_t pid;
	uint32_t uid;
	uint32_t euid;
	bool has_started;
	int64_t started;
	bool has_parent_pid;
	uint32_t parent_pid;
	bool has_parent_started;
	int64_t parent_started;
	struct wire_str module;
	bool has_instance;
	struct wire_str instance;
	struct message_hook_grants grants[LIMIT_GRANTS_MAX];
	size_t n_grants;
	struct message_hook_options options[LIMIT_OPTIONS_MAX];
	size_t n_options;
	struct message_hook_items items[LIMIT_ITEMS_MAX];
	size_t n_items;
	struct message_hook_environment environment[LIMIT_ENV_MAX];
	size_t n_environment;
	bool has_data;
	struct wire_bytes data;
	bool has_user_files;
	struct wire_str user_files;
};

struct message_answers_answers {
	bool has_answer;
	struct wire_bytes answer;
};

/* 0x02, from the shim: Answers `converse`, position by position. */
struct message_answers {
	struct message_answers_answers answers[LIMIT_MESSAGES_MAX];
	size_t n_answers;
};

/* 0x03, from the shim: Answers `get_token`. */
struct message_token {
	struct wire_bytes value;
};

/* 0x04, from the shim: Answers `lookup_passwd`. */
struct message_passwd {
	struct wire_str name;
	uint32_t uid;
	uint32_t gid;
	struct wire_str home;
	struct wire_str shell;
};

struct message_groups_groups {
	uint32_t gid;
	bool has_name;
	struct wire_str name;
};

/* 0x05, from the shim: Answers `lookup_groups`. */
struct message_groups {
	struct message_groups_groups groups[LIMIT_GROUPS_MAX];
	size_t n_groups;
};

/*
 * 0x06, from the shim: Answers `lookup_ageing`: the fields of shadow(5), in
 * days; -1 is an empty field. Never the hash.
 */
struct message_ageing {
	int64_t last_change;
	int64_t min;
	int64_t max;
	int64_t warn;
	int64_t inactive;
	int64_t expire;
	bool locked;
	bool empty;
};

/* 0x07, from the shim: Answers a look-up that found nothing. */
struct message_absent {
	uint8_t empty;
};

/* 0x08, from the shim: Answers a request that could not be carried out. */
struct message_failed {
	uint8_t code;
};

/* 0x09, from the shim: Answers `lookup_netgroup`. */
struct message_member {
	bool member;
};

struct message_processes_processes {
	bool running;
};

/* 0x0a, from the shim: Answers `lookup_processes`, position by position. */
struct message_processes {
	struct message_processes_processes processes[LIMIT_PROCESSES_MAX];
	size_t n_processes;
};

struct message_converse_messages {
	uint8_t style;
	struct wire_str text;
};

/*
 * 0x41, from the worker: Calls the application's conversation once with several
 * messages. Needs the grant `prompt`.
 */
struct message_converse {
	struct message_converse_messages messages[LIMIT_MESSAGES_MAX];
	size_t n_messages;
};

/*
 * 0x42, from the worker: Calls pam_get_authtok(3). Needs the grant `authtok`.
 */
struct message_get_token {
	uint8_t token;
	bool has_prompt;
	struct wire_str prompt;
};

/* 0x43, from the worker: Looks up the passwd entry of the user. */
struct message_lookup_passwd {
	uint8_t empty;
};

/* 0x44, from the worker: Looks up the groups of the user. */
struct message_lookup_groups {
	uint8_t empty;
};

/*
 * 0x45, from the worker: Looks up the ageing fields of the user's shadow entry.
 * Needs the grant `shadow`.
 */
struct message_lookup_ageing {
	uint8_t empty;
};

/*
 * 0x46, from the worker: Shows a text at once; dropped under PAM_SILENT. Has no
 * answer.
 */
struct message_text {
	uint8_t style;
	struct wire_str text;
};

/* 0x47, from the worker: Writes a line to the system log. Has no answer. */
struct message_log {
	uint8_t level;
	struct wire_str text;
};

struct message_result_items {
	uint8_t item;
	struct wire_str value;
};

struct message_result_environment {
	struct wire_str name;
	bool has_value;
	struct wire_str value;
};

struct message_result_tokens {
	uint8_t token;
	struct wire_bytes value;
};

struct message_result_user_files {
	struct wire_str name;
	bool has_content;
	struct wire_bytes content;
};

/*
 * 0x48, from the worker: Ends the hook: the code and every effect. Checked as a
 * whole before any effect is applied.
 */
struct message_result {
	uint8_t code;
	bool has_message;
	struct wire_str message;
	uint8_t data_action;
	struct wire_bytes data;
	uint32_t fail_delay_us;
	struct message_result_items items[LIMIT_ITEMS_MAX];
	size_t n_items;
	struct message_result_environment environment[LIMIT_ENV_MAX];
	size_t n_environment;
	struct message_result_tokens tokens[LIMIT_TOKENS_MAX];
	size_t n_tokens;
	struct message_result_user_files user_files[LIMIT_USER_FILES_MAX];
	size_t n_user_files;
};

/* 0x49, from the worker: Ends the hook without a result. */
struct message_fault {
	uint8_t fault;
	struct wire_str message;
};

/*
 * 0x4a, from the worker: Asks whether the user is in a netgroup, as innetgr(3)
 * says.
 */
struct message_lookup_netgroup {
	struct wire_str netgroup;
};

struct message_lookup_processes_processes {
	uint32_t pid;
	int64_t started;
};

/*
 * 0x4b, from the worker: Asks which processes still run. Only a privileged
 * application answers it.
 */
struct message_lookup_processes {
	struct message_lookup_processes_processes
	    processes[LIMIT_PROCESSES_MAX];
	size_t n_processes;
};

/*
 * A decoder takes the body of a frame, all of it. Strings point into the body.
 * On error the structure is not to be used.
 */
enum wire_error message_hook_decode(struct message_hook *, const uint8_t *body,
    size_t len);
enum wire_error message_answers_decode(struct message_answers *,
    const uint8_t *body, size_t len);
enum wire_error message_token_decode(struct message_token *,
    const uint8_t *body, size_t len);
enum wire_error message_passwd_decode(struct message_passwd *,
    const uint8_t *body, size_t len);
enum wire_error message_groups_decode(struct message_groups *,
    const uint8_t *body, size_t len);
enum wire_error message_ageing_decode(struct message_ageing *,
    const uint8_t *body, size_t len);
enum wire_error message_absent_decode(struct message_absent *,
    const uint8_t *body, size_t len);
enum wire_error message_failed_decode(struct message_failed *,
    const uint8_t *body, size_t len);
enum wire_error message_member_decode(struct message_member *,
    const uint8_t *body, size_t len);
enum wire_error message_processes_decode(struct message_processes *,
    const uint8_t *body, size_t len);
enum wire_error message_converse_decode(struct message_converse *,
    const uint8_t *body, size_t len);
enum wire_error message_get_token_decode(struct message_get_token *,
    const uint8_t *body, size_t len);
enum wire_error message_lookup_passwd_decode(struct message_lookup_passwd *,
    const uint8_t *body, size_t len);
enum wire_error message_lookup_groups_decode(struct message_lookup_groups *,
    const uint8_t *body, size_t len);
enum wire_error message_lookup_ageing_decode(struct message_lookup_ageing *,
    const uint8_t *body, size_t len);
enum wire_error message_text_decode(struct message_text *, const uint8_t *body,
    size_t len);
enum wire_error message_log_decode(struct message_log *, const uint8_t *body,
    size_t len);
enum wire_error message_result_decode(struct message_result *,
    const uint8_t *body, size_t len);
enum wire_error message_fault_decode(struct message_fault *,
    const uint8_t *body, size_t len);
enum wire_error message_lookup_netgroup_decode(struct message_lookup_netgroup *,
    const uint8_t *body, size_t len);
enum wire_error message_lookup_processes_decode(
    struct message_lookup_processes *, const uint8_t *body, size_t len);

/* An encoder appends a whole frame, length word and all, or nothing. */
enum wire_error message_hook_encode(struct wire_writer *,
    const struct message_hook *);
enum wire_error message_answers_encode(struct wire_writer *,
    const struct message_answers *);
enum wire_error message_token_encode(struct wire_writer *,
    const struct message_token *);
enum wire_error message_passwd_encode(struct wire_writer *,
    const struct message_passwd *);
enum wire_error message_groups_encode(struct wire_writer *,
    const struct message_groups *);
enum wire_error message_ageing_encode(struct wire_writer *,
    const struct message_ageing *);
enum wire_error message_absent_encode(struct wire_writer *,
    const struct message_absent *);
enum wire_error message_failed_encode(struct wire_writer *,
    const struct message_failed *);
enum wire_error message_member_encode(struct wire_writer *,
    const struct message_member *);
enum wire_error message_processes_encode(struct wire_writer *,
    const struct message_processes *);
enum wire_error message_converse_encode(struct wire_writer *,
    const struct message_converse *);
enum wire_error message_get_token_encode(struct wire_writer *,
    const struct message_get_token *);
enum wire_error message_lookup_passwd_encode(struct wire_writer *,
    const struct message_lookup_passwd *);
enum wire_error message_lookup_groups_encode(struct wire_writer *,
    const struct message_lookup_groups *);
enum wire_error message_lookup_ageing_encode(struct wire_writer *,
    const struct message_lookup_ageing *);
enum wire_error message_text_encode(struct wire_writer *,
    const struct message_text *);
enum wire_error message_log_encode(struct wire_writer *,
    const struct message_log *);
enum wire_error message_result_encode(struct wire_writer *,
    const struct message_result *);
enum wire_error message_fault_encode(struct wire_writer *,
    const struct message_fault *);
enum wire_error message_lookup_netgroup_encode(struct wire_writer *,
    const struct message_lookup_netgroup *);
enum wire_error message_lookup_processes_encode(struct wire_writer *,
    const struct message_lookup_processes *);

#endif /* MESSAGE_GEN_H */
