/* SPDX-License-Identifier: ISC */
/*
 * What admins have said of media, which Dendrite has no place for: mxadmin_media_quarantine and
 * mxadmin_media_protection; and mxadmin_media_work, the files that have yet to follow what was said, or what
 * rows have gone: written in the transaction that decides, and done after it. In the transaction that is
 * open.
 */
#ifndef STORE_MEDIA_MARKS_H
#define STORE_MEDIA_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* Who says it, and when. */
struct media_mark {
    const char *by;
    int64_t ts;
};

/*
 * Puts the file `hash` into quarantine, with all media that share it; or, with `mark` NULL, releases it.
 * `*changed` is how many media that concerns: 0 where it was so already, and where one of them is protected,
 * which keeps all of them out of it.
 */
MUST_CHECK enum err media_marks_quarantine(struct db *db, const char *server_name, const char *hash,
                                           const struct media_mark *mark, int64_t *changed);

/* Protects media of our own server from quarantine and from what deletes many; with `mark` NULL no more. What
 * there is not is passed over. */
MUST_CHECK enum err media_marks_protect(struct db *db, const char *server_name, const char *media_id,
                                        const struct media_mark *mark);

/* Ends the quarantine of a file that is deleted. */
MUST_CHECK enum err media_marks_release(struct db *db, const char *hash);

/* Forgets what was said of media that is deleted. */
MUST_CHECK enum err media_marks_forget(struct db *db, const char *server_name, const char *origin,
                                       const char *media_id);

/* A file whose work is due by `now_ms`; `*hash` lives in `arena`. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err media_work_next(struct db *db, int64_t now_ms, struct arena *arena, const char **hash);

/* Gives a file work that is due at once; takes that of a file away, which is done. */
MUST_CHECK enum err media_work_add(struct db *db, const char *hash);
MUST_CHECK enum err media_work_done(struct db *db, const char *hash);

/* It failed, and is tried again later. */
MUST_CHECK enum err media_work_put_off(struct db *db, const char *hash, int64_t until_ms);

/* What is to become of the file `hash`. */
enum media_fate {
    MEDIA_FATE_KEPT,        /* where Dendrite looks for it */
    MEDIA_FATE_QUARANTINED, /* aside */
    MEDIA_FATE_DELETED      /* no media has it any more */
};
MUST_CHECK enum err media_work_fate(struct db *db, const char *hash, enum media_fate *fate);

/* A change of what is quarantined; the texts are borrowed. */
struct media_change {
    int64_t id;
    const char *origin;
    const char *media_id;
    bool quarantined;
};

/* Calls `each` for the `limit` first changes after the one numbered `after`, and stops at its first error. */
MUST_CHECK enum err media_changes_list(struct db *db, int64_t after, int64_t limit,
                                       enum err (*each)(const struct media_change *change, void *context),
                                       void *context);

/* The number of the last; 0: there is none. */
MUST_CHECK enum err media_changes_last(struct db *db, int64_t *id);

#endif
