/* SPDX-License-Identifier: ISC */
#include "homeserver/homeserver.h"
#include "homeserver/standalone/standalone.h"

static const struct homeserver_acts *const acts_of[] = {
    [CONFIG_HOMESERVER_STANDALONE] = &standalone_acts,
};

struct homeserver homeserver_open(const struct config *config, struct db *db, struct gate *gate)
{
    return (struct homeserver){
        .acts = acts_of[config->homeserver.kind],
        .config = config,
        .db = db,
        .gate = gate,
    };
}

enum err homeserver_create_account(struct homeserver *hs, const struct new_account *account,
                                   const struct client *client, struct arena *arena, struct session *session)
{
    if (!hs->acts->create_account)
        return ERR_UNSUPPORTED;
    return hs->acts->create_account(hs, account, client, arena, session);
}

enum err homeserver_sign_in(struct homeserver *hs, const char *localpart, const char *password,
                            const struct client *client, struct arena *arena, struct session *session)
{
    if (!hs->acts->sign_in)
        return ERR_UNSUPPORTED;
    return hs->acts->sign_in(hs, localpart, password, client, arena, session);
}

enum err homeserver_begin_session(struct homeserver *hs, const char *localpart, const struct client *client,
                                  struct arena *arena, struct session *session)
{
    if (!hs->acts->begin_session)
        return ERR_UNSUPPORTED;
    return hs->acts->begin_session(hs, localpart, client, arena, session);
}

enum err homeserver_set_password(struct homeserver *hs, const char *localpart, const char *password,
                                 bool end_sessions, const char *except_token)
{
    if (!hs->acts->set_password)
        return ERR_UNSUPPORTED;
    return hs->acts->set_password(hs, localpart, password, end_sessions, except_token);
}

enum err homeserver_end_session(struct homeserver *hs, const char *localpart, const char *device_id)
{
    return hs->acts->end_session ? hs->acts->end_session(hs, localpart, device_id) : ERR_UNSUPPORTED;
}

enum err homeserver_end_sessions(struct homeserver *hs, const char *localpart)
{
    return hs->acts->end_sessions ? hs->acts->end_sessions(hs, localpart) : ERR_UNSUPPORTED;
}

enum err homeserver_set_admin(struct homeserver *hs, const char *localpart, bool admin)
{
    return hs->acts->set_admin ? hs->acts->set_admin(hs, localpart, admin) : ERR_UNSUPPORTED;
}

enum err homeserver_deactivate(struct homeserver *hs, const char *localpart)
{
    return hs->acts->deactivate ? hs->acts->deactivate(hs, localpart) : ERR_UNSUPPORTED;
}

enum err homeserver_evacuate_room(struct homeserver *hs, const char *room_id, bool dry_run,
                                  struct arena *arena, struct id_list *affected)
{
    if (!hs->acts->evacuate_room)
        return ERR_UNSUPPORTED;
    return hs->acts->evacuate_room(hs, room_id, dry_run, arena, affected);
}

enum err homeserver_evacuate_user(struct homeserver *hs, const char *localpart, bool dry_run,
                                  struct arena *arena, struct id_list *affected)
{
    if (!hs->acts->evacuate_user)
        return ERR_UNSUPPORTED;
    return hs->acts->evacuate_user(hs, localpart, dry_run, arena, affected);
}

enum err homeserver_send_notice(struct homeserver *hs, const struct notice *notice, struct arena *arena,
                                const char **event_id)
{
    return hs->acts->send_notice ? hs->acts->send_notice(hs, notice, arena, event_id) : ERR_UNSUPPORTED;
}

enum err homeserver_create_room(struct homeserver *hs, const struct new_room *room, struct arena *arena,
                                const char **room_id)
{
    return hs->acts->create_room ? hs->acts->create_room(hs, room, arena, room_id) : ERR_UNSUPPORTED;
}

enum err homeserver_join(struct homeserver *hs, const char *localpart, const char *room_id)
{
    return hs->acts->join ? hs->acts->join(hs, localpart, room_id) : ERR_UNSUPPORTED;
}

enum err homeserver_leave(struct homeserver *hs, const char *localpart, const char *room_id)
{
    return hs->acts->leave ? hs->acts->leave(hs, localpart, room_id) : ERR_UNSUPPORTED;
}

enum err homeserver_populate(struct homeserver *hs, const struct population *population)
{
    return hs->acts->populate ? hs->acts->populate(hs, population) : ERR_UNSUPPORTED;
}
