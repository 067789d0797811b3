/* SPDX-License-Identifier: MIT */

#include "text.h"

#include <stdbool.h>
#include <stdint.h>

#define DEL		0x7f
#define C1_LEAD		0xc2	/* U+0080-U+009F are C2 80 to C2 9F */
#define C1_LAST		0x9f

/* The octets that a character with this first one has. */
static size_t
text_want(uint8_t lead)
{
	if (lead >= 0xc2 && lead < 0xe0)
		return 2;
	if (lead >= 0xe0 && lead < 0xf0)
		return 3;
	if (lead >= 0xf0 && lead < 0xf5)
		return 4;
	return 1;
}

/* The octets of the character at s; a stray octet is one by itself. */
static size_t
text_width(const char *s, size_t len)
{
	size_t n = 1, want = text_want((uint8_t)s[0]);

	while (n < len && n < want && ((uint8_t)s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/*
 * Line and paragraph separators (U+2028, U+2029), and what turns the direction
 * of the text around it: U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to
 * U+2069.
 */
static bool
text_is_disguise(const char *s, size_t width)
{
	uint8_t last;

	if (width == 2)
		return (uint8_t)s[0] == 0xd8 && (uint8_t)s[1] == 0x9c;
	if (width != 3 || (uint8_t)s[0] != 0xe2)
		return false;
	last = (uint8_t)s[2];
	if ((uint8_t)s[1] == 0x80)
		return (last >= 0xa8 && last <= 0xae) || last == 0x8e ||
		    last == 0x8f;
	return (uint8_t)s[1] == 0x81 && last >= 0xa6 && last <= 0xa9;
}

static bool
text_is_control(const char *s, size_t width)
{
	uint8_t c = (uint8_t)s[0];

	if (c < 0x20 || c == DEL)
		return true;
	/* a lone C1 octet is one too for a terminal that is not in UTF-8 */
	if (c >= 0x80 && c <= C1_LAST)
		return true;
	if (c == C1_LEAD && width == 2 && (uint8_t)s[1] <= C1_LAST)
		return true;
	/* half of one would be whole again if what follows were left out */
	if (width > 1 && width < text_want(c))
		return true;
	return text_is_disguise(s, width);
}

static size_t
text_copy(char *to, size_t size, const char *from, size_t len, bool one_line)
{
	size_t i, j, n = 0, width;

	for (i = 0; i < len; i += width) {
		width = text_width(from + i, len - i);
		if (from[i] == '\n' || from[i] == '\t') {
			if (n + 1 >= size)
				break;
			to[n++] = one_line ? ' ' : from[i];
			continue;
		}
		if (text_is_control(from + i, width))
			continue;
		if (n + width >= size)
			break;
		for (j = 0; j < width; j++)
			to[n++] = from[i + j];
	}
	to[n] = '\0';
	return n;
}

size_t
text_for_person(char *to, size_t size, const char *from, size_t len)
{
	return text_copy(to, size, from, len, false);
}

size_t
text_for_log(char *to, size_t size, const char *from, size_t len)
{
	return text_copy(to, size, from, len, true);
}
