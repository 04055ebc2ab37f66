/* SPDX-License-Identifier: ISC */
/* What a command says to the person at the terminal, and what it asks. */
#ifndef COMMAND_CONSOLE_H
#define COMMAND_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "command/command.h"
#include "homeserver/homeserver.h"

/* Writes a line, "mxadmin: COMMAND: …", to stderr, as console_safe() leaves it. */
void console_error(const struct invocation *invocation, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Copies `text` to `out`, with "?" for every control byte and every byte that is not valid UTF-8. */
void console_safe(const char *text, char *out, size_t size);

/* Reads the number of an option, 0 to `max`; false after saying what is wrong. One that is not given keeps
 * it. */
bool console_number(const struct invocation *invocation, enum command_option option, int64_t max,
                    int64_t *number);

/* Writes a time, in Unix milliseconds, as "2026-01-31T23:59:59Z". */
#define CONSOLE_TIME_SIZE 32
void console_time(int64_t ms, char text[CONSOLE_TIME_SIZE]);

/* Reads the time of an option, such as "2026-01-31" (its beginning) or "2026-01-31T23:59:59Z", into `*ms`;
 * false after saying what is wrong. One that is not given keeps it. */
bool console_moment(const struct invocation *invocation, enum command_option option, int64_t *ms);

/* A bar that shows how far something has come, on a terminal only. Initialise with console_bar(). */
struct console_bar {
    bool shown;
    int64_t next_ms;
};
struct console_bar console_bar(void);
void console_bar_draw(struct console_bar *bar, int64_t done, int64_t total);

/* Writes a number of bytes for people: "17 bytes", "1.5 MiB". */
#define CONSOLE_SIZE_SIZE 32
void console_size(int64_t bytes, char text[CONSOLE_SIZE_SIZE]);

/* Bytes of the longest password that may be set, in UTF-8, and the NUL. */
#define CONSOLE_PASSWORD_SIZE (4 * PASSWORD_LENGTH_MAX + 1)

/*
 * Asks for a new password: twice and without echo on a terminal, otherwise the first line of stdin. Checks
 * that it is UTF-8 of PASSWORD_LENGTH_MIN to PASSWORD_LENGTH_MAX characters. `who` names the user in the
 * question. On success the caller wipes `password`. Errors, each said: ERR_IO, ERR_INVALID.
 */
MUST_CHECK enum err console_new_password(const struct invocation *invocation, const char *who,
                                         char password[CONSOLE_PASSWORD_SIZE]);

/* Writes a secret and a newline to stdout; COMMAND_FAILED, and said, when it did not get there. */
int console_secret(const struct invocation *invocation, const char *secret);

/* Flushes stdout; COMMAND_FAILED, and said, when what was printed did not reach its file. */
int console_finish(const struct invocation *invocation);

#endif
