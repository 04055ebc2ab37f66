/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/log.h"
#include "base/utf8.h"

#define LINE_MAX_SIZE 4096

/* stderr is the one end of a socket that keeps each write(2) apart, the other is read here. */
static int real_stderr, reader, writer;

static int set_up(void **state)
{
    int ends[2];

    (void)state;
    real_stderr = dup(STDERR_FILENO);
    if (real_stderr < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) < 0)
        return -1;
    reader = ends[0];
    writer = ends[1];
    return dup2(writer, STDERR_FILENO) < 0;
}

static int tear_down(void **state)
{
    (void)state;
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(reader);
    close(writer);
    return 0;
}

/* What one write(2) sent, NUL-terminated; its size, or -1 if nothing was written. */
static ssize_t take(char line[2 * LINE_MAX_SIZE])
{
    ssize_t size = recv(reader, line, 2 * LINE_MAX_SIZE - 1, 0);

    if (size >= 0)
        line[size] = '\0';
    return size;
}

/* The line without its time, whose form is checked, and without the newline at its end. */
static char *take_text(char line[2 * LINE_MAX_SIZE])
{
    static const char form[] = "0000-00-00T00:00:00.000Z ";
    ssize_t size = take(line);

    assert_true(size > (ssize_t)strlen(form));
    for (size_t i = 0; form[i]; i++) {
        if (form[i] == '0')
            assert_in_range(line[i], '0', '9');
        else
            assert_int_equal(line[i], form[i]);
    }
    assert_int_equal(line[size - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), line + size - 1);
    line[size - 1] = '\0';
    return line + strlen(form);
}

static json_t *take_json(char line[2 * LINE_MAX_SIZE])
{
    ssize_t size = take(line);
    json_error_t error;
    json_t *object;

    assert_true(size > 0);
    assert_int_equal(line[size - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), line + size - 1);
    object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (!object)
        fail_msg("%s: %s", error.text, line);
    return object;
}

/* Hostile text, and how it looks in a message, as a value, and as JSON. */
static const struct {
    const char *text, *message, *value, *json;
} hostile[] = {
    {"plain", "plain", "plain", "plain"},
    {"", "", "\"\"", ""},
    {"two words", "two words", "\"two words\"", "two words"},
    {"a=b", "a=b", "\"a=b\"", "a=b"},
    {"say \"x\"", "say \"x\"", "\"say \\x22x\\x22\"", "say \\\"x\\\""},
    {"\\x41", "\\x5cx41", "\\x5cx41", "\\\\x41"},
    {"a\nerror forged", "a\\x0aerror forged", "\"a\\x0aerror forged\"", "a\\u000aerror forged"},
    {"\r\t\b\x01\x1f", "\\x0d\\x09\\x08\\x01\\x1f", "\\x0d\\x09\\x08\\x01\\x1f",
     "\\u000d\\u0009\\u0008\\u0001\\u001f"},
    {"\x1b[31m\x7f", "\\x1b[31m\\x7f", "\\x1b[31m\\x7f", "\\u001b[31m\\u007f"},
    {"\xc2\x9b"
     "2J",
     "\\xc2\\x9b2J", "\\xc2\\x9b2J", "\\u009b2J"},
    {"\xc2\xa0\xc3\xa9\xf0\x9f\x98\x80", "\xc2\xa0\xc3\xa9\xf0\x9f\x98\x80",
     "\xc2\xa0\xc3\xa9\xf0\x9f\x98\x80", "\xc2\xa0\xc3\xa9\xf0\x9f\x98\x80"},
    {"a\xff\xc3", "a\\xff\\xc3", "a\\xff\\xc3", "a\\u00ff\\u00c3"},
    {"\xc0\x80\xed\xa0\x80", "\\xc0\\x80\\xed\\xa0\\x80", "\\xc0\\x80\\xed\\xa0\\x80",
     "\\u00c0\\u0080\\u00ed\\u00a0\\u0080"},
};
#define HOSTILE (sizeof hostile / sizeof *hostile)

static void test_text(void **state)
{
    char line[2 * LINE_MAX_SIZE], expected[LINE_MAX_SIZE];

    (void)state;
    log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    for (size_t i = 0; i < HOSTILE; i++) {
        const struct log_field fields[] = {{"a", hostile[i].text, 0}, {"n", NULL, INT64_MIN}};

        log_request_id(NULL);
        log_error("%s", hostile[i].text);
        snprintf(expected, sizeof expected, "error %s", hostile[i].message);
        assert_string_equal(take_text(line), expected);

        log_request_id(hostile[i].text);
        log_fields(LOG_LEVEL_INFO, "message", fields, 2);
        snprintf(expected, sizeof expected, "info request-id=%s message a=%s n=-9223372036854775808",
                 hostile[i].value, hostile[i].value);
        assert_string_equal(take_text(line), expected);
    }
    log_request_id(NULL);
}

static void test_json(void **state)
{
    char line[2 * LINE_MAX_SIZE], expected[LINE_MAX_SIZE];

    (void)state;
    log_open(LOG_TARGET_STDERR, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    for (size_t i = 0; i < HOSTILE; i++) {
        const struct log_field fields[] = {{"a", hostile[i].text, 0}, {"n", NULL, INT64_MAX}};
        json_t *object;

        log_request_id(hostile[i].text);
        log_fields(LOG_LEVEL_WARNING, hostile[i].text, fields, 2);
        object = take_json(line);
        snprintf(expected, sizeof expected,
                 "\"level\":\"warning\",\"request_id\":\"%s\",\"message\":\"%s\",\"a\":\"%s\","
                 "\"n\":9223372036854775807}\n",
                 hostile[i].json, hostile[i].json, hostile[i].json);
        assert_int_equal(json_object_size(object), 6);
        assert_int_equal(json_string_length(json_object_get(object, "time")),
                         strlen("2026-01-01T00:00:00.000Z"));
        assert_string_equal(strstr(line, "\"level\""), expected);
        if (utf8_valid(hostile[i].text, strlen(hostile[i].text)))
            assert_string_equal(json_string_value(json_object_get(object, "message")), hostile[i].text);
        json_decref(object);
    }
    log_request_id(NULL);
    log_info("%d %s", 1, "x");
    assert_non_null(
        strstr((json_decref(take_json(line)), line), "\"level\":\"info\",\"message\":\"1 x\"}\n"));
}

/* Fills `text` with `count` times `unit`. */
static void repeat(char *text, const char *unit, size_t count)
{
    *text = '\0';
    for (size_t i = 0; i < count; i++)
        text = stpcpy(text, unit);
}

/* Of every length about the limit, and of characters of every width and escape: a line is whole or marked. */
static void test_long_lines(void **state)
{
    static const char *const units[] = {"a",    "\xc3\xa9", "\xf0\x9f\x98\x80", "\"", "\\",
                                        "\x01", "\xff",     "\xc2\x9b"};
    static char text[4 * LINE_MAX_SIZE + 1], line[2 * LINE_MAX_SIZE];

    (void)state;
    for (size_t u = 0; u < sizeof units / sizeof *units; u++)
        for (size_t count = 600; count <= LINE_MAX_SIZE; count += count % 3 ? 7 : 1) {
            const struct log_field fields[] = {{"field", text, 0}, {"l", NULL, 7}};
            json_t *object;
            bool cut;

            repeat(text, units[u], count);
            log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
            log_fields(LOG_LEVEL_INFO, &"mmmmmmmm"[count % 8], fields, 2);
            take_text(line);
            assert_true(strlen(line) < LINE_MAX_SIZE && utf8_valid(line, strlen(line)));
            cut = !strstr(line, " l=7");
            assert_int_equal(cut, strcmp(line + strlen(line) - 6, " [cut]") == 0);

            log_open(LOG_TARGET_STDERR, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
            log_fields(LOG_LEVEL_INFO, &"mmmmmmmm"[count % 8], fields, 2);
            object = take_json(line);
            assert_true(strlen(line) <= LINE_MAX_SIZE);
            cut = json_is_true(json_object_get(object, "cut"));
            assert_int_equal(cut, json_object_get(object, "l") == NULL);
            json_decref(object);
        }
    log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    repeat(text, "x", 10000);
    log_error("%s", text);
    take_text(line);
    assert_true(strlen(line) > LINE_MAX_SIZE - 100);
    assert_string_equal(line + strlen(line) - 6, " [cut]");
}

static void test_levels(void **state)
{
    static const struct {
        void (*log)(const char *format, ...);
        enum log_level level;
        const char *name;
    } rows[] = {
        {log_error, LOG_LEVEL_ERROR, "error x"},
        {log_warning, LOG_LEVEL_WARNING, "warning x"},
        {log_info, LOG_LEVEL_INFO, "info x"},
        {log_debug, LOG_LEVEL_DEBUG, "debug x"},
    };
    char line[2 * LINE_MAX_SIZE];

    (void)state;
    for (int level = LOG_LEVEL_ERROR; level < LOG_LEVEL__MAX; level++) {
        log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, (enum log_level)level);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            rows[i].log("x");
            if ((int)rows[i].level <= level)
                assert_string_equal(take_text(line), rows[i].name);
            assert_int_equal(take(line), -1);
        }
    }
}

/* Also when the line cannot be written. */
static void test_errno_is_kept(void **state)
{
    char line[2 * LINE_MAX_SIZE];

    (void)state;
    log_open(LOG_TARGET_STDERR, LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    errno = ENOTTY;
    log_error("%m");
    assert_int_equal(errno, ENOTTY);
    json_decref(take_json(line));
    assert_non_null(strstr(line, "ioctl"));
    close(STDERR_FILENO);
    errno = ENOTTY;
    log_error("lost");
    assert_int_equal(errno, ENOTTY);
    errno = ENOTTY;
    log_debug("not written");
    assert_int_equal(errno, ENOTTY);
    assert_int_equal(dup2(writer, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(take(line), -1);
}

/* They stand before the C library's; the second is what the first becomes where the source is fortified. */
static char sent[2 * LINE_MAX_SIZE];
static int sent_priority;

#undef syslog /* a macro where clang fortifies */
void syslog(int priority, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(sent, sizeof sent, format, args);
    va_end(args);
    sent_priority = priority;
}

void __syslog_chk(int priority, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));
void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list args;

    (void)flag;
    va_start(args, format);
    vsnprintf(sent, sizeof sent, format, args);
    va_end(args);
    sent_priority = priority;
}

static void test_syslog(void **state)
{
    static const struct log_field field = {"path", "/x y", 0};
    char line[2 * LINE_MAX_SIZE];

    (void)state;
    log_open(LOG_TARGET_SYSLOG, LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
    log_fields(LOG_LEVEL_WARNING, "100%s", &field, 1);
    assert_string_equal(sent, "warning 100%s path=\"/x y\"");
    assert_int_equal(sent_priority, LOG_WARNING);
    log_open(LOG_TARGET_SYSLOG, LOG_FORMAT_JSON, LOG_LEVEL_DEBUG);
    log_debug("x");
    assert_string_equal(sent, "{\"level\":\"debug\",\"message\":\"x\"}");
    assert_int_equal(sent_priority, LOG_DEBUG);
    log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    assert_int_equal(take(line), -1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_levels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_errno_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_syslog, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
