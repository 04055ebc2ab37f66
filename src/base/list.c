/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/list.h"

#define FIRST_SIZE 16

void *list_add(struct list *list)
{
    if (list->count == list->size) {
        size_t size = list->size ? list->size * 2 : FIRST_SIZE;
        void *items = arena_alloc(list->arena, size * list->item_size);

        if (!items)
            return NULL;
        if (list->count > 0)
            memcpy(items, list->items, list->count * list->item_size);
        list->items = items;
        list->size = size;
    }
    return (char *)list->items + list->item_size * list->count++;
}
