/* SPDX-License-Identifier: ISC */
/*
 * The one error enumeration. Every function that can fail returns it; it is
 * logged once, where it happened and the context is known, and passed up
 * unchanged. 0 is success, so `if (e)` reads as "if it failed".
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
    ERR_OK = 0,
    ERR_NOMEM,       /* memory is gone */
    ERR_IO,          /* a file, a socket or the database engine failed */
    ERR_BUSY,        /* the database stayed locked for longer than we wait */
    ERR_FULL,        /* the disk is full */
    ERR_CORRUPT,     /* the database or a key file is damaged or not ours */
    ERR_INVALID,     /* the argument is not of the form the function takes */
    ERR_TOO_LARGE,   /* the argument is longer than the function takes */
    ERR_NOT_FOUND,   /* there is no such thing */
    ERR_EXISTS,      /* there is one already */
    ERR_DENIED,      /* wrong password, wrong MAC */
    ERR_DEACTIVATED, /* the account is deactivated */
    ERR_LOCKED,      /* the account is locked */
    ERR_LIMITED,     /* too many failures lately; try again later */
    ERR_UNSUPPORTED, /* this mode of operation cannot do it */
    ERR_UNREACHABLE, /* the homeserver does not answer */
    ERR_GATEWAY,     /* the homeserver's answer is none that we understand, or broke off */
    ERR__MAX
};

/* Marks a result that must be looked at. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Returns a short English text for `e`; never NULL, never to be freed. */
const char *err_text(enum err e);

#endif
