/* SPDX-License-Identifier: ISC */
#include "homeserver/standalone/member.h"
#include "matrix/field.h"

/* Appends a membership; `content` and `unsigned_data` (NULL: no such member) are taken over. */
static enum err append(struct room *room, const char *sender, const char *user_id, json_t *content,
                       json_t *unsigned_data)
{
    const struct new_event event = {
        .sender = sender,
        .type = "m.room.member",
        .state_key = user_id,
        .content = content,
        .unsigned_data = unsigned_data,
    };
    char event_id[ID_SIZE];
    enum err e = content ? room_append(room, &event, event_id) : ERR_NOMEM;

    json_decref(content);
    json_decref(unsigned_data);
    return e;
}

/* {"membership": …}, and the texts that are not empty; NULL when memory is gone. */
static json_t *content_of(const char *membership, const char *display_name, const char *avatar_url)
{
    json_t *content = json_pack("{s:s}", "membership", membership);
    bool failed = !content;

    if (!failed && display_name && *display_name)
        failed = json_object_set_new(content, "displayname", json_string(display_name)) < 0;
    if (!failed && avatar_url && *avatar_url)
        failed = json_object_set_new(content, "avatar_url", json_string(avatar_url)) < 0;
    if (!failed)
        return content;
    json_decref(content);
    return NULL;
}

enum err room_join(struct room *room, const char *user_id, const struct profile *profile)
{
    enum err e = room_admits(room, user_id);

    return e ? e
             : append(room, user_id, user_id, content_of("join", profile->display_name, profile->avatar_url),
                      NULL);
}

enum err room_leave(struct room *room, const char *user_id)
{
    return append(room, user_id, user_id, content_of("leave", NULL, NULL), json_object());
}

enum err room_leave_with_profile(struct room *room, const char *user_id)
{
    const json_t *old;
    json_t *event = NULL;
    enum err e = room_state(room, "m.room.member", user_id, &event);

    if (e)
        return e;
    old = field_object(event, "content");
    return append(room, user_id, user_id,
                  content_of("leave", field_string(old, "displayname"), field_string(old, "avatar_url")),
                  NULL);
}

/* Appends to `stripped` the event at a place of the state, if the room has one ("Stripped state"). */
static enum err add_stripped(struct room *room, const char *type, const char *state_key, json_t *stripped)
{
    json_t *event = NULL, *entry;
    enum err e = room_state(room, type, state_key, &event);

    if (e || !event)
        return e;
    entry = json_pack("{s:s, s:s, s:O?, s:O?}", "type", type, "state_key", state_key, "sender",
                      json_object_get(event, "sender"), "content", json_object_get(event, "content"));
    return json_array_append_new(stripped, entry) < 0 ? ERR_NOMEM : ERR_OK;
}

/* What the invited user is shown of the room, in Dendrite's order; "m.room.member" stands for the inviter's.
 */
static enum err strip_state(struct room *room, const char *sender, json_t *stripped)
{
    static const char *const types[] = {
        "m.room.create", "m.room.member",     "m.room.join_rules", "m.room.canonical_alias",
        "m.room.avatar", "m.room.encryption", "m.room.name",       "m.room.topic",
    };
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < sizeof types / sizeof *types; i++)
        e = add_stripped(room, types[i], i == 1 ? sender : "", stripped);
    return e;
}

enum err room_invite(struct room *room, const char *sender, const char *user_id, const char *reason)
{
    json_t *stripped = json_array();
    json_t *unsigned_data = json_pack("{s:o}", "invite_room_state", stripped);
    enum err e = unsigned_data ? room_admits(room, user_id) : ERR_NOMEM;

    if (!e)
        e = strip_state(room, sender, stripped);
    if (!e)
        return append(room, sender, user_id,
                      json_pack("{s:s, s:s*}", "membership", "invite", "reason", reason), unsigned_data);
    json_decref(unsigned_data);
    return e;
}
