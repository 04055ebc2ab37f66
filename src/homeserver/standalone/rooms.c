/* SPDX-License-Identifier: ISC */
/* What a user does with one room, at the wish of an admin. */
#include <string.h>

#include "homeserver/standalone/create.h"
#include "homeserver/standalone/member.h"
#include "homeserver/standalone/standalone.h"
#include "matrix/field.h"
#include "store/room_directory.h"
#include "store/sync.h"

/* Who acts. */
struct agent {
    struct room_writer writer;
    const char *user_id;
    struct profile profile;
    const char *inviter; /* the user who invites first, where that is needed; NULL: nobody does */
};

/* Begins a transaction for the acts of an account that is there and not deactivated. */
static enum err begin(struct agent *agent, struct homeserver *hs, const char *localpart, struct arena *arena)
{
    struct account account;
    enum err e = room_writer_open(&agent->writer, hs, arena);

    agent->user_id = arena_printf(arena, "@%s:%s", localpart, hs->config->server_name);
    if (!e && !agent->user_id)
        e = ERR_NOMEM;
    if (e)
        return e;
    e = db_begin(hs->db, DB_WRITE);
    if (e)
        return e;
    e = accounts_find(hs->db, localpart, hs->config->server_name, arena, &account);
    if (!e && account.deactivated)
        e = ERR_DEACTIVATED;
    if (!e)
        e = profiles_find(hs->db, localpart, hs->config->server_name, arena, &agent->profile);
    return e ? db_end(hs->db, e) : ERR_OK;
}

static enum err create(struct agent *agent, const struct config *config, const struct new_room *new,
                       char id[ID_SIZE])
{
    const struct room_design design = {
        .creator = agent->user_id,
        .profile = agent->profile,
        .name = new->name,
        .topic = new->topic,
        .is_public = new->is_public || new->is_open,
        .silent = new->is_silent,
    };
    struct room *room = NULL;
    enum err e = room_make_id(&agent->writer, new->key, id);

    if (!e)
        e = room_create(&room, &agent->writer, id, standalone_room_version(config), &design);
    e = room_close(&room, e);
    if (!e && new->is_public)
        e = room_directory_set(agent->writer.db, id, true);
    return e == ERR_EXISTS && new->key ? ERR_OK : e; /* it was made already */
}

enum err standalone_create_room(struct homeserver *hs, const struct new_room *new, struct arena *arena,
                                const char **room_id)
{
    struct agent agent = {0};
    char id[ID_SIZE];
    enum err e = begin(&agent, hs, new->creator, arena);

    if (!e)
        e = db_end(hs->db, create(&agent, hs->config, new, id));
    room_writer_close(&agent.writer);
    *room_id = e ? NULL : arena_strdup(arena, id);
    return !e && !*room_id ? ERR_NOMEM : e;
}

static enum err is_public(struct room *room, bool *public)
{
    json_t *event = NULL;
    enum err e = room_state(room, "m.room.join_rules", "", &event);
    const char *rule = field_string(field_object(event, "content"), "join_rule");

    *public = rule && strcmp(rule, "public") == 0;
    return e;
}

/* Has the user join who is not joined, after being invited where that is needed and there is an inviter. */
static enum err enter(struct agent *agent, struct room *room, bool invited)
{
    bool public = false;
    enum err e = invited || !agent->inviter ? ERR_OK : is_public(room, &public);

    if (!e && !invited && agent->inviter && !public) {
        e = room_invite(room, agent->inviter, agent->user_id, NULL);
        if (e == ERR_DENIED && !agent->writer.hs->reason)
            homeserver_reason(agent->writer.hs, "%s cannot invite %s to this room", agent->inviter,
                              agent->user_id);
    }
    return e ? e : room_join(room, agent->user_id, &agent->profile);
}

/* Has the user join or leave; one who is joined need not join. */
static enum err move(struct agent *agent, const char *room_id, bool join)
{
    struct room *room = NULL;
    const char *membership;
    enum err e = room_open(&room, &agent->writer, room_id);

    if (!e)
        e = room_membership(room, agent->user_id, &membership);
    if (!e && !join)
        e = room_leave(room, agent->user_id);
    else if (!e && strcmp(membership, "join") != 0)
        e = enter(agent, room, strcmp(membership, "invite") == 0);
    return room_close(&room, e);
}

static enum err find_inviter(struct agent *agent, const char *localpart, struct arena *arena)
{
    const char *server_name = agent->writer.hs->config->server_name;
    struct account account;
    enum err e = accounts_find(agent->writer.hs->db, localpart, server_name, arena, &account);

    if (e)
        return e;
    agent->inviter = arena_printf(arena, "@%s:%s", localpart, server_name);
    return agent->inviter ? ERR_OK : ERR_NOMEM;
}

/* `inviter` is a localpart; NULL: nobody. */
static enum err move_user(struct homeserver *hs, const char *localpart, const char *room_id, bool join,
                          const char *inviter)
{
    struct arena *arena = arena_new();
    struct agent agent = {0};
    enum err e = arena ? begin(&agent, hs, localpart, arena) : ERR_NOMEM;

    if (!e) {
        if (inviter)
            e = find_inviter(&agent, inviter, arena);
        e = db_end(hs->db, e ? e : move(&agent, room_id, join));
    }
    room_writer_close(&agent.writer);
    arena_free(&arena);
    return e;
}

enum err standalone_join(struct homeserver *hs, const char *localpart, const char *room_id)
{
    return move_user(hs, localpart, room_id, true, NULL);
}

enum err standalone_leave(struct homeserver *hs, const char *localpart, const char *room_id)
{
    return move_user(hs, localpart, room_id, false, NULL);
}

enum err standalone_add_member(struct homeserver *hs, const struct new_member *member, struct arena *arena,
                               const char **room_id)
{
    (void)arena;
    *room_id = member->room_id;
    return move_user(hs, member->localpart, member->room_id, true, member->inviter);
}

enum err standalone_set_published(struct homeserver *hs, const char *room_id, bool published)
{
    enum err e = db_begin(hs->db, DB_WRITE);

    return e ? e : db_end(hs->db, room_directory_set(hs->db, room_id, published));
}

static enum err send_once(struct agent *agent, const struct new_message *message)
{
    const char *sent;
    json_t *content = NULL;
    struct room *room = NULL;
    char event_id[ID_SIZE];
    enum err e = sync_find_transaction(agent->writer.db, message->room_id, agent->user_id, message->key,
                                       agent->writer.arena, &sent);

    if (e != ERR_NOT_FOUND)
        return e;
    e = room_open(&room, &agent->writer, message->room_id);
    if (!e) {
        content = json_pack("{s:s, s:s}", "msgtype", "m.text", "body", message->text);
        e = content ? room_append(room,
                                  &(struct new_event){.sender = agent->user_id,
                                                      .type = "m.room.message",
                                                      .content = content,
                                                      .transaction_id = message->key},
                                  event_id)
                    : ERR_NOMEM;
    }
    json_decref(content);
    return room_close(&room, e);
}

enum err standalone_send_message(struct homeserver *hs, const struct new_message *message)
{
    struct arena *arena = arena_new();
    struct agent agent = {0};
    enum err e = arena ? begin(&agent, hs, message->localpart, arena) : ERR_NOMEM;

    if (!e)
        e = db_end(hs->db, send_once(&agent, message));
    room_writer_close(&agent.writer);
    arena_free(&arena);
    return e;
}

const char *standalone_room_version(const struct config *config)
{
    static const char *const names[] = {[CONFIG_ROOM_VERSION_10] = "10", [CONFIG_ROOM_VERSION_11] = "11"};

    return names[config->room_version];
}
