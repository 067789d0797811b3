/* SPDX-License-Identifier: MIT */

/*
 * Takes the place of syslog(3): appends "PRIORITY MESSAGE\n" to the file named
 * by PAM_DENO_TEST_SYSLOG, and drops the line if there is no such variable.
 * If the file cannot be opened, the line goes to standard error.
 * PRIORITY is the number of the level without the facility. Preloaded into a
 * process (build/tests/syslog_capture.so), or linked into a test.
 */

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define EXPORT		__attribute__((visibility("default")))
#define LINE_MAX_LEN	4096

void __syslog_chk(int, int, const char *, ...)
    __attribute__((format(printf, 3, 4)));
void __vsyslog_chk(int, int, const char *, va_list)
    __attribute__((format(printf, 3, 0)));

static void	capture(int, const char *, va_list)
		    __attribute__((format(printf, 2, 0)));

static void
capture(int priority, const char *fmt, va_list ap)
{
	char line[LINE_MAX_LEN];
	const char *path = getenv("PAM_DENO_TEST_SYSLOG");
	int fd, n, len;

	if (path == NULL || *path == '\0')
		return;
	n = snprintf(line, sizeof(line), "%d ", LOG_PRI(priority));
	len = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	if (len < 0)
		return;
	n += len;
	if ((size_t)n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	if (n == 0 || line[n - 1] != '\n')
		line[n++] = '\n';
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		/* no descriptor left, or another user: let somebody read */
		(void)!write(STDERR_FILENO, line, (size_t)n);
		return;
	}
	/* one write per line: lines of several processes do not mix */
	if (write(fd, line, (size_t)n) < 0)
		abort();
	(void)close(fd);
}

EXPORT void
syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	capture(priority, fmt, ap);
	va_end(ap);
}

EXPORT void
vsyslog(int priority, const char *fmt, va_list ap)
{
	capture(priority, fmt, ap);
}

EXPORT void
__syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, fmt);
	capture(priority, fmt, ap);
	va_end(ap);
}

EXPORT void
__vsyslog_chk(int priority, int flag, const char *fmt, va_list ap)
{
	(void)flag;
	capture(priority, fmt, ap);
}
