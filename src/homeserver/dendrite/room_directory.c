/* SPDX-License-Identifier: ISC */
/* Dendrite lets whoever may name a room say whether the room directory has it: the strongest local user does.
 */
#include "homeserver/dendrite/ask.h"
#include "homeserver/room_rights.h"
#include "matrix/id.h"

#define NOBODY "Nobody of this server is in the room, so that nobody can change whether the directory has it"
#define DENIED "No local user in the room has the power to change whether the directory has it"

static enum err find_strongest(struct homeserver *hs, const char *room_id, struct arena *arena,
                               struct user_id *user)
{
    struct room_rights rights;
    const char *user_id = NULL;
    enum err e = room_rights_begin(&rights, hs, room_id, arena);

    if (!e)
        e = room_rights_end(&rights, room_rights_strongest(&rights, &user_id));
    if (!e && !user_id)
        return dendrite_fail(hs, ERR_INVALID, NOBODY);
    return e || user_id_parse(user_id, user) ? e : ERR_CORRUPT;
}

enum err dendrite_set_published(struct homeserver *hs, const char *room_id, bool published)
{
    struct arena *arena = arena_new();
    struct user_id user;
    enum err e = arena ? dendrite_need_service(hs) : ERR_NOMEM;

    if (!e)
        e = find_strongest(hs, room_id, arena, &user);
    if (!e)
        e = dendrite_ask(hs,
                         &(struct question){
                             .endpoint = ENDPOINT_PUBLISH,
                             .segments = {room_id},
                             .as_user = user.localpart,
                             .body = json_pack("{s:s}", "visibility", published ? "public" : "private"),
                         },
                         NULL);
    if (e == ERR_DENIED)
        e = dendrite_fail(hs, ERR_INVALID, DENIED);
    arena_free(&arena);
    return e;
}
