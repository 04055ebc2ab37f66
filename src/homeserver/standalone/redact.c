/* SPDX-License-Identifier: ISC */
#include "homeserver/standalone/batch.h"
#include "homeserver/standalone/room.h"
#include "homeserver/standalone/standalone.h"

/* Whether an error is about the one event, so that the others can be redacted all the same. */
static bool is_of_event(enum err e)
{
    return e == ERR_DENIED || e == ERR_INVALID || e == ERR_TOO_LARGE || e == ERR_NOT_FOUND;
}

static enum err redact_one(struct room *room, const struct new_redaction *redaction,
                           struct redaction_target *target)
{
    enum err e = room_redact(room, redaction, &target->reason);

    target->err = is_of_event(e) ? e : ERR_OK;
    return is_of_event(e) ? ERR_OK : e;
}

/* None of them can be redacted in a room whose version is not known here. */
static enum err refuse_all(const struct redaction *redaction, size_t *done)
{
    for (; *done < redaction->count; ++*done) {
        redaction->targets[*done].err = ERR_INVALID;
        redaction->targets[*done].reason = "The version of its room is not known";
    }
    return ERR_OK;
}

static enum err redact_batch(const struct room_writer *writer, const struct redaction *redaction,
                             const char *sender, const struct batch *batch, size_t *done)
{
    struct room *room = NULL;
    enum err e = room_open(&room, writer, redaction->room_id);

    if (e == ERR_INVALID)
        return refuse_all(redaction, done);
    while (!e && *done < redaction->count && (*done == 0 || !batch_is_over(batch))) {
        struct redaction_target *target = &redaction->targets[*done];

        e = redact_one(room, &(struct new_redaction){sender, target->event_id, redaction->reason}, target);
        *done += !e;
    }
    return room_close(&room, e);
}

enum err standalone_redact(struct homeserver *hs, const struct redaction *redaction, struct arena *arena,
                           size_t *done)
{
    const char *sender = arena_printf(arena, "@%s:%s", redaction->localpart, hs->config->server_name);
    struct batch batch = BATCH_OF_STEP(hs->db, redaction->count == 1);
    struct room_writer writer = {0};
    enum err e = sender ? room_writer_open(&writer, hs, arena) : ERR_NOMEM;

    *done = 0;
    if (!e)
        e = batch_begin(&batch);
    if (!e)
        e = db_end(hs->db, redact_batch(&writer, redaction, sender, &batch, done));
    if (e)
        *done = 0; /* all of it was rolled back */
    room_writer_close(&writer);
    return e;
}
