/* SPDX-License-Identifier: ISC */
/*
 * What the processes of one pool know of each other: a row for each worker in shared memory, written by that
 * worker alone, and wiped by the supervisor when it has died. A worker without a supervisor has a board of
 * one.
 */
#ifndef PROCESS_SCOREBOARD_H
#define PROCESS_SCOREBOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define SCOREBOARD_ROWS 4096

struct scoreboard;

/* A new board, shared with every process forked later. Errors: ERR_NOMEM (logged). */
MUST_CHECK enum err scoreboard_new(struct scoreboard **board);

/* The worker's side, on its own row. */
void scoreboard_ready(struct scoreboard *board, int row); /* has opened everything, and serves */
void scoreboard_idle(struct scoreboard *board, int row, bool idle);
void scoreboard_served(struct scoreboard *board, int row);
/* What a request can wait for before it is run. */
enum wait { WAIT_GATE, WAIT_TURN, WAIT__MAX };
/* Since when the oldest of its requests waits for that (microseconds of the monotonic clock); 0: none does.
 */
void scoreboard_waiting(struct scoreboard *board, int row, enum wait wait, int64_t since_us);

/* How many workers other than `row` wait for something to do. */
int scoreboard_idle_others(const struct scoreboard *board, int row);

/* Whether any other worker has a request that waits for the same since before `since_us`. */
bool scoreboard_waiting_before(const struct scoreboard *board, int row, enum wait wait, int64_t since_us);

/* The supervisor's side. */
bool scoreboard_is_ready(const struct scoreboard *board, int row);
uint64_t scoreboard_served_count(const struct scoreboard *board, int row);
void scoreboard_wipe(struct scoreboard *board, int row);

#endif
