/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/console.h"
#include "command/fsck_report.h"

#define WHAT_SIZE         2048
#define PROGRESS_EVERY_MS 100
#define ERASE_LINE        "\r\033[K" /* ECMA-48: carriage return, and EL, "erase in line" */

static const char *const level_names[FSCK_LEVEL__MAX] = {"warning", "error"};

/* Where stdout is the same terminal, a line must not begin behind the progress. */
static void erase_progress(struct fsck_report *report)
{
    if (report->shown_ms)
        fputs(ERASE_LINE, stderr);
    report->shown_ms = 0;
}

void fsck_report_begin(struct fsck_report *report, bool json)
{
    *report = (struct fsck_report){.json = json, .terminal = isatty(STDERR_FILENO) == 1};
    if (json)
        putchar('[');
}

void fsck_report_end(struct fsck_report *report, int64_t events, int64_t rooms)
{
    erase_progress(report);
    if (report->json)
        puts(report->count[FSCK_ERROR] + report->count[FSCK_WARNING] ? "\n]" : "]");
    else
        printf("%" PRId64 " events in %" PRId64 " rooms: %" PRId64 " errors, %" PRId64 " warnings\n", events,
               rooms, report->count[FSCK_ERROR], report->count[FSCK_WARNING]);
}

static enum err write_object(bool first, enum fsck_level level, const char *check, const char *room_id,
                             const char *event_id, const char *what)
{
    json_t *object = json_pack("{s:s, s:s, s:s?, s:s?, s:s}", "level", level_names[level], "check", check,
                               "room_id", room_id, "event_id", event_id, "what", what);

    if (!object)
        return ERR_NOMEM;
    fputs(first ? "\n" : ",\n", stdout);
    json_dumpf(object, stdout, 0); /* what stdout does not take, console_finish() finds out */
    json_decref(object);
    return ERR_OK;
}

void fsck_report(struct fsck_report *report, enum fsck_level level, const char *check, const char *room_id,
                 const char *event_id, const char *format, ...)
{
    bool first = report->count[FSCK_ERROR] + report->count[FSCK_WARNING] == 0;
    char what[WHAT_SIZE], safe[WHAT_SIZE], safe_room[WHAT_SIZE], safe_event[WHAT_SIZE];
    va_list arguments;

    if (report->err)
        return;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    console_safe(what, safe, sizeof safe);
    console_safe(room_id ? room_id : "-", safe_room, sizeof safe_room);
    console_safe(event_id ? event_id : "-", safe_event, sizeof safe_event);
    erase_progress(report);
    report->count[level]++;
    if (report->json)
        report->err =
            write_object(first, level, check, room_id ? safe_room : NULL, event_id ? safe_event : NULL, safe);
    else
        printf("%s %s %s %s: %s\n", level_names[level], check, safe_room, safe_event, safe);
}

void fsck_report_progress(struct fsck_report *report, const char *what, int64_t done, int64_t total)
{
    int64_t now;

    if (!report->terminal)
        return;
    now = clock_monotonic_ms();
    if (report->shown_ms && now - report->shown_ms < PROGRESS_EVERY_MS)
        return;
    if (total > 0)
        fprintf(stderr, ERASE_LINE "%s: %" PRId64 " of %" PRId64 " (%" PRId64 "%%)", what, done, total,
                done * 100 / total);
    else if (done > 0)
        fprintf(stderr, ERASE_LINE "%s: %" PRId64, what, done);
    else
        fprintf(stderr, ERASE_LINE "looking for %s", what);
    fflush(stderr);
    report->shown_ms = now;
}
