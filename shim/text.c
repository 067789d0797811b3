/* SPDX-License-Identifier: MIT */

#include "text.h"

#include <stdbool.h>
#include <stdint.h>

#define DEL		0x7f
#define C1_LEAD		0xc2	/* U+0080-U+009F are C2 80 to C2 9F */
#define C1_LAST		0x9f

/* The octets of the character at s; a stray octet is one by itself. */
static size_t
text_width(const char *s, size_t len)
{
	uint8_t lead = (uint8_t)s[0];
	size_t n = 1, want = 1;

	if (lead >= 0xc2 && lead < 0xe0)
		want = 2;
	else if (lead >= 0xe0 && lead < 0xf0)
		want = 3;
	else if (lead >= 0xf0 && lead < 0xf5)
		want = 4;
	while (n < len && n < want && ((uint8_t)s[n] & 0xc0) == 0x80)
		n++;
	return n;
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
	return c == C1_LEAD && width == 2 && (uint8_t)s[1] <= C1_LAST;
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
