/* SPDX-License-Identifier: MIT */

#include "lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <paths.h>
#include <pwd.h>
#include <shadow.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "descriptor.h"

#define LOOKUP_BUFFER_MIN	2048
#define LOOKUP_GROWTH		4

/* What a source of nsswitch.conf(5) may need, which "not found" is held to. */
#define LOOKUP_ROOM		(8 * 1024 * 1024)
#define LOOKUP_DESCRIPTORS	8

_Static_assert(sizeof(gid_t) == sizeof(unsigned),
    "gids of struct lookup_groups");

/* One of the get…_r(3) functions: fills entry, *found says if there was one. */
typedef int lookup_reader(const void *key, void *entry, char *, size_t,
    bool *found);

void
lookup_buffer_init(struct lookup_buffer *b)
{
	b->p = NULL;
	b->len = 0;
}

void
lookup_buffer_free(struct lookup_buffer *b)
{
	if (b->p == NULL)
		return;
	explicit_bzero(b->p, b->len);
	free(b->p);
	lookup_buffer_init(b);
}

/* Not realloc(3): it would leave what was there behind. */
static bool
lookup_buffer_grow(struct lookup_buffer *b)
{
	size_t len = b->len == 0 ? LOOKUP_BUFFER_MIN : b->len * LOOKUP_GROWTH;

	lookup_buffer_free(b);
	if (len > LOOKUP_BUFFER_MAX || (b->p = malloc(len)) == NULL)
		return false;
	b->len = len;
	return true;
}

static bool
lookup_lacks(int error)
{
	return error == ENOMEM || error == EMFILE || error == ENFILE;
}

static bool
lookup_has_room(void)
{
	int fds[LOOKUP_DESCRIPTORS], n = 0;
	void *p;
	bool has;

	p = mmap(NULL, LOOKUP_ROOM, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return false;
	(void)munmap(p, LOOKUP_ROOM);
	while (n < LOOKUP_DESCRIPTORS && (fds[n] = descriptor_open(AT_FDCWD,
	    "/", O_PATH | O_DIRECTORY)) >= 0)
		n++;
	has = n == LOOKUP_DESCRIPTORS;
	while (n > 0)
		(void)close(fds[--n]);
	return has;
}

/*
 * Whether "not found" may mean that a source could not be read for want of
 * descriptors or memory: who starts a set-uid program sets its limits. The C
 * library says "not found" then, without a word where one source comes behind
 * another, and does not load again what it could not load once; so errno alone
 * would not do.
 */
static bool
lookup_was_starved(int error)
{
	return lookup_lacks(error) || !lookup_has_room();
}

static int
lookup_read_passwd(const void *key, void *entry, char *p, size_t len,
    bool *found)
{
	struct passwd *result = NULL;
	int error = getpwnam_r(key, entry, p, len, &result);

	*found = result != NULL;
	return error;
}

static int
lookup_read_group(const void *key, void *entry, char *p, size_t len,
    bool *found)
{
	struct group *result = NULL;
	const gid_t *gid = key;
	int error = getgrgid_r(*gid, entry, p, len, &result);

	*found = result != NULL;
	return error;
}

static int
lookup_read_shadow(const void *key, void *entry, char *p, size_t len,
    bool *found)
{
	struct spwd *result = NULL;
	int error = getspnam_r(key, entry, p, len, &result);

	*found = result != NULL;
	return error;
}

static enum lookup
lookup_run(lookup_reader *reader, const void *key, void *entry,
    struct lookup_buffer *b)
{
	bool found = false;
	int error, said;

	do {
		if (b->p == NULL && !lookup_buffer_grow(b))
			return LOOKUP_STARVED;
		do {
			errno = 0;
			error = reader(key, entry, b->p, b->len, &found);
		} while (error == EINTR);
		said = errno;
		if (error == ERANGE && !lookup_buffer_grow(b))
			return LOOKUP_STARVED;
	} while (error == ERANGE);
	if (lookup_lacks(error))
		return LOOKUP_STARVED;
	switch (error) {
	case 0:
		if (found)
			return LOOKUP_FOUND;
		/* FALLTHROUGH */
	case ENOENT:
	case ESRCH:
		return lookup_was_starved(said) ? LOOKUP_STARVED :
		    LOOKUP_ABSENT;
	case EACCES:
	case EPERM:
		return LOOKUP_FORBIDDEN;
	default:
		return LOOKUP_FAILED;
	}
}

static struct wire_str
lookup_str(const char *s)
{
	struct wire_str str;

	str.s = s != NULL ? s : "";
	str.len = strlen(str.s);
	return str;
}

enum lookup
lookup_passwd(const char *user, struct message_passwd *m,
    struct lookup_buffer *b)
{
	struct passwd entry;
	enum lookup status;

	status = lookup_run(lookup_read_passwd, user, &entry, b);
	if (status != LOOKUP_FOUND)
		return status;
	m->name = lookup_str(entry.pw_name);
	m->uid = entry.pw_uid;
	m->gid = entry.pw_gid;
	m->home = lookup_str(entry.pw_dir);
	m->shell = lookup_str(entry.pw_shell);
	return LOOKUP_FOUND;
}

static void
lookup_hash(struct message_ageing *m, const char *hash)
{
	m->locked = hash == NULL || *hash == '!' || *hash == '*';
	m->empty = hash != NULL && *hash == '\0';
}

/* Whether the password stands in shadow(5): what pam_unix(8) goes by. */
static bool
lookup_is_shadowed(const struct passwd *entry)
{
	const char *p = entry->pw_passwd;

	return p == NULL || strcmp(p, "x") == 0 || strcmp(p, "*NP*") == 0 ||
	    (p[0] == '#' && p[1] == '#' &&
	    strcmp(p + 2, entry->pw_name) == 0);
}

/* A password that stands in passwd(5) does not age: no field is set. */
static enum lookup
lookup_unshadowed(const char *user, struct message_ageing *m,
    struct lookup_buffer *b)
{
	struct passwd entry;
	enum lookup status;

	status = lookup_run(lookup_read_passwd, user, &entry, b);
	if (status != LOOKUP_FOUND)
		return status;
	if (lookup_is_shadowed(&entry))
		return LOOKUP_ABSENT;
	m->last_change = m->min = m->max = -1;
	m->warn = m->inactive = m->expire = -1;
	lookup_hash(m, entry.pw_passwd);
	return LOOKUP_FOUND;
}

enum lookup
lookup_ageing(const char *user, struct message_ageing *m,
    struct lookup_buffer *b)
{
	struct spwd entry;
	enum lookup status;

	status = lookup_run(lookup_read_shadow, user, &entry, b);
	/*
	 * With a second service in nsswitch.conf(5), "not found" may be its
	 * word for what the first may not read: no entry would mean that
	 * nothing has expired.
	 */
	if (status == LOOKUP_ABSENT && faccessat(AT_FDCWD, _PATH_SHADOW, R_OK,
	    AT_EACCESS) != 0 && errno == EACCES)
		return LOOKUP_FORBIDDEN;
	if (status == LOOKUP_ABSENT)
		return lookup_unshadowed(user, m, b);
	if (status != LOOKUP_FOUND)
		return status;
	m->last_change = entry.sp_lstchg;
	m->min = entry.sp_min;
	m->max = entry.sp_max;
	m->warn = entry.sp_warn;
	m->inactive = entry.sp_inact;
	m->expire = entry.sp_expire;
	lookup_hash(m, entry.sp_pwdp);
	return LOOKUP_FOUND;
}

/* Keeps a name; false if a frame has no room for all of them anyway. */
static bool
lookup_keep_name(struct lookup_groups *g, size_t *used, const char *name,
    struct wire_str *kept)
{
	size_t len = strlen(name);

	if (len > sizeof(g->names) - *used)
		return false;
	memcpy(g->names + *used, name, len);
	kept->s = g->names + *used;
	kept->len = len;
	*used += len;
	return true;
}

static enum lookup
lookup_group_names(struct lookup_groups *g)
{
	struct lookup_buffer b;
	struct group entry;
	enum lookup status = LOOKUP_FOUND;
	size_t i, used = 0;

	lookup_buffer_init(&b);
	for (i = 0; i < g->m.n_groups && status == LOOKUP_FOUND; i++) {
		g->m.groups[i].gid = g->gids[i];
		status = lookup_run(lookup_read_group, &g->gids[i], &entry,
		    &b);
		g->m.groups[i].has_name = status == LOOKUP_FOUND;
		if (status == LOOKUP_FOUND && !lookup_keep_name(g, &used,
		    entry.gr_name, &g->m.groups[i].name))
			status = LOOKUP_STARVED;
		else if (status == LOOKUP_ABSENT)
			status = LOOKUP_FOUND;
	}
	lookup_buffer_free(&b);
	return status;
}

enum lookup
lookup_groups(const char *user, struct lookup_groups **groups)
{
	struct lookup_buffer b;
	struct message_passwd passwd;
	struct lookup_groups *g = NULL;
	enum lookup status;
	int n = LIMIT_GROUPS_MAX;

	*groups = NULL;
	lookup_buffer_init(&b);
	status = lookup_passwd(user, &passwd, &b);
	lookup_buffer_free(&b);
	if (status != LOOKUP_FOUND)
		return status;
	if ((g = malloc(sizeof(*g))) == NULL)
		return LOOKUP_STARVED;
	*groups = g;
	/* more than the limit, or no memory: both must not look like fewer */
	errno = 0;
	if (getgrouplist(user, passwd.gid, g->gids, &n) < 0 || n < 0 ||
	    n > LIMIT_GROUPS_MAX || lookup_was_starved(errno))
		return LOOKUP_STARVED;
	g->m.n_groups = (size_t)n;
	return lookup_group_names(g);
}

void
lookup_groups_free(struct lookup_groups *g)
{
	free(g);
}

enum lookup
lookup_user(const char *user)
{
	struct message_passwd passwd;
	struct lookup_buffer b;
	enum lookup status;

	lookup_buffer_init(&b);
	status = lookup_passwd(user, &passwd, &b);
	lookup_buffer_free(&b);
	return status;
}

enum lookup
lookup_netgroup(struct wire_str netgroup, const char *user)
{
	char name[LIMIT_NAME_MAX + 1];

	/* the name has no NUL in it: the decoder saw to that */
	memcpy(name, netgroup.s, netgroup.len);
	name[netgroup.len] = '\0';
	errno = 0;
	if (innetgr(name, NULL, user, NULL) == 1)
		return LOOKUP_FOUND;
	return lookup_was_starved(errno) ? LOOKUP_STARVED : LOOKUP_ABSENT;
}
