/* SPDX-License-Identifier: ISC */
#include "base/list.h"
#include "store/extremities.h"
#include "store/rooms.h"
#include "store/sql_json.h"

#define SENDER  SQL_MEMBER("j.event_json", "$.sender")
#define SENT_TS SQL_MEMBER("j.event_json", "$.origin_server_ts")
static const char sql_find[] =
    "SELECT e.event_id, e.state_snapshot_nid, e.depth, " SENDER ", " SENT_TS
    " FROM roomserver_events e JOIN roomserver_event_json j ON j.event_nid = e.event_nid"
    " WHERE e.event_nid = ?1";

/* How many are read in one transaction: some ms. */
#define SLICE 200

static enum err add(struct db *db, int64_t nid, struct list *list)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_find, DB_ARGS(DB_I(nid)), &stmt);

    if (db_next(stmt, &e)) {
        struct extremity_row *row = list_add(list);

        e = row ? ERR_OK : ERR_NOMEM;
        if (row)
            *row = (struct extremity_row){
                .event_id = db_copy(stmt, 0, list->arena, &e),
                .snapshot_nid = db_int(stmt, 1),
                .depth = db_int(stmt, 2),
                .sender = db_copy(stmt, 3, list->arena, &e),
                .origin_server_ts = db_int(stmt, 4),
            };
    }
    db_done(&stmt);
    return e;
}

static enum err add_slice(struct db *db, const struct nids *latest, size_t from, struct list *list)
{
    enum err e = db_begin(db, DB_READ);

    if (e)
        return e;
    for (size_t i = from; !e && i < latest->count && i < from + SLICE; i++)
        e = add(db, latest->items[i], list);
    return db_end(db, e);
}

enum err extremities_list(struct db *db, const char *room_id, struct arena *arena,
                          struct extremity_row **rows, size_t *count)
{
    struct list list = {.arena = arena, .item_size = sizeof **rows};
    struct room_row room = {0};
    enum err e = rooms_find(db, room_id, arena, &room);

    for (size_t from = 0; !e && from < room.latest.count; from += SLICE)
        e = add_slice(db, &room.latest, from, &list);
    nids_free(&room.latest);
    *rows = list.items;
    *count = list.count;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}
