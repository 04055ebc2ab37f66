/* SPDX-License-Identifier: ISC */
/*
 * mxadmin_refreshes and mxadmin_refresh_places: when something that our own file keeps of other tables, for
 * lists that have to be fast, was compared with them last. That is done so seldom that it takes a small part
 * of the time.
 */
#ifndef STORE_REFRESHES_H
#define STORE_REFRESHES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "store/db.h"

#define REFRESHES_USERS        "users"
#define REFRESHES_MEDIA        "media"
#define REFRESHES_ROOMS        "rooms"
#define REFRESHES_DESTINATIONS "destinations"

/* Whether it was ever done, and nothing is known to have changed since. */
MUST_CHECK enum err refreshes_begun(struct db *db, const char *name, bool *begun);

/* Whether it is time to do it again. */
MUST_CHECK enum err refreshes_due(struct db *db, const char *name, int64_t now_ms, bool *due);

/* Whether it was done within `ms`, up to now. */
MUST_CHECK enum err refreshes_done_within(struct db *db, const char *name, int64_t ms, bool *done);

/* Something is known to have changed: it is as if it never was done. In the transaction that is open. */
MUST_CHECK enum err refreshes_forget(struct db *db, const char *name);

/* The same where what is kept can be shown until then: it is only due at once. */
MUST_CHECK enum err refreshes_hurry(struct db *db, const char *name);

/*
 * How something is compared: row by row, in slices, each in a transaction of some ms. Both what is and what
 * is kept are read in the order of `order`.
 */
#define REFRESHES_SLICE      500
#define REFRESHES_SLICE_TEXT "500"
struct refresh {
    const char *name;        /* REFRESHES_USERS, … */
    const char *server_name; /* for who needs it */
    size_t row_size;         /* where `load` is given, a row begins with the two texts that order it */
    size_t slice;            /* rows; 0: REFRESHES_SLICE */
    /* Adds to `truth` the first of a slice's rows after the row `after` (NULL: of all), and to `kept` those
     * after it up to refreshes_end(). */
    enum err (*read)(struct db *db, const struct refresh *refresh, const void *after, struct list *truth,
                     struct list *kept);
    int (*order)(const void *a, const void *b);
    /* Whether what is kept, `was`, is other than it should be for `is`; either may be NULL: there is none. */
    bool (*differs)(const void *is, const void *was);
    /* Reads what `read` has left out of a row that differs; NULL: it leaves nothing out. */
    enum err (*load)(struct db *db, void *is, struct arena *arena);
    enum err (*settle)(struct db *db, const void *is, const void *was);
};

/* The last row of a list that may have others after it, as `read` has added `added` rows to it; NULL: it has
 * none. */
const void *refreshes_end(const struct refresh *refresh, const struct list *truth, size_t added);

/* Notes that it was done: begun at `now_ms`, and taking so long; for who compares in another way. No
 * transaction is open. */
MUST_CHECK enum err refreshes_done(struct db *db, const char *name, int64_t now_ms, int64_t took_ms);

/* Compares all, settles what differs, and notes that it is done. No transaction is open. */
MUST_CHECK enum err refreshes_run(struct db *db, const struct refresh *refresh);

/*
 * The same for about `ms` only, of what has a `load`: from where the last call has stopped, whatever process
 * that was. `*over`: all is compared.
 */
MUST_CHECK enum err refreshes_run_for(struct db *db, const struct refresh *refresh, int64_t ms, bool *over);

/* Whether refreshes_run_for() has stopped somewhere. */
MUST_CHECK enum err refreshes_stopped(struct db *db, const char *name, bool *stopped);

#endif
