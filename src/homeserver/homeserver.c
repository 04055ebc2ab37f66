/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "homeserver/dendrite/turn.h"
#include "homeserver/homeserver.h"
#include "homeserver/puppets.h"
#include "homeserver/standalone/standalone.h"
#include "store/presence.h"

static const struct homeserver_acts *const acts_of[] = {
    [CONFIG_HOMESERVER_STANDALONE] = &standalone_acts,
    [CONFIG_HOMESERVER_DENDRITE] = &dendrite_acts,
};

enum err homeserver_open(struct homeserver *hs, const struct config *config, struct db *db, struct gate *gate)
{
    enum err e;

    *hs = (struct homeserver){
        .acts = acts_of[config->homeserver.kind],
        .config = config,
        .db = db,
        .gate = gate,
    };
    e = presence_open(&hs->presence, db);
    if (e)
        return e;
    return config->homeserver.kind == CONFIG_HOMESERVER_DENDRITE ? dendrite_open(&hs->dendrite, config)
                                                                 : ERR_OK;
}

void homeserver_close(struct homeserver *hs)
{
    dendrite_close(&hs->dendrite);
    presence_close(&hs->presence);
    *hs = (struct homeserver){0};
}

void homeserver_reason(struct homeserver *hs, const char *format, ...)
{
    char text[HOMESERVER_REASON_SIZE];
    size_t length;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args); /* what it is made of may be the old text */
    va_end(args);
    length = strlen(text);
    /* What had to be cut off is not cut in the middle of a character. */
    while (length > 0 && !utf8_valid(text, length))
        length--;
    text[length] = '\0';
    memcpy(hs->reason_text, text, length + 1);
    hs->reason = hs->reason_text;
}

bool homeserver_has_turns(const struct homeserver *hs)
{
    return hs->dendrite != NULL;
}

bool homeserver_turn_try(struct homeserver *hs)
{
    return !hs->dendrite || turn_try(hs);
}

void homeserver_turn_end(struct homeserver *hs)
{
    if (hs->dendrite)
        turn_end(hs, true);
}

void homeserver_turn_announce(struct homeserver *hs, bool waiting)
{
    if (hs->dendrite)
        turn_announce(hs, waiting);
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

enum err homeserver_pass_sign_in(struct homeserver *hs, json_t *request, const char *token,
                                 const struct client *client, struct arena *arena, int *status,
                                 json_t **answer)
{
    if (!hs->acts->pass_sign_in)
        return ERR_UNSUPPORTED;
    return hs->acts->pass_sign_in(hs, request, token, client, arena, status, answer);
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
    enum err e = ERR_UNSUPPORTED;

    if (hs->acts->set_password)
        e = hs->acts->set_password(hs, localpart, password, end_sessions, except_token);
    return !e && end_sessions ? puppets_end(hs, localpart) : e;
}

enum err homeserver_end_session(struct homeserver *hs, const char *localpart, const char *device_id)
{
    return hs->acts->end_session ? hs->acts->end_session(hs, localpart, device_id) : ERR_UNSUPPORTED;
}

enum err homeserver_end_sessions(struct homeserver *hs, const char *localpart)
{
    enum err e = hs->acts->end_sessions ? hs->acts->end_sessions(hs, localpart) : ERR_UNSUPPORTED;

    return e ? e : puppets_end(hs, localpart);
}

enum err homeserver_end_some_sessions(struct homeserver *hs, const char *localpart,
                                      const struct id_list *device_ids)
{
    return hs->acts->end_some_sessions ? hs->acts->end_some_sessions(hs, localpart, device_ids)
                                       : ERR_UNSUPPORTED;
}

enum err homeserver_create_device(struct homeserver *hs, const char *localpart, const char *device_id)
{
    return hs->acts->create_device ? hs->acts->create_device(hs, localpart, device_id) : ERR_UNSUPPORTED;
}

enum err homeserver_rename_device(struct homeserver *hs, const char *localpart, const char *device_id,
                                  const char *display_name)
{
    return hs->acts->rename_device ? hs->acts->rename_device(hs, localpart, device_id, display_name)
                                   : ERR_UNSUPPORTED;
}

enum err homeserver_set_admin(struct homeserver *hs, const char *localpart, bool admin)
{
    return hs->acts->set_admin ? hs->acts->set_admin(hs, localpart, admin) : ERR_UNSUPPORTED;
}

enum err homeserver_change_account(struct homeserver *hs, const char *localpart,
                                   const struct account_change *change)
{
    const bool ends_sessions = change->active == CHOICE_NO || (change->password && change->end_sessions);
    enum err e = hs->acts->change_account ? hs->acts->change_account(hs, localpart, change) : ERR_UNSUPPORTED;

    return !e && ends_sessions ? puppets_end(hs, localpart) : e;
}

enum err homeserver_deactivate(struct homeserver *hs, const char *localpart)
{
    enum err e = hs->acts->deactivate ? hs->acts->deactivate(hs, localpart) : ERR_UNSUPPORTED;

    return e ? e : puppets_end(hs, localpart);
}

enum err homeserver_reactivate(struct homeserver *hs, const char *localpart, const char *password)
{
    return hs->acts->reactivate ? hs->acts->reactivate(hs, localpart, password) : ERR_UNSUPPORTED;
}

enum err homeserver_set_threepids(struct homeserver *hs, const char *localpart,
                                  const struct identity *identities, size_t count)
{
    if (!hs->acts->set_threepids)
        return ERR_UNSUPPORTED;
    return hs->acts->set_threepids(hs, localpart, identities, count);
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

enum err homeserver_set_published(struct homeserver *hs, const char *room_id, bool published)
{
    return hs->acts->set_published ? hs->acts->set_published(hs, room_id, published) : ERR_UNSUPPORTED;
}

enum err homeserver_add_member(struct homeserver *hs, const struct new_member *member, struct arena *arena,
                               const char **room_id)
{
    return hs->acts->add_member ? hs->acts->add_member(hs, member, arena, room_id) : ERR_UNSUPPORTED;
}

enum err homeserver_make_admin(struct homeserver *hs, const char *room_id, const char *user_id)
{
    return hs->acts->make_admin ? hs->acts->make_admin(hs, room_id, user_id) : ERR_UNSUPPORTED;
}

enum err homeserver_merge_extremities(struct homeserver *hs, const char *room_id,
                                      struct extremity_merge *merge, struct arena *arena)
{
    if (!hs->acts->merge_extremities)
        return ERR_UNSUPPORTED;
    return hs->acts->merge_extremities(hs, room_id, merge, arena);
}

enum err homeserver_redact(struct homeserver *hs, const struct redaction *redaction, struct arena *arena,
                           size_t *done)
{
    *done = 0;
    return hs->acts->redact ? hs->acts->redact(hs, redaction, arena, done) : ERR_UNSUPPORTED;
}

enum err homeserver_purge_history(struct homeserver *hs, struct history_purge *purge, struct arena *arena)
{
    return hs->acts->purge_history ? hs->acts->purge_history(hs, purge, arena) : ERR_UNSUPPORTED;
}

enum err homeserver_move_members(struct homeserver *hs, struct room_move *move, struct arena *arena)
{
    return hs->acts->move_members ? hs->acts->move_members(hs, move, arena) : ERR_UNSUPPORTED;
}

enum err homeserver_send_message(struct homeserver *hs, const struct new_message *message)
{
    return hs->acts->send_message ? hs->acts->send_message(hs, message) : ERR_UNSUPPORTED;
}

enum err homeserver_move_aliases(struct homeserver *hs, const struct alias_move *move, struct arena *arena)
{
    return hs->acts->move_aliases ? hs->acts->move_aliases(hs, move, arena) : ERR_UNSUPPORTED;
}

enum err homeserver_add_alias(struct homeserver *hs, const char *alias, const char *room_id,
                              const char *creator)
{
    return hs->acts->add_alias ? hs->acts->add_alias(hs, alias, room_id, creator) : ERR_UNSUPPORTED;
}

enum err homeserver_delete_alias(struct homeserver *hs, const char *alias)
{
    return hs->acts->delete_alias ? hs->acts->delete_alias(hs, alias) : ERR_UNSUPPORTED;
}

enum err homeserver_purge_room(struct homeserver *hs, const char *room_id, bool force)
{
    return hs->acts->purge_room ? hs->acts->purge_room(hs, room_id, force) : ERR_UNSUPPORTED;
}

enum err homeserver_can_delete_room(struct homeserver *hs, bool purge)
{
    return hs->acts->can_delete_room ? hs->acts->can_delete_room(hs, purge) : ERR_OK;
}

enum err homeserver_add_registration_token(struct homeserver *hs, const struct registration_token *token)
{
    return hs->acts->add_registration_token ? hs->acts->add_registration_token(hs, token) : ERR_UNSUPPORTED;
}

enum err homeserver_set_registration_token(struct homeserver *hs, const struct registration_token *token)
{
    return hs->acts->set_registration_token ? hs->acts->set_registration_token(hs, token) : ERR_UNSUPPORTED;
}

enum err homeserver_delete_registration_token(struct homeserver *hs, const char *token)
{
    if (!hs->acts->delete_registration_token)
        return ERR_UNSUPPORTED;
    return hs->acts->delete_registration_token(hs, token);
}

enum err homeserver_set_account_data(struct homeserver *hs, const char *localpart, const char *type,
                                     const char *content)
{
    if (!hs->acts->set_account_data)
        return ERR_UNSUPPORTED;
    return hs->acts->set_account_data(hs, localpart, type, content);
}

enum err homeserver_delete_event_report(struct homeserver *hs, int64_t id)
{
    return hs->acts->delete_event_report ? hs->acts->delete_event_report(hs, id) : ERR_UNSUPPORTED;
}

enum err homeserver_refresh_devices(struct homeserver *hs, const char *user_id)
{
    return hs->acts->refresh_devices ? hs->acts->refresh_devices(hs, user_id) : ERR_UNSUPPORTED;
}

enum err homeserver_download_state(struct homeserver *hs, const char *server_name, const char *room_id)
{
    return hs->acts->download_state ? hs->acts->download_state(hs, server_name, room_id) : ERR_UNSUPPORTED;
}

enum err homeserver_reindex(struct homeserver *hs)
{
    return hs->acts->reindex ? hs->acts->reindex(hs) : ERR_UNSUPPORTED;
}

enum err homeserver_upload_media(struct homeserver *hs, const struct upload *upload)
{
    return hs->acts->upload_media ? hs->acts->upload_media(hs, upload) : ERR_UNSUPPORTED;
}

enum err homeserver_delete_media(struct homeserver *hs, const struct media_deletion *deletion,
                                 struct arena *arena, struct id_list *deleted)
{
    if (!hs->acts->delete_media)
        return ERR_UNSUPPORTED;
    return hs->acts->delete_media(hs, deletion, arena, deleted);
}

enum err homeserver_quarantine_media(struct homeserver *hs, const struct media_rows *media, bool quarantined,
                                     int64_t *changed)
{
    if (!hs->acts->quarantine_media)
        return ERR_UNSUPPORTED;
    return hs->acts->quarantine_media(hs, media, quarantined, changed);
}

enum err homeserver_protect_media(struct homeserver *hs, const char *media_id, bool protected)
{
    if (!hs->acts->protect_media)
        return ERR_UNSUPPORTED;
    return hs->acts->protect_media(hs, media_id, protected);
}

enum err homeserver_reset_destination(struct homeserver *hs, const char *name, bool *waits)
{
    return hs->acts->reset_destination ? hs->acts->reset_destination(hs, name, waits) : ERR_UNSUPPORTED;
}

enum err homeserver_populate(struct homeserver *hs, const struct population *population)
{
    return hs->acts->populate ? hs->acts->populate(hs, population) : ERR_UNSUPPORTED;
}
