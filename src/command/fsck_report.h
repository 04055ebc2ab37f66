/* SPDX-License-Identifier: ISC */
/* What `mxadmin fsck` says: a line or a JSON object for each thing that is wrong, and how far it has come. */
#ifndef COMMAND_FSCK_REPORT_H
#define COMMAND_FSCK_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum fsck_level { FSCK_WARNING, FSCK_ERROR, FSCK_LEVEL__MAX };

struct fsck_report {
    bool json;     /* one array on stdout instead of lines */
    bool terminal; /* stderr is one: show progress there */
    int64_t count[FSCK_LEVEL__MAX];
    int64_t shown_ms; /* when progress was last shown; 0: none is to be seen */
    enum err err;     /* the first failure to report: ERR_NOMEM; later reports do nothing */
};

/* Begin and end what is written to stdout; `events` and `rooms` are how many were looked at. */
void fsck_report_begin(struct fsck_report *report, bool json);
void fsck_report_end(struct fsck_report *report, int64_t events, int64_t rooms);

/* Says that something is wrong. `room_id` and `event_id` are NULL where there is none. */
void fsck_report(struct fsck_report *report, enum fsck_level level, const char *check, const char *room_id,
                 const char *event_id, const char *format, ...) __attribute__((format(printf, 6, 7)));

/*
 * Shows what is being gone through, and how far, every now and then. `total` 0: it is not known. `done` 0
 * too: `what` is what is looked for.
 */
void fsck_report_progress(struct fsck_report *report, const char *what, int64_t done, int64_t total);

#endif
