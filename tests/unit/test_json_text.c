/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "matrix/json_text.h"

static void members_are_found(void **state)
{
    static const struct {
        const char *text, *name;
        const char *value; /* NULL: there is none */
    } rows[] = {
        {"{\"a\":1}", "a", "1"},
        {"{\"a\":1,\"b\":\"x\"}", "b", "\"x\""},
        {" {\n\"a\" : {\"b\":[1,{}]} ,\t\"b\" : null }", "a", "{\"b\":[1,{}]}"},
        {"{\"a\":{\"b\":1},\"b\":2}", "b", "2"}, /* not that of an object inside */
        {"{\"a\":[{\"b\":1}],\"b\":2}", "b", "2"},
        {"{\"x\":\"\\\",\\\"b\\\":1\",\"b\":2}", "b", "2"}, /* nor what a string looks like */
        {"{\"x\":\"}\",\"y\":\"\\\\\",\"b\":true}", "b", "true"},
        {"{\"b\":1,\"b\":2}", "b", "1"},
        {"{\"\":1}", "", "1"},
        {"{\"bb\":1}", "b", NULL},
        {"{}", "b", NULL},
        {"[]", "b", NULL},
        {"\"b\"", "b", NULL},
        {"", "b", NULL},
        {"{", "b", NULL},
        {"{\"b\"", "b", NULL},
        {"{\"b\":", "b", NULL},
        {"{\"b\":1", "b", NULL},
        {"{\"b\":\"x", "b", NULL},
        {"{\"b\":\"x\\", "b", NULL},
        {"{\"b\":[1}", "b", NULL},
        {"{b:1}", "b", NULL},
        {"{\"a\" 1,\"b\":2}", "b", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t size = strlen(rows[i].text);
        char *text =
            malloc(size ? size : 1); /* of just this size, so that a sanitizer sees what reads beyond it */
        struct json_piece value;
        bool found;

        assert_non_null(text);
        memcpy(text, rows[i].text, size);
        found = json_text_member(text, size, rows[i].name, &value);
        assert_int_equal(found, rows[i].value != NULL);
        if (found) {
            assert_int_equal(value.size, strlen(rows[i].value));
            assert_memory_equal(value.bytes, rows[i].value, value.size);
        }
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(members_are_found)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
