/* SPDX-License-Identifier: ISC */
/* Quarantine and protection of media, and the media of a room. */
#include <string.h>

#include "base/list.h"
#include "handler/handlers.h"
#include "handler/media.h"
#include "handler/parameters.h"
#include "homeserver/upkeep.h"
#include "matrix/media_uri.h"
#include "store/media_marks.h"
#include "store/media_uses.h"

#define CHANGES_MAX 100

/* Adds what there is of this id. */
static enum err add_media(struct call *call, const char *origin, const char *media_id, struct list *found)
{
    struct media media, *item;
    enum err e =
        media_list_find(call->app->db, call->app->config->server_name, origin, media_id, call->arena, &media);

    if (e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    item = list_add(found);
    if (!item)
        return ERR_NOMEM;
    *item = media;
    return ERR_OK;
}

static struct media_rows rows_of(const struct list *found)
{
    return (struct media_rows){.items = found->items, .count = found->count};
}

/* Nothing is said of media that there is not, as Synapse does. */
static json_t *mark_one(struct call *call, bool quarantined)
{
    struct list found = {.arena = call->arena, .item_size = sizeof(struct media)};
    struct media_path path;
    struct media_rows rows;
    int64_t changed;
    enum err e;

    if (!media_path_read(call, 0, false, &path))
        return NULL;
    e = upkeep_media_now(&call->homeserver);
    if (!e)
        e = add_media(call, path.server, path.media_id, &found);
    rows = rows_of(&found);
    if (!e)
        e = homeserver_quarantine_media(&call->homeserver, &rows, quarantined, &changed);
    return e ? call_fail_err(call, e) : json_object();
}

json_t *media_quarantine_post(struct call *call)
{
    return mark_one(call, true);
}

json_t *media_unquarantine_post(struct call *call)
{
    return mark_one(call, false);
}

static json_t *protect(struct call *call, bool protected)
{
    struct media_path path;
    enum err e;

    if (!media_path_read(call, 0, true, &path))
        return NULL;
    e = homeserver_protect_media(&call->homeserver, path.media_id, protected);
    return e ? call_fail_err(call, e) : json_object();
}

json_t *media_protect_post(struct call *call)
{
    return protect(call, true);
}

json_t *media_unprotect_post(struct call *call)
{
    return protect(call, false);
}

static json_t *quarantine_all(struct call *call, const struct media_rows *rows)
{
    int64_t changed = 0;
    enum err e = homeserver_quarantine_media(&call->homeserver, rows, true, &changed);

    return e ? call_fail_err(call, e) : json_pack("{s:I}", "num_quarantined", (json_int_t)changed);
}

json_t *user_media_quarantine(struct call *call)
{
    const struct media_page all = {.limit = INT64_MAX};
    struct media_rows rows;
    int64_t total;
    enum err e = upkeep_media_now(&call->homeserver);

    if (!e)
        e = media_list_page(call->app->db, call->app->config->server_name, call->parameters[0], &all,
                            call->arena, &rows, &total);
    return e ? call_fail_err(call, e) : quarantine_all(call, &rows);
}

/* What a room's messages name, as it is found. */
struct naming {
    struct call *call;
    struct list uris; /* const char * */
};

static enum err add_uri(const char *uri, void *context)
{
    struct naming *naming = context;
    const char **item = list_add(&naming->uris);

    if (!item)
        return ERR_NOMEM;
    *item = arena_strdup(naming->uris.arena, uri);
    return *item ? ERR_OK : ERR_NOMEM;
}

static enum err read_room(struct call *call, struct naming *naming)
{
    *naming = (struct naming){call, {.arena = call->arena, .item_size = sizeof(const char *)}};
    return media_uses_room(call->app->db, call->parameters[0], add_uri, naming);
}

json_t *room_media_get(struct call *call)
{
    json_t *local = json_array(), *remote = json_array();
    struct naming naming;
    enum err e = read_room(call, &naming);

    for (size_t i = 0; !e && i < naming.uris.count; i++) {
        const char *text = ((const char **)naming.uris.items)[i];
        struct media_uri uri;
        bool ours =
            media_uri_parse(text, &uri) && strcmp(uri.server_name, call->app->config->server_name) == 0;

        if (json_array_append_new(ours ? local : remote, json_string(text)) < 0)
            e = ERR_NOMEM;
    }
    if (!e)
        return json_pack("{s:o, s:o}", "local", local, "remote", remote);
    json_decref(local);
    json_decref(remote);
    return call_fail_err(call, e);
}

json_t *room_media_quarantine(struct call *call)
{
    struct list found = {.arena = call->arena, .item_size = sizeof(struct media)};
    struct naming naming;
    struct media_rows rows;
    enum err e = upkeep_media_now(&call->homeserver);

    if (!e)
        e = read_room(call, &naming);
    for (size_t i = 0; !e && i < naming.uris.count; i++) {
        struct media_uri uri;

        if (media_uri_parse(((const char **)naming.uris.items)[i], &uri))
            e = add_media(call, uri.server_name, uri.media_id, &found);
    }
    rows = rows_of(&found);
    return e ? call_fail_err(call, e) : quarantine_all(call, &rows);
}

/* What is told of changes, and the number of the last. */
struct telling {
    json_t *changes;
    int64_t last;
};

static enum err tell_change(const struct media_change *change, void *context)
{
    struct telling *telling = context;

    telling->last = change->id;
    return json_array_append_new(telling->changes,
                                 json_pack("{s:s, s:s, s:b}", "origin", change->origin, "media_id",
                                           change->media_id, "quarantined", change->quarantined))
               ? ERR_NOMEM
               : ERR_OK;
}

json_t *media_quarantine_changes_get(struct call *call)
{
    struct telling telling = {0};
    int64_t from = 0, newest = 0;
    enum err e;

    if (!parameter_integer(call, "from", &from))
        return NULL;
    e = media_changes_last(call->app->db, &newest);
    if (!e && from > newest)
        return call_fail(call, API_INVALID_PARAM, "Query parameter from is after the last change");
    telling = (struct telling){.changes = json_array(), .last = from};
    if (!e)
        e = media_changes_list(call->app->db, from, CHANGES_MAX, tell_change, &telling);
    if (!e)
        return json_pack("{s:I, s:o}", "next_batch", (json_int_t)telling.last, "changes", telling.changes);
    json_decref(telling.changes);
    return call_fail_err(call, e);
}
