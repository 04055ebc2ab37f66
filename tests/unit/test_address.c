/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/address.h"
#include "base/config.h"

static void test_prefixes(void **state)
{
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        {"127.0.0.1", true},
        {"0.0.0.0/0", true},
        {"10.0.0.0/8", true},
        {"10.0.0.0/32", true},
        {"::1", true},
        {"2001:db8::/32", true},
        {"::/0", true},
        {"::1/128", true},
        {"::ffff:1.2.3.4", true},
        {"", false},
        {"/", false},
        {"/8", false},
        {"10.0.0.0/", false},
        {"10.0.0.0/33", false},
        {"10.0.0.0/-1", false},
        {"10.0.0.0/+8", false},
        {"10.0.0.0/8/8", false},
        {"10.0.0.0/8 ", false},
        {"10.0.0.0/0008", false},
        {"::1/129", false},
        {"10.0.0", false},
        {"10.0.0.256", false},
        {"010.0.0.1", false},
        {"localhost", false},
        {"[::1]", false},
        {"unix:", false},
        {" 10.0.0.1", false},
        {"fe80::1%eth0", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (address_prefix_valid(rows[i].text) != rows[i].valid)
            fail_msg("\"%s\"", rows[i].text);
}

static void test_lists(void **state)
{
    static const struct {
        const char *list[4];
        const char *address;
        bool in;
    } rows[] = {
        {{NULL}, "127.0.0.1", false},
        {{"127.0.0.1"}, "127.0.0.1", true},
        {{"127.0.0.1"}, "127.0.0.2", false},
        {{"127.0.0.1"}, "::ffff:127.0.0.1", true},
        {{"::ffff:127.0.0.1"}, "127.0.0.1", true},
        {{"127.0.0.1"}, "::1", false},
        {{"127.0.0.1", "::1"}, "::1", true},
        {{"127.0.0.1", "::1"}, "0:0:0:0:0:0:0:1", true},
        {{"10.0.0.0/8"}, "10.255.0.1", true},
        {{"10.0.0.0/8"}, "11.0.0.1", false},
        {{"10.1.2.3/8"}, "10.9.9.9", true}, /* the bits after the prefix do not count */
        {{"192.0.2.128/25"}, "192.0.2.128", true},
        {{"192.0.2.128/25"}, "192.0.2.127", false},
        {{"192.0.2.4/30"}, "192.0.2.7", true},
        {{"192.0.2.4/30"}, "192.0.2.8", false},
        {{"192.0.2.4/32"}, "192.0.2.5", false},
        {{"0.0.0.0/0"}, "203.0.113.9", true},
        {{"0.0.0.0/0"}, "2001:db8::1", false},
        {{"::/0"}, "2001:db8::1", true},
        {{"2001:db8::/33"}, "2001:db8:7fff::1", true},
        {{"2001:db8::/33"}, "2001:db8:8000::1", false},
        {{"10.0.0.0/8", "192.0.2.1", "2001:db8::/32"}, "2001:db8::9", true},
        {{"::/0", "0.0.0.0/0"}, "", false},
        {{"::/0", "0.0.0.0/0"}, "unix:", false},
        {{"::/0", "0.0.0.0/0"}, "10.0.0.1/32", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *items[4];
        struct config_list list = {0, items};

        for (; rows[i].list[list.count]; list.count++)
            items[list.count] = (char *)(uintptr_t)rows[i].list[list.count];
        if (address_in_list(rows[i].address, &list) != rows[i].in)
            fail_msg("row %zu, \"%s\"", i, rows[i].address);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_prefixes), cmocka_unit_test(test_lists)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
