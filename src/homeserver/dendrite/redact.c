/* SPDX-License-Identifier: ISC */
/* Events are redacted one after another, each as a client does it. */
#include "base/clock.h"
#include "homeserver/dendrite/ask.h"
#include "homeserver/job_kinds.h"
#include "store/redactions.h"

/* Whether an error is about the one event, so that the others can be redacted all the same. */
static bool is_of_event(enum err e)
{
    return e == ERR_DENIED || e == ERR_INVALID || e == ERR_TOO_LARGE || e == ERR_NOT_FOUND;
}

/*
 * Asks, unless it is done. Dendrite remembers a transaction for a while, but forgets it when it is started
 * again, and its database may lag behind what it has answered: each helps where the other does not.
 */
static enum err redact(struct homeserver *hs, const struct redaction *redaction,
                       const struct redaction_target *target)
{
    struct question question = {
        .endpoint = ENDPOINT_REDACT,
        .segments = {redaction->room_id, target->event_id, target->transaction_id},
        .as_user = redaction->localpart,
    };
    bool redacted = false;
    enum err e = redactions_is_redacted(hs->db, target->event_id, &redacted);

    hs->reason = NULL;
    if (e || redacted)
        return e;
    question.body = json_pack("{s:s*}", "reason", redaction->reason);
    return dendrite_ask(hs, &question, NULL);
}

enum err dendrite_redact(struct homeserver *hs, const struct redaction *redaction, struct arena *arena,
                         size_t *done)
{
    int64_t end_ms = clock_monotonic_ms() + JOB_BATCH_MS;
    enum err e = dendrite_need_service(hs);

    *done = 0;
    while (!e && *done < redaction->count && (*done == 0 || clock_monotonic_ms() < end_ms)) {
        struct redaction_target *target = &redaction->targets[*done];

        e = redact(hs, redaction, target);
        if (is_of_event(e)) {
            target->err = e;
            target->reason = hs->reason ? arena_strdup(arena, hs->reason) : NULL;
            e = ERR_OK;
        }
        *done += !e;
    }
    return e;
}
