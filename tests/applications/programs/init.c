/* SPDX-License-Identifier: MIT */
/*
 * The first process of a stage, and its system log. Every datagram that comes
 * to /dev/log becomes a line of the file, with what the kernel says of its
 * sender and what /proc says of that process:
 *
 *	PID PPID UID COMMAND TAB DATAGRAM
 *
 * For each line on standard input, one goes to standard output when all that
 * was sent before is in the file. Ends when standard input does, and so does
 * everything in its namespace.
 *
 * usage: init FILE
 */

#define _GNU_SOURCE

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_PATH	"/dev/log"
#define DATAGRAM_MAX	8192
#define COMMAND_MAX	64

static int
log_listen(void)
{
	struct sockaddr_un	addr = { .sun_family = AF_UNIX,
	    .sun_path = LOG_PATH };
	const int		on = 1;
	int			fd;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == -1 ||
	    chmod(LOG_PATH, 0666) == -1)
		return -1;
	return fd;
}

/* The parent and the name of a process, which may be gone. */
static void
process_describe(pid_t pid, int *ppid, char command[COMMAND_MAX])
{
	char	path[64], line[512], *open, *close;
	FILE	*stat;
	size_t	len;

	*ppid = -1;
	(void)snprintf(command, COMMAND_MAX, "-");
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((stat = fopen(path, "re")) == NULL)
		return;
	len = fread(line, 1, sizeof(line) - 1, stat);
	line[len] = '\0';
	(void)fclose(stat);
	open = strchr(line, '(');
	close = strrchr(line, ')');
	if (open == NULL || close == NULL || strlen(close) < 5)
		return;
	*close = '\0';
	(void)snprintf(command, COMMAND_MAX, "%s", open + 1);
	for (char *c = command; *c != '\0'; c++) {
		if (*c == ' ' || *c == '\t' || *c == '\n')
			*c = '_';
	}
	*ppid = (int)strtol(close + 4, NULL, 10);
}

/* Writes one datagram down; false if there is none. */
static bool
log_take(int fd, FILE *file)
{
	char	data[DATAGRAM_MAX + 1], command[COMMAND_MAX];
	union {
		char		bytes[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr	align;
	} control;
	struct iovec	iov = { .iov_base = data, .iov_len = DATAGRAM_MAX };
	struct msghdr	msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr	*header;
	struct ucred	from = { 0, 0, 0 };
	ssize_t		len;
	int		ppid;

	len = recvmsg(fd, &msg, MSG_DONTWAIT);
	if (len == -1)
		return false;
	data[len] = '\0';
	header = CMSG_FIRSTHDR(&msg);
	if (header != NULL && header->cmsg_type == SCM_CREDENTIALS)
		memcpy(&from, CMSG_DATA(header), sizeof(from));
	for (ssize_t i = 0; i < len; i++) {
		if (data[i] == '\n')
			data[i] = ' ';
	}
	process_describe(from.pid, &ppid, command);
	(void)fprintf(file, "%d %d %u %s\t%s\n", (int)from.pid, ppid,
	    (unsigned int)from.uid, command, data);
	return true;
}

int
main(int argc, char **argv)
{
	const struct sched_param	first = { .sched_priority = 1 };
	struct pollfd			fds[2];
	char				input[256];
	FILE				*file;
	ssize_t				len;
	int				fd;

	if (argc != 2)
		return 2;
	/* Senders that leave soon are to be looked at before they have. */
	(void)sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
	/* Whoever loses their parents in here becomes ours: nobody waits. */
	(void)signal(SIGCHLD, SIG_IGN);
	if ((fd = log_listen()) == -1 ||
	    (file = fopen(argv[1], "ae")) == NULL) {
		perror("init");
		return 1;
	}
	(void)puts("ready");
	(void)fflush(stdout);
	fds[0] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = fd, .events = POLLIN };
	for (;;) {
		if (poll(fds, 2, -1) == -1)
			continue;
		len = 0;
		if (fds[0].revents != 0 &&
		    (len = read(STDIN_FILENO, input, sizeof(input))) <= 0)
			return 0;
		while (log_take(fd, file))
			continue;
		(void)fflush(file);
		for (ssize_t i = 0; i < len; i++) {
			if (input[i] == '\n')
				(void)puts("written");
		}
		(void)fflush(stdout);
	}
}
