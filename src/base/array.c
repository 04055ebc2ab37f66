/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "base/array.h"

#define FIRST_SIZE 16

void *array_room(void *items, size_t count, size_t *size, size_t item_size)
{
    size_t wanted = *size ? *size * 2 : FIRST_SIZE;
    void *grown;

    if (count < *size)
        return items;
    grown = reallocarray(items, wanted, item_size);
    if (grown)
        *size = wanted;
    return grown;
}
