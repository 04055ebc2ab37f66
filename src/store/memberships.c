/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "store/collect.h"
#include "store/memberships.h"

static const char sql_find[] =
    "SELECT membership_nid FROM roomserver_membership WHERE room_nid = ?1 AND target_nid = ?2";
static const char sql_event[] =
    "SELECT event_nid FROM roomserver_membership WHERE room_nid = ?1 AND target_nid = ?2";
static const char sql_put[] =
    "INSERT INTO roomserver_membership (room_nid, target_nid, sender_nid, membership_nid, event_nid,"
    " target_local, forgotten) VALUES (?1, ?2, ?3, ?4, ?5, ?6, FALSE)"
    " ON CONFLICT (room_nid, target_nid) DO UPDATE SET sender_nid = excluded.sender_nid,"
    " membership_nid = excluded.membership_nid, event_nid = excluded.event_nid, forgotten = FALSE";
static const char sql_delete[] = "DELETE FROM roomserver_membership WHERE room_nid = ?1 AND target_nid = ?2";
static const char sql_count[] =
    "SELECT COUNT(CASE WHEN membership_nid = 3 THEN 1 END),"
    " COUNT(CASE WHEN membership_nid = 3 AND target_local THEN 1 END),"
    " COUNT(CASE WHEN membership_nid = 2 THEN 1 END), COUNT(CASE WHEN membership_nid = 4 THEN 1 END)"
    " FROM roomserver_membership WHERE room_nid = ?1";
static const char sql_has_local[] = "SELECT EXISTS (SELECT 1 FROM roomserver_membership"
                                    " WHERE room_nid = ?1 AND membership_nid = 3 AND target_local)";
static const char sql_local[] =
    "SELECT m.event_nid, k.event_state_key FROM roomserver_membership m"
    " JOIN roomserver_event_state_keys k ON k.event_state_key_nid = m.target_nid"
    " WHERE m.room_nid = ?1 AND m.membership_nid = 3 AND m.target_local AND m.event_nid > ?2"
    " ORDER BY m.event_nid LIMIT ?3";
static const char sql_joined[] =
    "SELECT m.target_nid, k.event_state_key FROM roomserver_membership m"
    " JOIN roomserver_event_state_keys k ON k.event_state_key_nid = m.target_nid"
    " WHERE m.room_nid = ?1 AND m.membership_nid = 3 AND m.target_nid > ?2 ORDER BY m.target_nid";
#define SLICE_MS (DB_SLICE_MS / 2)
static const char sql_involved[] =
    "SELECT m.target_nid, k.event_state_key FROM roomserver_membership m"
    " JOIN roomserver_event_state_keys k ON k.event_state_key_nid = m.target_nid"
    " WHERE m.room_nid = ?1 AND m.target_nid > ?2 AND m.membership_nid IN (2, 3, 4) AND m.target_local"
    " ORDER BY m.target_nid LIMIT ?3";
static const char sql_forget[] = "UPDATE roomserver_membership SET forgotten = TRUE"
                                 " WHERE room_nid = ?1 AND target_nid = ?2 AND membership_nid = 1";

/*
 * Dendrite has no index from a user to the rooms. But whoever is in a room is the state key of an event
 * there, or of an invitation, and for those there are indexes.
 */
#define ROOMS_OF(user)                                                                                       \
    "(SELECT room_nid FROM roomserver_events WHERE event_state_key_nid = " user                              \
    " UNION SELECT room_nid FROM roomserver_invites WHERE target_nid = " user " AND NOT retired)"
#define NEAREST_FIRST "CASE m.membership_nid WHEN 3 THEN 1 WHEN 2 THEN 2 ELSE 3 END"
static const char sql_rooms[] =
    "SELECT m.room_nid, r.room_id, m.membership_nid FROM roomserver_membership m"
    " JOIN roomserver_rooms r ON r.room_nid = m.room_nid"
    " WHERE m.target_nid = ?1 AND m.membership_nid IN (2, 3, 4)"
    " AND m.room_nid IN " ROOMS_OF("?1") " ORDER BY " NEAREST_FIRST ", m.room_nid";
static const char sql_common[] =
    "SELECT m.room_nid, r.room_id, m.membership_nid FROM roomserver_membership m"
    " JOIN roomserver_rooms r ON r.room_nid = m.room_nid"
    " JOIN roomserver_membership j ON j.room_nid = m.room_nid AND j.target_nid = ?1"
    " AND j.membership_nid = 3"
    " WHERE m.target_nid = ?2 AND m.room_nid IN " ROOMS_OF("?2") " ORDER BY m.room_nid";

static const char sql_insert_invite[] =
    "INSERT INTO roomserver_invites (invite_event_id, room_nid, target_nid, sender_nid, retired,"
    " invite_event_json) VALUES (?1, ?2, ?3, ?4, FALSE, ?5)";
static const char sql_retire_invites[] = "UPDATE roomserver_invites SET retired = TRUE"
                                         " WHERE room_nid = ?1 AND target_nid = ?2 AND NOT retired"
                                         " RETURNING invite_event_id";

_Static_assert(MEMBERSHIP_INVITE == 2 && MEMBERSHIP_JOIN == 3 && MEMBERSHIP_KNOCK == 4,
               "the statements have these numbers");

enum err memberships_find(struct db *db, int64_t room_nid, int64_t target_nid, enum membership *membership)
{
    int64_t nid = MEMBERSHIP_LEAVE;
    enum err e = db_integer(db, sql_find, DB_ARGS(DB_I(room_nid), DB_I(target_nid)), &nid);

    *membership = (enum membership)nid;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err memberships_event(struct db *db, int64_t room_nid, int64_t target_nid, int64_t *event_nid)
{
    return db_integer(db, sql_event, DB_ARGS(DB_I(room_nid), DB_I(target_nid)), event_nid);
}

enum err memberships_put(struct db *db, const struct membership_row *row)
{
    return db_run(db, sql_put,
                  DB_ARGS(DB_I(row->room_nid), DB_I(row->target_nid), DB_I(row->sender_nid),
                          DB_I(row->membership), DB_I(row->event_nid), DB_I(row->target_local)),
                  NULL);
}

enum err memberships_delete(struct db *db, int64_t room_nid, int64_t target_nid)
{
    return db_run(db, sql_delete, DB_ARGS(DB_I(room_nid), DB_I(target_nid)), NULL);
}

enum err memberships_count(struct db *db, int64_t room_nid, struct membership_counts *counts)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_count, DB_ARGS(DB_I(room_nid)), &stmt);

    if (db_next(stmt, &e))
        *counts = (struct membership_counts){
            .joined = db_int(stmt, 0),
            .joined_local = db_int(stmt, 1),
            .invited = db_int(stmt, 2),
            .knocking = db_int(stmt, 3),
        };
    db_done(&stmt);
    return e;
}

enum err memberships_has_local(struct db *db, int64_t room_nid, bool *has)
{
    int64_t value = 0;
    enum err e = db_integer(db, sql_has_local, DB_ARGS(DB_I(room_nid)), &value);

    *has = value;
    return e;
}

static void take_member(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    struct member *member = item;

    member->event_nid = db_int(stmt, 0);
    member->user_id = db_copy(stmt, 1, arena, e);
}

enum err memberships_local(struct db *db, int64_t room_nid, int64_t after, size_t max, struct arena *arena,
                           struct member **members, size_t *count)
{
    struct list list = {.arena = arena, .item_size = sizeof **members};
    enum err e =
        collect(db, sql_local, DB_ARGS(DB_I(room_nid), DB_I(after), DB_I((int64_t)max)), &list, take_member);

    *members = list.items;
    *count = list.count;
    return e;
}

enum err memberships_joined(struct db *db, int64_t room_nid, int64_t *after, bool *done,
                            enum err (*each)(const char *user_id, void *context), void *context)
{
    int64_t end_ms = clock_monotonic_ms() + SLICE_MS;
    struct stmt *stmt;
    enum err e = db_query(db, sql_joined, DB_ARGS(DB_I(room_nid), DB_I(*after)), &stmt);

    *done = true;
    while (*done && db_next(stmt, &e)) {
        e = each(db_text(stmt, 1), context);
        *after = db_int(stmt, 0);
        *done = clock_monotonic_ms() < end_ms;
    }
    db_done(&stmt);
    return e;
}

static void take_involved(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    struct involved *user = item;

    user->nid = db_int(stmt, 0);
    user->user_id = db_copy(stmt, 1, arena, e);
}

enum err memberships_involved(struct db *db, int64_t room_nid, int64_t after, size_t max, struct arena *arena,
                              struct involved **users, size_t *count)
{
    struct list list = {.arena = arena, .item_size = sizeof **users};
    enum err e = collect(db, sql_involved, DB_ARGS(DB_I(room_nid), DB_I(after), DB_I((int64_t)max)), &list,
                         take_involved);

    *users = list.items;
    *count = list.count;
    return e;
}

enum err memberships_forget(struct db *db, int64_t room_nid, int64_t target_nid)
{
    return db_run(db, sql_forget, DB_ARGS(DB_I(room_nid), DB_I(target_nid)), NULL);
}

static void take_room(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    struct user_room *room = item;

    room->room_nid = db_int(stmt, 0);
    room->room_id = db_copy(stmt, 1, arena, e);
    room->membership = (enum membership)db_int(stmt, 2);
}

enum err memberships_rooms(struct db *db, int64_t target_nid, struct arena *arena, struct user_room **rooms,
                           size_t *count)
{
    struct list list = {.arena = arena, .item_size = sizeof **rooms};
    enum err e = collect(db, sql_rooms, DB_ARGS(DB_I(target_nid)), &list, take_room);

    *rooms = list.items;
    *count = list.count;
    return e;
}

enum err memberships_common(struct db *db, int64_t member_nid, int64_t target_nid, struct arena *arena,
                            struct user_room **rooms, size_t *count)
{
    struct list list = {.arena = arena, .item_size = sizeof **rooms};
    enum err e = collect(db, sql_common, DB_ARGS(DB_I(member_nid), DB_I(target_nid)), &list, take_room);

    *rooms = list.items;
    *count = list.count;
    return e;
}

enum err invites_insert(struct db *db, const struct invite *invite)
{
    return db_run(db, sql_insert_invite,
                  DB_ARGS(DB_T(invite->event_id), DB_I(invite->room_nid), DB_I(invite->target_nid),
                          DB_I(invite->sender_nid), DB_BYTES(invite->json)),
                  NULL);
}

enum err invites_retire(struct db *db, int64_t room_nid, int64_t target_nid, struct arena *arena,
                        const char ***event_ids, size_t *count)
{
    struct list list = {.arena = arena, .item_size = sizeof **event_ids};
    enum err e =
        collect(db, sql_retire_invites, DB_ARGS(DB_I(room_nid), DB_I(target_nid)), &list, collect_text);

    *event_ids = list.items;
    *count = list.count;
    return e;
}
