/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"
#include "homeserver/media_purge.h"
#include "homeserver/upkeep.h"
#include "matrix/id.h"

#define SLICE 500 /* media that one look finds */

/* What is an avatar is looked up once a step: it takes a walk through all users. */
static enum err read_avatars(struct walk *walk, struct media_purge *purge)
{
    enum err e = ERR_OK;

    if (purge->keep_avatars && !purge->avatars_read)
        e = media_uses_avatars(walk->hs->db, walk->arena, &purge->avatars);
    purge->avatars_read = !e;
    return e;
}

static bool is_spared(const struct walk *walk, const struct media_purge *purge, const struct media *media)
{
    const char *server_name = walk->hs->config->server_name;
    struct user_id user;

    if (media_avatars_have(&purge->avatars, media->origin, media->media_id))
        return true;
    return purge->spare_users && user_id_parse(media->user_id, &user) &&
           strcmp(user.server_name, server_name) == 0 &&
           config_names_user(purge->spare_users, user.localpart, server_name);
}

/* Splits "origin/media_id". */
static enum err split(const char *item, struct arena *arena, struct media *media)
{
    const char *slash = strchr(item, '/');
    char *origin = slash ? arena_strdup(arena, item) : NULL;

    if (!slash)
        return ERR_CORRUPT;
    if (!origin)
        return ERR_NOMEM;
    origin[slash - item] = '\0';
    *media = (struct media){.origin = origin, .media_id = origin + (slash - item) + 1, .hash = ""};
    return ERR_OK;
}

/* The cursor is "created_ts origin/media_id". */
static enum err read_cursor(const struct walk *walk, struct media *after)
{
    char *end;
    int64_t created_ts = strtoll(walk->cursor, &end, 10);
    enum err e = *end == ' ' ? split(end + 1, walk->slice, after) : ERR_CORRUPT;

    after->created_ts = created_ts;
    return e;
}

static enum err move_cursor(struct walk *walk, const struct media *last)
{
    walk->cursor =
        arena_printf(walk->slice, "%" PRId64 " %s/%s", last->created_ts, last->origin, last->media_id);
    return walk->cursor ? ERR_OK : ERR_NOMEM;
}

static enum err add(struct walk *walk, const struct media *media, struct list *found)
{
    struct found *one = list_add(found);

    if (!one)
        return ERR_NOMEM;
    one->id = arena_printf(walk->slice, "%s/%s", media->origin, media->media_id);
    one->media = media;
    return one->id ? ERR_OK : ERR_NOMEM;
}

static enum err take(struct walk *walk, const struct media_purge *purge, const struct media_rows *rows,
                     struct list *found)
{
    enum err e = rows->count > 0 ? move_cursor(walk, &rows->items[rows->count - 1]) : ERR_OK;

    for (size_t i = 0; !e && i < rows->count; i++)
        if (!is_spared(walk, purge, &rows->items[i]))
            e = add(walk, &rows->items[i], found);
    return e;
}

enum err media_purge_find(struct walk *walk, struct list *found, bool *over)
{
    struct media_purge *purge = walk->context;
    struct media_wish wish = purge->wish;
    struct media_rows rows = {0};
    struct media after;
    enum err e = ERR_OK;

    wish.limit = SLICE;
    if (*walk->cursor) {
        e = read_cursor(walk, &after);
        wish.after = &after;
    } else {
        e = upkeep_media_now(walk->hs);
    }
    if (!e)
        e = read_avatars(walk, purge);
    if (!e)
        e = media_list_old(walk->hs->db, walk->hs->config->server_name, &wish, walk->slice, &rows);
    if (!e)
        e = take(walk, purge, &rows, found);
    *over = rows.count < SLICE;
    return e;
}

/* What is still there is left alone. */
static enum err tell(struct walk *walk, struct job_item *item, const struct media *media)
{
    struct media found;
    enum err e = media_list_find(walk->hs->db, walk->hs->config->server_name, media->origin, media->media_id,
                                 walk->arena, &found);

    item->outcome = e ? MEDIA_PURGE_DELETED : WALK_SPARED;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err media_purge_act(struct walk *walk, struct job_item *items, size_t count)
{
    struct media all[MEDIA_PURGE_BATCH], going[MEDIA_PURGE_BATCH];
    struct media_deletion deletion = {.media = {.items = going}, .spare = true};
    struct media_purge *purge = walk->context;
    struct id_list deleted;
    enum err e = read_avatars(walk, purge);

    for (size_t i = 0; !e && i < count; i++) {
        e = split(items[i].item, walk->arena, &all[i]);
        if (!e && !media_avatars_have(&purge->avatars, all[i].origin, all[i].media_id))
            going[deletion.media.count++] = all[i];
    }
    if (!e)
        e = homeserver_delete_media(walk->hs, &deletion, walk->arena, &deleted);
    for (size_t i = 0; !e && i < count; i++)
        e = tell(walk, &items[i], &all[i]);
    return e;
}

static const struct walk_kind kind = {
    .batch = MEDIA_PURGE_BATCH, .find = media_purge_find, .act = media_purge_act};

/* What a job is to delete, from its parameters. */
static enum err read_parameters(const struct job *job, struct media_purge *purge)
{
    json_t *parameters = json_loads(job->parameters, 0, NULL);
    json_int_t before_ts = 0, larger_than = 0;
    int remote = 0, keep_avatars = 0;
    int failed = json_unpack(parameters, "{s:b, s:I, s:I, s:b}", "remote", &remote, "before_ts", &before_ts,
                             "larger_than", &larger_than, "keep_avatars", &keep_avatars);

    json_decref(parameters);
    *purge = (struct media_purge){
        .wish = {.remote = remote, .before_ts = before_ts, .larger_than = larger_than},
        .keep_avatars = keep_avatars,
    };
    return failed ? ERR_CORRUPT : ERR_OK;
}

/* Who asked for it is who deletes, also in what waits for a Dendrite to be down. */
enum err job_purge_media(struct homeserver *hs, struct job *job, struct arena *arena)
{
    const struct actor *actor = hs->actor;
    struct actor asked = {.address = ""};
    struct user_id user;
    struct media_purge purge;
    struct walk walk = {.hs = hs, .arena = arena, .context = &purge};
    enum err e = read_parameters(job, &purge);

    if (job->actor && user_id_parse(job->actor, &user)) {
        asked.localpart = user.localpart;
        hs->actor = &asked;
    }
    if (!e)
        e = walk_step(&kind, &walk, job);
    hs->actor = actor;
    return e;
}

static enum err note_any(const struct found *found, void *any)
{
    (void)found;
    *(bool *)any = true;
    return ERR_EXISTS; /* there is no need to look for more */
}

/* Whether there is anything to delete. */
static enum err look(struct homeserver *hs, const struct media_purge *purge, bool *any)
{
    struct media_purge copy = *purge;
    struct arena *arena = arena_new();
    struct walk walk = {.hs = hs, .arena = arena, .context = &copy};
    enum err e = arena ? walk_foresee(&kind, &walk, note_any, any) : ERR_NOMEM;

    arena_free(&arena);
    return e == ERR_EXISTS ? ERR_OK : e;
}

/* Names the job, so that who asks for the same again waits for the same. */
static enum err name_job(const struct media_purge *purge, struct arena *arena, struct job_request *request)
{
    const struct media_wish *wish = &purge->wish;
    json_t *parameters =
        json_pack("{s:b, s:I, s:I, s:b}", "remote", wish->remote, "before_ts", (json_int_t)wish->before_ts,
                  "larger_than", (json_int_t)wish->larger_than, "keep_avatars", purge->keep_avatars);
    char *text = parameters ? json_dumps(parameters, JSON_COMPACT) : NULL;

    *request = (struct job_request){
        .kind = JOB_PURGE_MEDIA,
        .target = arena_printf(arena, "%s before %" PRId64 " larger than %" PRId64 "%s",
                               wish->remote ? "remote" : "local", wish->before_ts, wish->larger_than,
                               purge->keep_avatars ? "" : " avatars"),
        .parameters = text ? arena_strdup(arena, text) : NULL,
    };
    free(text);
    json_decref(parameters);
    return request->target && request->parameters ? ERR_OK : ERR_NOMEM;
}

enum err media_purge_run(struct homeserver *hs, const struct media_purge *purge, struct arena *arena,
                         struct id_list *deleted)
{
    struct job_request request;
    struct job job;
    bool any = false;
    enum err e = look(hs, purge, &any);

    *deleted = (struct id_list){0};
    if (e || !any)
        return e;
    e = name_job(purge, arena, &request);
    if (!e)
        e = jobs_run(hs, &request, arena, &job);
    if (!e)
        e = jobs_items(hs, job.id, MEDIA_PURGE_DELETED, arena, deleted);
    for (size_t i = 0; !e && i < deleted->count; i++)
        deleted->ids[i] = strchr(deleted->ids[i], '/') + 1;
    if (!e && !job_has_ended(&job))
        deleted->job_id = job.id;
    return e;
}
