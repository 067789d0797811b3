/* SPDX-License-Identifier: MIT */

/*
 * Stands in for libFuzzer where only gcc is: runs a target once for each file
 * of the folders and for each file that it is given, and says how many.
 */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX	(1024 * 1024)
#define PATH_LEN_MAX	4096

static unsigned n_run;

static int
replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *input;
	size_t len;

	if (file == NULL) {
		perror(path);
		return -1;
	}
	input = malloc(INPUT_MAX);
	len = input != NULL ? fread(input, 1, INPUT_MAX, file) : 0;
	(void)fclose(file);
	if (input == NULL)
		return -1;
	/* of its own length: what is read behind it is found */
	input = realloc(input, len > 0 ? len : 1);
	test_one(input, len);
	free(input);
	n_run++;
	return 0;
}

static int
replay_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char path[PATH_LEN_MAX];
	int result = 0;

	if (dir == NULL) {
		perror(folder);
		return -1;
	}
	while (result == 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder,
		    entry->d_name);
		result = replay_file(path);
	}
	(void)closedir(dir);
	return result;
}

int
main(int argc, char **argv)
{
	struct stat st;
	int i, result = 0;

	for (i = 1; i < argc && result == 0; i++) {
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			result = replay_folder(argv[i]);
		else
			result = replay_file(argv[i]);
	}
	printf("%s: %u inputs\n", argv[0], n_run);
	return result == 0 && n_run > 0 ? 0 : 1;
}
