/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "process/scoreboard.h"

/* A cache line each, so that workers do not disturb each other. */
struct row {
    _Alignas(64) atomic_bool ready;
    atomic_bool idle;
    _Atomic int64_t waiting_since_us[WAIT__MAX];
    _Atomic uint64_t served;
};

struct scoreboard {
    atomic_int rows; /* one more than the highest row that was ever used */
    struct row row[SCOREBOARD_ROWS];
};

enum err scoreboard_new(struct scoreboard **board)
{
    /* Pages that no row of is used are never touched, and cost nothing. */
    void *memory =
        mmap(NULL, sizeof **board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED) {
        log_error("no shared memory for the scoreboard: %s", strerror(errno));
        return ERR_NOMEM;
    }
    *board = memory;
    return ERR_OK;
}

void scoreboard_ready(struct scoreboard *board, int row)
{
    int rows = board->rows;

    while (rows <= row && !atomic_compare_exchange_weak(&board->rows, &rows, row + 1))
        ;
    board->row[row].ready = true;
}

void scoreboard_idle(struct scoreboard *board, int row, bool idle)
{
    atomic_store_explicit(&board->row[row].idle, idle, memory_order_relaxed);
}

void scoreboard_served(struct scoreboard *board, int row)
{
    atomic_fetch_add_explicit(&board->row[row].served, 1, memory_order_relaxed);
}

void scoreboard_waiting(struct scoreboard *board, int row, enum wait wait, int64_t since_us)
{
    board->row[row].waiting_since_us[wait] = since_us;
}

int scoreboard_idle_others(const struct scoreboard *board, int row)
{
    int count = 0;

    for (int i = 0; i < board->rows; i++)
        count += i != row && atomic_load_explicit(&board->row[i].idle, memory_order_relaxed);
    return count;
}

bool scoreboard_waiting_before(const struct scoreboard *board, int row, enum wait wait, int64_t since_us)
{
    for (int i = 0; i < board->rows; i++) {
        int64_t since = board->row[i].waiting_since_us[wait];

        if (i != row && since != 0 && since < since_us)
            return true;
    }
    return false;
}

bool scoreboard_is_ready(const struct scoreboard *board, int row)
{
    return board->row[row].ready;
}

uint64_t scoreboard_served_count(const struct scoreboard *board, int row)
{
    return board->row[row].served;
}

void scoreboard_wipe(struct scoreboard *board, int row)
{
    board->row[row].ready = false;
    board->row[row].idle = false;
    for (int wait = 0; wait < WAIT__MAX; wait++)
        board->row[row].waiting_since_us[wait] = 0;
    board->row[row].served = 0;
}
