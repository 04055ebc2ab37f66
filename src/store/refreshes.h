/* SPDX-License-Identifier: ISC */
/*
 * mxadmin_refreshes: when something that our own file keeps of other tables, for lists that have to be fast,
 * was compared with them last. That is done so seldom that it takes a small part of the time.
 */
#ifndef STORE_REFRESHES_H
#define STORE_REFRESHES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

#define REFRESHES_USERS "users"
#define REFRESHES_MEDIA "media"

/* Whether it was ever done, and nothing is known to have changed since. */
MUST_CHECK enum err refreshes_begun(struct db *db, const char *name, bool *begun);

/* Whether it is time to do it again. */
MUST_CHECK enum err refreshes_due(struct db *db, const char *name, int64_t now_ms, bool *due);

/* Done, begun at `now_ms`, in `took_ms`. In the transaction that is open, as the next. */
MUST_CHECK enum err refreshes_done(struct db *db, const char *name, int64_t now_ms, int64_t took_ms);

/* Something is known to have changed: it is due at once. */
MUST_CHECK enum err refreshes_forget(struct db *db, const char *name);

#endif
