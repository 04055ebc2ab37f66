/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "matrix/registration.h"

/* The first two as Dendrite took them; the rest by another implementation of RFC 2104. */
static const struct {
    const char *secret;
    struct registration_claim claim;
    const char *mac;
} macs[] = {
    {"fixture-secret",
     {"cPhHRvYKNY65NDL2", "newuser", "long enough pw", false, NULL},
     "d04cbe9a3cf14984c4c950b26a4729b310123118"},
    {"fixture-secret",
     {"cPhHRvYKNY65NDL2", "newuser2", "long enough pw", false, NULL},
     "1ce8aa0bffff4a512cc1d80c60551d8bff339447"},
    {"s", {"n", "u", "p", true, NULL}, "36174be8366e0fee3769a523fcbbae61a8f8f1d9"},
    {"s", {"n", "u", "p", false, "bot"}, "0b5f80dd2e57b2bc10ff27cfdb04303c72ca3d4c"},
    {"s", {"n", "", "", false, ""}, "f4a3caca102eb48348c5669051218b1faddc23c0"},
};

static void gives_the_mac(void **state)
{
    char mac[REGISTRATION_MAC_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof macs / sizeof *macs; i++) {
        assert_int_equal(registration_mac(macs[i].secret, &macs[i].claim, mac), ERR_OK);
        assert_string_equal(mac, macs[i].mac);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_mac),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
