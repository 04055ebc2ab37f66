/* SPDX-License-Identifier: ISC */
/*
 * Memory with the lifetime of one request: pieces are taken one by one and all
 * given back together. A reset wipes what was used, so that no password or
 * token of one request is left behind for the next.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena;

/* A new, empty arena; NULL when memory is gone. The caller frees it with arena_free(). */
struct arena *arena_new(void);

/* Wipes and frees `*arena` and all that was taken from it, and sets it to NULL. NULL inside is allowed. */
void arena_free(struct arena **arena);

/* Wipes what was taken and makes the arena empty again; everything taken from it is gone. */
void arena_reset(struct arena *arena);

/* `size` zeroed bytes, aligned for any type; NULL when memory is gone. Owned by the arena. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of `text` (NULL gives NULL); NULL when memory is gone. Owned by the arena. */
char *arena_strdup(struct arena *arena, const char *text);

/* A NUL-terminated copy of the `size` bytes at `bytes`; NULL when memory is gone. Owned by the arena. */
char *arena_memdup(struct arena *arena, const void *bytes, size_t size);

/* A formatted string; NULL when memory is gone. Owned by the arena. */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
