/* SPDX-License-Identifier: ISC */
/* What the tests of rooms share: a homeserver on a database, and questions to that. */
#ifndef TESTS_UNIT_WORLD_H
#define TESTS_UNIT_WORLD_H

#include "database.h"

#include "base/log.h"
#include "crypto/ed25519.h"
#include "homeserver/homeserver.h"
#include "homeserver/standalone/create.h"
#include "homeserver/standalone/member.h"

struct world {
    struct database *d;
    struct config config;
    struct homeserver hs;
    struct room_writer writer; /* open */
    char key[128];
};

static inline struct world *world_on(struct database *d, const char *key)
{
    struct world *w = calloc(1, sizeof *w);

    if (!w)
        abort();
    w->d = d;
    snprintf(w->key, sizeof w->key, "%s", key);
    w->config.server_name = (char *)(uintptr_t)SERVER;
    w->config.database = d->path;
    w->config.signing_key = w->key;
    w->config.server_notices.enabled = true;
    w->config.server_notices.local_part = (char *)(uintptr_t) "_server";
    w->config.server_notices.display_name = (char *)(uintptr_t) "Server Alert";
    w->config.server_notices.avatar_url = (char *)(uintptr_t) "";
    w->config.server_notices.room_name = (char *)(uintptr_t) "Server Alert";
    assert_int_equal(homeserver_open(&w->hs, &w->config, d->db, NULL), ERR_OK);
    assert_int_equal(room_writer_open(&w->writer, &w->hs, d->arena), ERR_OK);
    log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
    return w;
}

/* An empty database, with a key of its own. */
static inline int world_new(void **state)
{
    struct database *d;
    char key[128];

    database_new(state);
    d = *state;
    snprintf(key, sizeof key, "%s/key.pem", d->folder);
    assert_int_equal(signing_key_create(key), ERR_OK);
    *state = world_on(d, key);
    return 0;
}

/* The database that Dendrite has made. */
static inline int world_of_dendrite(void **state)
{
    database_of_dendrite_completed(state);
    *state = world_on(*state, "tests/fixture/matrix_key.pem");
    return 0;
}

static inline int world_end(void **state)
{
    struct world *w = *state;

    room_writer_close(&w->writer);
    homeserver_close(&w->hs);
    *state = w->d;
    free(w);
    return database_end(state);
}

static inline void add_account(struct world *w, const char *localpart)
{
    const struct account account = {.localpart = localpart, .type = ACCOUNT_USER, .created_ts = 1};

    assert_int_equal(accounts_insert(w->d->db, &account, SERVER, localpart), ERR_OK);
}

/* Makes a public room of `creator` (a user id) that `members` have joined. */
static inline void make_room(struct world *w, const char *room_id, const char *version, const char *creator,
                             const char *const *members, size_t count)
{
    const struct room_design design = {
        .creator = creator, .profile = {.display_name = "Creator"}, .name = "Room", .is_public = true};
    struct room *room = NULL;
    enum err e;

    assert_int_equal(db_begin(w->d->db, DB_WRITE), ERR_OK);
    e = room_create(&room, &w->writer, room_id, version, &design);
    for (size_t i = 0; !e && i < count; i++)
        e = room_join(room, members[i], &(struct profile){.display_name = members[i]});
    assert_int_equal(db_end(w->d->db, room_close(&room, e)), ERR_OK);
}

/* Opens a room inside a transaction; close_room() ends both. */
static inline struct room *open_room(struct world *w, const char *room_id)
{
    struct room *room = NULL;

    assert_int_equal(db_begin(w->d->db, DB_WRITE), ERR_OK);
    assert_int_equal(room_open(&room, &w->writer, room_id), ERR_OK);
    return room;
}

static inline void close_room(struct world *w, struct room *room)
{
    assert_int_equal(db_end(w->d->db, room_close(&room, ERR_OK)), ERR_OK);
}

/* The text that `sql` (a constant) gives; "" when it has no row, or NULL. */
static inline const char *text(struct world *w, const char *sql)
{
    const char *value = "";
    struct stmt *stmt;
    bool row = false;
    enum err e = db_query(w->d->db, sql, DB_NO_ARGS, &stmt);

    assert_int_equal(e, ERR_OK);
    assert_int_equal(db_step(stmt, &row), ERR_OK);
    if (row && !db_is_null(stmt, 0))
        value = db_copy(stmt, 0, w->d->arena, &e);
    db_done(&stmt);
    assert_int_equal(e, ERR_OK);
    return value;
}

#endif
