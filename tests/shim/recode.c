/* SPDX-License-Identifier: MIT */

/*
 * Decodes and encodes for tests/sdk/wire/property_test.ts. Standard input
 * and output are records: a u32 big-endian length and as many octets. A
 * record that comes in is what a peer might send, a frame or not; the answer
 * is "=" and the frame encoded again, or "!" and the word for the error. Ends
 * with the input.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "any_message.h"

#define RECORD_MAX (128 * 1024)

static bool
read_record(uint8_t *p, size_t *len)
{
	uint8_t word[4];
	size_t n;

	if (fread(word, 1, sizeof(word), stdin) != sizeof(word))
		return false;
	n = (size_t)word[0] << 24 | (size_t)word[1] << 16 |
	    (size_t)word[2] << 8 | (size_t)word[3];
	if (n > RECORD_MAX || fread(p, 1, n, stdin) != n) {
		fprintf(stderr, "recode: a record of %zu is cut off\n", n);
		exit(1);
	}
	*len = n;
	return true;
}

static void
write_record(char mark, const void *p, size_t len)
{
	size_t n = len + 1;
	uint8_t head[5] = { (uint8_t)(n >> 24 & 0xff),
		(uint8_t)(n >> 16 & 0xff), (uint8_t)(n >> 8 & 0xff),
		(uint8_t)(n & 0xff), (uint8_t)mark };

	if (fwrite(head, 1, sizeof(head), stdout) != sizeof(head) ||
	    fwrite(p, 1, len, stdout) != len || fflush(stdout) != 0)
		exit(1);
}

static void
recode(const uint8_t *p, size_t len)
{
	static union any_message m;
	static uint8_t out[RECORD_MAX];
	struct wire_writer w;
	enum wire_error error;
	const char *word;
	uint8_t tag;

	wire_writer_init(&w, out, sizeof(out));
	error = any_decode_frame(&m, &tag, p, len);
	if (error == WIRE_OK && any_encode(&w, tag, &m) != WIRE_OK) {
		fprintf(stderr, "recode: what was decoded is not encoded\n");
		exit(1);
	}
	word = wire_error_name(error);
	if (error == WIRE_OK)
		write_record('=', w.p, w.len);
	else
		write_record('!', word, strlen(word));
}

int
main(void)
{
	static uint8_t record[RECORD_MAX];
	uint8_t *exact;
	size_t len;

	while (read_record(record, &len)) {
		/* Ends where the record ends: ASan sees what lies behind. */
		if ((exact = malloc(len == 0 ? 1 : len)) == NULL)
			return 1;
		memcpy(exact, record, len);
		recode(exact, len);
		free(exact);
	}
	return 0;
}
