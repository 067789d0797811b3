/* SPDX-License-Identifier: MIT */

/* Foreign text on its way to a terminal or to the system log. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

/*
 * Copies text without its control characters, C1 in UTF-8 included, and without
 * what breaks lines or turns the direction of a text, and ends it with a NUL.
 * Returns the length without it, at most len and at most size - 1; a character
 * is never cut in two. size is at least 1.
 */

/* Keeps newline and tab: for the application's conversation. */
size_t	text_for_person(char *to, size_t size, const char *from, size_t len);

/* One line: newline and tab become spaces. For the system log. */
size_t	text_for_log(char *to, size_t size, const char *from, size_t len);

#endif
