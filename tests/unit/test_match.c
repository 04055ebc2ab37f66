/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "route/route.h"

struct found {
    const struct route *route;
    const char *parameters[CALL_PARAMETERS_MAX];
    char allow[64];
};

static struct found find(enum method method, const char *raw, struct arena *arena)
{
    struct found found = {0};
    struct path path;

    assert_int_equal(path_decode(raw, strlen(raw), arena, &path), ERR_OK);
    found.route = route_match(method, &path, found.parameters, found.allow, sizeof found.allow);
    return found;
}

/*
 * A path for a pattern: "{name}" becomes "name", and of alternatives the one of number `choice` is taken.
 * False when no segment has that many.
 */
static bool path_of(const char *pattern, int choice, char *raw, size_t size)
{
    bool chosen = choice == 0;
    size_t length = 0;

    while (*pattern) {
        const char *end = pattern + 1 + strcspn(pattern + 1, "/");
        const char *from = pattern + 1;
        size_t bytes;

        for (int i = 0; i < choice; i++) {
            const char *bar = memchr(from, '|', (size_t)(end - from));

            if (!bar)
                break;
            from = bar + 1;
            chosen |= i == choice - 1;
        }
        bytes = strcspn(from, "|/");
        if (*from == '{') {
            from++;
            bytes -= 2;
        }
        length += (size_t)snprintf(raw + length, size - length, "/%.*s", (int)bytes, from);
        pattern = end;
    }
    return chosen;
}

/* Every row is found by every spelling of its own pattern, and by no other row: none hides another. */
static void every_row_is_found(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_true(routes_count > 0);
    for (size_t i = 0; i < routes_count; i++) {
        char raw[256];

        for (int choice = 0; path_of(routes[i].pattern, choice, raw, sizeof raw); choice++) {
            struct found found = find(routes[i].method, raw, arena);

            if (found.route != &routes[i])
                fail_msg("%s %s", method_name(routes[i].method), raw);
        }
    }
    arena_free(&arena);
}

static void rows_are_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < routes_count; i++) {
        assert_true(routes[i].method < METHOD_OPTIONS);
        assert_int_equal(routes[i].pattern[0], '/');
        assert_non_null(routes[i].handler);
        assert_true(routes[i].body_max <= 64 * ROUTE_BODY_MAX);
    }
}

static const struct {
    enum method method;
    const char *raw;
    bool found;
    const char *parameter; /* the first; NULL: none */
    const char *allow;
} rows[] = {
    {METHOD_GET, "/_synapse/admin/v1/whois/@a:b", true, "@a:b", ""},
    {METHOD_GET, "/_synapse/admin/v1/whois/%40a%2Fc%3Ab", true, "@a/c:b", ""},
    {METHOD_GET, "/_synapse/admin/v1/whois/", true, "", ""},
    {METHOD_GET, "/_matrix/client/r0/admin/whois/@a:b", true, "@a:b", ""},
    {METHOD_GET, "/_matrix/client/unstable/admin/whois/@a:b", true, "@a:b", ""},
    {METHOD_GET, "/_matrix/client/api/v1/admin/whois/@a:b", true, "@a:b", ""},
    {METHOD_GET, "/%5Fsynapse/admin/v1/server_version", true, NULL, ""},
    {METHOD_GET, "/_synapse/admin/v1/whois", false, NULL, ""},
    {METHOD_GET, "/_synapse/admin/v1/whois/a/b", false, NULL, ""},
    {METHOD_GET, "/_synapse/admin/v1/server_version/", false, NULL, ""},
    {METHOD_GET, "/_synapse/admin/v1/server_versio", false, NULL, ""},
    {METHOD_GET, "/_synapse/admin/v1/server_versionn", false, NULL, ""},
    {METHOD_GET, "/_synapse%2Fadmin/v1/server_version", false, NULL, ""},
    {METHOD_GET, "/_matrix/client/r0|v1|v3/login", false, NULL, ""},
    {METHOD_GET, "/_matrix/client//login", false, NULL, ""},
    {METHOD_GET, "/_matrix/client/v2/login", false, NULL, ""},
    {METHOD_GET, "/_matrix/client/v1/auth_metadata", false, NULL, ""},
    {METHOD_GET, "/", false, NULL, ""},
    {METHOD_OTHER, "/nothing", false, NULL, ""},
    {METHOD_PUT, "/_synapse/admin/v1/register", false, NULL, "GET, HEAD, POST, OPTIONS"},
    {METHOD_OTHER, "/_matrix/client/v3/login", false, NULL, "GET, HEAD, POST, OPTIONS"},
    {METHOD_GET, "/_matrix/client/v3/logout", false, NULL, "POST, OPTIONS"},
    {METHOD_POST, "/_synapse/admin/v1/whois/@a:b", false, NULL, "GET, HEAD, OPTIONS"},
};

static void matches(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct found found = find(rows[i].method, rows[i].raw, arena);

        if ((found.route != NULL) != rows[i].found)
            fail_msg("%s", rows[i].raw);
        if (rows[i].parameter)
            assert_string_equal(found.parameters[0], rows[i].parameter);
        if (!found.route)
            assert_string_equal(found.allow, rows[i].allow);
    }
    arena_free(&arena);
}

/* However small the room for Allow, it is not left. */
static void allow_is_cut(void **state)
{
    struct arena *arena = arena_new();
    const char *parameters[CALL_PARAMETERS_MAX];
    struct path path;
    const char raw[] = "/_matrix/client/v3/login";
    char allow[8] = "xxxxxxx";

    (void)state;
    assert_int_equal(path_decode(raw, strlen(raw), arena, &path), ERR_OK);
    assert_null(route_match(METHOD_PUT, &path, parameters, allow, 5));
    assert_string_equal(allow, "GET,");
    assert_string_equal(allow + 5, "xx");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_found),
        cmocka_unit_test(rows_are_complete),
        cmocka_unit_test(matches),
        cmocka_unit_test(allow_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
