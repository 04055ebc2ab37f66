/* SPDX-License-Identifier: ISC */
/* A user's profile as the rooms know it: it stands in the event by which the user is a member. */
#include <string.h>

#include "base/clock.h"
#include "homeserver/audit.h"
#include "homeserver/standalone/member.h"
#include "homeserver/standalone/standalone.h"
#include "store/events.h"
#include "store/memberships.h"

/* What one transaction does at most: others who want to write wait for its end. */
#define BATCH_MS 500

struct showing {
    struct room_writer writer;
    struct audit *audit;
    const char *user_id;
    const struct profile *profile;
    struct user_room *rooms; /* joined ones come first */
    size_t count;
};

static enum err find_rooms(struct db *db, struct arena *arena, struct showing *showing)
{
    int64_t nid;
    enum err e = db_begin(db, DB_READ);

    if (e)
        return e;
    e = state_keys_find(db, showing->user_id, &nid);
    if (!e)
        e = memberships_rooms(db, nid, arena, &showing->rooms, &showing->count);
    while (!e && showing->count > 0 && showing->rooms[showing->count - 1].membership != MEMBERSHIP_JOIN)
        showing->count--;
    return db_end(db, e == ERR_NOT_FOUND ? ERR_OK : e);
}

/* A room of a version that we do not know keeps what it has; that was logged. */
static enum err show(struct showing *showing, const char *room_id)
{
    struct room *room = NULL;
    const char *membership = "leave";
    enum err e = room_open(&room, &showing->writer, room_id);

    if (e == ERR_NOT_FOUND || e == ERR_INVALID)
        return ERR_OK;
    if (!e)
        e = room_membership(room, showing->user_id, &membership);
    if (!e && strcmp(membership, "join") == 0)
        e = room_join(room, showing->user_id, showing->profile);
    if (e == ERR_DENIED)
        e = ERR_OK;
    return room_close(&room, e);
}

/* The rooms from `*next` on, as many as one transaction takes. */
static enum err show_batch(struct showing *showing, size_t *next)
{
    int64_t end_ms;
    enum err e = db_begin(showing->writer.db, DB_WRITE_BULK);

    if (e)
        return e;
    audit_unfinished(showing->audit);
    end_ms = clock_monotonic_ms() + BATCH_MS;
    do
        e = show(showing, showing->rooms[(*next)++].room_id);
    while (!e && *next < showing->count && clock_monotonic_ms() < end_ms);
    return db_end(showing->writer.db, e);
}

/* Who is in no room has nothing to sign, and needs no key. */
enum err standalone_show_profile(struct homeserver *hs, const char *localpart, const struct profile *profile)
{
    struct arena *arena = arena_new();
    struct showing showing = {.audit = hs->audit, .profile = profile};
    size_t next = 0;
    enum err e = ERR_NOMEM;

    if (arena)
        showing.user_id = arena_printf(arena, "@%s:%s", localpart, hs->config->server_name);
    if (showing.user_id)
        e = find_rooms(hs->db, arena, &showing);
    if (!e && showing.count > 0)
        e = room_writer_open(&showing.writer, hs, arena);
    while (!e && next < showing.count)
        e = show_batch(&showing, &next);
    room_writer_close(&showing.writer);
    arena_free(&arena);
    return e;
}
