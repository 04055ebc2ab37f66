/* SPDX-License-Identifier: ISC */
#include "base/err.h"

static const char *const texts[] = {
    [ERR_OK] = "success",
    [ERR_NOMEM] = "out of memory",
    [ERR_IO] = "input/output error",
    [ERR_BUSY] = "the database is locked",
    [ERR_FULL] = "the disk is full",
    [ERR_CORRUPT] = "damaged or foreign file",
    [ERR_INVALID] = "invalid argument",
    [ERR_TOO_LARGE] = "argument too large",
    [ERR_NOT_FOUND] = "not found",
    [ERR_EXISTS] = "exists already",
    [ERR_DENIED] = "denied",
    [ERR_DEACTIVATED] = "the account is deactivated",
    [ERR_LOCKED] = "the account is locked",
    [ERR_LIMITED] = "too many failed attempts",
    [ERR_UNSUPPORTED] = "not possible in this mode",
    [ERR_UNREACHABLE] = "the homeserver does not answer",
    [ERR_GATEWAY] = "the homeserver gave an answer that is not understood",
};
_Static_assert(sizeof texts / sizeof *texts == ERR__MAX, "a text for every error");

const char *err_text(enum err e)
{
    return (unsigned)e < ERR__MAX ? texts[e] : "unknown error";
}
