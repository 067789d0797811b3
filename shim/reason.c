/* SPDX-License-Identifier: MIT */

#include "reason.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

bool
reason_set(struct reason *why, enum failure class, const char *fmt, ...)
{
	va_list ap;

	why->class = class;
	va_start(ap, fmt);
	(void)vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return false;
}

bool
reason_is_starved(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM ||
	    error == ENOBUFS;
}

const char *
reason_errno(int error)
{
	switch (error) {
	case EACCES:		return "EACCES";
	case EAFNOSUPPORT:	return "EAFNOSUPPORT";
	case EAGAIN:		return "EAGAIN";
	case EBADF:		return "EBADF";
	case ECONNABORTED:	return "ECONNABORTED";
	case ECONNREFUSED:	return "ECONNREFUSED";
	case ECONNRESET:	return "ECONNRESET";
	case EDQUOT:		return "EDQUOT";
	case EEXIST:		return "EEXIST";
	case EFBIG:		return "EFBIG";
	case EINTR:		return "EINTR";
	case EINVAL:		return "EINVAL";
	case EIO:		return "EIO";
	case EISDIR:		return "EISDIR";
	case ELOOP:		return "ELOOP";
	case EMFILE:		return "EMFILE";
	case ENAMETOOLONG:	return "ENAMETOOLONG";
	case ENFILE:		return "ENFILE";
	case ENOBUFS:		return "ENOBUFS";
	case ENOENT:		return "ENOENT";
	case ENOMEM:		return "ENOMEM";
	case ENOSPC:		return "ENOSPC";
	case ENOSYS:		return "ENOSYS";
	case ENOTDIR:		return "ENOTDIR";
	case ENOTSOCK:		return "ENOTSOCK";
	case EPERM:		return "EPERM";
	case EPIPE:		return "EPIPE";
	case EPROTOTYPE:	return "EPROTOTYPE";
	case ERANGE:		return "ERANGE";
	case EROFS:		return "EROFS";
	case ESRCH:		return "ESRCH";
	case ETIMEDOUT:		return "ETIMEDOUT";
	default:		return "an errno without a name here";
	}
}
