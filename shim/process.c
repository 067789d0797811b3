/* SPDX-License-Identifier: MIT */

#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"

/* Room for all fields up to the start, and more: the name has 64 at most. */
#define PROCESS_TEXT_MAX	1024
#define PROCESS_PATH_MAX	32
/* Between the parent, the threads and the start: numbers 4, 20 and 22. */
#define PROCESS_SKIPPED		15

#define BIT(hook)	(UINT32_C(1) << (hook))
/* Hooks that keep an account of sessions. */
#define PROCESS_SESSION	(BIT(HOOK_SET_CREDENTIALS) | BIT(HOOK_OPEN_SESSION) | \
	BIT(HOOK_CLOSE_SESSION))
/* Hooks whose state those may take up again. */
#define PROCESS_BEFORE	(BIT(HOOK_AUTHENTICATE) | BIT(HOOK_ACCOUNT) | \
	BIT(HOOK_PRELIMINARY) | BIT(HOOK_UPDATE))

/* A number and what ends it; false if there is none, or one too large. */
static bool
process_number(const char **text, char end, int64_t *number)
{
	const char *p = *text;
	int64_t n = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (n > (WIRE_I64_MAX - 9) / 10)
			return false;
		n = n * 10 + (*p - '0');
	}
	if (*p != end)
		return false;
	*text = p + 1;
	*number = n;
	return true;
}

bool
process_parse(const char *text, struct process *process)
{
	int64_t pid, parent;
	const char *p;
	int i;

	if (!process_number(&text, ' ', &pid) || *text != '(' ||
	    pid > UINT32_MAX)
		return false;
	/* a name may have spaces and parentheses; what follows has none */
	if ((p = strrchr(text, ')')) == NULL || p[1] != ' ' || p[2] == '\0' ||
	    p[3] != ' ')
		return false;
	process->state = p[2];
	p += 4;
	if (!process_number(&p, ' ', &parent) || parent > UINT32_MAX)
		return false;
	for (i = 0; i < PROCESS_SKIPPED; i++) {
		p += strcspn(p, " ");
		if (*p++ != ' ')
			return false;
	}
	if (!process_number(&p, ' ', &process->threads))
		return false;
	/* itrealvalue: nothing, since Linux 2.6.17 */
	p += strcspn(p, " ");
	if (*p++ != ' ')
		return false;
	process->pid = (uint32_t)pid;
	process->parent = (uint32_t)parent;
	return process_number(&p, ' ', &process->started);
}

/* PROCESS_GONE if there is no such file. */
static enum process_state
process_read(int dir, const char *path, struct process *process)
{
	char text[PROCESS_TEXT_MAX];
	int fd = descriptor_open(dir, path, O_RDONLY);
	ssize_t n = -1;

	if (fd >= 0)
		n = descriptor_read(fd, text, sizeof(text) - 1);
	if (n < 0) {
		/* a process that ends meanwhile */
		enum process_state state = errno == ENOENT || errno == ESRCH ?
		    PROCESS_GONE : PROCESS_UNKNOWN;

		if (fd >= 0)
			(void)close(fd);
		return state;
	}
	(void)close(fd);
	text[n] = '\0';
	return process_parse(text, process) ? PROCESS_RUNS : PROCESS_UNKNOWN;
}

bool
process_self(struct process *self)
{
	return process_read(AT_FDCWD, "/proc/self/stat", self) ==
	    PROCESS_RUNS && self->pid == (uint32_t)getpid();
}

/*
 * The folder says whose the process is. Its files do not: those of a process
 * that has made itself undumpable are root's, and anybody may do that.
 */
static bool
process_of_root(pid_t pid, struct process *process)
{
	char path[PROCESS_PATH_MAX];
	struct stat st;
	bool known;
	int dir;

	(void)snprintf(path, sizeof(path), "/proc/%ld", (long)pid);
	dir = descriptor_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
	if (dir < 0)
		return false;
	known = fstat(dir, &st) == 0 && st.st_uid == 0 &&
	    process_read(dir, "stat", process) == PROCESS_RUNS &&
	    process->pid == (uint32_t)pid;
	(void)close(dir);
	return known;
}

bool
process_parent(const struct process *self, struct process *parent)
{
	pid_t pid = getppid();

	/* a parent in another namespace is 0; a new one comes when it ends */
	return pid > 0 && self->parent == (uint32_t)pid &&
	    process_of_root(pid, parent) && getppid() == pid;
}

/* Whether the number belongs to nobody: hidepid= hides what is there. */
static bool
process_is_free(uint32_t pid)
{
	return getpgid((pid_t)pid) < 0 && errno == ESRCH;
}

enum process_state
process_look(uint32_t pid, struct process *process)
{
	char path[PROCESS_PATH_MAX];
	enum process_state state;

	/* to getpgid(2) 0 would be this process */
	if (pid == 0 || pid > INT32_MAX)
		return PROCESS_GONE;
	(void)snprintf(path, sizeof(path), "/proc/%lu/stat",
	    (unsigned long)pid);
	state = process_read(AT_FDCWD, path, process);
	if (state == PROCESS_GONE)
		return process_is_free(pid) ? PROCESS_GONE : PROCESS_UNKNOWN;
	if (state != PROCESS_RUNS || process->pid != pid)
		return PROCESS_UNKNOWN;
	/* Z is also one whose first thread has ended, while others go on */
	if ((process->state == 'Z' && process->threads <= 1) ||
	    process->state == 'X' || process->state == 'x')
		return PROCESS_GONE;
	return PROCESS_RUNS;
}

void
process_fill(const struct call *call, struct message_hook *m)
{
	struct process self, parent;

	m->has_started = m->has_parent_pid = m->has_parent_started = false;
	if (call->caller.euid != 0 || (call->defined & PROCESS_SESSION) == 0 ||
	    !process_self(&self))
		return;
	m->has_started = true;
	m->started = self.started;
	if ((call->defined & PROCESS_BEFORE) == 0 || call->caller.uid != 0 ||
	    call->caller.secure || !process_parent(&self, &parent))
		return;
	m->has_parent_pid = m->has_parent_started = true;
	m->parent_pid = parent.pid;
	m->parent_started = parent.started;
}
