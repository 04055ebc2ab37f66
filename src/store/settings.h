/* SPDX-License-Identifier: ISC */
/* mxadmin_settings: what mxadmin remembers about itself, a text under each name. */
#ifndef STORE_SETTINGS_H
#define STORE_SETTINGS_H

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* The localpart of the admin account that mxadmin has made for itself at a Dendrite. */
#define SETTING_SERVICE_ACCOUNT "service_account"

/* How far it has been looked who came to blocked rooms: the places in the streams of events and of
 * invitations. */
#define SETTING_BLOCKS_SEEN "blocks_seen"

/* The value, in `arena`. ERR_NOT_FOUND: there is none of this name. */
MUST_CHECK enum err settings_find(struct db *db, const char *name, struct arena *arena, const char **value);

/* Sets a value, in place of one that there is. */
MUST_CHECK enum err settings_put(struct db *db, const char *name, const char *value);

#endif
