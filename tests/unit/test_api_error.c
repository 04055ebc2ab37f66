/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/utf8.h"
#include "http/api_error.h"

/* Status and errcode as the header says them. */
static const struct {
    enum api_error error;
    int status;
    const char *code;
} rows[] = {
    {API_UNRECOGNIZED, 404, "M_UNRECOGNIZED"},
    {API_METHOD, 405, "M_UNRECOGNIZED"},
    {API_MISSING_TOKEN, 401, "M_MISSING_TOKEN"},
    {API_UNKNOWN_TOKEN, 401, "M_UNKNOWN_TOKEN"},
    {API_USER_LOCKED, 401, "M_USER_LOCKED"},
    {API_FORBIDDEN, 403, "M_FORBIDDEN"},
    {API_GUEST, 403, "M_GUEST_ACCESS_FORBIDDEN"},
    {API_USER_SUSPENDED, 403, "M_USER_SUSPENDED"},
    {API_USER_DEACTIVATED, 403, "M_USER_DEACTIVATED"},
    {API_WRONG_MAC, 403, "M_UNKNOWN"},
    {API_NOT_FOUND, 404, "M_NOT_FOUND"},
    {API_NO_SUCH_USER, 404, "M_UNKNOWN"},
    {API_NO_SERVERS, 404, "M_UNKNOWN"},
    {API_BAD_REQUEST, 400, "M_UNKNOWN"},
    {API_NOT_JSON, 400, "M_NOT_JSON"},
    {API_BAD_JSON, 400, "M_BAD_JSON"},
    {API_MISSING_PARAM, 400, "M_MISSING_PARAM"},
    {API_INVALID_PARAM, 400, "M_INVALID_PARAM"},
    {API_PARAM_TOO_LARGE, 400, "M_TOO_LARGE"},
    {API_INVALID_USERNAME, 400, "M_INVALID_USERNAME"},
    {API_USER_IN_USE, 400, "M_USER_IN_USE"},
    {API_WEAK_PASSWORD, 400, "M_WEAK_PASSWORD"},
    {API_KEPT_BY_SERVER, 405, "M_BAD_JSON"},
    {API_TIMEOUT, 408, "M_UNKNOWN"},
    {API_IN_USE, 409, "M_UNKNOWN"},
    {API_CONFLICT, 409, "M_INVALID_PARAM"},
    {API_TOO_LARGE, 413, "M_TOO_LARGE"},
    {API_LIMIT_EXCEEDED, 429, "M_LIMIT_EXCEEDED"},
    {API_HEADERS_TOO_LARGE, 431, "M_TOO_LARGE"},
    {API_INTERNAL, 500, "M_UNKNOWN"},
    {API_BAD_GATEWAY, 502, "M_UNKNOWN"},
    {API_UNAVAILABLE, 503, "M_UNKNOWN"},
    {API_HOMESERVER_DOWN, 503, "M_UNKNOWN"},
    {API_STORAGE_FULL, 507, "M_UNKNOWN"},
};
_Static_assert(sizeof rows / sizeof *rows == API_ERROR__MAX, "every error is tested");

static void pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(api_error_status(rows[i].error), rows[i].status);
        assert_string_equal(api_error_code(rows[i].error), rows[i].code);
    }
}

/* A text can be put between quotation marks of JSON as it is. */
static void texts_need_no_escape(void **state)
{
    (void)state;
    for (int i = 0; i < API_ERROR__MAX; i++) {
        const char *text = api_error_text((enum api_error)i);

        assert_true(strlen(text) > 0);
        assert_true(utf8_valid(text, strlen(text)));
        for (; *text; text++)
            assert_true((unsigned char)*text >= 0x20 && *text != '"' && *text != '\\');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs),
        cmocka_unit_test(texts_need_no_escape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
