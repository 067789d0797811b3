/* SPDX-License-Identifier: MIT */

#ifndef LINE_H
#define LINE_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_WORDS_MAX	64

/* The words of the line that was read last. */
extern char	*line_words[LINE_WORDS_MAX];
extern size_t	 line_nwords;

/* Prepares standard output. */
void		 line_open(void);
/* Reads a line; false at the end. Octet by octet: what is behind it stays. */
bool		 line_read(void);
/* Wipes the line that was read last. */
void		 line_wipe(void);
/* A value that may be missing: NULL for "-". */
const char	*line_value(const char *);
/* Writes a word. */
void		 line_put(const char *);
/* Ends a line of standard output, behind the log that belongs to it. */
void		 line_said(void);
/* A line that says what could not be done, and why. */
void		 line_failed(const char *, const char *);

#endif
