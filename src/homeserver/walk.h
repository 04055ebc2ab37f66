/* SPDX-License-Identifier: ISC */
/*
 * A job that acts on many things one by one: it finds some of them, notes them as its items, acts on those,
 * and goes on after the last. What was noted is acted on whatever dies meanwhile. No transaction is open.
 */
#ifndef HOMESERVER_WALK_H
#define HOMESERVER_WALK_H

#include "base/list.h"
#include "homeserver/homeserver.h"
#include "store/jobs.h"

/* Where a walk is; everything is borrowed. */
struct walk {
    struct homeserver *hs;
    struct arena *arena; /* of what has to last */
    struct arena *slice; /* of what was found last, and the cursor */
    const char *cursor;  /* what was found last, in the kind's own form, but for "."; "": nothing yet */
    int64_t before_ts;   /* how old something has to be */
    int64_t total;       /* how much there is in all, where find() knows */
    const char *target;  /* of the job */
    void *context;       /* of the kind */
};

/* Something that was found; texts live in walk->slice. */
struct found {
    const char *id;
    const struct media *media; /* NULL: it is none */
};

struct walk_kind {
    size_t batch; /* items that are acted on at once */

    /*
     * Adds some that come after walk->cursor to `found`, a list of struct found, and moves the cursor: as
     * many as some ms allow. `*over`: there are no more after them.
     */
    enum err (*find)(struct walk *walk, struct list *found, bool *over);

    /*
     * Acts on `count` items, at most `batch`, and says what has become of each. What is not to be acted on
     * any more is left alone, and what was acted on already is as if it were now.
     */
    enum err (*act)(struct walk *walk, struct job_item *items, size_t count);

    /* Called before items are acted on, perhaps again; NULL: there is nothing to be said. */
    enum err (*begin)(struct walk *walk, const struct job *job);
};

/* What has become of an item that is left alone, or that could not be acted on. */
#define WALK_SPARED "spared"
#define WALK_FAILED "failed"

/* A step of the job; `walk` has hs, arena and what its kind wants. */
MUST_CHECK enum err walk_step(const struct walk_kind *kind, struct walk *walk, struct job *job);

/* Calls `each` for all that a job would find from the beginning, borrowed, and stops at its first error. */
MUST_CHECK enum err walk_foresee(const struct walk_kind *kind, struct walk *walk,
                                 enum err (*each)(const struct found *found, void *context), void *context);

/* Writes down what has become of the first `count` of a job's items that were waiting. */
MUST_CHECK enum err walk_settle(struct db *db, struct job *job, const struct job_item *items, size_t count);

/* The outcome of an act on one item that ended with `e`: `done` unless it is an error of this item alone,
 * with why in item->detail. Other errors are returned. */
MUST_CHECK enum err walk_judge(struct walk *walk, struct job_item *item, enum err e, const char *done);

#endif
