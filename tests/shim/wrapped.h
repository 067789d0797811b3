/* SPDX-License-Identifier: MIT */

/*
 * System calls and malloc(3) that fail, at the calls of the shim only: the
 * linker wraps them in its objects (see the Makefile), and a trampoline lets
 * the real libpam call these objects. Tests that use it are fault_*_test.c.
 */
#ifndef WRAPPED_H
#define WRAPPED_H

#include "fixture.h"

/* What one wrapped function does from now on. */
struct syscall_fault {
	int	error;		/* this errno, */
	int	times;		/* so often; -1: always, */
	int	after;		/* once it has been called so often */
	bool	piecemeal;	/* one octet at a time */
	int	calls;
};

extern struct syscall_fault faults_of_socket, faults_of_connect;
extern struct syscall_fault faults_of_send, faults_of_recv;
extern struct syscall_fault faults_of_setsockopt, faults_of_malloc;
/* Of getpwnam_r(3), whose home directory is long_home if that is not NULL. */
extern struct syscall_fault faults_of_passwd;
extern const char *long_home;
/* Of libpam's functions that set something: the code is the "errno". */
extern struct syscall_fault faults_of_libpam;

/* From now on this fails with the errno, so often; -1: always. */
void	let_fail(struct syscall_fault *, int error, int times);

/* A fixture whose shim is this program, without faults. */
int	wrapped_setup(void **state);
int	wrapped_teardown(void **state);

#define FAULT(name) \
	cmocka_unit_test_setup_teardown(test_##name, wrapped_setup, \
	    wrapped_teardown)

#endif /* WRAPPED_H */
