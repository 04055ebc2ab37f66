/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/nids.h"

static void reads_and_writes(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        int64_t first, last;
        const char *written; /* NULL: it is refused */
    } rows[] = {
        {"[]", 0, 0, 0, "[]"},
        {"", 0, 0, 0, "[]"},
        {"[7]", 1, 7, 7, "[7]"},
        {"7", 1, 7, 7, "[7]"},
        {"[1,22,333]", 3, 1, 333, "[1,22,333]"},
        {"1,22,333", 3, 1, 333, "[1,22,333]"},
        {"[ 1, 22]", 2, 1, 22, "[1,22]"},
        {"[9223372036854775807]", 1, INT64_MAX, INT64_MAX, "[9223372036854775807]"},
        {"[0]", 1, 0, 0, "[0]"},
        {"[9223372036854775808]", 0, 0, 0, NULL},
        {"[", 0, 0, 0, NULL},
        {"]", 0, 0, 0, NULL},
        {"[1", 0, 0, 0, NULL},
        {"1]", 0, 0, 0, NULL},
        {"[1]2", 0, 0, 0, NULL},
        {"[1;2]", 0, 0, 0, NULL},
        {"[x]", 0, 0, 0, NULL},
        {"[,1]", 0, 0, 0, NULL},
        {"null", 0, 0, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nids nids = {0};
        struct buf text = {0};
        enum err e = nids_read(rows[i].text, &nids);

        assert_int_equal(e, rows[i].written ? ERR_OK : ERR_CORRUPT);
        if (!e) {
            assert_int_equal(nids.count, rows[i].count);
            assert_true(nids.count == 0 || nids.items[0] == rows[i].first);
            assert_true(nids.count == 0 || nids.items[nids.count - 1] == rows[i].last);
            nids_write(nids.items, nids.count, &text);
            assert_string_equal(text.data, rows[i].written);
        }
        nids_free(&nids);
        buf_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_and_writes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
