/* SPDX-License-Identifier: ISC */
/* Changes the configuration file of a machine that a person has written, and leaves their comments in it. */
#ifndef BASE_CONFIG_REWRITE_H
#define BASE_CONFIG_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

/* What becomes of an option or section at the root of the file. */
struct config_edit {
    const char *key;
    const char *text; /* the lines, with their ends, that take its place, or are added; NULL: its lines become
                       * comments */
};

/*
 * Reads the file `path` and appends to `out`, which the caller wipes and frees, what it is after the edits.
 * What is wrong is written to `diagnostics` as in config_read(). Errors: ERR_NOT_FOUND, ERR_IO; ERR_INVALID
 * (it is not YAML, or its root is not one key a line, or it would not be YAML any more); ERR_NOMEM.
 */
MUST_CHECK enum err config_rewrite(const char *path, const struct config_edit *edits, size_t count,
                                   struct buf *out, FILE *diagnostics);

/*
 * Whether the file gives the option `key` the text `value`, whatever else it has, and is wrong with it.
 * Nothing is said: a file that is not YAML, or cannot be read, does not. Errors: ERR_NOMEM.
 */
MUST_CHECK enum err config_has(const char *path, const char *key, const char *value, bool *has);

/* Appends `text` as a YAML scalar in double quotes (YAML 1.1 section 5.7: the escapes that a path can need).
 */
void config_quote(const char *text, struct buf *out);

#endif
