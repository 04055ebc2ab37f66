/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "command/console.h"

#define MESSAGE_SIZE 1024

/* The longest password, the newline after it, one byte more to see that it is too long, and the NUL. */
#define LINE_SIZE (CONSOLE_PASSWORD_SIZE + 2)

void console_safe(const char *text, char *out, size_t size)
{
    size_t left = strlen(text);
    size_t used = 0;

    while (left > 0) {
        size_t length = utf8_sequence((const unsigned char *)text, left);
        /* The C1 controls, U+0080 to U+009F, drive terminals too. */
        bool control = length == 0 || (length == 1 && ((unsigned char)*text < ' ' || *text == '\x7f')) ||
                       (length == 2 && text[0] == '\xc2' && (unsigned char)text[1] < 0xa0);
        size_t step = length ? length : 1;

        if (used + step >= size)
            break;
        if (control)
            out[used] = '?';
        else
            memcpy(out + used, text, step);
        used += control ? 1 : step;
        text += step;
        left -= step;
    }
    out[used] = '\0';
}

void console_time(int64_t ms, char text[CONSOLE_TIME_SIZE])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    if (!gmtime_r(&seconds, &tm) || strftime(text, CONSOLE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        *text = '\0';
}

void console_error(const struct invocation *invocation, const char *format, ...)
{
    char message[MESSAGE_SIZE], safe[MESSAGE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    console_safe(message, safe, sizeof safe);
    fprintf(stderr, "mxadmin: %s: %s\n", invocation->command, safe);
}

bool console_number(const struct invocation *invocation, enum command_option option, int64_t max,
                    int64_t *number)
{
    const char *text = invocation->value[option];
    long long value;
    char *end;

    if (!text)
        return true;
    errno = 0;
    value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < 0 || value > max) {
        console_error(invocation, "--%s is not a number from 0 to %lld", command_option_name(option),
                      (long long)max);
        return false;
    }
    *number = value;
    return true;
}

bool console_moment(const struct invocation *invocation, enum command_option option, int64_t *ms)
{
    static const char *const formats[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"};
    const char *text = invocation->value[option];

    for (size_t i = 0; text && i < sizeof formats / sizeof *formats; i++) {
        struct tm tm = {0};
        const char *end = strptime(text, formats[i], &tm);

        if (end && !*end) {
            *ms = (int64_t)timegm(&tm) * 1000;
            return true;
        }
    }
    if (text)
        console_error(invocation, "--%s is no time such as 2026-01-31 or 2026-01-31T23:59:59Z",
                      command_option_name(option));
    return !text;
}

#define BAR_WIDTH    40
#define BAR_EVERY_MS 100

struct console_bar console_bar(void)
{
    return (struct console_bar){.shown = isatty(STDERR_FILENO)};
}

void console_bar_draw(struct console_bar *bar, int64_t done, int64_t total)
{
    int64_t now = clock_monotonic_ms();
    int filled = total > 0 ? (int)(done * BAR_WIDTH / total) : BAR_WIDTH;

    if (!bar->shown || (now < bar->next_ms && done < total))
        return;
    bar->next_ms = now + BAR_EVERY_MS;
    fprintf(stderr, "\r[%-*.*s] %lld of %lld%s", BAR_WIDTH, filled,
            "========================================", (long long)done, (long long)total,
            done == total ? "\n" : "");
}

void console_size(int64_t bytes, char text[CONSOLE_SIZE_SIZE])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes / 1024;
    size_t unit = 0;

    while (size >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        size /= 1024;
        unit++;
    }
    if (bytes < 1024)
        snprintf(text, CONSOLE_SIZE_SIZE, "%lld bytes", (long long)bytes);
    else
        snprintf(text, CONSOLE_SIZE_SIZE, "%.1f %s", size, units[unit]);
}

/* The length of the line that was read, -1 if there is none. Byte by byte: stdio would keep the secret. */
static ssize_t read_line(char line[LINE_SIZE])
{
    size_t length = 0;

    while (length < LINE_SIZE - 1) {
        ssize_t count = read(STDIN_FILENO, line + length, 1);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0 && length == 0)
            return -1;
        if (count <= 0 || line[length] == '\n')
            break;
        length++;
    }
    line[length] = '\0';
    return (ssize_t)length;
}

/*
 * Reads a line of the terminal without echo. `*interrupted` becomes true, with nothing read, when a signal
 * came first: signals are held back so that none can end or stop the process while the terminal is mute.
 */
static ssize_t read_mute(int signals, char line[LINE_SIZE], bool *interrupted)
{
    struct pollfd polled[] = {{.fd = signals, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    struct termios before, mute;
    ssize_t length = -1;

    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return -1;
    mute = before;
    mute.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &mute) < 0)
        return -1;
    *interrupted = poll(polled, 2, -1) >= 0 && polled[0].revents;
    if (!*interrupted)
        length = read_line(line);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return length;
}

/* Asks on the terminal, again after a signal that the process outlives (it was stopped and goes on). */
static ssize_t ask(const char *question, const char *who, char line[LINE_SIZE])
{
    static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    sigset_t set, before;
    bool interrupted;
    ssize_t length;
    int signals;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        sigaddset(&set, held[i]);
    signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (signals < 0)
        return -1;
    do {
        interrupted = false;
        fprintf(stderr, "%s %s: ", question, who);
        sigprocmask(SIG_BLOCK, &set, &before);
        length = read_mute(signals, line, &interrupted);
        sigprocmask(SIG_SETMASK, &before, NULL);
    } while (interrupted);
    close(signals);
    return length;
}

/* What is wrong with a password; NULL if nothing. */
static const char *fault_of(const char *password, size_t length)
{
    if (strlen(password) != length)
        return "the password has a NUL byte in it";
    /* More bytes than the longest has: its last character may have been cut off. */
    if (length >= CONSOLE_PASSWORD_SIZE)
        return "the password has more than 512 characters";
    if (!utf8_valid(password, length))
        return "the password is not valid UTF-8";
    if (utf8_length(password) < PASSWORD_LENGTH_MIN)
        return "the password has fewer than 8 characters";
    if (utf8_length(password) > PASSWORD_LENGTH_MAX)
        return "the password has more than 512 characters";
    return NULL;
}
_Static_assert(PASSWORD_LENGTH_MIN == 8 && PASSWORD_LENGTH_MAX == 512, "the texts above say so");

enum err console_new_password(const struct invocation *invocation, const char *who,
                              char password[CONSOLE_PASSWORD_SIZE])
{
    char line[LINE_SIZE] = "", again[LINE_SIZE] = "";
    bool terminal = isatty(STDIN_FILENO);
    const char *fault;
    ssize_t length;
    enum err e = ERR_INVALID;

    length = terminal ? ask("New password of", who, line) : read_line(line);
    if (length < 0) {
        console_error(invocation, "no password was given");
        e = ERR_IO;
        goto out;
    }
    fault = fault_of(line, (size_t)length);
    if (!fault && terminal && (ask("Once more the password of", who, again) < 0 || strcmp(line, again) != 0))
        fault = "the two passwords differ";
    if (fault) {
        console_error(invocation, "%s", fault);
        goto out;
    }
    strcpy(password, line);
    e = ERR_OK;
out:
    explicit_bzero(line, sizeof line);
    explicit_bzero(again, sizeof again);
    return e;
}

static int unwritten(const struct invocation *invocation)
{
    console_error(invocation, "cannot write to the standard output: %s", strerror(errno));
    return COMMAND_FAILED;
}

/* Past stdio, whose buffer would keep the secret. */
static bool write_whole(const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = write(STDOUT_FILENO, bytes, size);

        if (count < 0 && errno != EINTR)
            return false;
        if (count > 0) {
            bytes += count;
            size -= (size_t)count;
        }
    }
    return true;
}

int console_secret(const struct invocation *invocation, const char *secret)
{
    return write_whole(secret, strlen(secret)) && write_whole("\n", 1) ? COMMAND_OK : unwritten(invocation);
}

int console_finish(const struct invocation *invocation)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? COMMAND_OK : unwritten(invocation);
}
