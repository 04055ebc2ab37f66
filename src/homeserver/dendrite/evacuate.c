/* SPDX-License-Identifier: ISC */
/* A user leaves all rooms, one after another. A room whose members leave is a job (homeserver/jobs.h). */
#include "base/list.h"
#include "base/log.h"
#include "homeserver/dendrite/rooms.h"
#include "store/events.h"

/* The user's rooms; none for somebody who has never been in one. */
static enum err find_rooms(struct homeserver *hs, const char *user_id, struct arena *arena,
                           struct user_room **rooms, size_t *count)
{
    int64_t nid;
    enum err e = db_begin(hs->db, DB_READ);

    if (e)
        return e;
    e = state_keys_find(hs->db, user_id, &nid);
    if (!e)
        e = memberships_rooms(hs->db, nid, arena, rooms, count);
    return db_end(hs->db, e == ERR_NOT_FOUND ? ERR_OK : e);
}

/* Has the user leave one room; `*left` is false where it cannot be left, and the others go on. */
static enum err leave(struct homeserver *hs, const char *localpart, const char *user_id,
                      const struct user_room *room, struct arena *arena, bool *left)
{
    enum err e = dendrite_leave_as(hs, localpart, user_id, room->room_id, room->membership, arena);

    *left = !e;
    if (e != ERR_DENIED && e != ERR_INVALID && e != ERR_TOO_LARGE && e != ERR_NOT_FOUND)
        return e;
    log_warning("%s stays in %s: %s", user_id, room->room_id, hs->reason ? hs->reason : err_text(e));
    return ERR_OK;
}

static enum err leave_all(struct homeserver *hs, const char *localpart, bool dry_run, struct arena *arena,
                          struct list *affected)
{
    const char *user_id = dendrite_user_id(hs, localpart, arena);
    struct user_room *rooms = NULL;
    size_t count = 0;
    enum err e = user_id ? find_rooms(hs, user_id, arena, &rooms, &count) : ERR_NOMEM;

    for (size_t i = 0; !e && i < count; i++) {
        bool left = true;
        const char **id;

        if (!dry_run)
            e = leave(hs, localpart, user_id, &rooms[i], arena, &left);
        if (e || !left)
            continue;
        id = list_add(affected);
        if (id)
            *id = rooms[i].room_id;
        else
            e = ERR_NOMEM;
    }
    return e;
}

enum err dendrite_evacuate_user(struct homeserver *hs, const char *localpart, bool dry_run,
                                struct arena *arena, struct id_list *affected)
{
    struct list list = {.arena = arena, .item_size = sizeof(const char *)};
    enum account_type type;
    enum err e = accounts_type(hs->db, localpart, hs->config->server_name, &type);

    if (!e && !dry_run)
        e = dendrite_need_service(hs);
    if (!e)
        e = leave_all(hs, localpart, dry_run, arena, &list);
    *affected = (struct id_list){.ids = list.items, .count = list.count};
    return e;
}
