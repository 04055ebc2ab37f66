/* SPDX-License-Identifier: ISC */
/*
 * Server notices. Dendrite's own call sends on only two members of the content, and makes a room also for who
 * does not exist. So the user who sends notices does here, by our application service, what Dendrite would do
 * for it: the room is the same, and found by either. It takes several requests, and each looks first what is
 * there already: a notice that was cut off is sent by sending it again, with nothing done twice.
 */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "homeserver/dendrite/notice_room.h"
#include "homeserver/dendrite/rooms.h"
#include "matrix/json_wipe.h"
#include "store/sync.h"

#define TRANSACTION_SIZE BASE64_SIZE(DIGEST_SHA256_SIZE)

/*
 * The transaction that the event is sent to Dendrite in. It follows from the caller's, so that the same
 * notice again is the same one there; without one it is a new one.
 */
static enum err name_transaction(const struct transaction *caller, char id[TRANSACTION_SIZE])
{
    unsigned char digest[DIGEST_SHA256_SIZE];
    struct buf text = {0};
    enum err e;

    if (!caller->id) {
        e = random_bytes(digest, sizeof digest);
    } else {
        buf_append(&text, caller->token, strlen(caller->token) + 1);
        buf_puts(&text, caller->id);
        e = text.err ? text.err : digest_sha256(text.data, text.length, digest);
        buf_free(&text);
    }
    if (!e)
        base64_encode(BASE64_URL, digest, sizeof digest, id);
    return e;
}

static enum err send_event(struct notice_room *room, const struct notice *notice, const char *transaction_id,
                           const char **event_id)
{
    struct question question = {
        .endpoint = notice->state_key ? ENDPOINT_STATE : ENDPOINT_SEND,
        .segments = {room->id, notice->type, notice->state_key ? notice->state_key : transaction_id},
        .as_user = room->hs->config->server_notices.local_part,
        .body = json_incref(notice->content),
    };
    json_t *answer = NULL;
    enum err e = dendrite_ask(room->hs, &question, &answer);

    if (!e)
        e = dendrite_take(answer, "event_id", room->arena, event_id);
    json_forget(&answer);
    return e;
}

/* Looks for the event of a transaction. Dendrite itself forgets transactions when it is started anew, and
 * then the part that keeps them may not have heard of the last one yet. */
static enum err find_sent(struct notice_room *room, const char *id, const char **event_id)
{
    struct db *db = room->hs->db;
    enum err e = sync_find_transaction(db, room->id, room->sender, id, room->arena, event_id);

    if (e != ERR_NOT_FOUND)
        return e;
    e = dendrite_settle_latest(room->hs, room->id, room->arena);
    return e ? e : sync_find_transaction(db, room->id, room->sender, id, room->arena, event_id);
}

/* Sends it, unless Dendrite has it: then our answer to an earlier request was lost. A state event that is
 * sent again is the one that there is. */
static enum err send_once(struct notice_room *room, const struct notice *notice, const char **event_id)
{
    char id[TRANSACTION_SIZE];
    enum err e = name_transaction(&notice->transaction, id);

    if (e)
        return e;
    e = ERR_NOT_FOUND;
    if (notice->transaction.id && !notice->state_key)
        e = find_sent(room, id, event_id);
    return e == ERR_NOT_FOUND ? send_event(room, notice, id, event_id) : e;
}

/* The event is sent, and found again without this note: if it cannot be made, nobody is refused for it. */
static void note_transaction(struct homeserver *hs, const struct transaction *transaction,
                             const char *event_id)
{
    enum err e = db_begin(hs->db, DB_WRITE);

    if (!e)
        e = db_end(hs->db, transactions_insert(hs->db, transaction, event_id, clock_now_ms()));
    if (e && e != ERR_EXISTS)
        log_warning("the transaction of a notice could not be noted: %s", err_text(e));
}

static enum err send_new(struct notice_room *room, const struct notice *notice, const char **event_id)
{
    enum account_type type;
    enum err e = accounts_type(room->hs->db, notice->localpart, room->hs->config->server_name, &type);

    if (!e)
        e = dendrite_need_service(room->hs);
    if (!e)
        e = notice_room_open(room);
    if (!e)
        e = send_once(room, notice, event_id);
    if (!e && notice->transaction.id)
        note_transaction(room->hs, &notice->transaction, *event_id);
    return e;
}

enum err dendrite_send_notice(struct homeserver *hs, const struct notice *notice, struct arena *arena,
                              const char **event_id)
{
    struct notice_room room = {
        .hs = hs,
        .arena = arena,
        .localpart = notice->localpart,
        .sender = dendrite_user_id(hs, hs->config->server_notices.local_part, arena),
        .recipient = dendrite_user_id(hs, notice->localpart, arena),
    };
    enum err e = ERR_NOT_FOUND;

    *event_id = NULL;
    if (!room.sender || !room.recipient)
        return ERR_NOMEM;
    if (strcmp(room.sender, room.recipient) == 0)
        return ERR_INVALID;
    if (notice->transaction.id)
        e = transactions_find(hs->db, &notice->transaction, arena, event_id);
    return e == ERR_NOT_FOUND ? send_new(&room, notice, event_id) : e;
}
