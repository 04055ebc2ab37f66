/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/clock.h"
#include "store/refreshes.h"

#define SHARE "20" /* the part of the time that may go into it: one of so many */

/* A clock that was set back makes it due, too. */
static const char sql_rests[] =
    "SELECT COUNT(*) FROM mxadmin_refreshes WHERE name = ?1 AND refreshed_ts <= ?2"
    " AND ?2 - refreshed_ts <= took_ms * " SHARE;
static const char sql_begun[] = "SELECT COUNT(*) FROM mxadmin_refreshes WHERE name = ?1";
static const char sql_within[] =
    "SELECT COUNT(*) FROM mxadmin_refreshes WHERE name = ?1 AND refreshed_ts BETWEEN ?2 AND ?3";
static const char sql_done[] =
    "INSERT INTO mxadmin_refreshes (name, refreshed_ts, took_ms) VALUES (?1, ?2, ?3)"
    " ON CONFLICT (name) DO UPDATE SET refreshed_ts = excluded.refreshed_ts, took_ms = excluded.took_ms";
static const char sql_hurry[] = "UPDATE mxadmin_refreshes SET refreshed_ts = 0, took_ms = 0 WHERE name = ?1";
static const char sql_forget[] = "DELETE FROM mxadmin_refreshes WHERE name = ?1";

/* Where a pass that is not over has stopped. */
static const char sql_place[] = "SELECT first_key, second_key, took_ms FROM mxadmin_refresh_places"
                                " WHERE name = ?1";
static const char sql_stopped[] = "SELECT COUNT(*) FROM mxadmin_refresh_places WHERE name = ?1";
static const char sql_put_place[] =
    "INSERT INTO mxadmin_refresh_places (name, first_key, second_key, took_ms) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (name) DO UPDATE SET first_key = excluded.first_key, second_key = excluded.second_key,"
    " took_ms = excluded.took_ms";
static const char sql_forget_place[] = "DELETE FROM mxadmin_refresh_places WHERE name = ?1";

#define LOADS_MAX  500  /* rows that are read one by one while Dendrite may wait */
#define WRITES_MIN 4000 /* rows that are worth a write: it touches as many pages for fewer */

enum err refreshes_due(struct db *db, const char *name, int64_t now_ms, bool *due)
{
    int64_t rests = 0;
    enum err e = db_integer(db, sql_rests, DB_ARGS(DB_T(name), DB_I(now_ms)), &rests);

    *due = rests == 0;
    return e;
}

enum err refreshes_begun(struct db *db, const char *name, bool *begun)
{
    int64_t rows = 0;
    enum err e = db_integer(db, sql_begun, DB_ARGS(DB_T(name)), &rows);

    *begun = rows > 0;
    return e;
}

enum err refreshes_done_within(struct db *db, const char *name, int64_t ms, bool *done)
{
    int64_t now = clock_now_ms(), rows = 0;
    enum err e = db_integer(db, sql_within, DB_ARGS(DB_T(name), DB_I(now - ms), DB_I(now)), &rows);

    *done = rows > 0;
    return e;
}

/* What has changed may be behind where a pass has stopped. */
static enum err start_over(struct db *db, const char *name, const char *sql)
{
    enum err e = db_run(db, sql, DB_ARGS(DB_T(name)), NULL);

    return e ? e : db_run(db, sql_forget_place, DB_ARGS(DB_T(name)), NULL);
}

enum err refreshes_forget(struct db *db, const char *name)
{
    return start_over(db, name, sql_forget);
}

enum err refreshes_hurry(struct db *db, const char *name)
{
    return start_over(db, name, sql_hurry);
}

enum err refreshes_stopped(struct db *db, const char *name, bool *stopped)
{
    int64_t rows = 0;
    enum err e = db_integer(db, sql_stopped, DB_ARGS(DB_T(name)), &rows);

    *stopped = rows > 0;
    return e;
}

static size_t slice_of(const struct refresh *refresh)
{
    return refresh->slice ? refresh->slice : REFRESHES_SLICE;
}

static void *row_of(const struct list *list, size_t i)
{
    return (char *)list->items + i * list->item_size;
}

const void *refreshes_end(const struct refresh *refresh, const struct list *truth, size_t added)
{
    return added < slice_of(refresh) ? NULL : row_of(truth, truth->count - 1);
}

/* What is and what is kept, as far as it was read, and up to where it was gone through. */
struct pass {
    const struct refresh *refresh;
    struct list truth, kept;
    size_t i, j;
    size_t differences; /* that were found */
};

/* The next row of either, or of both where they are of the same. False after the last. */
static bool next_pair(struct pass *pass, void **is, const void **was)
{
    const bool any = pass->i < pass->truth.count, other = pass->j < pass->kept.count;
    void *one = any ? row_of(&pass->truth, pass->i) : NULL;
    const void *two = other ? row_of(&pass->kept, pass->j) : NULL;
    const int order = !any ? 1 : !other ? -1 : pass->refresh->order(one, two);

    if (!any && !other)
        return false;
    *is = order <= 0 ? one : NULL;
    *was = order >= 0 ? two : NULL;
    pass->i += *is != NULL;
    pass->j += *was != NULL;
    return true;
}

/*
 * Goes through what was read since the last time, and counts the differences. What they lack is read now, in
 * the same short transaction: where that is much, the rest of the slice is left for another one, `*cut`.
 */
static enum err find_differences(struct db *db, struct pass *pass, bool *cut)
{
    const void *was;
    void *is;
    size_t loaded = 0;
    enum err e = ERR_OK;

    *cut = false;
    while (!e && !*cut && next_pair(pass, &is, &was)) {
        if (!pass->refresh->differs(is, was))
            continue;
        if (is && pass->refresh->load) {
            e = pass->refresh->load(db, is, pass->truth.arena);
            *cut = ++loaded == LOADS_MAX && pass->i < pass->truth.count;
        }
        pass->differences += pass->refresh->differs(is, was);
    }
    if (*cut) {
        pass->truth.count = pass->i;
        pass->kept.count = pass->j;
    }
    return e;
}

/* Makes what is kept the same as what is. */
static enum err settle(struct db *db, struct pass *pass)
{
    const void *was;
    void *is;
    enum err e = ERR_OK;

    pass->i = pass->j = 0;
    while (!e && next_pair(pass, &is, &was))
        if (pass->refresh->differs(is, was))
            e = pass->refresh->settle(db, is, was);
    return e;
}

/* Reads a slice after the row `*after`, which becomes the last of it, or NULL: there are no more. */
static enum err read_slice(struct db *db, struct pass *pass, const void **after)
{
    const size_t before = pass->truth.count;
    bool cut = false;
    enum err e = pass->refresh->read(db, pass->refresh, *after, &pass->truth, &pass->kept);

    *after = refreshes_end(pass->refresh, &pass->truth, pass->truth.count - before);
    if (!e)
        e = find_differences(db, pass, &cut);
    if (cut)
        *after = row_of(&pass->truth, pass->truth.count - 1);
    return e;
}

/*
 * Brings the rows after `*after` up to date. What is Dendrite's is read before anything is written, or
 * Dendrite would wait for our disk, and of it so much that is worth a write; what is our own changes in the
 * same transaction, or what somebody else writes meanwhile would be undone.
 */
static enum err run_slice(struct db *db, const struct refresh *refresh, struct arena *arena,
                          const void **after)
{
    const bool apart = db_attached(db);
    struct pass pass = {
        .refresh = refresh,
        .truth = {.arena = arena, .item_size = refresh->row_size},
        .kept = {.arena = arena, .item_size = refresh->row_size},
    };
    enum err e;

    do {
        e = db_begin(db, apart ? DB_READ : DB_NOTE_BULK);
        if (!e)
            e = read_slice(db, &pass, after);
        if (!e && !apart && pass.differences > 0)
            e = settle(db, &pass);
        e = db_end(db, e);
    } while (!e && apart && *after && pass.differences > 0 && pass.differences < WRITES_MIN);
    if (e || !apart || pass.differences == 0)
        return e;
    e = db_begin(db, DB_NOTE_BULK);
    return e ? e : db_end(db, settle(db, &pass));
}

/* Runs slices until all is compared or the time is over; `*after` lives in `*holder`, which the caller frees.
 */
static enum err run_until(struct db *db, const struct refresh *refresh, int64_t end_ms, const void **after,
                          struct arena **holder)
{
    struct arena *arena = arena_new(), *next = arena_new(), *spent;
    enum err e = arena && next ? ERR_OK : ERR_NOMEM;

    if (!e)
        do { /* where the last slice ended is in its arena */
            e = run_slice(db, refresh, next, after);
            spent = arena;
            arena = next;
            next = spent;
            arena_reset(next);
        } while (!e && *after && clock_monotonic_ms() < end_ms);
    arena_free(&next);
    *holder = arena;
    return e;
}

enum err refreshes_done(struct db *db, const char *name, int64_t now_ms, int64_t took_ms)
{
    enum err e = db_begin(db, DB_NOTE);

    if (e)
        return e;
    e = db_run(db, sql_done, DB_ARGS(DB_T(name), DB_I(now_ms), DB_I(took_ms)), NULL);
    if (!e)
        e = db_run(db, sql_forget_place, DB_ARGS(DB_T(name)), NULL);
    return db_end(db, e);
}

enum err refreshes_run(struct db *db, const struct refresh *refresh)
{
    int64_t now = clock_now_ms(), began = clock_monotonic_ms();
    struct arena *holder = NULL;
    const void *after = NULL;
    enum err e = run_until(db, refresh, INT64_MAX, &after, &holder);

    arena_free(&holder);
    return e ? e : refreshes_done(db, refresh->name, now, clock_monotonic_ms() - began);
}

/* Where a call stopped: the texts that a row begins with. */
struct place {
    const char *keys[2];
    int64_t took_ms;
};

static enum err find_place(struct db *db, const char *name, struct arena *arena, struct place *place)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_place, DB_ARGS(DB_T(name)), &stmt);

    if (db_next(stmt, &e)) {
        place->keys[0] = db_copy(stmt, 0, arena, &e);
        place->keys[1] = db_copy(stmt, 1, arena, &e);
        place->took_ms = db_int(stmt, 2);
    }
    db_done(&stmt);
    return e;
}

static enum err note_place(struct db *db, const char *name, const void *after, int64_t took_ms)
{
    const char *const *keys = after;
    enum err e = db_begin(db, DB_NOTE);

    if (e)
        return e;
    return db_end(db, db_run(db, sql_put_place,
                             DB_ARGS(DB_T(name), DB_T(keys[0]), DB_T(keys[1]), DB_I(took_ms)), NULL));
}

/* The row of the place, of which no more is looked at than its texts. */
static const void *row_at(const struct refresh *refresh, const struct place *place, struct arena *arena)
{
    char *row = arena_alloc(arena, refresh->row_size);

    if (row) {
        memset(row, 0, refresh->row_size);
        memcpy(row, place->keys, sizeof place->keys);
    }
    return row;
}

static enum err run_from_place(struct db *db, const struct refresh *refresh, int64_t ms, struct arena *arena,
                               bool *over)
{
    const int64_t now = clock_now_ms(), began = clock_monotonic_ms();
    struct arena *holder = NULL;
    const void *after = NULL;
    struct place place = {0};
    enum err e = find_place(db, refresh->name, arena, &place);

    if (!e && place.keys[0]) {
        after = row_at(refresh, &place, arena);
        e = after ? ERR_OK : ERR_NOMEM;
    }
    if (!e)
        e = run_until(db, refresh, began + ms, &after, &holder);
    place.took_ms += clock_monotonic_ms() - began;
    *over = !e && !after;
    if (!e)
        e = after ? note_place(db, refresh->name, after, place.took_ms)
                  : refreshes_done(db, refresh->name, now, place.took_ms);
    arena_free(&holder);
    return e;
}

enum err refreshes_run_for(struct db *db, const struct refresh *refresh, int64_t ms, bool *over)
{
    struct arena *arena = arena_new();
    enum err e = arena ? run_from_place(db, refresh, ms, arena, over) : ERR_NOMEM;

    arena_free(&arena);
    return e;
}
