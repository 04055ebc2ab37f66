/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "matrix/field.h"

const char *field_string(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);

    return text && strlen(text) == json_string_length(value) ? text : NULL;
}

json_t *field_object(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    return json_is_object(value) ? value : NULL;
}

bool field_integer(const json_t *object, const char *name, json_int_t *number)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_integer(value))
        return false;
    *number = json_integer_value(value);
    return true;
}

size_t field_count(const json_t *object, const char *name)
{
    return json_array_size(json_object_get(object, name));
}
