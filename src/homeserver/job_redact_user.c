/* SPDX-License-Identifier: ISC */
/*
 * Redacts what a user has sent. The user's events are gone through once, from the newest to the oldest, and
 * those that are meant become items; the cursor has the position of the last one, and how many events of each
 * room have been counted.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"
#include "homeserver/redactor.h"
#include "homeserver/walk.h"
#include "store/redactions.h"
#include "store/rooms.h"

#define REDACTED   "redacted"
#define SLICE      500 /* events that are read at once: little enough for a short transaction */
#define REDACT_MAX 100 /* events that one call of the act gets */

/* A job that is read. */
struct redacting {
    struct homeserver *hs;
    struct job *job;
    struct arena *arena;
    json_t *parameters, *cursor;
    json_t *counts; /* of the cursor: room IDs, all that are meant, and the events of each so far */
    int64_t before; /* the position that the cursor has */
};

static int64_t parameter(const struct redacting *redacting, const char *name)
{
    return json_integer_value(json_object_get(redacting->parameters, name));
}

/* An operator who has mistyped a room hears of it before anything is redacted. */
static enum err check_room(struct homeserver *hs, const char *room_id, struct arena *arena)
{
    struct room_row row = {0};
    enum err e = rooms_find(hs->db, room_id, arena, &row);

    nids_free(&row.latest);
    if (e == ERR_NOT_FOUND)
        homeserver_reason(hs, "The room %s is not known", room_id);
    return e;
}

/* The cursor of a job that has not begun. */
static enum err begin(struct redacting *redacting)
{
    const json_t *rooms = json_object_get(redacting->parameters, "rooms");
    enum err e = ERR_OK;

    redacting->before = INT64_MAX;
    redacting->cursor = json_pack("{s:{}}", "counts");
    redacting->counts = json_object_get(redacting->cursor, "counts");
    for (size_t i = 0; !e && i < json_array_size(rooms); i++) {
        const char *room_id = json_string_value(json_array_get(rooms, i));

        e = check_room(redacting->hs, room_id, redacting->arena);
        if (!e && json_object_set_new(redacting->counts, room_id, json_integer(0)) < 0)
            e = ERR_NOMEM;
    }
    return e || redacting->cursor ? e : ERR_NOMEM;
}

static enum err read_job(struct redacting *redacting)
{
    const struct job *job = redacting->job;

    redacting->parameters = json_loads(job->parameters, 0, NULL);
    if (!redacting->parameters)
        return ERR_NOMEM;
    if (!*job->cursor)
        return begin(redacting);
    redacting->cursor = json_loads(job->cursor, 0, NULL);
    redacting->counts = json_object_get(redacting->cursor, "counts");
    redacting->before = json_integer_value(json_object_get(redacting->cursor, "before"));
    return redacting->counts ? ERR_OK : ERR_NOMEM;
}

static enum err write_cursor(struct redacting *redacting)
{
    char *text = NULL;
    enum err e = ERR_OK;

    if (json_object_set_new(redacting->cursor, "before", json_integer(redacting->before)) < 0)
        return ERR_NOMEM;
    text = json_dumps(redacting->cursor, JSON_COMPACT);
    redacting->job->cursor = text ? arena_strdup(redacting->arena, text) : NULL;
    if (!redacting->job->cursor) {
        redacting->job->cursor = "";
        e = ERR_NOMEM;
    }
    free(text);
    return e;
}

static bool is_of_kind(const struct sent_event *event)
{
    static const char *const types[] = {"m.room.member", "m.room.message", "m.room.encrypted"};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(event->type, types[i]) == 0)
            return true;
    return false;
}

static bool is_in_time(const struct redacting *redacting, const struct sent_event *event)
{
    int64_t before_ts = parameter(redacting, "before_ts"), after_ts = parameter(redacting, "after_ts");

    return (before_ts == 0 || event->ts <= before_ts) && (after_ts == 0 || event->ts >= after_ts);
}

/*
 * Whether the event is one to be redacted. Those that the limit counts are of the three types, whatever else
 * becomes of them.
 */
static enum err is_meant(struct redacting *redacting, const struct sent_event *event, bool *meant)
{
    const json_t *count = json_object_get(redacting->counts, event->room_id);
    json_int_t counted = json_integer_value(count);

    *meant = false;
    if (!count || !is_of_kind(event) || !is_in_time(redacting, event) ||
        counted >= parameter(redacting, "limit"))
        return ERR_OK;
    *meant = !event->redacted && (strcmp(event->type, "m.room.member") != 0 ||
                                  (event->membership && strcmp(event->membership, "join") == 0));
    return json_object_set_new(redacting->counts, event->room_id, json_integer(counted + 1)) < 0 ? ERR_NOMEM
                                                                                                 : ERR_OK;
}

/* Room by room, so that few transactions go through many rooms; in each, the newest first. */
static int compare_sent(const void *a, const void *b)
{
    const struct sent_event *x = a, *y = b;
    int order = strcmp(x->room_id, y->room_id);

    return order ? order : (x->position < y->position) - (x->position > y->position);
}

static enum err add_items(struct redacting *redacting, struct sent_event *events, size_t count)
{
    struct homeserver *hs = redacting->hs;
    enum err e = count > 0 ? db_begin(hs->db, DB_NOTE) : ERR_OK;

    if (e || count == 0)
        return e;
    qsort(events, count, sizeof *events, compare_sent);
    for (size_t i = 0; !e && i < count; i++)
        e = job_items_add(hs->db, redacting->job->id, events[i].event_id);
    return db_end(hs->db, e);
}

/* Whether no room is left of which more events are to be counted. */
static bool has_enough(const struct redacting *redacting)
{
    const char *room_id;
    json_t *count;

    json_object_foreach(redacting->counts, room_id, count)
    {
        if (json_integer_value(count) < parameter(redacting, "limit"))
            return false;
    }
    return true;
}

/* Makes items of the next slice of what the user has sent; `*over`: there is no more of it. */
static enum err plan(struct redacting *redacting, bool *over)
{
    struct sent_event *events = NULL;
    size_t count = 0, kept = 0;
    enum err e = ERR_OK;

    if (!has_enough(redacting))
        e = redactions_sent(redacting->hs->db, redacting->job->target, redacting->before, SLICE,
                            redacting->arena, &events, &count);
    *over = count == 0;
    if (e || count == 0)
        return e;
    redacting->before = events[count - 1].position;
    for (size_t i = 0; !e && i < count; i++) {
        bool meant = false;

        e = is_meant(redacting, &events[i], &meant);
        if (meant)
            events[kept++] = events[i];
    }
    if (!e)
        e = add_items(redacting, events, kept);
    return e ? e : write_cursor(redacting);
}

/* What became of the events, in the words of the items. */
static enum err note_outcomes(struct redacting *redacting, const struct redaction_target *targets,
                              struct job_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *why = targets[i].reason ? targets[i].reason : err_text(targets[i].err);

        items[i].outcome = targets[i].err ? REDACT_USER_FAILED : REDACTED;
        items[i].detail = targets[i].err ? why : NULL;
    }
    return walk_settle(redacting->hs->db, redacting->job, items, count);
}

/* The act on the first of the items, all of one room; `*done` of them. */
static enum err redact(struct redacting *redacting, const struct redactor *redactor, struct job_item *items,
                       size_t count, size_t *done)
{
    struct redaction redaction = {
        .room_id = redactor->room_id,
        .localpart = redactor->localpart,
        .reason = json_string_value(json_object_get(redacting->parameters, "reason")),
        .targets = arena_alloc(redacting->arena, count * sizeof *redaction.targets),
        .count = count,
    };
    enum err e = redaction.targets ? ERR_OK : ERR_NOMEM, noted;

    for (size_t i = 0; !e && i < count; i++) {
        redaction.targets[i].event_id = items[i].item;
        redaction.targets[i].transaction_id =
            arena_printf(redacting->arena, "%s-%lld", redacting->job->id, (long long)items[i].position);
        if (!redaction.targets[i].transaction_id)
            e = ERR_NOMEM;
    }
    if (!e)
        e = homeserver_redact(redacting->hs, &redaction, redacting->arena, done);
    noted = note_outcomes(redacting, redaction.targets, items, *done);
    return e ? e : noted;
}

/* What nobody can redact has failed. */
static enum err give_up(struct redacting *redacting, const struct redactor *redactor, struct job_item *items,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        items[i].outcome = REDACT_USER_FAILED;
        items[i].detail = redactor->reason;
    }
    return walk_settle(redacting->hs->db, redacting->job, items, count);
}

/* Redacts the first of the items, those of one room, and says how many. */
static enum err redact_room(struct redacting *redacting, struct job_item *items, size_t count, size_t *done)
{
    struct redactor redactor = {
        .user_id = redacting->job->target,
        .admin = redacting->job->actor,
        .use_admin = json_is_true(json_object_get(redacting->parameters, "use_admin")),
    };
    size_t same = 0;
    enum err e = redactor_choose(redacting->hs, items[0].item, redacting->arena, &redactor);

    while (!e && same < count && redactor_is_of_room(redacting->hs, &redactor, items[same].item, &e))
        same++;
    if (e)
        return e;
    *done = same > 0 ? same : 1;
    return redactor.localpart ? redact(redacting, &redactor, items, *done, done)
                              : give_up(redacting, &redactor, items, *done);
}

/* Redacts what has become items, until the time is over. `*over` is whether there was nothing. */
static enum err redact_noted(struct redacting *redacting, int64_t end_ms, bool *over)
{
    struct job_item *items = NULL;
    size_t count = 0, at = 0;
    enum err e = job_items_waiting(redacting->hs->db, redacting->job->id, REDACT_MAX, redacting->arena,
                                   &items, &count);

    *over = count == 0;
    while (!e && at < count && (at == 0 || clock_monotonic_ms() < end_ms)) {
        size_t done = 0;

        e = redact_room(redacting, items + at, count - at, &done);
        at += done;
    }
    return e;
}

enum err job_redact_user(struct homeserver *hs, struct job *job, struct arena *arena)
{
    struct redacting redacting = {.hs = hs, .job = job, .arena = arena};
    int64_t end_ms = clock_monotonic_ms() + JOB_BATCH_MS;
    bool over = false;
    enum err e = read_job(&redacting);

    while (!e && !over && clock_monotonic_ms() < end_ms) {
        e = redact_noted(&redacting, end_ms, &over);
        if (!e && over)
            e = plan(&redacting, &over);
    }
    if (!e && over)
        job->status = JOB_COMPLETE;
    json_decref(redacting.parameters);
    json_decref(redacting.cursor);
    return e;
}

/* The rooms that are meant where none are named. */
static enum err find_rooms(struct homeserver *hs, const struct redact_user *redact, struct arena *arena,
                           json_t **out)
{
    const char **rooms = NULL;
    size_t count = 0;
    enum err e;

    *out = json_array();
    if (!*out)
        return ERR_NOMEM;
    if (json_array_size(redact->rooms) > 0)
        return json_array_extend(*out, redact->rooms) < 0 ? ERR_NOMEM : ERR_OK;
    e = redactions_rooms(hs->db, redact->user_id, arena, &rooms, &count);
    for (size_t i = 0; !e && i < count; i++)
        if (json_array_append_new(*out, json_string(rooms[i])) < 0)
            e = ERR_NOMEM;
    return e;
}

static enum err start(struct homeserver *hs, const struct redact_user *redact, struct arena *arena,
                      char id[JOBS_ID_SIZE])
{
    struct job_request request = {.kind = JOB_REDACT_USER, .target = redact->user_id, .alone = true};
    json_t *rooms = NULL, *parameters = NULL;
    char *text = NULL;
    enum err e = find_rooms(hs, redact, arena, &rooms);

    if (!e)
        parameters =
            json_pack("{s:O, s:s*, s:I, s:b, s:I, s:I}", "rooms", rooms, "reason", redact->reason, "limit",
                      (json_int_t)redact->limit, "use_admin", redact->use_admin, "before_ts",
                      (json_int_t)redact->before_ts, "after_ts", (json_int_t)redact->after_ts);
    if (!e)
        request.parameters = text = parameters ? json_dumps(parameters, JSON_COMPACT) : NULL;
    if (!e)
        e = text ? jobs_start(hs, &request, id) : ERR_NOMEM;
    free(text);
    json_decref(parameters);
    json_decref(rooms);
    return e;
}

enum err jobs_redact_user(struct homeserver *hs, const struct redact_user *redact, char id[JOBS_ID_SIZE])
{
    struct arena *arena = arena_new();
    enum err e = arena ? start(hs, redact, arena, id) : ERR_NOMEM;

    arena_free(&arena);
    return e;
}
