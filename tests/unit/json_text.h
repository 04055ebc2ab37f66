/* SPDX-License-Identifier: ISC */
/* JSON in the rows of test tables: ' stands for ". */
#ifndef TESTS_JSON_TEXT_H
#define TESTS_JSON_TEXT_H

#include <string.h>
#include <jansson.h>

/* A new value; the test fails when `text` is not JSON. */
static inline json_t *json_text(const char *text)
{
    char *copy = strdup(text);
    json_t *value;

    assert_non_null(copy);
    for (char *at = copy; (at = strchr(at, '\'')); at++)
        *at = '"';
    value = json_loads(copy, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    free(copy);
    if (!value)
        fail_msg("the row is not JSON: %s", text);
    return value;
}

#endif
