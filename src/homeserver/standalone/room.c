/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "homeserver/blocks.h"
#include "homeserver/standalone/room_parts.h"
#include "matrix/field.h"
#include "store/blocked_rooms.h"
#include "store/room_sizes.h"

/* What an act does not find is a room or a user, and its caller is told so: no key is another matter. */
enum err room_writer_open(struct room_writer *writer, struct homeserver *hs, struct arena *arena)
{
    enum err e;

    *writer = (struct room_writer){
        .hs = hs,
        .db = hs->db,
        .server_name = hs->config->server_name,
        .arena = arena,
        .now_ms = clock_now_ms(),
    };
    e = signing_key_read(hs->config->signing_key, &writer->key);
    if (e)
        homeserver_reason(hs, "The server's signing key cannot be read");
    return e == ERR_NOT_FOUND ? ERR_IO : e;
}

void room_writer_close(struct room_writer *writer)
{
    room_pending_close(&writer->pending);
    signing_key_wipe(&writer->key);
}

enum err room_writer_sign_apart(struct room_writer *writer)
{
    return room_pending_open(&writer->pending, &writer->key);
}

static void room_free(struct room **room)
{
    struct room *freed = *room;

    *room = NULL;
    if (!freed)
        return;
    room_forget(freed);
    buf_free(&freed->stored.json);
    state_free(&freed->state);
    nids_free(&freed->row.latest);
    free(freed->latest);
    free(freed);
}

static enum err room_new(struct room **room, const struct room_writer *writer)
{
    *room = calloc(1, sizeof **room);
    if (!*room)
        return ERR_NOMEM;
    **room = (struct room){.writer = writer, .visibility = HISTORY_SHARED};
    return ERR_OK;
}

static enum err find_version(struct room *room)
{
    room->version = room_version_find(room->row.version);
    if (room->version)
        return ERR_OK;
    log_warning("room %s: its version %s is not known", room->row.id, room->row.version);
    return ERR_INVALID;
}

/* Reads the events that the history ends with. */
static enum err read_latest(struct room *room)
{
    enum err e = ERR_OK;

    room->latest = calloc(room->row.latest.count + 1, sizeof *room->latest);
    if (!room->latest)
        return ERR_NOMEM;
    for (; !e && room->latest_count < room->row.latest.count; room->latest_count++) {
        struct extremity *extremity = &room->latest[room->latest_count];
        const struct known_event *known;
        json_int_t depth = 0;

        extremity->nid = room->row.latest.items[room->latest_count];
        e = room_known(room, extremity->nid, &known);
        if (e)
            break;
        memcpy(extremity->id, known->id, sizeof extremity->id);
        memcpy(extremity->reference_hash, known->reference_hash, sizeof extremity->reference_hash);
        if (field_integer(known->json, "depth", &depth) && depth > room->depth)
            room->depth = depth;
    }
    return e;
}

static enum err read_visibility(struct room *room)
{
    const struct known_event *known;
    enum err e = room_state_known(room, "m.room.history_visibility", "", &known);

    if (!e && known)
        room->visibility = room_visibility_of(known->json);
    return e;
}

/* Reads what the room is now. */
static enum err read_room(struct room *room, const char *room_id)
{
    const struct room_writer *writer = room->writer;
    enum err e = rooms_find(writer->db, room_id, writer->arena, &room->row);
    int64_t snapshot_nid = room->row.snapshot_nid;

    if (!e && (room->row.latest.count == 0 || !snapshot_nid))
        e = ERR_NOT_FOUND;
    if (!e)
        e = find_version(room);
    if (!e)
        e = room->state ? state_move(room->state, snapshot_nid)
                        : state_open(&room->state, writer->db, room->row.nid, snapshot_nid);
    if (!e)
        e = read_latest(room);
    return e ? e : read_visibility(room);
}

enum err room_open(struct room **out, const struct room_writer *writer, const char *room_id)
{
    enum err e = room_new(out, writer);

    if (!e)
        e = read_room(*out, room_id);
    if (e)
        room_free(out);
    return e;
}

enum err room_resume(struct room *room)
{
    nids_free(&room->row.latest);
    free(room->latest);
    room->latest = NULL;
    room->latest_count = 0;
    room->depth = 0;
    room->position = 0;
    room->visibility = HISTORY_SHARED;
    room_forget(room); /* what was read for the rules may be less than is needed of a last event */
    return read_room(room, room->row.id);
}

enum err room_begin(struct room **out, const struct room_writer *writer, const char *room_id,
                    const char *version)
{
    struct room *room;
    enum err e = room_new(out, writer);

    if (e)
        return e;
    room = *out;
    room->row.id = arena_strdup(writer->arena, room_id);
    room->row.version = arena_strdup(writer->arena, version);
    room->latest = calloc(1, sizeof *room->latest);
    if (!room->row.id || !room->row.version || !room->latest)
        e = ERR_NOMEM;
    if (!e)
        e = find_version(room);
    if (!e)
        e = rooms_insert(writer->db, room_id, version, &room->row.nid);
    if (!e)
        e = state_open(&room->state, writer->db, room->row.nid, 0);
    if (e)
        room_free(out);
    return e;
}

/* Where the history of the room, and that of all rooms, ends now. */
static enum err write_end(struct room *room)
{
    enum err e = ERR_OK;

    room->row.latest.count = 0;
    for (size_t i = 0; !e && i < room->latest_count; i++)
        e = nids_add(&room->row.latest, room->latest[i].nid);
    room->row.snapshot_nid = state_snapshot(room->state);
    room->row.last_sent_nid = room->last_nid;
    if (!e)
        e = room_pending_write(room->writer->pending, room->writer->db);
    if (!e)
        e = rooms_update(room->writer->db, &room->row);
    if (!e)
        e = sync_set_last(room->writer->db, SYNC_EVENTS, room->position);
    if (!e)
        e = room_sizes_follow(room->writer->db);
    if (!e)
        e = room_list_follow(room->writer->db, room->row.id, room->position, &room->change);
    room->change = (struct room_change){0};
    return e;
}

enum err room_save(struct room *room)
{
    enum err e = room->last_nid ? write_end(room) : ERR_OK;

    room->last_nid = 0;
    return e;
}

enum err room_close(struct room **room, enum err err)
{
    if (!err && *room)
        err = room_save(*room);
    if (err && *room)
        room_pending_drop((*room)->writer->pending);
    room_free(room);
    return err;
}

enum err room_admits(struct room *room, const char *user_id)
{
    const char *membership = NULL;
    bool blocked = false;
    enum err e = blocked_rooms_has(room->writer->db, room->row.id, &blocked);

    if (e || !blocked)
        return e;
    e = room_membership(room, user_id, &membership);
    if (e || strcmp(membership, "join") == 0)
        return e;
    log_info("room %s is blocked for %s", room->row.id, user_id);
    homeserver_reason(room->writer->hs, BLOCKED_TEXT);
    return ERR_DENIED;
}

size_t room_extremities(const struct room *room)
{
    return room->latest_count;
}

int64_t room_number(const struct room *room)
{
    return room->row.nid;
}

enum err room_state(struct room *room, const char *type, const char *state_key, json_t **event)
{
    const struct known_event *known = NULL;
    enum err e = room_state_known(room, type, state_key, &known);

    *event = known ? known->json : NULL;
    return e;
}

enum err room_membership(struct room *room, const char *user_id, const char **membership)
{
    json_t *event = NULL;
    enum err e = room_state(room, "m.room.member", user_id, &event);

    *membership = field_string(field_object(event, "content"), "membership");
    if (!*membership)
        *membership = "leave";
    return e;
}
