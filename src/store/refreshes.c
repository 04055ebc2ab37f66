/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "store/refreshes.h"

#define SHARE "20" /* the part of the time that may go into it: one of so many */

/* A clock that was set back makes it due, too. */
static const char sql_rests[] =
    "SELECT COUNT(*) FROM mxadmin_refreshes WHERE name = ?1 AND refreshed_ts <= ?2"
    " AND ?2 - refreshed_ts <= took_ms * " SHARE;
static const char sql_begun[] = "SELECT COUNT(*) FROM mxadmin_refreshes WHERE name = ?1";
static const char sql_done[] =
    "INSERT INTO mxadmin_refreshes (name, refreshed_ts, took_ms) VALUES (?1, ?2, ?3)"
    " ON CONFLICT (name) DO UPDATE SET refreshed_ts = excluded.refreshed_ts, took_ms = excluded.took_ms";
static const char sql_forget[] = "DELETE FROM mxadmin_refreshes WHERE name = ?1";

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

enum err refreshes_forget(struct db *db, const char *name)
{
    return db_run(db, sql_forget, DB_ARGS(DB_T(name)), NULL);
}

const void *refreshes_end(const struct list *truth, size_t row_size)
{
    return truth->count < REFRESHES_SLICE ? NULL : (const char *)truth->items + (truth->count - 1) * row_size;
}

/* Goes through what is and what is kept. With `write` it makes them the same, else it only counts the
 * differences. */
static enum err merge(struct db *db, const struct refresh *refresh, const struct list *truth,
                      const struct list *kept, bool write, size_t *differences)
{
    const char *is = truth->items, *was = kept->items;
    size_t i = 0, j = 0;
    enum err e = ERR_OK;

    *differences = 0;
    while (!e && (i < truth->count || j < kept->count)) {
        int order = i == truth->count ? 1 : j == kept->count ? -1 : refresh->order(is, was);
        const void *one = order <= 0 ? is : NULL, *other = order >= 0 ? was : NULL;
        bool differs = refresh->differs(one, other);

        *differences += differs;
        if (differs && write)
            e = refresh->settle(db, one, other);
        if (one && ++i < truth->count)
            is += refresh->row_size;
        if (other && ++j < kept->count)
            was += refresh->row_size;
    }
    return e;
}

/*
 * Brings the rows after `*after` up to date, as many as one slice has; `*after` becomes the last of them, or
 * NULL after the last of all. What is Dendrite's is read before anything is written, or Dendrite would wait
 * for our disk; what is our own changes in the same transaction, or what somebody else writes meanwhile would
 * be undone.
 */
static enum err run_slice(struct db *db, const struct refresh *refresh, struct arena *arena,
                          const void **after)
{
    const bool apart = db_attached(db);
    struct list truth = {.arena = arena, .item_size = refresh->row_size}, kept = truth;
    size_t differences = 0;
    enum err e = db_begin(db, apart ? DB_READ : DB_NOTE);

    if (e)
        return e;
    e = refresh->read(db, refresh, *after, &truth, &kept);
    if (!e)
        e = merge(db, refresh, &truth, &kept, !apart, &differences);
    e = db_end(db, e);
    *after = refreshes_end(&truth, refresh->row_size);
    if (e || !apart || differences == 0)
        return e;
    e = db_begin(db, DB_NOTE);
    return e ? e : db_end(db, merge(db, refresh, &truth, &kept, true, &differences));
}

static enum err run_all(struct db *db, const struct refresh *refresh)
{
    struct arena *arena = arena_new(), *next = arena_new(), *spent;
    const void *after = NULL;
    enum err e = arena && next ? ERR_OK : ERR_NOMEM;

    if (!e)
        do { /* where the last slice ended is in its arena */
            e = run_slice(db, refresh, next, &after);
            spent = arena;
            arena = next;
            next = spent;
            arena_reset(next);
        } while (!e && after);
    arena_free(&arena);
    arena_free(&next);
    return e;
}

enum err refreshes_run(struct db *db, const struct refresh *refresh)
{
    int64_t now = clock_now_ms(), began = clock_monotonic_ms();
    enum err e = run_all(db, refresh);

    if (!e)
        e = db_begin(db, DB_NOTE);
    if (e)
        return e;
    return db_end(db,
                  db_run(db, sql_done,
                         DB_ARGS(DB_T(refresh->name), DB_I(now), DB_I(clock_monotonic_ms() - began)), NULL));
}
