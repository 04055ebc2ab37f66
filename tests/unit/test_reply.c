/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>

#include "http/reply.h"

#define FIXED "Cache-Control: no-cache, no-store, must-revalidate\r\n" CORS
#define CORS                                                                                                 \
    "Access-Control-Allow-Origin: *\r\n"                                                                     \
    "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n"                                \
    "Access-Control-Allow-Headers: X-Requested-With, Content-Type, Authorization, Date\r\n"                  \
    "Access-Control-Expose-Headers: Synapse-Trace-Id, Server\r\n"

static void expect(struct reply *reply, bool head, const char *bytes)
{
    struct buf out = {0};

    assert_int_equal(reply_write(reply, "id-1", head, &out), ERR_OK);
    assert_string_equal(out.data, bytes);
    assert_int_equal(out.length, strlen(bytes));
    buf_free(&out);
    reply_free(reply);
}

static void writes_json(void **state)
{
    struct reply reply = {0};

    (void)state;
    reply_json(&reply, 200, json_pack("{s:s}", "name", "\xc3\xa9\n\""));
    expect(&reply, false,
           "Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n" FIXED
           "X-Request-Id: id-1\r\n\r\n{\"name\":\"\xc3\xa9\\n\\\"\"}");
}

static void head_keeps_the_length(void **state)
{
    struct reply reply = {0};

    (void)state;
    reply_json(&reply, 200, json_object());
    expect(&reply, true,
           "Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n" FIXED
           "X-Request-Id: id-1\r\n\r\n");
}

/* RFC 9110 section 8.6: no Content-Length with 204. */
static void no_content_has_no_length(void **state)
{
    struct reply reply = {0};

    (void)state;
    reply_json(&reply, 204, NULL);
    expect(&reply, false, "Status: 204 No Content\r\n" FIXED "X-Request-Id: id-1\r\n\r\n");
}

#define FILE_FIXED                                                                                           \
    "ETag: \"tag\"\r\nCache-Control: private, no-cache\r\n"                                                  \
    "Content-Security-Policy: sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf;" \
    " style-src 'unsafe-inline'; media-src 'self'; object-src 'self';\r\n"                                   \
    "Cross-Origin-Resource-Policy: cross-origin\r\nReferrer-Policy: no-referrer\r\n"                         \
    "X-Content-Type-Options: nosniff\r\nX-Robots-Tag: noindex, nofollow, noarchive, noimageindex\r\n"

/* The file is for the caller to send; it is closed with the reply. */
static void a_file_has_headers_of_its_own(void **state)
{
    struct reply_file file = {.descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC),
                              .size = 5,
                              .type = "text/plain",
                              .disposition = "inline",
                              .tag = "\"tag\""};
    struct reply reply = {0};

    (void)state;
    reply_with_file(&reply, &file);
    expect(&reply, false,
           "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nContent-Disposition: "
           "inline\r\n" FILE_FIXED CORS "X-Request-Id: id-1\r\n\r\n");
    assert_int_equal(fcntl(file.descriptor, F_GETFD), -1);
    file.descriptor = -1;
    reply_with_file(&reply, &file);
    expect(&reply, false, "Status: 304 Not Modified\r\n" FILE_FIXED CORS "X-Request-Id: id-1\r\n\r\n");
}

static void allow_is_told(void **state)
{
    struct reply reply = {0};

    (void)state;
    reply_error(&reply, API_METHOD, NULL);
    reply.allow = "GET, HEAD, OPTIONS";
    expect(&reply, false,
           "Status: 405 Method Not Allowed\r\nContent-Type: application/json\r\nContent-Length: 59\r\n" FIXED
           "Allow: GET, HEAD, OPTIONS\r\nX-Request-Id: id-1\r\n\r\n"
           "{\"errcode\":\"M_UNRECOGNIZED\",\"error\":\"Unrecognized request\"}");
}

/* Whoever shows a person the status line shows the words. */
static void every_status_has_its_words(void **state)
{
    (void)state;
    for (int i = 0; i <= API_ERROR__MAX; i++) {
        struct reply reply = {0};
        struct buf out = {0};

        if (i < API_ERROR__MAX)
            reply_error(&reply, (enum api_error)i, NULL);
        else
            reply_json(&reply, 201, json_object());
        assert_int_equal(reply_write(&reply, "x", false, &out), ERR_OK);
        if (out.data[strlen("Status: 201 ")] == '\r')
            fail_msg("%d", reply.status);
        buf_free(&out);
        reply_free(&reply);
    }
}

static void limits_are_told_in_both_units(void **state)
{
    static const struct {
        int64_t ms;
        const char *header;
    } rows[] = {
        {1, "Retry-After: 1\r\n"},    {999, "Retry-After: 1\r\n"},    {1000, "Retry-After: 1\r\n"},
        {1001, "Retry-After: 2\r\n"}, {60000, "Retry-After: 60\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reply reply = {0};
        struct buf out = {0};

        reply_limited(&reply, rows[i].ms, NULL);
        assert_int_equal(reply.status, 429);
        assert_int_equal(json_integer_value(json_object_get(reply.body, "retry_after_ms")), rows[i].ms);
        assert_int_equal(reply_write(&reply, "x", false, &out), ERR_OK);
        assert_non_null(strstr(out.data, rows[i].header));
        buf_free(&out);
        reply_free(&reply);
    }
}

static void unknown_token_is_no_soft_logout(void **state)
{
    struct reply reply = {0};

    (void)state;
    reply_error(&reply, API_UNKNOWN_TOKEN, NULL);
    assert_true(json_is_false(json_object_get(reply.body, "soft_logout")));
    reply_error(&reply, API_MISSING_TOKEN, "other words");
    assert_null(json_object_get(reply.body, "soft_logout"));
    assert_string_equal(json_string_value(json_object_get(reply.body, "error")), "other words");
    reply_free(&reply);
}

static void busy_says_when_to_come_back(void **state)
{
    struct reply reply = {0};

    (void)state;
    reply_error(&reply, API_UNAVAILABLE, NULL);
    assert_int_equal(reply.retry_after_ms, 1000);
    reply_error(&reply, API_NOT_FOUND, NULL);
    assert_int_equal(reply.retry_after_ms, 0);
    reply_free(&reply);
}

/* jansson's memory, which ends after so many allocations. */
static long allocations_left;

static void *scarce_malloc(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

/* Whichever allocation fails, the answer keeps its status and has an errcode, or nothing at all is written.
 */
static void memory_may_end_anywhere(void **state)
{
    (void)state;
    json_set_alloc_funcs(scarce_malloc, free);
    for (int i = 0; i < API_ERROR__MAX; i++)
        for (long enough = 0; enough < 40; enough++) {
            struct reply reply = {0};
            struct buf out = {0};

            allocations_left = enough;
            if (i == API_LIMIT_EXCEEDED)
                reply_limited(&reply, 5000, NULL);
            else
                reply_error(&reply, (enum api_error)i, NULL);
            assert_int_equal(reply.status, api_error_status((enum api_error)i));
            if (reply_write(&reply, "x", false, &out) == ERR_OK) {
                assert_non_null(strstr(out.data, api_error_code((enum api_error)i)));
                assert_non_null(strstr(out.data, "\r\n\r\n{\"errcode\":\""));
            } else {
                assert_int_equal(out.length, 0);
            }
            buf_free(&out);
            reply_free(&reply);
        }
    json_set_alloc_funcs(malloc, free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_json),
        cmocka_unit_test(head_keeps_the_length),
        cmocka_unit_test(no_content_has_no_length),
        cmocka_unit_test(a_file_has_headers_of_its_own),
        cmocka_unit_test(allow_is_told),
        cmocka_unit_test(every_status_has_its_words),
        cmocka_unit_test(limits_are_told_in_both_units),
        cmocka_unit_test(unknown_token_is_no_soft_logout),
        cmocka_unit_test(busy_says_when_to_come_back),
        cmocka_unit_test(memory_may_end_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
