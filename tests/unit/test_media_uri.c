/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "matrix/media_uri.h"

#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void parses(void **state)
{
    static const struct {
        const char *text;
        const char *server_name; /* NULL: it is none */
        const char *media_id;
    } rows[] = {
        {"mxc://example.org/abc", "example.org", "abc"},
        {"mxc://example.org:8448/a-b_c", "example.org:8448", "a-b_c"},
        {"mxc://[::1]/a", "[::1]", "a"},
        {"mxc://example.org/abc#auto", "example.org", "abc"},
        {"mxc://example.org/abc?x", "example.org", "abc"},
        {"mxc://example.org/a/b", NULL, NULL},
        {"mxc://example.org/", NULL, NULL},
        {"mxc://example.org", NULL, NULL},
        {"mxc:///abc", NULL, NULL},
        {"mxc://exam ple.org/abc", NULL, NULL},
        {"MXC://example.org/abc", NULL, NULL},
        {"https://example.org/abc", NULL, NULL},
        {"", NULL, NULL},
        {"mxc://example.org/" LONG LONG LONG LONG, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct media_uri uri;
        int valid = media_uri_parse(rows[i].text, &uri);

        assert_int_equal(valid, rows[i].server_name != NULL);
        if (valid) {
            assert_string_equal(uri.server_name, rows[i].server_name);
            assert_string_equal(uri.media_id, rows[i].media_id);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parses)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
