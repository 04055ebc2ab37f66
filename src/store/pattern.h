/* SPDX-License-Identifier: ISC */
/* A text that people search for, as a pattern of LIKE … ESCAPE '\'. */
#ifndef STORE_PATTERN_H
#define STORE_PATTERN_H

#include "base/arena.h"

/* "%text%" with what means something in a pattern escaped, in `arena`; NULL when memory is gone. */
const char *pattern_of(const char *text, struct arena *arena);

#endif
