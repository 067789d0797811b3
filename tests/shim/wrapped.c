/* SPDX-License-Identifier: MIT */

#include "wrapped.h"

#include <errno.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <security/pam_modules.h>

#include "../../shim/hook.h"

struct syscall_fault faults_of_socket, faults_of_connect, faults_of_send;
struct syscall_fault faults_of_recv, faults_of_setsockopt, faults_of_malloc;
struct syscall_fault faults_of_passwd, faults_of_libpam;
const char *long_home;

int	__real_socket(int, int, int);
int	__real_connect(int, const struct sockaddr *, socklen_t);
ssize_t	__real_send(int, const void *, size_t, int);
ssize_t	__real_recv(int, void *, size_t, int);
int	__real_setsockopt(int, int, int, const void *, socklen_t);
void	*__real_malloc(size_t);
int	__real_getpwnam_r(const char *, struct passwd *, char *, size_t,
	    struct passwd **);
int	__real_pam_set_item(pam_handle_t *, int, const void *);
int	__real_pam_putenv(pam_handle_t *, const char *);
int	__real_pam_set_data(pam_handle_t *, const char *, void *,
	    void (*)(pam_handle_t *, void *, int));
int	__real_pam_fail_delay(pam_handle_t *, unsigned);
char	**__real_pam_getenvlist(pam_handle_t *);

int	__wrap_socket(int, int, int);
int	__wrap_connect(int, const struct sockaddr *, socklen_t);
ssize_t	__wrap_send(int, const void *, size_t, int);
ssize_t	__wrap_recv(int, void *, size_t, int);
int	__wrap_setsockopt(int, int, int, const void *, socklen_t);
void	*__wrap_malloc(size_t);
int	__wrap_getpwnam_r(const char *, struct passwd *, char *, size_t,
	    struct passwd **);
int	__wrap_pam_set_item(pam_handle_t *, int, const void *);
int	__wrap_pam_putenv(pam_handle_t *, const char *);
int	__wrap_pam_set_data(pam_handle_t *, const char *, void *,
	    void (*)(pam_handle_t *, void *, int));
int	__wrap_pam_fail_delay(pam_handle_t *, unsigned);
char	**__wrap_pam_getenvlist(pam_handle_t *);
int	trampoline_hook(pam_handle_t *, enum hook, int, int, const char **);

static bool
fails(struct syscall_fault *fault)
{
	if (fault->calls++ < fault->after || fault->times == 0)
		return false;
	if (fault->times > 0)
		fault->times--;
	errno = fault->error;
	return true;
}

int
__wrap_socket(int domain, int type, int protocol)
{
	return fails(&faults_of_socket) ? -1 :
	    __real_socket(domain, type, protocol);
}

int
__wrap_connect(int fd, const struct sockaddr *to, socklen_t len)
{
	return fails(&faults_of_connect) ? -1 : __real_connect(fd, to, len);
}

ssize_t
__wrap_send(int fd, const void *p, size_t len, int flags)
{
	return fails(&faults_of_send) ? -1 :
	    __real_send(fd, p, faults_of_send.piecemeal ? 1 : len, flags);
}

ssize_t
__wrap_recv(int fd, void *p, size_t len, int flags)
{
	return fails(&faults_of_recv) ? -1 :
	    __real_recv(fd, p, faults_of_recv.piecemeal ? 1 : len, flags);
}

int
__wrap_setsockopt(int fd, int level, int option, const void *p, socklen_t len)
{
	return fails(&faults_of_setsockopt) ? -1 :
	    __real_setsockopt(fd, level, option, p, len);
}

void *
__wrap_malloc(size_t size)
{
	return fails(&faults_of_malloc) ? NULL : __real_malloc(size);
}

int
__wrap_getpwnam_r(const char *name, struct passwd *entry, char *p, size_t len,
    struct passwd **result)
{
	/* a member that is not const, though nobody changes it */
	union {
		const char *from;
		char *to;
	} home = { .from = long_home };
	int code;

	*result = NULL;
	if (fails(&faults_of_passwd))
		return errno;
	code = __real_getpwnam_r(name, entry, p, len, result);
	if (code == 0 && *result != NULL && long_home != NULL)
		entry->pw_dir = home.to;
	return code;
}

int
__wrap_pam_set_item(pam_handle_t *pamh, int item, const void *value)
{
	return fails(&faults_of_libpam) ? faults_of_libpam.error :
	    __real_pam_set_item(pamh, item, value);
}

int
__wrap_pam_putenv(pam_handle_t *pamh, const char *variable)
{
	return fails(&faults_of_libpam) ? faults_of_libpam.error :
	    __real_pam_putenv(pamh, variable);
}

int
__wrap_pam_set_data(pam_handle_t *pamh, const char *name, void *data,
    void (*cleanup)(pam_handle_t *, void *, int))
{
	return fails(&faults_of_libpam) ? faults_of_libpam.error :
	    __real_pam_set_data(pamh, name, data, cleanup);
}

int
__wrap_pam_fail_delay(pam_handle_t *pamh, unsigned us)
{
	return fails(&faults_of_libpam) ? faults_of_libpam.error :
	    __real_pam_fail_delay(pamh, us);
}

char **
__wrap_pam_getenvlist(pam_handle_t *pamh)
{
	return fails(&faults_of_libpam) ? NULL : __real_pam_getenvlist(pamh);
}

__attribute__((visibility("default"))) int
trampoline_hook(pam_handle_t *pamh, enum hook hook, int flags, int argc,
    const char **argv)
{
	return hook_run(pamh, hook, flags, argc, argv);
}

static void
no_faults(void)
{
	memset(&faults_of_socket, 0, sizeof(faults_of_socket));
	memset(&faults_of_connect, 0, sizeof(faults_of_connect));
	memset(&faults_of_send, 0, sizeof(faults_of_send));
	memset(&faults_of_recv, 0, sizeof(faults_of_recv));
	memset(&faults_of_setsockopt, 0, sizeof(faults_of_setsockopt));
	memset(&faults_of_malloc, 0, sizeof(faults_of_malloc));
	memset(&faults_of_passwd, 0, sizeof(faults_of_passwd));
	memset(&faults_of_libpam, 0, sizeof(faults_of_libpam));
	long_home = NULL;
}

void
let_fail(struct syscall_fault *fault, int error, int times)
{
	fault->error = error;
	fault->times = times;
	fault->calls = 0;
	fault->after = 0;
}

int
wrapped_setup(void **state)
{
	no_faults();
	if (fixture_setup(state) != 0)
		return -1;
	fixture_use_trampoline(*state);
	return 0;
}

int
wrapped_teardown(void **state)
{
	no_faults();
	return fixture_teardown(state);
}
