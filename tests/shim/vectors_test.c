/* SPDX-License-Identifier: MIT */

/* Each file of tests/vectors is a test; README.md there has the grammar. */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "any_message.h"
#include "dump.h"

#define FILE_MAX (256 * 1024)
#define OCTETS_MAX (64 * 1024)
#define VECTORS_MAX 4096

struct vector {
	char text[FILE_MAX];
	char *message, *expect, *fields;
	uint8_t octets[OCTETS_MAX];
	size_t len;
};

static const char *folder;

/* Whatever is wrong with a vector itself. */
#define VECTOR_FAIL(path, what) fail_msg("%s: %s", path, what)

static void
read_text(const char *path, char *text)
{
	FILE *f;
	size_t n;

	if ((f = fopen(path, "rb")) == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	n = fread(text, 1, FILE_MAX, f);
	fclose(f);
	if (n == FILE_MAX)
		VECTOR_FAIL(path, "the file is longer than the test reads");
	text[n] = '\0';
	if (strlen(text) != n)
		VECTOR_FAIL(path, "the file holds NUL");
}

/* The value of the next line, which must have this key. */
static char *
take_value(const char *path, char **at, const char *key)
{
	size_t len = strlen(key);
	char *value = *at + len, *end = strchr(*at, '\n');

	if (end == NULL || strncmp(*at, key, len) != 0)
		fail_msg("%s: a line that begins with '%s' is wanted", path,
		    key);
	*end = '\0';
	*at = end + 1;
	return value;
}

/* Leaves the lines of the fields as one string, up to the empty line. */
static char *
take_fields(const char *path, char **at)
{
	char *fields = *at, *line = *at;

	while (*line != '\n') {
		if (strncmp(line, "field.", 6) != 0)
			fail_msg("%s: an unknown key at '%.20s'", path, line);
		if ((line = strchr(line, '\n')) == NULL)
			VECTOR_FAIL(path, "no empty line behind the header");
		line++;
	}
	*line = '\0';
	*at = line + 1;
	return fields;
}

static void
take_octets(const char *path, const char *at, struct vector *v)
{
	unsigned octet;
	size_t count;
	int n;

	v->len = 0;
	for (;;) {
		while (*at == ' ' || *at == '\n')
			at++;
		if (*at == '\0')
			return;
		if (!isxdigit((unsigned char)at[0]) ||
		    !isxdigit((unsigned char)at[1]) ||
		    sscanf(at, "%2x", &octet) != 1)
			fail_msg("%s: no octet at '%.20s'", path, at);
		at += 2;
		count = 1;
		if (*at == '*') {
			if (sscanf(at, "*%zu%n", &count, &n) != 1)
				fail_msg("%s: no count at '%.20s'", path, at);
			at += n;
		}
		if (count > OCTETS_MAX - v->len)
			VECTOR_FAIL(path, "more octets than the test takes");
		memset(v->octets + v->len, (int)octet, count);
		v->len += count;
	}
}

static void
read_vector(const char *path, struct vector *v)
{
	char *at = v->text;

	read_text(path, v->text);
	v->message = take_value(path, &at, "message: ");
	v->expect = take_value(path, &at, "expect: ");
	take_value(path, &at, "comment: ");
	v->fields = take_fields(path, &at);
	take_octets(path, at, v);
}

/* Refuses an expectation that is not the name of a wire_error. */
static void
check_expect(const char *path, const struct vector *v)
{
	int e;

	for (e = WIRE_OK; e <= WIRE_BAD_VERSION; e++)
		if (strcmp(v->expect, wire_error_name((enum wire_error)e)) == 0)
			return;
	fail_msg("%s: an unknown expectation '%s'", path, v->expect);
}

static void
check_same_octets(const struct vector *v, uint8_t tag,
    const union any_message *m)
{
	uint8_t *out;
	struct wire_writer w;

	if ((out = calloc(1, OCTETS_MAX)) == NULL)
		fail_msg("no memory");
	wire_writer_init(&w, out, OCTETS_MAX);
	assert_string_equal(wire_error_name(any_encode(&w, tag, m)), "ok");
	assert_int_equal(w.len, v->len);
	assert_memory_equal(out, v->octets, v->len);
	free(out);
}

static void
check_vector(const char *path, struct vector *v)
{
	/* A copy that ends where the octets end: ASan sees what lies behind. */
	uint8_t *octets, tag = 0;
	union any_message *m;
	enum wire_error error;
	struct dump d = { NULL, 0, FILE_MAX };

	read_vector(path, v);
	check_expect(path, v);
	octets = malloc(v->len == 0 ? 1 : v->len);
	m = malloc(sizeof(*m));
	d.p = malloc(d.cap);
	if (octets == NULL || m == NULL || d.p == NULL)
		fail_msg("no memory");
	memcpy(octets, v->octets, v->len);
	memset(m, 0xa5, sizeof(*m));
	error = any_decode_frame(m, &tag, octets, v->len);
	assert_string_equal(wire_error_name(error), v->expect);
	if (strcmp(v->message, "none") != 0 && error != WIRE_TRAILING)
		assert_string_equal(any_name(tag), v->message);
	if (error == WIRE_OK) {
		dump_message(&d, tag, m);
		assert_string_equal(d.p, v->fields);
		check_same_octets(v, tag, m);
	} else if (*v->fields != '\0') {
		VECTOR_FAIL(path, "fields are only for 'ok'");
	}
	free(octets);
	free(m);
	free(d.p);
}

static void
vector_test(void **state)
{
	char path[4096];
	struct vector *v = malloc(sizeof(*v));

	assert_non_null(v);
	snprintf(path, sizeof(path), "%s/%s", folder, (const char *)*state);
	check_vector(path, v);
	free(v);
}

static int
is_vector(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && strcmp(entry->d_name + len - 4, ".txt") == 0;
}

/* Where the vectors are, from the root of the repository or from shim/. */
static int
find_vectors(struct dirent ***entries)
{
	static const char *const places[] = { "tests/vectors",
		"../tests/vectors" };
	size_t i;
	int n;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		folder = places[i];
		if ((n = scandir(folder, entries, is_vector, alphasort)) > 0)
			return n;
	}
	fprintf(stderr, "vectors_test: no vectors: run it from the root\n");
	exit(1);
}

int
main(void)
{
	static struct CMUnitTest tests[VECTORS_MAX];
	struct dirent **entries;
	int i, n = find_vectors(&entries), failed;

	if (n > VECTORS_MAX) {
		fprintf(stderr, "vectors_test: more than VECTORS_MAX files\n");
		return 1;
	}
	for (i = 0; i < n; i++) {
		tests[i].name = entries[i]->d_name;
		tests[i].test_func = vector_test;
		tests[i].initial_state = entries[i]->d_name;
	}
	failed = _cmocka_run_group_tests("vectors", tests, (size_t)n, NULL,
	    NULL);
	for (i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
	return failed;
}
