/* SPDX-License-Identifier: ISC */
/*
 * Server notices: messages of the server's own user to one user, in a room that is only for that. Everything,
 * from that user's account to the message, is one transaction, so that however many send at once there is one
 * room for each recipient.
 */
#include <string.h>

#include "homeserver/standalone/create.h"
#include "homeserver/standalone/member.h"
#include "homeserver/standalone/standalone.h"
#include "matrix/field.h"
#include "store/account_data.h"
#include "store/devices.h"
#include "store/events.h"
#include "store/memberships.h"
#include "store/transactions.h"

/* By this clients tell the room from others (Client-Server API, "Server Notices"), and Dendrite does. */
static const char tag[] = "{\"tags\":{\"m.server_notice\":{\"order\":1}}}";

/* A notice on its way. */
struct sending {
    struct room_writer writer;
    const struct config *config;
    const struct notice *notice;
    const char *sender; /* user ids */
    const char *recipient;
    struct profile profile; /* of the sender, as it is configured */
    struct room *room;
};

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* Makes the sender's account if it is absent, and its profile what is configured. */
static enum err prepare_sender(struct sending *sending)
{
    struct db *db = sending->writer.db;
    const char *server_name = sending->config->server_name;
    const struct account account = {
        .localpart = sending->config->server_notices.local_part,
        .type = ACCOUNT_USER,
        .created_ts = sending->writer.now_ms,
    };
    struct profile stored = {0};
    enum err e = profiles_find(db, account.localpart, server_name, sending->writer.arena, &stored);

    if (e == ERR_NOT_FOUND)
        e = accounts_insert(db, &account, server_name, NULL);
    if (e || (same_text(stored.display_name, sending->profile.display_name) &&
              same_text(stored.avatar_url, sending->profile.avatar_url)))
        return e;
    return profiles_put(db, account.localpart, server_name, &sending->profile);
}

/* Whether the sender made the open room, and for the recipient: others may have come into it later. */
static enum err is_own(struct sending *sending, bool *own)
{
    json_t *create = NULL, *levels = NULL;
    const char *creator;
    enum err e = room_state(sending->room, "m.room.create", "", &create);

    creator = field_string(create, "sender");
    *own = creator && strcmp(creator, sending->sender) == 0;
    if (!e)
        e = room_state(sending->room, "m.room.power_levels", "", &levels);
    *own =
        *own && json_object_get(field_object(field_object(levels, "content"), "users"), sending->recipient);
    return e;
}

static enum err is_usable(struct sending *sending, bool *usable)
{
    const char *membership;
    enum err e = is_own(sending, usable);

    if (e || !*usable)
        return e;
    e = room_membership(sending->room, sending->recipient, &membership);
    *usable = !e && strcmp(membership, "ban") != 0;
    return e;
}

/* Opens the room if it is the one; otherwise sending->room is NULL. */
static enum err try_room(struct sending *sending, const char *room_id)
{
    bool usable = false;
    enum err e = room_open(&sending->room, &sending->writer, room_id);

    if (e == ERR_NOT_FOUND || e == ERR_INVALID)
        return ERR_OK;
    if (!e)
        e = is_usable(sending, &usable);
    return usable ? ERR_OK : room_close(&sending->room, e);
}

/* Opens the room that the sender and the recipient have; sending->room is NULL when there is none. */
static enum err find_room(struct sending *sending)
{
    struct db *db = sending->writer.db;
    struct user_room *rooms = NULL;
    int64_t sender_nid, recipient_nid;
    size_t count = 0;
    enum err e = state_keys_find(db, sending->sender, &sender_nid);

    if (!e)
        e = state_keys_find(db, sending->recipient, &recipient_nid);
    if (e) /* who has no number is in no room */
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    e = memberships_common(db, sender_nid, recipient_nid, sending->writer.arena, &rooms, &count);
    for (size_t i = 0; !e && i < count && !sending->room; i++)
        e = try_room(sending, rooms[i].room_id);
    return e;
}

static enum err tag_room(struct sending *sending, const char *room_id)
{
    const struct account_data data = {
        .localpart = sending->notice->localpart,
        .server_name = sending->config->server_name,
        .room_id = room_id,
        .type = "m.tag",
        .content = tag,
    };

    return account_data_put(sending->writer.db, &data);
}

static enum err make_room(struct sending *sending)
{
    const struct room_design design = {
        .creator = sending->sender,
        .profile = sending->profile,
        .name = sending->config->server_notices.room_name,
        .local = true,
        .powerless = sending->recipient,
    };
    char room_id[ID_SIZE];
    enum err e = room_make_id(&sending->writer, NULL, room_id);

    if (!e)
        e = room_create(&sending->room, &sending->writer, room_id, standalone_room_version(sending->config),
                        &design);
    if (!e)
        e = room_invite(sending->room, sending->sender, sending->recipient, NULL);
    return e ? e : tag_room(sending, room_id);
}

/* Has a room that was there show the sender's profile, and invites a recipient who left it. */
static enum err refresh_room(struct sending *sending)
{
    json_t *event = NULL, *content;
    const char *membership = NULL;
    enum err e = room_state(sending->room, "m.room.member", sending->sender, &event);

    content = field_object(event, "content");
    if (!e && (!same_text(field_string(content, "displayname"), sending->profile.display_name) ||
               !same_text(field_string(content, "avatar_url"), sending->profile.avatar_url)))
        e = room_join(sending->room, sending->sender, &sending->profile);
    if (!e)
        e = room_membership(sending->room, sending->recipient, &membership);
    if (!e && strcmp(membership, "join") != 0 && strcmp(membership, "invite") != 0)
        e = room_invite(sending->room, sending->sender, sending->recipient, "Server notice room");
    return e;
}

static enum err append_notice(struct sending *sending, char event_id[ID_SIZE])
{
    const struct notice *notice = sending->notice;
    struct new_event event = {
        .sender = sending->sender,
        .type = notice->type,
        .state_key = notice->state_key,
        .content = notice->content,
        .transaction_id = notice->transaction.id,
    };
    enum err e = ERR_OK;

    if (event.transaction_id)
        e = devices_session(sending->writer.db, notice->transaction.token, &event.session_id);
    if (e == ERR_NOT_FOUND) /* a token of a kind that has no session */
        e = ERR_OK;
    return e ? e : room_append(sending->room, &event, event_id);
}

/* Sends it, inside the transaction that is open; `*event_id` lives in the arena. */
static enum err send_new(struct sending *sending, const char **event_id)
{
    char id[ID_SIZE];
    enum err e = prepare_sender(sending);

    if (!e)
        e = find_room(sending);
    if (!e)
        e = sending->room ? refresh_room(sending) : make_room(sending);
    if (!e)
        e = append_notice(sending, id);
    e = room_close(&sending->room, e);
    if (!e && sending->notice->transaction.id)
        e = transactions_insert(sending->writer.db, &sending->notice->transaction, id,
                                sending->writer.now_ms);
    if (!e)
        *event_id = arena_strdup(sending->writer.arena, id);
    return !e && !*event_id ? ERR_NOMEM : e;
}

static enum err send_once(struct sending *sending, const char **event_id)
{
    const struct transaction *transaction = &sending->notice->transaction;
    enum account_type type;
    enum err e = ERR_NOT_FOUND;

    if (transaction->id)
        e = transactions_find(sending->writer.db, transaction, sending->writer.arena, event_id);
    if (e != ERR_NOT_FOUND)
        return e;
    e = accounts_type(sending->writer.db, sending->notice->localpart, sending->config->server_name, &type);
    return e ? e : send_new(sending, event_id);
}

enum err standalone_send_notice(struct homeserver *hs, const struct notice *notice, struct arena *arena,
                                const char **event_id)
{
    const struct config *config = hs->config;
    struct sending sending = {
        .config = config,
        .notice = notice,
        .sender = arena_printf(arena, "@%s:%s", config->server_notices.local_part, config->server_name),
        .recipient = arena_printf(arena, "@%s:%s", notice->localpart, config->server_name),
        .profile = {config->server_notices.display_name, config->server_notices.avatar_url},
    };
    enum err e;

    *event_id = NULL;
    if (!sending.sender || !sending.recipient)
        return ERR_NOMEM;
    if (strcmp(sending.sender, sending.recipient) == 0)
        return ERR_INVALID;
    e = room_writer_open(&sending.writer, hs, arena);
    if (!e)
        e = db_begin(hs->db, DB_WRITE);
    if (!e)
        e = db_end(hs->db, send_once(&sending, event_id));
    room_writer_close(&sending.writer);
    return e;
}
