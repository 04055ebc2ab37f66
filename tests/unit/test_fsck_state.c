/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "command/fsck_state.h"

#define MOST 4

static const struct {
    const char *text;
    enum err err;
    size_t count;
    int64_t items[MOST];
} rows[] = {
    {"[]", ERR_OK, 0, {0}},
    {"[1]", ERR_OK, 1, {1}},
    {"[1,22,333]", ERR_OK, 3, {1, 22, 333}},
    {"[-1,0]", ERR_OK, 2, {-1, 0}},
    {"[9223372036854775807]", ERR_OK, 1, {INT64_MAX}},
    {"[9223372036854775808]", ERR_INVALID, 0, {0}},
    {NULL, ERR_INVALID, 0, {0}},
    {"", ERR_INVALID, 0, {0}},
    {"[", ERR_INVALID, 0, {0}},
    {"]", ERR_INVALID, 0, {0}},
    {"1", ERR_INVALID, 0, {0}},
    {"[1", ERR_INVALID, 0, {0}},
    {"[1,", ERR_INVALID, 0, {0}},
    {"[1,]", ERR_INVALID, 0, {0}},
    {"[,1]", ERR_INVALID, 0, {0}},
    {"[1]x", ERR_INVALID, 0, {0}},
    {"[]x", ERR_INVALID, 0, {0}},
    {"[1.5]", ERR_INVALID, 0, {0}},
    {"[\"1\"]", ERR_INVALID, 0, {0}},
    {"[[1]]", ERR_INVALID, 0, {0}},
};

/* One list for all rows: what one leaves behind is not in the next. */
static void test_read(void **state)
{
    struct nids list = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(fsck_read_nids(&list, rows[i].text), rows[i].err);
        if (rows[i].err)
            continue;
        assert_int_equal(list.count, rows[i].count);
        for (size_t j = 0; j < list.count; j++)
            assert_true(list.items[j] == rows[i].items[j]);
    }
    free(list.items);
}

/* Longer than the first piece of memory. */
static void test_long(void **state)
{
    struct nids list = {0};
    struct buf text = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "%c%d", i ? ',' : '[', i);
    buf_puts(&text, "]");
    assert_int_equal(fsck_read_nids(&list, text.data), ERR_OK);
    assert_int_equal(list.count, 1000);
    assert_true(list.items[999] == 999);
    free(list.items);
    buf_free(&text);
}

static void test_find(void **state)
{
    struct state_entry entries[] = {{.entry = {1, 1, 10}}, {.entry = {5, 2, 20}}, {.entry = {5, 9, 30}}};
    const struct room_state room = {.entries = entries, .count = 3};
    const struct room_state nothing = {0};

    (void)state;
    assert_ptr_equal(room_state_find(&room, 5, 2), &entries[1]);
    assert_ptr_equal(room_state_find(&room, 5, 9), &entries[2]);
    assert_null(room_state_find(&room, 5, 3));
    assert_null(room_state_find(&room, 2, 1));
    assert_null(room_state_find(&nothing, 1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_find),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
