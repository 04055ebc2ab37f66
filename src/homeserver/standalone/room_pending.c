/* SPDX-License-Identifier: ISC */
/*
 * Events that wait for their signatures. No id or hash depends on a signature, so while another process makes
 * them, the next events are made and all their rows written that have no signature in them.
 */
#include <stdlib.h>

#include "crypto/signing_queue.h"
#include "homeserver/standalone/room_parts.h"

struct room_pending {
    struct signing_queue *signing;
    struct made_event events[SIGNING_QUEUE]; /* used in turn */
    size_t added, written;                   /* events, since it was empty */
};

enum err room_pending_open(struct room_pending **out, const struct signing_key *key)
{
    struct room_pending *pending = *out = calloc(1, sizeof *pending);
    enum err e = pending ? signing_queue_open(&pending->signing, key) : ERR_NOMEM;

    if (e)
        room_pending_close(out);
    return e;
}

void room_pending_close(struct room_pending **pending)
{
    struct room_pending *closing = *pending;

    *pending = NULL;
    if (!closing)
        return;
    for (size_t i = 0; i < SIGNING_QUEUE; i++)
        made_event_free(&closing->events[i]);
    signing_queue_close(&closing->signing);
    free(closing);
}

static struct made_event *oldest(struct room_pending *pending)
{
    return &pending->events[pending->written % SIGNING_QUEUE];
}

/* Signs the oldest events, and writes their rows. */
static enum err write_oldest(struct room_pending *pending, struct db *db, size_t count)
{
    enum err e = ERR_OK;

    for (; !e && count > 0; count--) {
        struct made_event *made = oldest(pending);
        unsigned char signature[ED25519_SIGNATURE_SIZE];

        e = signing_queue_get(pending->signing, signature);
        if (e)
            return e;
        event_place_signature(made->json.data + made->event.signature_at, signature);
        event_place_signature(made->headered.data + made->event.signature_at, signature);
        e = room_store_signed(db, made);
        made_event_free(made);
        pending->written++;
    }
    return e;
}

enum err room_pending_add(struct room_pending *pending, struct db *db, struct made_event *made)
{
    const struct buf *essential = &made->event.essential;
    enum err e = ERR_OK;

    if (signing_queue_full(pending->signing))
        e = write_oldest(pending, db, SIGNING_BLOCK);
    if (!e)
        e = signing_queue_put(pending->signing, essential->data, essential->length);
    if (e)
        return e;
    pending->events[pending->added++ % SIGNING_QUEUE] = *made;
    *made = (struct made_event){0};
    return ERR_OK;
}

/* Numbers grow with each event, and no younger one than the oldest of these has been written whole. */
bool room_pending_has(const struct room_pending *pending, int64_t nid)
{
    return pending && pending->written < pending->added &&
           nid >= pending->events[pending->written % SIGNING_QUEUE].nid;
}

enum err room_pending_write(struct room_pending *pending, struct db *db)
{
    return pending ? write_oldest(pending, db, pending->added - pending->written) : ERR_OK;
}

void room_pending_drop(struct room_pending *pending)
{
    if (!pending)
        return;
    for (; pending->written < pending->added; pending->written++)
        made_event_free(oldest(pending));
    signing_queue_clear(pending->signing);
}
