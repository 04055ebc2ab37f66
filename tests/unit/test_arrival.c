/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "process/arrival.h"

#define MAX_PARAMETERS ((size_t)64)

/* Records written out, as they would come: version, type, id (2), length (2), padding, reserved, content. */
#define BEGIN                                                                                                \
    "\1\1\0\7\0\10\0\0"                                                                                      \
    "\0\1\1\0\0\0\0\0"
#define PARAMS                                                                                               \
    "\1\4\0\7\0\4\0\0"                                                                                       \
    "\1\1AB"
#define PADDED                                                                                               \
    "\1\4\0\7\0\4\4\0"                                                                                       \
    "\1\1AB"                                                                                                 \
    "????"
#define NONE "\1\4\0\7\0\0\0\0"
#define STDIN_                                                                                               \
    "\1\5\0\7\0\2\0\0"                                                                                       \
    "{}"
#define END "\1\5\0\7\0\0\0\0"

#define ROW(bytes, verdict, id, whole)                                                                       \
    {                                                                                                        \
        bytes, sizeof bytes - 1, verdict, id, whole                                                          \
    }

static const struct {
    const char *bytes;
    size_t size;
    enum arrival verdict;
    unsigned request_id;
    bool whole;
} rows[] = {
    ROW("", ARRIVAL_PARTIAL, 0, false),
    ROW("\1", ARRIVAL_PARTIAL, 0, false),
    ROW(BEGIN, ARRIVAL_PARTIAL, 7, false),
    ROW(BEGIN PARAMS, ARRIVAL_PARTIAL, 7, false),
    ROW(BEGIN PARAMS NONE, ARRIVAL_READY, 7, false),
    ROW(BEGIN NONE END, ARRIVAL_READY, 7, true),
    ROW(BEGIN PARAMS NONE END, ARRIVAL_READY, 7, true),
    ROW(BEGIN PADDED NONE END, ARRIVAL_READY, 7, true),
    ROW(BEGIN PARAMS NONE STDIN_, ARRIVAL_READY, 7, false),
    ROW(BEGIN PARAMS NONE STDIN_ END, ARRIVAL_READY, 7, true),
    /* A pair may lie on the border of two records, its lengths too. */
    ROW(BEGIN "\1\4\0\7\0\1\0\0"
              "\1"
              "\1\4\0\7\0\3\0\0"
              "\1AB" NONE,
        ARRIVAL_READY, 7, false),
    ROW(BEGIN "\1\4\0\7\0\2\0\0"
              "\200\0"
              "\1\4\0\7\0\5\0\0"
              "\0\1\1AB" NONE,
        ARRIVAL_READY, 7, false),
    /* Lengths that lie. */
    ROW(BEGIN "\1\4\0\7\0\3\0\0"
              "\1\5A" NONE,
        ARRIVAL_FOREIGN, 7, false),
    ROW(BEGIN "\1\4\0\7\0\1\0\0"
              "\1" NONE,
        ARRIVAL_FOREIGN, 7, false),
    ROW(BEGIN "\1\4\0\7\0\5\0\0"
              "\377\377\377\377\1",
        ARRIVAL_TOO_LARGE, 7, false),
    ROW(BEGIN "\1\4\0\7\0\2\0\0"
              "\1\101",
        ARRIVAL_TOO_LARGE, 7, false), /* a value of 65 bytes */
    ROW(BEGIN "\1\4\0\7\0\101\0\0"
              "\1\76"
              "0123456789012345678901234567890123456789012345678901234567890123",
        ARRIVAL_TOO_LARGE, 7, false),
    /* Not FastCGI, or not from its beginning. */
    ROW("GET / HTTP/1.1\r\n", ARRIVAL_FOREIGN, 0, false),
    ROW("G", ARRIVAL_FOREIGN, 0, false),
    ROW("\2\1\0\7\0\10\0\0", ARRIVAL_FOREIGN, 0, false),
    ROW(PARAMS, ARRIVAL_FOREIGN, 0, false),
    ROW(END, ARRIVAL_FOREIGN, 0, false),
    ROW("\1\1\0\7\0\2\0\0"
        "\0\1",
        ARRIVAL_FOREIGN, 0, false),
    ROW(BEGIN "\0", ARRIVAL_PARTIAL, 7, false),
    ROW(BEGIN "\0\4\0\7\0\0\0\0", ARRIVAL_FOREIGN, 7, false),
    ROW(BEGIN "\1\4\0\10\0\0\0\0", ARRIVAL_FOREIGN, 7, false), /* another request's */
    ROW(BEGIN "\1\2\0\7\0\0\0\0", ARRIVAL_FOREIGN, 7, false),  /* aborted */
    /* A question of the web server's about the application. */
    ROW("\1\11\0\0\0\0\0\0", ARRIVAL_READY, 0, false),
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arrived arrived;
        enum arrival verdict =
            arrival_look((const unsigned char *)rows[i].bytes, rows[i].size, MAX_PARAMETERS, &arrived);

        print_message("row %zu\n", i);
        assert_int_equal(verdict, rows[i].verdict);
        assert_int_equal(arrived.request_id, rows[i].request_id);
        assert_int_equal(arrived.whole, rows[i].whole);
    }
}

/* However it is cut, a good request is never refused, and never ready before its parameters are whole. */
static void test_prefixes(void **state)
{
    static const char request[] = BEGIN PADDED PARAMS NONE STDIN_ END;
    const size_t whole = sizeof request - 1, parameters = sizeof(BEGIN PADDED PARAMS NONE) - 1;

    (void)state;
    for (size_t size = 0; size <= whole; size++) {
        unsigned char copy[sizeof request];
        struct arrived arrived;
        enum arrival verdict;

        memcpy(copy, request, size);
        verdict = arrival_look(copy, size, MAX_PARAMETERS, &arrived);
        assert_int_equal(verdict, size < parameters ? ARRIVAL_PARTIAL : ARRIVAL_READY);
        assert_int_equal(arrived.whole, size == whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_prefixes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
