/* SPDX-License-Identifier: ISC */
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* A request of ordinary size fits in the first block, which is kept from one request to the next. */
#define BLOCK_SIZE ((size_t)8192)

struct block {
    struct block *next;
    size_t size; /* bytes of data */
    size_t used;
    alignas(max_align_t) unsigned char data[];
};

struct arena {
    struct block *blocks; /* the newest first; the last is the first block, of BLOCK_SIZE */
};

static struct block *block_new(size_t size, struct block *next)
{
    struct block *block;

    if (size > SIZE_MAX - sizeof *block)
        return NULL;
    block = malloc(sizeof *block + size);
    if (!block)
        return NULL;
    *block = (struct block){.next = next, .size = size};
    return block;
}

static void block_wipe(struct block *block)
{
    explicit_bzero(block->data, block->used);
    block->used = 0;
}

struct arena *arena_new(void)
{
    struct arena *arena = malloc(sizeof *arena);

    if (!arena)
        return NULL;
    arena->blocks = block_new(BLOCK_SIZE, NULL);
    if (!arena->blocks) {
        free(arena);
        return NULL;
    }
    return arena;
}

void arena_reset(struct arena *arena)
{
    while (arena->blocks->next) {
        struct block *block = arena->blocks;

        arena->blocks = block->next;
        block_wipe(block);
        free(block);
    }
    block_wipe(arena->blocks);
}

void arena_free(struct arena **arena)
{
    if (!*arena)
        return;
    arena_reset(*arena);
    free((*arena)->blocks);
    free(*arena);
    *arena = NULL;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t step = alignof(max_align_t);
    struct block *block = arena->blocks;
    unsigned char *start;

    if (size > SIZE_MAX - step)
        return NULL;
    size = (size + step - 1) / step * step;
    if (size > block->size - block->used) {
        block = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE, arena->blocks);
        if (!block)
            return NULL;
        arena->blocks = block;
    }
    start = block->data + block->used;
    block->used += size;
    return memset(start, 0, size);
}

char *arena_memdup(struct arena *arena, const void *bytes, size_t size)
{
    char *copy = size < SIZE_MAX ? arena_alloc(arena, size + 1) : NULL;

    if (copy && size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text ? arena_memdup(arena, text, strlen(text)) : NULL;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    char *text;
    int length;

    va_start(args, format);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        return NULL;
    text = arena_alloc(arena, (size_t)length + 1);
    if (!text)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}
