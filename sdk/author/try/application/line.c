/* SPDX-License-Identifier: MIT */

#include "line.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_LEN	262144
#define LOG_MARK	"-- end of the log --\n"
#define PASSED_BY	"-._~="

char		*line_words[LINE_WORDS_MAX];
size_t		 line_nwords;

static char	 line[LINE_LEN];

void
line_open(void)
{
	static char said[LINE_LEN];

	(void)setvbuf(stdout, said, _IOFBF, sizeof(said));
}

void
line_wipe(void)
{
	explicit_bzero(line, sizeof(line));
}

static int
line_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return toupper((unsigned char)c) - 'A' + 10;
}

static void
line_decode(char *word)
{
	char *to = word;

	for (; *word != '\0'; word++) {
		if (*word != '%' || word[1] == '\0' || word[2] == '\0') {
			*to++ = *word;
			continue;
		}
		*to++ = (char)(line_digit(word[1]) * 16 +
		    line_digit(word[2]));
		word += 2;
	}
	*to = '\0';
}

bool
line_read(void)
{
	size_t len = 0;
	ssize_t n;
	char *at, *end;

	while ((n = read(STDIN_FILENO, line + len, 1)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || len + 1 == sizeof(line))
			return false;
		if (line[len++] == '\n')
			break;
	}
	if (n == 0)
		return false;
	line[len - 1] = '\0';
	line_nwords = 0;
	for (at = line; at != NULL && line_nwords < LINE_WORDS_MAX; at = end) {
		if ((end = strchr(at, ' ')) != NULL)
			*end++ = '\0';
		line_decode(at);
		line_words[line_nwords++] = at;
	}
	return true;
}

void
line_put(const char *text)
{
	for (; *text != '\0'; text++) {
		if (isalnum((unsigned char)*text) ||
		    strchr(PASSED_BY, *text) != NULL)
			(void)putchar(*text);
		else
			(void)printf("%%%02X", (unsigned)(unsigned char)*text);
	}
}

void
line_said(void)
{
	(void)putchar('\n');
	(void)fputs(LOG_MARK, stderr);
	(void)fflush(stdout);
}

void
line_failed(const char *what, const char *why)
{
	(void)fputs("failed ", stdout);
	line_put(what);
	line_put(": ");
	line_put(why);
	line_said();
}

const char *
line_value(const char *word)
{
	return *word == '=' ? word + 1 : NULL;
}
