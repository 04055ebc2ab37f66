/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/utf8.h"
#include "handler/fields.h"

static const char *const type_names[] = {
    [FIELD_STRING] = "a string",    [FIELD_BOOLEAN] = "a boolean", [FIELD_CHOICE] = "a boolean",
    [FIELD_INTEGER] = "an integer", [FIELD_OBJECT] = "an object",  [FIELD_ARRAY] = "a list",
};

/* Answers in the row's own words, or with `error` and `otherwise` (NULL: there was no memory for it). */
static bool fault(struct call *call, const struct field_fault *own, enum api_error error,
                  const char *otherwise)
{
    if (own->text)
        call_fail(call, own->error, own->text);
    else
        call_fail(call, error, otherwise);
    return false;
}

/* The truth value of a JSON value in Python: false, 0, "", [] and {} are not true. */
static bool truth(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_TRUE:
        return true;
    case JSON_INTEGER:
    case JSON_REAL:
        return json_number_value(value) != 0;
    case JSON_STRING:
        return json_string_length(value) > 0;
    case JSON_ARRAY:
        return json_array_size(value) > 0;
    case JSON_OBJECT:
        return json_object_size(value) > 0;
    default:
        return false;
    }
}

/* Answers to a value out of its bounds, in the row's own words or with `otherwise`. */
static bool range_fault(struct call *call, const struct field *field, const char *otherwise)
{
    return fault(call, field->range.text ? &field->range : &field->invalid, API_INVALID_PARAM, otherwise);
}

static bool string_check(struct call *call, const struct field *field, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t length;

    if (strlen(text) != json_string_length(value))
        return range_fault(call, field, arena_printf(call->arena, "'%s' must not contain NUL", field->name));
    length = utf8_length(text);
    if (length < field->min)
        return range_fault(
            call, field,
            arena_printf(call->arena, "'%s' is too short: min %zu characters", field->name, field->min));
    if (field->max > 0 && length > field->max)
        return range_fault(
            call, field,
            arena_printf(call->arena, "'%s' is too long: max %zu characters", field->name, field->max));
    return true;
}

static bool integer_check(struct call *call, const struct field *field, const json_t *value)
{
    json_int_t number = json_integer_value(value);

    if (number < (json_int_t)field->min)
        return range_fault(call, field,
                           arena_printf(call->arena, "'%s' is too small: min %zu", field->name, field->min));
    if (field->max > 0 && number > (json_int_t)field->max)
        return range_fault(call, field,
                           arena_printf(call->arena, "'%s' is too large: max %zu", field->name, field->max));
    return true;
}

static bool type_matches(const struct field *field, const json_t *value)
{
    switch (field->type) {
    case FIELD_STRING:
        return json_is_string(value);
    case FIELD_BOOLEAN:
    case FIELD_CHOICE:
        return json_is_boolean(value);
    case FIELD_INTEGER:
        return json_is_integer(value);
    case FIELD_OBJECT:
        return json_is_object(value);
    case FIELD_ARRAY:
        return json_is_array(value);
    default:
        return true;
    }
}

static void put(const struct field *field, json_t *value, void *target)
{
    char *member = (char *)target + field->offset;

    if (field->type == FIELD_STRING)
        *(const char **)(void *)member = json_string_value(value);
    else if (field->type == FIELD_INTEGER)
        *(struct field_integer *)(void *)member = (struct field_integer){
            json_is_null(value) ? INTEGER_NULL : INTEGER_GIVEN, json_integer_value(value)};
    else if (field->type == FIELD_CHOICE)
        *(enum choice *)(void *)member = json_is_true(value) ? CHOICE_YES : CHOICE_NO;
    else if (field->type == FIELD_BOOLEAN || field->type == FIELD_TRUTH)
        *(bool *)member = truth(value);
    else
        *(json_t **)(void *)member = value;
}

/* Whether the value is one of the row's type, and within its bounds. */
static bool value_check(struct call *call, const struct field *field, const json_t *value)
{
    if (json_is_null(value) && field->null == NULL_IS_VALUE)
        return true;
    if (!type_matches(field, value))
        return fault(call, &field->invalid, API_BAD_JSON,
                     arena_printf(call->arena, "'%s' must be %s", field->name, type_names[field->type]));
    if (field->type == FIELD_STRING)
        return string_check(call, field, value);
    return field->type != FIELD_INTEGER || integer_check(call, field, value);
}

static bool field_decode(struct call *call, json_t *object, const struct field *field, void *target)
{
    json_t *value = json_object_get(object, field->name);

    if (!value || (json_is_null(value) && field->null == NULL_IS_ABSENT)) {
        if (!field->required)
            return true;
        return fault(call, &field->missing, API_MISSING_PARAM,
                     arena_printf(call->arena, "Missing params: ['%s']", field->name));
    }
    if (!value_check(call, field, value))
        return false;
    put(field, value, target);
    return true;
}

bool fields_decode(struct call *call, json_t *object, const struct field *fields, size_t count, void *target)
{
    for (size_t i = 0; i < count; i++)
        if (!field_decode(call, object, &fields[i], target))
            return false;
    return true;
}
