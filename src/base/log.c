/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"

/* PIPE_BUF of Linux: a line of this size reaches a pipe whole, even when several processes write to it. */
#define LINE_SIZE 4096

/* What is kept free for the end of a line: `"`, the mark of a cut line, `}`, newline and NUL. */
#define TAIL_SIZE 32

/*
 * The process has one log, which must work before anything is set up and where nothing can be passed down (a
 * failing allocation): hence the one file-scope variable.
 */
static struct {
    enum log_target target;
    enum log_format format;
    enum log_level level;
    const char *request_id;
} state = {.level = LOG_LEVEL_INFO};

static const struct {
    const char *name;
    int priority; /* of syslog(3) */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", LOG_ERR},
    [LOG_LEVEL_WARNING] = {"warning", LOG_WARNING},
    [LOG_LEVEL_INFO] = {"info", LOG_INFO},
    [LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};
_Static_assert(sizeof levels / sizeof *levels == LOG_LEVEL__MAX, "a name for every level");

/* A line being made. Once something did not fit, nothing more is taken but the end. */
struct line {
    char data[LINE_SIZE];
    size_t length;
    bool json;
    bool cut;
};

/* Appends all of `text`, or nothing and marks the line as cut, so that no escape and no character is split.
 */
static bool put(struct line *line, const char *text, size_t size)
{
    if (line->cut || line->length + size > sizeof line->data - TAIL_SIZE) {
        line->cut = true;
        return false;
    }
    memcpy(line->data + line->length, text, size);
    line->length += size;
    return true;
}

/* Appends what the reserved room is for. */
static void put_tail(struct line *line, const char *text)
{
    size_t size = strlen(text);

    memcpy(line->data + line->length, text, size);
    line->length += size;
}

/* C0 and DEL, and C1 (U+0080 to U+009F), which drives terminals too. */
static bool is_control(const unsigned char *at, size_t length)
{
    return length == 1 ? at[0] < 0x20 || at[0] == 0x7f : length == 2 && at[0] == 0xc2 && at[1] < 0xa0;
}

/*
 * Appends the escape of the character of `length` bytes at `at`; 0 is a byte that is not UTF-8. A backslash
 * is escaped everywhere, or else an escape that was sent to us could not be told from one that we wrote.
 */
static void put_escape(struct line *line, const unsigned char *at, size_t length)
{
    char escape[16];
    int size;

    if (line->json && (*at == '"' || *at == '\\'))
        size = snprintf(escape, sizeof escape, "\\%c", *at);
    else if (line->json)
        size = snprintf(escape, sizeof escape, "\\u%04x", length == 2 ? at[1] : at[0]);
    else if (length == 2)
        size = snprintf(escape, sizeof escape, "\\x%02x\\x%02x", at[0], at[1]);
    else
        size = snprintf(escape, sizeof escape, "\\x%02x", at[0]);
    put(line, escape, (size_t)size);
}

/* Appends hostile text; `quoted` says that it stands between quotes, which it must not end. */
static void put_escaped(struct line *line, const char *text, bool quoted)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t size = strlen(text);

    while (size > 0 && !line->cut) {
        size_t length = utf8_sequence(at, size);

        if (length == 0 || is_control(at, length) || *at == '\\' || (quoted && *at == '"'))
            put_escape(line, at, length);
        else
            put(line, (const char *)at, length);
        at += length ? length : 1;
        size -= length ? length : 1;
    }
}

/* Appends a named text. As text it is quoted where "a b=c" would otherwise pass for two values. */
static void put_text(struct line *line, const char *name, const char *value)
{
    bool quoted = line->json || !*value || strpbrk(value, " \"=");
    char head[80];
    int size = snprintf(head, sizeof head, line->json ? ",\"%s\":\"" : quoted ? " %s=\"" : " %s=", name);

    if (!put(line, head, (size_t)size))
        return;
    put_escaped(line, value, quoted);
    if (quoted)
        put_tail(line, "\"");
}

static void put_number(struct line *line, const char *name, int64_t value)
{
    char text[100];
    int size = snprintf(text, sizeof text, line->json ? ",\"%s\":%" PRId64 : " %s=%" PRId64, name, value);

    put(line, text, (size_t)size);
}

/* Appends the time (RFC 3339, UTC, milliseconds), which syslog knows by itself, and the level. */
static void put_start(struct line *line, enum log_level level)
{
    char time_text[40] = "";
    char start[80];
    int size;

    if (state.target != LOG_TARGET_SYSLOG) {
        int64_t now_ms = clock_now_ms();
        time_t seconds = (time_t)(now_ms / 1000);
        struct tm utc;
        size_t length;

        gmtime_r(&seconds, &utc);
        length = strftime(time_text, sizeof time_text, "%FT%T", &utc);
        snprintf(time_text + length, sizeof time_text - length, ".%03dZ", (int)(now_ms % 1000));
    }
    if (!line->json)
        size = snprintf(start, sizeof start, "%s%s%s", time_text, *time_text ? " " : "", levels[level].name);
    else if (*time_text)
        size =
            snprintf(start, sizeof start, "{\"time\":\"%s\",\"level\":\"%s\"", time_text, levels[level].name);
    else
        size = snprintf(start, sizeof start, "{\"level\":\"%s\"", levels[level].name);
    put(line, start, (size_t)size);
}

static void put_message(struct line *line, const char *message)
{
    if (line->json)
        put_text(line, "message", message);
    else if (put(line, " ", 1))
        put_escaped(line, message, false);
}

/* Ends the line and sends it with one system call, so that lines of several processes do not mix. */
static void send_line(struct line *line, enum log_level level)
{
    if (line->cut)
        put_tail(line, line->json ? ",\"cut\":true" : " [cut]");
    if (line->json)
        put_tail(line, "}");
    if (state.target == LOG_TARGET_SYSLOG) {
        line->data[line->length] = '\0';
        syslog(levels[level].priority, "%s", line->data);
        return;
    }
    put_tail(line, "\n");
    while (write(STDERR_FILENO, line->data, line->length) < 0 && errno == EINTR)
        ;
}

void log_open(enum log_target target, enum log_format format, enum log_level level)
{
    state.target = target;
    state.format = format;
    state.level = level;
    if (target == LOG_TARGET_SYSLOG)
        openlog("mxadmin", LOG_PID, LOG_DAEMON);
}

void log_request_id(const char *id)
{
    state.request_id = id;
}

void log_fields(enum log_level level, const char *message, const struct log_field *fields, size_t count)
{
    struct line line;
    int saved = errno;

    if (level > state.level)
        return;
    line.length = 0;
    line.json = state.format == LOG_FORMAT_JSON;
    line.cut = false;
    put_start(&line, level);
    if (state.request_id)
        put_text(&line, line.json ? "request_id" : "request-id", state.request_id);
    put_message(&line, message);
    for (size_t i = 0; i < count; i++) {
        if (fields[i].text)
            put_text(&line, fields[i].name, fields[i].text);
        else
            put_number(&line, fields[i].name, fields[i].number);
    }
    send_line(&line, level);
    errno = saved;
}

__attribute__((format(printf, 2, 0))) static void log_formatted(enum log_level level, const char *format,
                                                                va_list args)
{
    char message[LINE_SIZE]; /* what does not fit here would not fit in the line either */
    int saved = errno;

    if (level > state.level)
        return;
    if (vsnprintf(message, sizeof message, format, args) < 0)
        snprintf(message, sizeof message, "%s", format);
    errno = saved;
    log_fields(level, message, NULL, 0);
}

void log_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_formatted(LOG_LEVEL_ERROR, format, args);
    va_end(args);
}

void log_warning(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_formatted(LOG_LEVEL_WARNING, format, args);
    va_end(args);
}

void log_info(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_formatted(LOG_LEVEL_INFO, format, args);
    va_end(args);
}

void log_debug(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_formatted(LOG_LEVEL_DEBUG, format, args);
    va_end(args);
}
