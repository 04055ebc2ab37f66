/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "homeserver/blocks.h"
#include "store/blocked_rooms.h"
#include "store/events.h"
#include "store/sync.h"

/* Where the streams of a homeserver that changes without us are now. */
static enum err read_positions(struct db *db, struct blocked_room *room)
{
    enum err e = db_begin(db, DB_READ);

    if (e)
        return e;
    e = events_last(db, &room->event_nid);
    if (!e)
        e = sync_last(db, SYNC_EVENTS, &room->event_position);
    if (!e)
        e = sync_last(db, SYNC_INVITES, &room->invite_position);
    return db_end(db, e);
}

enum err blocks_set(struct homeserver *hs, const char *room_id, const char *by)
{
    struct blocked_room room = {.room_id = room_id, .user_id = by, .blocked_ts = clock_now_ms()};
    enum err e = by && db_attached(hs->db) ? read_positions(hs->db, &room) : ERR_OK;

    if (!e)
        e = db_begin(hs->db, DB_WRITE);
    if (e)
        return e;
    return db_end(hs->db, by ? blocked_rooms_add(hs->db, &room) : blocked_rooms_remove(hs->db, room_id));
}
