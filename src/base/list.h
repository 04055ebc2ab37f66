/* SPDX-License-Identifier: ISC */
/* An array in an arena that grows; what it outgrew stays there until the arena is reset. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stddef.h>

#include "base/arena.h"

/* Initialise with {.arena = …, .item_size = sizeof (type)}. */
struct list {
    struct arena *arena;
    size_t item_size; /* bytes */
    void *items;      /* NULL while it is empty */
    size_t count;
    size_t size; /* allocated items */
};

/* A new item at the end, zeroed; NULL when memory is gone. Valid until the next one is added. */
void *list_add(struct list *list);

#endif
