/* SPDX-License-Identifier: ISC */
/* What an admin asks Dendrite to do with what it keeps. */
#include <inttypes.h>
#include <stdio.h>

#include "homeserver/dendrite/ask.h"
#include "store/event_reports.h"
#include "store/rooms.h"

/* Asks with an admin's token. */
static enum err ask_as_admin(struct homeserver *hs, struct question question)
{
    struct arena *arena = arena_new();
    enum err e = arena ? dendrite_admin_token(hs, arena, &question.token) : ERR_NOMEM;

    if (!e)
        e = dendrite_ask(hs, &question, NULL);
    arena_free(&arena);
    return e;
}

/* Dendrite deletes what is not there with 200. */
static enum err find_report(struct homeserver *hs, int64_t id)
{
    struct arena *arena = arena_new();
    struct event_report report;
    const char *json;
    enum err e = arena ? event_reports_find(hs->db, id, arena, &report, &json) : ERR_NOMEM;

    arena_free(&arena);
    return e;
}

enum err dendrite_delete_event_report(struct homeserver *hs, int64_t id)
{
    char text[24];
    enum err e = find_report(hs, id);

    snprintf(text, sizeof text, "%" PRId64, id);
    return e ? e
             : ask_as_admin(hs, (struct question){.endpoint = ENDPOINT_DELETE_REPORT, .segments = {text}});
}

enum err dendrite_refresh_devices(struct homeserver *hs, const char *user_id)
{
    return ask_as_admin(hs, (struct question){.endpoint = ENDPOINT_REFRESH_DEVICES, .segments = {user_id}});
}

/* Dendrite says that it does not know a room with 200. */
static enum err find_room(struct homeserver *hs, const char *room_id)
{
    struct arena *arena = arena_new();
    struct room_row row = {0};
    enum err e = arena ? rooms_find(hs->db, room_id, arena, &row) : ERR_NOMEM;

    if (!e && row.latest.count == 0) /* an invitation to it is all that is known */
        e = ERR_NOT_FOUND;
    nids_free(&row.latest);
    arena_free(&arena);
    return e;
}

enum err dendrite_download_state(struct homeserver *hs, const char *server_name, const char *room_id)
{
    enum err e = find_room(hs, room_id);

    if (e)
        return e;
    return ask_as_admin(
        hs, (struct question){.endpoint = ENDPOINT_DOWNLOAD_STATE, .segments = {server_name, room_id}});
}

enum err dendrite_reindex(struct homeserver *hs)
{
    return ask_as_admin(hs, (struct question){.endpoint = ENDPOINT_REINDEX});
}
