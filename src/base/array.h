/* SPDX-License-Identifier: ISC */
/* Arrays of malloc(3) that grow; those of an arena are lists (base/list.h). */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

/*
 * The array `items` (NULL: none yet) of `count` items, each of `item_size` bytes, with room for one more:
 * `*size` is how many it has room for. It may have moved, and is the caller's to free(3); NULL when memory is
 * gone, and then nothing has changed.
 */
void *array_room(void *items, size_t count, size_t *size, size_t item_size);

#endif
