/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "http/request.h"

#define VARIABLES_MAX 8

static char *proxies[] = {(char[]){"10.0.0.1"}, (char[]){"10.0.0.2"}, (char[]){"fd00::1"},
                          (char[]){"192.168.0.0/16"}};

static struct config config_of(const char *mount, bool allow_query_token)
{
    static char mounts[64];

    snprintf(mounts, sizeof mounts, "%s", mount);
    return (struct config){.mount = mounts,
                           .allow_query_token = allow_query_token,
                           .trusted_proxies = {sizeof proxies / sizeof *proxies, proxies}};
}

struct decoded {
    struct arena *arena;
    struct request request;
    bool accepted;
    enum api_error error;
    const char *text;
};

/* Decodes the variables, which end with NULL, after a request line that is in order. */
static struct decoded decode(const struct config *config, const char *const *given)
{
    char *variables[VARIABLES_MAX + 3];
    struct decoded decoded = {.arena = arena_new()};
    size_t count = 0;

    for (; *given; given++)
        variables[count++] = arena_strdup(decoded.arena, *given);
    variables[count++] = arena_strdup(decoded.arena, "REQUEST_METHOD=GET");
    variables[count++] = arena_strdup(decoded.arena, "REQUEST_URI=/a/b?c=d");
    variables[count] = NULL;
    decoded.accepted =
        request_decode(variables, config, decoded.arena, &decoded.request, &decoded.error, &decoded.text);
    return decoded;
}

static void done(struct decoded *decoded)
{
    arena_free(&decoded->arena);
}

static const struct {
    const char *name;
    bool accepted;
    enum method method;
    bool head;
} methods[] = {
    {"GET", true, METHOD_GET, false},           {"HEAD", true, METHOD_GET, true},
    {"POST", true, METHOD_POST, false},         {"PUT", true, METHOD_PUT, false},
    {"DELETE", true, METHOD_DELETE, false},     {"OPTIONS", true, METHOD_OPTIONS, false},
    {"PATCH", true, METHOD_OTHER, false},       {"get", true, METHOD_OTHER, false},
    {"GETX", true, METHOD_OTHER, false},        {"GE", true, METHOD_OTHER, false},
    {"M-SEARCH", true, METHOD_OTHER, false},    {"", false, METHOD_OTHER, false},
    {"G ET", false, METHOD_OTHER, false},       {"GET\n", false, METHOD_OTHER, false},
    {"G\xc3\x89T", false, METHOD_OTHER, false},
};

static void decodes_methods(void **state)
{
    struct config config = config_of("", false);

    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        char variable[64];
        const char *const given[] = {variable, NULL};
        struct decoded d;

        snprintf(variable, sizeof variable, "REQUEST_METHOD=%s", methods[i].name);
        d = decode(&config, given);
        assert_int_equal(d.accepted, methods[i].accepted);
        assert_int_equal(d.request.method, methods[i].method);
        assert_int_equal(d.request.head, methods[i].head);
        assert_string_equal(d.request.method_text, methods[i].name);
        if (!d.accepted)
            assert_int_equal(d.error, API_BAD_REQUEST);
        done(&d);
    }
}

static const struct {
    const char *mount;
    const char *given[3];
    bool accepted;
    enum api_error error;
    const char *first, *last; /* segments */
} paths[] = {
    {"", {"REQUEST_URI=/x/y?z"}, true, 0, "x", "y"},
    {"", {"REQUEST_URI=/x/%2F?%2"}, true, 0, "x", "/"},
    {"", {"REQUEST_URI=//x"}, true, 0, "x", "x"},
    {"", {"REQUEST_URI="}, false, API_BAD_REQUEST, NULL, NULL},
    {"", {"REQUEST_URI=*"}, false, API_BAD_REQUEST, NULL, NULL},
    {"", {"REQUEST_URI=/%zz"}, false, API_BAD_REQUEST, NULL, NULL},
    {"", {"REQUEST_URI=/1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h"}, false, API_UNRECOGNIZED, NULL, NULL},
    {"/mx", {"REQUEST_URI=/mx/y"}, true, 0, "y", "y"},
    {"/mx", {"REQUEST_URI=/mx//y"}, true, 0, "y", "y"},
    {"/mx", {"REQUEST_URI=/mxy/z"}, false, API_UNRECOGNIZED, NULL, NULL},
    {"/mx", {"REQUEST_URI=/mx"}, false, API_UNRECOGNIZED, NULL, NULL},
    {"/mx", {"REQUEST_URI=/mx?/y"}, false, API_UNRECOGNIZED, NULL, NULL},
    {"/mx", {"REQUEST_URI=/m"}, false, API_UNRECOGNIZED, NULL, NULL},
    {"/mx", {"REQUEST_URI=/%6dx/y"}, false, API_UNRECOGNIZED, NULL, NULL},
    /* The raw path is the authority wherever the server sends it; PATH_INFO cannot tell "%2F" from "/". */
    {"", {"PATH_INFO=/p/q", "REQUEST_URI=/x/y"}, true, 0, "x", "y"},
};

static void decodes_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct config config = config_of(paths[i].mount, false);
        struct decoded d = decode(&config, paths[i].given);

        assert_int_equal(d.accepted, paths[i].accepted);
        if (d.accepted) {
            assert_string_equal(d.request.path.segments[0], paths[i].first);
            assert_string_equal(d.request.path.segments[d.request.path.count - 1], paths[i].last);
        } else {
            assert_int_equal(d.error, paths[i].error);
        }
        done(&d);
    }
}

/* Without REQUEST_URI, as some servers start a CGI program. */
static void falls_back_to_path_info(void **state)
{
    struct config config = config_of("/mx", false);
    struct arena *arena = arena_new();
    struct request request = {0};
    enum api_error error;
    const char *text;
    char method[] = "REQUEST_METHOD=GET";
    char info[] = "PATH_INFO=/p/%2Fq";
    char *with[] = {method, info, NULL};
    char *without[] = {method, NULL};

    (void)state;
    assert_true(request_decode(with, &config, arena, &request, &error, &text));
    assert_int_equal(request.path.count, 2);
    assert_string_equal(request.path.segments[1], "%2Fq");
    assert_string_equal(request.raw_path, "/p/%2Fq");
    assert_false(request_decode(without, &config, arena, &request, &error, &text));
    assert_int_equal(error, API_BAD_REQUEST);
    arena_free(&arena);
}

static const struct {
    const char *text;
    bool accepted;
    long long length;
} lengths[] = {
    {"", true, -1},
    {"0", true, 0},
    {"65536", true, 65536},
    {"007", true, 7},
    {"9223372036854775807", true, LLONG_MAX},
    {"9223372036854775808", true, LLONG_MAX},
    {"99999999999999999999999999", true, LLONG_MAX},
    {"-1", false, -1},
    {"+1", false, -1},
    {" 1", false, -1},
    {"1 ", false, -1},
    {"0x10", false, -1},
    {"1,1", false, -1},
};

static void decodes_lengths(void **state)
{
    struct config config = config_of("", false);

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char variable[64];
        const char *const given[] = {variable, NULL};
        struct decoded d;

        snprintf(variable, sizeof variable, "CONTENT_LENGTH=%s", lengths[i].text);
        d = decode(&config, given);
        assert_int_equal(d.accepted, lengths[i].accepted);
        if (d.request.content_length != lengths[i].length)
            fail_msg("%s: %lld", lengths[i].text, d.request.content_length);
        done(&d);
    }
}

static const struct {
    const char *peer, *forwarded, *address;
} addresses[] = {
    {"203.0.113.9", NULL, "203.0.113.9"},
    {"2001:db8::1", NULL, "2001:db8::1"},
    {"", NULL, ""},
    {"unix:", NULL, ""},
    /* Nobody but a trusted proxy is believed. */
    {"203.0.113.9", "198.51.100.7", "203.0.113.9"},
    {"unix:", "198.51.100.7", ""},
    {"10.0.0.1", "198.51.100.7", "198.51.100.7"},
    {"192.168.3.4", "198.51.100.7", "198.51.100.7"},
    {"fd00::1", "2001:db8::7", "2001:db8::7"},
    {"10.0.0.1", "", "10.0.0.1"},
    {"10.0.0.1", NULL, "10.0.0.1"},
    /* What stands before the last address that is not trusted is the client's invention. */
    {"10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"},
    {"10.0.0.1", "1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"},
    {"10.0.0.1", "1.1.1.1,198.51.100.7\t,  10.0.0.2 ", "198.51.100.7"},
    {"10.0.0.1", "10.0.0.2", "10.0.0.2"},
    /* Behind what is no address nothing is believed either. */
    {"10.0.0.1", "198.51.100.7, unknown", "10.0.0.1"},
    {"10.0.0.1", "198.51.100.7, unknown, 10.0.0.2", "10.0.0.2"},
    {"10.0.0.1", "198.51.100.7,", "10.0.0.1"},
    {"10.0.0.1", ",", "10.0.0.1"},
    {"10.0.0.1", "198.51.100", "10.0.0.1"},
    {"10.0.0.1", "198.51.100.7'; --", "10.0.0.1"},
    {"10.0.0.1", "[2001:db8::7", "10.0.0.1"},
    /* With ports, as some proxies send it. */
    {"10.0.0.1", "198.51.100.7:4711", "198.51.100.7"},
    {"10.0.0.1", "[2001:DB8:0::7]:4711", "2001:db8::7"},
    {"10.0.0.1", "[2001:db8::7]", "2001:db8::7"},
};

static void finds_the_client(void **state)
{
    struct config config = config_of("", false);

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        char peer[64], forwarded[128];
        const char *const given[] = {peer, addresses[i].forwarded ? forwarded : NULL, NULL};
        struct decoded d;

        snprintf(peer, sizeof peer, "REMOTE_ADDR=%s", addresses[i].peer);
        if (addresses[i].forwarded)
            snprintf(forwarded, sizeof forwarded, "HTTP_X_FORWARDED_FOR=%s", addresses[i].forwarded);
        d = decode(&config, given);
        assert_true(d.accepted);
        if (strcmp(d.request.address, addresses[i].address) != 0)
            fail_msg("%s, %s: %s", addresses[i].peer, addresses[i].forwarded, d.request.address);
        done(&d);
    }
}

/* Of a header that came in several lines, nginx before 1.23 makes as many variables. */
static const struct {
    const char *lines[3];
    const char *address;
} several[] = {
    {{"1.1.1.1", "198.51.100.7"}, "198.51.100.7"},
    {{"198.51.100.7", "10.0.0.2"}, "198.51.100.7"},
    {{"1.1.1.1", "198.51.100.7, 10.0.0.2", "10.0.0.1"}, "198.51.100.7"},
    {{"198.51.100.7", "", "10.0.0.2"}, "198.51.100.7"},
    {{"198.51.100.7", "unknown", "10.0.0.2"}, "10.0.0.2"},
};

static void follows_all_lines(void **state)
{
    struct config config = config_of("", false);

    (void)state;
    for (size_t i = 0; i < sizeof several / sizeof *several; i++) {
        char lines[3][64];
        const char *given[5] = {"REMOTE_ADDR=10.0.0.1"};
        struct decoded d;

        for (size_t k = 0; k < 3 && several[i].lines[k]; k++) {
            snprintf(lines[k], sizeof lines[k], "HTTP_X_FORWARDED_FOR=%s", several[i].lines[k]);
            given[k + 1] = lines[k];
        }
        d = decode(&config, given);
        assert_string_equal(d.request.address, several[i].address);
        done(&d);
    }
}

static const struct {
    bool allow_query_token;
    const char *given[4];
    enum token_source source;
    const char *token;
} tokens[] = {
    {false, {NULL}, TOKEN_NONE, NULL},
    {false, {"HTTP_AUTHORIZATION=Bearer abc"}, TOKEN_HEADER, "abc"},
    {false, {"HTTP_AUTHORIZATION=bEARER abc"}, TOKEN_HEADER, "abc"},
    {false, {"HTTP_AUTHORIZATION=Bearer   abc  "}, TOKEN_HEADER, "abc"},
    {false, {"REDIRECT_HTTP_AUTHORIZATION=Bearer abc"}, TOKEN_HEADER, "abc"},
    {false, {"HTTP_AUTHORIZATION=", "REDIRECT_HTTP_AUTHORIZATION=Bearer abc"}, TOKEN_HEADER, "abc"},
    {false, {"HTTP_AUTHORIZATION=Bearer x", "REDIRECT_HTTP_AUTHORIZATION=Bearer y"}, TOKEN_HEADER, "x"},
    {false, {"HTTP_AUTHORIZATION=Basic YWJj"}, TOKEN_NONE, NULL},
    {false, {"HTTP_AUTHORIZATION=Bearerabc"}, TOKEN_NONE, NULL},
    {false, {"HTTP_AUTHORIZATION=Bearer"}, TOKEN_NONE, NULL},
    {false, {"HTTP_AUTHORIZATION=Bearer  "}, TOKEN_NONE, NULL},
    {false, {"HTTP_AUTHORIZATION=abc"}, TOKEN_NONE, NULL},
    {false, {"QUERY_STRING=access_token=abc"}, TOKEN_NONE, NULL},
    {false, {"QUERY_STRING=access_token=abc", "HTTP_AUTHORIZATION=Bearer x"}, TOKEN_HEADER, "x"},
    {true, {"QUERY_STRING=access_token=a%62c"}, TOKEN_QUERY, "abc"},
    {true, {"QUERY_STRING=access_token=abc", "HTTP_AUTHORIZATION=Bearer abc"}, TOKEN_BOTH, "abc"},
    {true, {"QUERY_STRING=x=y", "HTTP_AUTHORIZATION=Bearer abc"}, TOKEN_HEADER, "abc"},
};

static void finds_the_token(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        struct config config = config_of("", tokens[i].allow_query_token);
        struct decoded d = decode(&config, tokens[i].given);

        assert_true(d.accepted);
        assert_int_equal(d.request.token_source, tokens[i].source);
        if (tokens[i].token)
            assert_string_equal(d.request.token, tokens[i].token);
        else
            assert_null(d.request.token);
        done(&d);
    }
}

/* Taken when it is fit for a log line and a header, else made. */
static void takes_or_makes_the_id(void **state)
{
    struct config config = config_of("", false);
    static const char *const bad[] = {"", "a b", "a\tb", "a\nb", "caf\xc3\xa9", "\x7f"};
    char longest[128 + 1], variable[256];
    const char *const given[] = {variable, NULL};
    const char *const none[] = {NULL};
    struct decoded d, e;

    (void)state;
    for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
        memset(longest, 'x', sizeof longest);
        if (i < sizeof bad / sizeof *bad)
            snprintf(variable, sizeof variable, "HTTP_X_REQUEST_ID=%s", bad[i]);
        else
            snprintf(variable, sizeof variable, "HTTP_X_REQUEST_ID=%.129s", longest);
        d = decode(&config, given);
        assert_int_equal(strlen(d.request.id), 32);
        assert_string_not_equal(d.request.id, strchr(variable, '=') + 1);
        done(&d);
    }
    snprintf(variable, sizeof variable, "HTTP_X_REQUEST_ID=%.128s", longest);
    d = decode(&config, given);
    assert_string_equal(d.request.id, strchr(variable, '=') + 1);
    done(&d);
    d = decode(&config, none);
    e = decode(&config, none);
    assert_string_not_equal(d.request.id, e.request.id);
    done(&d);
    done(&e);
}

static const struct {
    const char *given[4];
    bool https;
} schemes[] = {
    {{NULL}, false},
    {{"HTTPS=on"}, true},
    {{"HTTPS=off"}, false},
    {{"HTTPS="}, false},
    {{"REMOTE_ADDR=203.0.113.9", "HTTP_X_FORWARDED_PROTO=https"}, false},
    {{"REMOTE_ADDR=10.0.0.1", "HTTP_X_FORWARDED_PROTO=https"}, true},
    {{"REMOTE_ADDR=10.0.0.1", "HTTPS=on", "HTTP_X_FORWARDED_PROTO=http"}, false},
};

static void finds_the_scheme(void **state)
{
    struct config config = config_of("", false);

    (void)state;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        struct decoded d = decode(&config, schemes[i].given);

        assert_int_equal(d.request.https, schemes[i].https);
        done(&d);
    }
}

/* The first of a name counts, names are compared wholly, and what is no "NAME=value" is passed over. */
static void finds_variables(void **state)
{
    struct config config = config_of("", false);
    const char *const given[] = {"HTTP_HOST=one",
                                 "HTTP_HOST=two",
                                 "HTTP_HOST_X=three",
                                 "HTTP_HOS=four",
                                 "HTTP_USER_AGENT",
                                 "=x",
                                 "",
                                 NULL};
    struct decoded d = decode(&config, given);

    (void)state;
    assert_true(d.accepted);
    assert_string_equal(d.request.host, "one");
    assert_string_equal(d.request.user_agent, "");
    done(&d);
}

/* All that can be logged is there, whatever is wrong; and the first fault is the answer. */
static void fills_a_refused_request(void **state)
{
    struct config config = config_of("", false);
    const char *const given[] = {"REQUEST_METHOD=G(T",
                                 "REQUEST_URI=/%zz?secret",
                                 "QUERY_STRING=%",
                                 "CONTENT_LENGTH=x",
                                 "REMOTE_ADDR=203.0.113.9",
                                 "HTTP_USER_AGENT=caf\xe9",
                                 "HTTP_AUTHORIZATION=Bearer abc",
                                 NULL};
    struct decoded d = decode(&config, given);

    (void)state;
    assert_false(d.accepted);
    assert_int_equal(d.error, API_BAD_REQUEST);
    assert_null(d.text);
    assert_string_equal(d.request.method_text, "G(T");
    assert_string_equal(d.request.raw_path, "/%zz");
    assert_string_equal(d.request.address, "203.0.113.9");
    assert_string_equal(d.request.user_agent, "caf?");
    assert_string_equal(d.request.token, "abc");
    assert_int_equal(strlen(d.request.id), 32);
    done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_methods),         cmocka_unit_test(decodes_paths),
        cmocka_unit_test(falls_back_to_path_info), cmocka_unit_test(decodes_lengths),
        cmocka_unit_test(finds_the_client),        cmocka_unit_test(follows_all_lines),
        cmocka_unit_test(finds_the_token),         cmocka_unit_test(takes_or_makes_the_id),
        cmocka_unit_test(finds_the_scheme),        cmocka_unit_test(finds_variables),
        cmocka_unit_test(fills_a_refused_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
