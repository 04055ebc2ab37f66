/* SPDX-License-Identifier: ISC */
/* Every room: its current state, and the tables that repeat it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command/fsck_check.h"
#include "command/fsck_state.h"
#include "matrix/canonical_json.h"
#include "matrix/field.h"

#define MEMBER_TYPE_NID 5 /* m.room.member, a fixed number of Dendrite's */

/* The room in hand. */
struct room_check {
    struct fsck *fsck;
    const char *name; /* of the check that runs */
    const struct checked_room *room;
    struct room_state state; /* the current one */
    struct nids blocks, latest;
    struct buf text; /* of whatever is read for a moment */
};

static const char *event_name(struct room_check *check, int64_t nid)
{
    /* Only for a message: without its id the event is still named by its number. */
    return nid && fsck_event_id(check->fsck->db, nid, &check->text) == ERR_OK && check->text.length > 0
               ? check->text.data
               : NULL;
}

static enum err check_version(struct room_check *check)
{
    if (!check->room->version)
        fsck_report(&check->fsck->report, FSCK_WARNING, check->name, check->room->row.id, NULL,
                    "its version \"%s\" is not known to this program: its events were hardly checked",
                    check->room->row.version ? check->room->row.version : "");
    return ERR_OK;
}

/* Fills the current state; a room that this server is only invited to has none. */
static enum err check_snapshot(struct room_check *check)
{
    const struct fsck_room *row = &check->room->row;
    enum err e;

    check->state.count = check->blocks.count = 0;
    if (!row->snapshot_nid && row->latest && strcmp(row->latest, "[]") != 0)
        fsck_report(&check->fsck->report, FSCK_ERROR, check->name, row->id, NULL,
                    "it has latest events and no current state");
    if (!row->snapshot_nid)
        return ERR_OK;
    e = fsck_blocks_of(check->fsck->db, row->snapshot_nid, &check->text);
    if (e == ERR_NOT_FOUND)
        fsck_report(&check->fsck->report, FSCK_ERROR, check->name, row->id, NULL,
                    "its current state, snapshot %" PRId64 ", does not exist", row->snapshot_nid);
    if (!e)
        e = fsck_read_nids(&check->blocks, check->text.data);
    if (!e)
        e = room_state_load(check->fsck->db, &check->blocks, 0, NULL, &check->state);
    return e == ERR_NOT_FOUND || e == ERR_INVALID ? ERR_OK : e; /* the latter is "state-snapshot" */
}

/* After one latest event, the current state is known; that of several is resolved, which is not done here. */
static enum err check_state(struct room_check *check)
{
    const struct fsck_room *row = &check->room->row;
    struct state_difference difference;
    struct fsck_link latest;
    struct fsck_entry entry;
    enum err e = fsck_read_nids(&check->latest, row->latest);

    if (e || check->latest.count != 1 || !row->snapshot_nid)
        return e == ERR_INVALID ? ERR_OK : e; /* that is "room-latest" */
    if (!event_name(check, check->latest.items[0]))
        return ERR_OK;
    e = fsck_find_event(check->fsck->db, check->text.data, &latest, NULL);
    if (e || !latest.snapshot_nid)
        return e;
    entry = (struct fsck_entry){latest.type_nid, latest.state_key_nid, latest.nid};
    e = room_state_compare(check->fsck->db, latest.snapshot_nid, latest.state_key_nid ? &entry : NULL,
                           row->snapshot_nid, &difference);
    if (!e && difference.differ)
        fsck_report(
            &check->fsck->report, FSCK_ERROR, check->name, row->id,
            event_name(check, difference.expected_nid ? difference.expected_nid : difference.found_nid),
            "the current state has event number %" PRId64
            " where the state after the latest event has %" PRId64,
            difference.found_nid, difference.expected_nid);
    return e;
}

static void unmark(struct room_check *check)
{
    for (size_t i = 0; i < check->state.count; i++)
        check->state.entries[i].met = false;
}

/* Reports the entries that nothing met; `type_nid` 0: of all types. */
static void report_unmet(struct room_check *check, int64_t type_nid, const char *what)
{
    for (size_t i = 0; i < check->state.count; i++) {
        const struct state_entry *entry = &check->state.entries[i];

        if (!entry->met && (!type_nid || entry->entry.type_nid == type_nid))
            fsck_report(&check->fsck->report, FSCK_ERROR, check->name, check->room->row.id,
                        event_name(check, entry->entry.event_nid), "event number %" PRId64 " %s",
                        entry->entry.event_nid, what);
    }
}

static enum err check_membership_row(void *context, const struct fsck_membership *row)
{
    struct room_check *check = context;
    struct state_entry *entry = room_state_find(&check->state, MEMBER_TYPE_NID, row->target_nid);
    const char *user_id = row->user_id ? row->user_id : "nobody";

    if (entry)
        entry->met = true;
    /* In a room of others, memberships stay behind when its state is begun anew. */
    if (!entry && check->room->row.local)
        fsck_report(&check->fsck->report, FSCK_ERROR, check->name, check->room->row.id, NULL,
                    "%s has a membership and is not in the current state", user_id);
    else if (entry && entry->entry.event_nid != row->event_nid)
        fsck_report(&check->fsck->report, FSCK_ERROR, check->name, check->room->row.id,
                    event_name(check, entry->entry.event_nid),
                    "the membership of %s is by event number %" PRId64
                    ", in the current state it is by %" PRId64,
                    user_id, row->event_nid, entry->entry.event_nid);
    return check->fsck->report.err;
}

/* A room that nobody here is in any more is not kept up to date, and invitations are outside of its state. */
static enum err check_memberships(struct room_check *check)
{
    enum err e;

    if (!check->room->row.snapshot_nid || (!check->room->row.local && !check->room->row.resident))
        return ERR_OK;
    unmark(check);
    e = fsck_each_membership(check->fsck->db, check->room->row.nid, check_membership_row, check);
    if (!e)
        report_unmet(check, MEMBER_TYPE_NID, "is in the current state, and there is no membership");
    return e;
}

/* Compares a row's columns with the event; returns the name of the one that differs. */
static const char *differing_column(const struct fsck_current *row, const json_t *event)
{
    const char *membership =
        row->type_nid == MEMBER_TYPE_NID ? field_string(field_object(event, "content"), "membership") : NULL;

    if (!fsck_is_text(row->type, field_string(event, "type")))
        return "type";
    if (!fsck_is_text(row->state_key, field_string(event, "state_key")))
        return "state_key";
    if (!fsck_is_text(row->sender, field_string(event, "sender")))
        return "sender";
    return fsck_is_text(row->membership, membership) ? NULL : "membership";
}

/* Compares a row with its event, as far as that can be read. */
static enum err check_current_content(struct room_check *check, const struct fsck_current *row)
{
    const char *column;
    json_t *event = NULL;
    bool same = true;
    enum err e = row->json ? canonical_json_read(row->json, strlen(row->json), &event) : ERR_INVALID;

    if (e)
        return e == ERR_INVALID ? ERR_OK : e; /* that is "event-json" */
    column = differing_column(row, event);
    if (column)
        fsck_report(&check->fsck->report, FSCK_ERROR, check->name, check->room->row.id, row->event_id,
                    "its %s as current state is not the event's", column);
    json_decref(event);
    if (check->room->version)
        e = fsck_same_event(check->room->version, row->event_id, row->sync_json, row->json, &same);
    if (!e && !same)
        fsck_report(&check->fsck->report, FSCK_ERROR, check->name, check->room->row.id, row->event_id,
                    "its JSON as current state is not the event's");
    return e;
}

static enum err check_current_row(void *context, const struct fsck_current *row)
{
    struct room_check *check = context;
    struct state_entry *entry = room_state_find(&check->state, row->type_nid, row->state_key_nid);
    struct fsck_report *report = &check->fsck->report;
    const char *room_id = check->room->row.id;
    enum err e = ERR_OK;

    if (!row->nid)
        fsck_report(report, FSCK_ERROR, check->name, room_id, row->event_id,
                    "it is current state for sync and does not exist");
    else if (!entry || entry->entry.event_nid != row->nid)
        fsck_report(report, FSCK_ERROR, check->name, room_id, row->event_id,
                    "it is current state for sync, and not for the room server");
    else {
        entry->met = true;
        e = check_current_content(check, row);
    }
    return e ? e : report->err;
}

static enum err check_current(struct room_check *check)
{
    enum err e;

    unmark(check);
    e = fsck_each_current(check->fsck->db, check->room->row.id, check_current_row, check);
    if (!e)
        report_unmet(check, 0, "is current state for the room server, and not for sync");
    return e;
}

/* The checks of one room, in this order: the second one loads what those after it look at. */
static const struct {
    const char *name;
    const char *finds;
    enum err (*run)(struct room_check *check);
} checks[] = {
    {"room-version", "rooms of a version that is not known", check_version},
    {"room-state", "current state that does not exist", check_snapshot},
    {"room-state", "current state that is not the one after the latest event", check_state},
    {"membership", "memberships that are not those of the current state", check_memberships},
    {"sync-state", "current state that the sync tables have otherwise", check_current},
};

enum err fsck_check_rooms(struct fsck *fsck)
{
    struct room_check check = {.fsck = fsck};
    enum err e = ERR_OK;

    for (size_t i = 0; i < fsck->rooms_count && !e; i++) {
        check.room = &fsck->rooms[i];
        fsck_report_progress(&fsck->report, "rooms", (int64_t)i, (int64_t)fsck->rooms_count);
        for (size_t j = 0; j < sizeof checks / sizeof *checks && !e; j++) {
            check.name = checks[j].name;
            e = checks[j].run(&check);
        }
    }
    free(check.state.entries);
    nids_free(&check.blocks);
    nids_free(&check.latest);
    buf_free(&check.text);
    return e ? e : fsck->report.err;
}
