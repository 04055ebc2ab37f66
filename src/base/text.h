/* SPDX-License-Identifier: ISC */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

#include "base/arena.h"

/*
 * A copy of `text` in `arena` that is well-formed UTF-8 of at most `max` bytes: a byte that belongs to no
 * sequence becomes "?", and it ends between characters. For what clients say of themselves (User-Agent),
 * which may be anything and comes back in JSON. NULL when memory is gone.
 */
const char *text_clean(struct arena *arena, const char *text, size_t max);

#endif
