/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <string.h>

#include "matrix/json_wipe.h"

/* jansson gives strings out as const and keeps them in memory of its own. */
void json_wipe(json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_string(value)) {
        explicit_bzero((char *)(uintptr_t)json_string_value(value), json_string_length(value));
    } else if (json_is_object(value)) {
        json_object_foreach(value, key, item) json_wipe(item);
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, item) json_wipe(item);
    }
}

void json_forget(json_t **value)
{
    json_wipe(*value);
    json_decref(*value);
    *value = NULL;
}
