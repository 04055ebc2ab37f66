/* SPDX-License-Identifier: ISC */
/* Goes through all events once, and has each checked. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command/fsck_event.h"
#include "matrix/canonical_json.h"
#include "matrix/field.h"

#define WHAT_SIZE 1024

void examined_report(struct examined *event, const char *format, ...)
{
    char what[WHAT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    fsck_report(&event->fsck->report, FSCK_ERROR, event->check, event->room ? event->room->row.id : NULL,
                event->row->id, "%s", what);
}

static enum err check_room(struct examined *event)
{
    const char *room_id = field_string(event->json, "room_id");

    if (!fsck_is_text(event->room->row.id, room_id))
        examined_report(event, "its JSON says that it is of the room %s",
                        room_id ? room_id : "without an id");
    return ERR_OK;
}

/* A room's version is what its create event says; what says nothing is of version 1. */
static enum err check_version(struct examined *event)
{
    const json_t *content = field_object(event->json, "content");
    const char *stated = field_string(content, "room_version");

    if (!fsck_is_text(event->row->type, "m.room.create") || event->row->rejected)
        return ERR_OK;
    if (!fsck_is_text(event->room->row.version, json_object_get(content, "room_version") ? stated : "1"))
        examined_report(event, "it creates a room of version %s, and %s is recorded", stated ? stated : "1",
                        event->room->row.version ? event->room->row.version : "none");
    return ERR_OK;
}

static enum err check_columns(struct examined *event)
{
    const char *state_key = event->row->state_key_nid ? event->row->state_key : NULL;
    json_int_t depth = 0;

    if (!fsck_is_text(event->row->type, field_string(event->json, "type")))
        examined_report(event, "its type is recorded as %s", event->row->type ? event->row->type : "none");
    if (!fsck_is_text(state_key, field_string(event->json, "state_key")))
        examined_report(event, "its state key is recorded as \"%s\"", state_key ? state_key : "none");
    if (!field_integer(event->json, "depth", &depth) || depth != event->row->depth)
        examined_report(event, "its depth is recorded as %" PRId64, event->row->depth);
    return ERR_OK;
}

/* Only a redaction waits: clients hear of it when what it redacts is known. */
static enum err check_stream(struct examined *event)
{
    const struct fsck_event *row = event->row;
    bool same = true;
    enum err e;

    if (!row->sync_id) {
        if (row->sent && !row->rejected && !fsck_is_text(row->type, "m.room.redaction"))
            examined_report(event, "it is not in the stream of events for sync");
        return ERR_OK;
    }
    /* What others sent before this server joined is only fetched, not handed on. */
    if (!row->sent && event->room->row.local)
        examined_report(event, "it is in the stream, and recorded as not handed on");
    if (!fsck_is_text(row->sync_room_id, event->room->row.id))
        examined_report(event, "it is in the stream as one of another room");
    if (!fsck_is_text(row->sync_type, field_string(event->json, "type")))
        examined_report(event, "its type in the stream is another");
    if (!fsck_is_text(row->sync_sender, field_string(event->json, "sender")))
        examined_report(event, "its sender in the stream is another");
    e = fsck_same_event(event->version, row->id, row->sync_json, row->json, &same);
    if (!e && !same)
        examined_report(event, "its JSON in the stream is not the event's");
    return e;
}

/* The checks of one event, in this order: what one fills in, those after it look at. */
static const struct {
    const char *name;
    const char *finds;
    enum err (*run)(struct examined *event);
} checks[] = {
    {"event-canonical", "events that are not canonical JSON", check_canonical},
    {"event-format", "events without the members that they must have", check_format},
    {"event-id", "events whose id is not their reference hash", check_id},
    {"event-hash", "events whose content was changed", check_hash},
    {"event-signature", "events of this server with a wrong signature, or none", check_signature},
    {"event-room", "events in a room that is not theirs", check_room},
    {"room-version", "rooms whose version is not that of their create event", check_version},
    {"event-columns", "events whose type, state key or depth is recorded otherwise", check_columns},
    {"event-previous", "events whose previous events are not there", check_previous},
    {"previous-events", "events that are not listed as following others", check_followers},
    {"event-depth", "events whose depth does not follow from their previous events", check_depth},
    {"event-state", "events with another state before them than their previous event left",
     check_state_before},
    {"event-auth", "events whose auth events are not there, or recorded otherwise", check_auth_events},
    {"auth-rules", "events that their auth events do not allow", check_auth_rules},
    {"sync-output", "events that the stream for sync has otherwise, or lacks", check_stream},
};

/* Parses the event; what cannot be parsed is not examined any further. */
static enum err parse(struct examined *event)
{
    enum err e;

    event->check = "event-json";
    if (!event->row->json) /* a statement of its own finds these */
        return ERR_OK;
    e = canonical_json_read(event->row->json, strlen(event->row->json), &event->json);
    if (e == ERR_INVALID || (!e && !json_is_object(event->json))) {
        json_decref(event->json);
        event->json = NULL;
        examined_report(event, "its JSON cannot be read");
    }
    return e == ERR_INVALID ? ERR_OK : e;
}

/* The pass over all events: what is kept from one to the next. */
struct pass {
    struct fsck *fsck;
    struct auth_cache *cache;
    struct nids auth_nids;
    struct buf essential;
    int64_t done;
};

static enum err examine(struct examined *event)
{
    enum err e = parse(event);

    if (e || !event->json || !event->version)
        return e;
    e = examined_meet(event);
    for (size_t i = 0; i < sizeof checks / sizeof *checks && !e; i++) {
        event->check = checks[i].name;
        e = checks[i].run(event);
    }
    examined_forget(event);
    return e;
}

static enum err examine_row(void *context, const struct fsck_event *row)
{
    struct pass *pass = context;
    const struct checked_room *room = fsck_room_of(pass->fsck, row->room_nid);
    struct examined event = {
        .fsck = pass->fsck,
        .row = row,
        .room = room,
        .version = room ? room->version : NULL,
        .essential = pass->essential,
        .cache = pass->cache,
        .auth_nids = &pass->auth_nids,
    };
    enum err e;

    fsck_report_progress(&pass->fsck->report, "events", ++pass->done, pass->fsck->events_count);
    buf_clear(&event.essential);
    e = examine(&event);
    json_decref(event.json);
    pass->essential = event.essential; /* its memory is used again */
    return e ? e : pass->fsck->report.err;
}

enum err fsck_check_events(struct fsck *fsck)
{
    struct pass pass = {.fsck = fsck};
    enum err e = fsck_count_events(fsck->db, &fsck->events_count);

    if (!e)
        e = auth_cache_new(&pass.cache);
    if (!e)
        e = fsck_each_event(fsck->db, examine_row, &pass);
    if (!e && fsck->other_keys > 0)
        fsck_report(&fsck->report, FSCK_WARNING, "event-signature", NULL, NULL,
                    "%" PRId64
                    " events are signed with other keys of this server than %s, and were not checked",
                    fsck->other_keys, fsck->key->id);
    auth_cache_free(&pass.cache);
    nids_free(&pass.auth_nids);
    buf_free(&pass.essential);
    return e;
}
