/* SPDX-License-Identifier: MIT */

#include "../../shim/text.h"

#include "test.h"

static char to[64];

static const char *
person(const char *from)
{
	size_t n = text_for_person(to, sizeof(to), from, strlen(from));

	assert_int_equal(n, strlen(to));
	return to;
}

static const char *
logged(const char *from)
{
	size_t n = text_for_log(to, sizeof(to), from, strlen(from));

	assert_int_equal(n, strlen(to));
	return to;
}

TEST(keeps_what_people_read)
{
	(void)state;
	assert_string_equal(person("Sch\xc3\xb6n: \xe2\x82\xac 5 \xf0\x9f\x98"
	    "\x80"), "Sch\xc3\xb6n: \xe2\x82\xac 5 \xf0\x9f\x98\x80");
	assert_string_equal(person("a\n\tb"), "a\n\tb");
	assert_string_equal(person(""), "");
	assert_string_equal(person("100 %s %n"), "100 %s %n");
}

TEST(strips_control_characters)
{
	(void)state;
	assert_string_equal(person("a\x1b[31mb\x07\r\x08\x7f" "c"), "a[31mbc");
	assert_string_equal(person("a\xc2\x9b" "31mb"), "a31mb");
	assert_string_equal(person("\xc2\x80\xc2\x9f\xc2\xa0"), "\xc2\xa0");
	/* octets that are C1 to a terminal in an older encoding */
	assert_string_equal(person("a\x9b" "31mb"), "a31mb");
	assert_string_equal(person("\xc3\xa9\x9b"), "\xc3\xa9");
}

TEST(strips_what_disguises_text)
{
	(void)state;
	assert_string_equal(person("a\xe2\x80\xa8" "b\xe2\x80\xae" "c"), "abc");
	assert_string_equal(logged("a\xe2\x80\xaa\xe2\x81\xa6\xe2\x81\xa9" "b"),
	    "ab");
	assert_string_equal(person("\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"), "");
	/* stripping must not put together what was apart */
	assert_string_equal(logged("a\xe2\x80\x1b\xae" "b"), "a\xae" "b");
	assert_string_equal(person("\xe2\x81\x07\xa6"), "\xa6");
	assert_string_equal(person("\xe2\x1b\x80\xa8\xd8\x1b\x9c"),
	    "\xe2\xa8\xd8");
	/* their neighbours stay: U+2027, U+202F, U+2065, U+206A, U+200D */
	assert_string_equal(person("\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5"
	    "\xe2\x81\xaa\xe2\x80\x8d"), "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81"
	    "\xa5\xe2\x81\xaa\xe2\x80\x8d");
}

TEST(log_lines_stay_lines)
{
	(void)state;
	assert_string_equal(logged("a\nb\tc\r\n"), "a b c ");
	assert_string_equal(logged("\x1b]0;x\x07"), "]0;x");
}

TEST(cuts_between_characters)
{
	char small[4];

	(void)state;
	assert_int_equal(text_for_person(small, sizeof(small), "ab\xc3\xa9", 4),
	    2);
	assert_string_equal(small, "ab");
	assert_int_equal(text_for_person(small, sizeof(small), "abcd", 4), 3);
	assert_int_equal(text_for_person(small, 1, "abcd", 4), 0);
	assert_string_equal(small, "");
}

TEST(reads_no_further_than_told)
{
	(void)state;
	assert_int_equal(text_for_person(to, sizeof(to), "ab\xc3\xa9", 3), 3);
	assert_int_equal(text_for_person(to, sizeof(to), "abc", 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(keeps_what_people_read),
		UNIT(strips_control_characters),
		UNIT(strips_what_disguises_text),
		UNIT(log_lines_stay_lines),
		UNIT(cuts_between_characters),
		UNIT(reads_no_further_than_told),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
