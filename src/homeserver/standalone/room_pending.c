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

/* The n-th of those that are pending, the oldest first. */
static struct made_event *pending_event(struct room_pending *pending, size_t n)
{
    return &pending->events[(pending->written + n) % SIGNING_QUEUE];
}

static enum err place_signature(struct room_pending *pending, struct made_event *made)
{
    unsigned char signature[ED25519_SIGNATURE_SIZE];
    enum err e = signing_queue_get(pending->signing, signature);

    if (e)
        return e;
    event_place_signature(made->json.data + made->event.signature_at, signature);
    event_place_signature(made->headered.data + made->event.signature_at, signature);
    return ERR_OK;
}

/* Writes the rows of the oldest events, at most SIGNING_BLOCK of them. */
static enum err write_oldest(struct room_pending *pending, struct db *db)
{
    struct made_event *oldest[SIGNING_BLOCK];
    size_t count = 0;
    enum err e = ERR_OK;

    while (!e && count < SIGNING_BLOCK && pending->written + count < pending->added) {
        oldest[count] = pending_event(pending, count);
        e = place_signature(pending, oldest[count++]);
    }
    if (!e)
        e = room_store_signed(db, oldest, count);
    for (size_t i = 0; !e && i < count; i++)
        made_event_free(oldest[i]);
    if (!e)
        pending->written += count;
    return e;
}

enum err room_pending_add(struct room_pending *pending, struct db *db, struct made_event *made)
{
    const struct buf *essential = &made->event.essential;
    enum err e = ERR_OK;

    if (signing_queue_full(pending->signing))
        e = write_oldest(pending, db);
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
    enum err e = ERR_OK;

    while (!e && pending && pending->written < pending->added)
        e = write_oldest(pending, db);
    return e;
}

void room_pending_drop(struct room_pending *pending)
{
    if (!pending)
        return;
    for (; pending->written < pending->added; pending->written++)
        made_event_free(pending_event(pending, 0));
    signing_queue_clear(pending->signing);
}
