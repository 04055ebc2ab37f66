/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/clock.h"
#include "homeserver/job_kinds.h"
#include "homeserver/walk.h"

#define END         "." /* the cursor when there are no more */
#define WAITING_MAX 100 /* items that are read at once */

static struct list found_list(struct arena *arena)
{
    return (struct list){.arena = arena, .item_size = sizeof(struct found)};
}

static enum err add_items(struct db *db, struct job *job, const struct list *found)
{
    const struct found *items = found->items;
    int64_t last = 0;
    enum err e = db_begin(db, DB_NOTE);

    if (e)
        return e;
    for (size_t i = 0; !e && i < found->count; i++)
        e = job_items_add(db, job->id, items[i].id);
    if (!e)
        e = job_items_last(db, job->id, &last);
    if (job->total < last)
        job->total = last;
    return db_end(db, e);
}

/* Notes some more. `*over`: there were none. */
static enum err note(const struct walk_kind *kind, struct walk *walk, struct job *job, bool *over)
{
    struct list found = found_list(walk->slice);
    enum err e = ERR_OK;

    *over = strcmp(job->cursor, END) == 0;
    if (*over)
        return ERR_OK;
    walk->cursor = job->cursor;
    e = kind->find(walk, &found, over);
    if (!e && found.count > 0)
        e = add_items(walk->hs->db, job, &found);
    if (job->total < walk->total)
        job->total = walk->total;
    if (!e) /* what is left alone stays where it is, and is not to be found again */
        job->cursor = *over ? END : walk->cursor;
    if (found.count > 0)
        *over = false;
    return e;
}

enum err walk_settle(struct db *db, struct job *job, const struct job_item *items, size_t count)
{
    enum err e = count > 0 ? db_begin(db, DB_NOTE) : ERR_OK;

    if (e || count == 0)
        return e;
    for (size_t i = 0; !e && i < count; i++)
        e = job_items_settle(db, job->id, &items[i]);
    e = db_end(db, e);
    if (!e)
        job->done = items[count - 1].position; /* they are acted on in the order of their positions */
    if (job->total < job->done)
        job->total = job->done;
    return e;
}

/* Acts on what was noted, until the time is over. `*none`: there was nothing. */
static enum err act(const struct walk_kind *kind, struct walk *walk, struct job *job, int64_t end_ms,
                    bool *none)
{
    struct job_item *items = NULL;
    size_t count = 0, done = 0;
    enum err e = job_items_waiting(walk->hs->db, job->id, WAITING_MAX, walk->arena, &items, &count), settled;

    *none = count == 0;
    if (!e && count > 0 && kind->begin)
        e = kind->begin(walk, job);
    while (!e && done < count && (done == 0 || clock_monotonic_ms() < end_ms)) {
        const size_t left = count - done, some = left < kind->batch ? left : kind->batch;

        e = kind->act(walk, items + done, some);
        if (!e)
            done += some;
    }
    settled = walk_settle(walk->hs->db, job, items, done);
    return e ? e : settled;
}

/* All items have an outcome. What the step that was cut off had done was written down with them alone. */
static enum err finish(struct db *db, struct job *job)
{
    enum err e = job_items_last(db, job->id, &job->done);

    if (job->total < job->done)
        job->total = job->done;
    if (!e)
        job->status = JOB_COMPLETE;
    return e;
}

enum err walk_step(const struct walk_kind *kind, struct walk *walk, struct job *job)
{
    const int64_t end_ms = clock_monotonic_ms() + JOB_BATCH_MS;
    bool over = false, none = false;
    enum err e = ERR_OK;

    walk->slice = walk->arena;
    walk->target = job->target;
    while (!e && !over && clock_monotonic_ms() < end_ms) {
        e = act(kind, walk, job, end_ms, &none);
        if (!e && none)
            e = note(kind, walk, job, &over);
    }
    return !e && over ? finish(walk->hs->db, job) : e;
}

static enum err foresee_slice(const struct walk_kind *kind, struct walk *walk, bool *over,
                              enum err (*each)(const struct found *found, void *context), void *context)
{
    struct list found = found_list(walk->slice);
    const struct found *items;
    enum err e = kind->find(walk, &found, over);

    items = found.items;
    for (size_t i = 0; !e && i < found.count; i++)
        e = each(&items[i], context);
    return e;
}

enum err walk_foresee(const struct walk_kind *kind, struct walk *walk,
                      enum err (*each)(const struct found *found, void *context), void *context)
{
    struct arena *last = arena_new(), *next = arena_new(), *spent;
    bool over = false;
    enum err e = last && next ? ERR_OK : ERR_NOMEM;

    walk->cursor = "";
    while (!e && !over) { /* the cursor is in the arena of the slice before */
        walk->slice = next;
        e = foresee_slice(kind, walk, &over, each, context);
        spent = last;
        last = next;
        next = spent;
        arena_reset(next);
    }
    arena_free(&last);
    arena_free(&next);
    return e;
}

/* Errors that are about the one item, so that the others go on. */
static bool is_of_item(enum err e)
{
    return e == ERR_DENIED || e == ERR_INVALID || e == ERR_TOO_LARGE || e == ERR_NOT_FOUND ||
           e == ERR_DEACTIVATED;
}

enum err walk_judge(struct walk *walk, struct job_item *item, enum err e, const char *done)
{
    const char *reason = walk->hs->reason;

    item->outcome = done;
    if (!is_of_item(e))
        return e;
    item->outcome = WALK_FAILED;
    item->detail = reason ? arena_strdup(walk->arena, reason) : err_text(e);
    walk->hs->reason = NULL;
    return item->detail ? ERR_OK : ERR_NOMEM;
}
