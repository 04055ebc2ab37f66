/* SPDX-License-Identifier: ISC */
/*
 * Log lines to stderr or syslog, as text or as JSON (one object a line). Every control byte, and every byte
 * that is not valid UTF-8, is written as an escape, so that hostile text can neither forge a line nor drive a
 * terminal. A log call never changes errno and never fails its caller. No secret is ever passed to it.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL__MAX };
enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG, LOG_TARGET__MAX };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON, LOG_FORMAT__MAX };

/* One named value of a line; `text` NULL means the number. */
struct log_field {
    const char *name;
    const char *text;
    int64_t number;
};

/* Sets where lines go and how they look; before it, they go to stderr as text, from LOG_LEVEL_INFO up. */
void log_open(enum log_target target, enum log_format format, enum log_level level);

/*
 * Names the request that later lines belong to; NULL when none is being worked on. The text is borrowed until
 * the next call.
 */
void log_request_id(const char *id);

/* Writes one line. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes one line with `count` named values after the message; as JSON they are keys of their own. */
void log_fields(enum log_level level, const char *message, const struct log_field *fields, size_t count);

#endif
