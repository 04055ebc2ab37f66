/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/list.h"
#include "homeserver/audit.h"
#include "homeserver/media.h"
#include "homeserver/media_files.h"
#include "homeserver/upkeep.h"
#include "store/media_marks.h"
#include "store/media_uses.h"

#define BATCH      100       /* media that one transaction deletes */
#define SWEEP_MAX  100       /* files that one transaction sees to, */
#define SWEEP_MS   100       /* unless they take longer: others wait for it to write */
#define RETRY_MS   60000     /* after a failure */
#define PROGRAM_BY "mxadmin" /* who it was if it was no admin */

/* Opens the store; where none is configured, `files->root` is -1. */
static enum err open_files(struct homeserver *hs, struct media_files *files)
{
    *files = (struct media_files){.root = -1};
    return *hs->config->media_path ? media_files_open(files, hs->config->media_path) : ERR_OK;
}

/* Refuses before anything is decided that could not be done. */
static enum err check_files(struct homeserver *hs)
{
    struct media_files files;
    enum err e = open_files(hs, &files);

    if (!e && files.root >= 0)
        e = media_files_writable(&files);
    media_files_close(&files);
    if (e != ERR_DENIED && e != ERR_NOT_FOUND)
        return e;
    homeserver_reason(hs,
                      e == ERR_DENIED ? "The user that mxadmin runs as may not write to the media store %s"
                                      : "There is no media store at %s",
                      hs->config->media_path);
    return ERR_UNSUPPORTED;
}

/* Who it is that says something of media. */
static enum err mark_of(struct homeserver *hs, struct arena *arena, struct media_mark *mark)
{
    *mark = (struct media_mark){.by = PROGRAM_BY, .ts = clock_now_ms()};
    if (hs->actor)
        mark->by = arena_printf(arena, "@%s:%s", hs->actor->localpart, hs->config->server_name);
    return mark->by ? ERR_OK : ERR_NOMEM;
}

/* Work, as one call of media_sweep() does it. */
struct sweep {
    struct homeserver *hs;
    struct media_files files;
    enum err opened;    /* ERR_OK, or why there are no files */
    struct list doomed; /* const char *: hashes in the trash, to be looked at once more */
    int64_t now_ms;     /* of its beginning: what is put off is not done again */
    enum err failure;   /* the first of one file */
};

/* Does what is to become of a file; one that is deleted only goes to the trash. */
static enum err follow(struct sweep *sweep, const char *hash, enum media_fate fate)
{
    static const enum media_area areas[] = {
        [MEDIA_FATE_KEPT] = MEDIA_PLACE,
        [MEDIA_FATE_QUARANTINED] = MEDIA_QUARANTINE,
        [MEDIA_FATE_DELETED] = MEDIA_TRASH,
    };

    return sweep->files.root < 0 ? sweep->opened : media_files_move(&sweep->files, hash, areas[fate]);
}

/* Notes what has become of the work on a file, whose failure does not hold up the others. */
static enum err note(struct sweep *sweep, const char *hash, enum err e)
{
    if (!e)
        return media_work_done(sweep->hs->db, hash);
    if (!sweep->failure) /* what we may not do is no fault of who asked */
        sweep->failure = e == ERR_DENIED || e == ERR_NOT_FOUND ? ERR_IO : e;
    return media_work_put_off(sweep->hs->db, hash, clock_now_ms() + RETRY_MS);
}

/* Remembers a file that is in the trash now, and not done with. */
static enum err doom(struct sweep *sweep, const char *hash)
{
    const char **item = list_add(&sweep->doomed);

    if (!item)
        return ERR_NOMEM;
    *item = hash;
    return media_work_put_off(sweep->hs->db, hash, clock_now_ms() + RETRY_MS);
}

static enum err see_to(struct sweep *sweep, const char *hash)
{
    enum media_fate fate;
    enum err e = media_work_fate(sweep->hs->db, hash, &fate), followed;

    if (e)
        return e;
    followed = follow(sweep, hash, fate);
    if (!followed && fate == MEDIA_FATE_DELETED)
        return doom(sweep, hash);
    return note(sweep, hash, followed);
}

/* Sees to as many files as one transaction does. `*over`: no more is due. */
static enum err see_to_some(struct sweep *sweep, bool *over)
{
    const int64_t end_ms = clock_monotonic_ms() + SWEEP_MS;
    struct db *db = sweep->hs->db;
    enum err e = db_begin(db, DB_NOTE);

    if (e)
        return e;
    for (int i = 0; !e && i < SWEEP_MAX && (i == 0 || clock_monotonic_ms() < end_ms); i++) {
        const char *hash = NULL;

        e = media_work_next(db, sweep->now_ms, sweep->doomed.arena, &hash);
        if (!e)
            e = see_to(sweep, hash);
    }
    *over = e == ERR_NOT_FOUND;
    return db_end(db, *over ? ERR_OK : e);
}

/* Deletes what is in the trash, unless the same has been uploaded again since its last row went. */
static enum err end_doomed(struct sweep *sweep, const char *hash)
{
    struct db *db = sweep->hs->db;
    enum media_fate fate;
    enum err e = media_work_fate(db, hash, &fate);

    if (e)
        return e;
    if (fate != MEDIA_FATE_DELETED)
        return note(sweep, hash, follow(sweep, hash, fate));
    e = media_marks_release(db, hash);
    if (e)
        return e;
    return note(sweep, hash, sweep->files.root < 0 ? ERR_OK : media_files_empty(&sweep->files, hash));
}

/*
 * A file that Dendrite takes for a duplicate while its last row goes would be missed by the new row: so it is
 * out of Dendrite's way before the rows are compared once more, and only then deleted.
 */
static enum err end_all_doomed(struct sweep *sweep)
{
    const char *const *hashes = sweep->doomed.items;
    struct db *db = sweep->hs->db;
    enum err e = sweep->doomed.count > 0 ? upkeep_media_now(sweep->hs) : ERR_OK;

    for (size_t i = 0; !e && i < sweep->doomed.count;) {
        const int64_t end_ms = clock_monotonic_ms() + SWEEP_MS;

        e = db_begin(db, DB_NOTE);
        if (e)
            return e;
        do
            e = end_doomed(sweep, hashes[i++]);
        while (!e && i < sweep->doomed.count && clock_monotonic_ms() < end_ms);
        e = db_end(db, e);
    }
    return e;
}

static enum err sweep_all(struct homeserver *hs, struct arena *arena)
{
    struct sweep sweep = {
        .hs = hs,
        .doomed = {.arena = arena, .item_size = sizeof(const char *)},
        .now_ms = clock_now_ms(),
    };
    bool over = false;
    enum err e = ERR_OK;

    sweep.opened = open_files(hs, &sweep.files);
    while (!e && !over) {
        sweep.doomed.count = 0;
        e = see_to_some(&sweep, &over);
        if (!e)
            e = end_all_doomed(&sweep);
    }
    media_files_close(&sweep.files);
    return e ? e : sweep.failure;
}

enum err media_sweep(struct homeserver *hs)
{
    struct arena *arena = arena_new();
    const char *hash;
    enum err e = arena ? media_work_next(hs->db, clock_now_ms(), arena, &hash) : ERR_NOMEM;

    if (!e)
        e = sweep_all(hs, arena);
    else if (e == ERR_NOT_FOUND)
        e = ERR_OK;
    arena_free(&arena);
    return e;
}

/* Deletes one that is still there; what has been said of it since it was found counts. */
static enum err delete_one(struct homeserver *hs, const struct media_deletion *deletion, size_t i,
                           media_remove_row *remove_row, struct list *deleted)
{
    const char *server_name = hs->config->server_name, **id;
    const struct media *wanted = &deletion->media.items[i];
    struct media media;
    enum err e =
        media_list_find(hs->db, server_name, wanted->origin, wanted->media_id, deleted->arena, &media);

    if (e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (deletion->spare && (media.protected || media.quarantined_by))
        return ERR_OK;
    e = remove_row(hs, media.origin, media.media_id);
    if (!e)
        e = media_list_remove(hs->db, media.origin, media.media_id);
    if (!e)
        e = media_marks_forget(hs->db, server_name, media.origin, media.media_id);
    if (!e)
        e = media_work_add(hs->db, media.hash);
    if (e)
        return e;
    id = list_add(deleted);
    if (!id)
        return ERR_NOMEM;
    *id = media.media_id;
    return ERR_OK;
}

static enum err delete_batch(struct homeserver *hs, const struct media_deletion *deletion, size_t from,
                             media_remove_row *remove_row, struct list *deleted)
{
    enum err e = db_begin(hs->db, DB_WRITE);

    if (e)
        return e;
    for (size_t i = from; !e && i < deletion->media.count && i < from + BATCH; i++)
        e = delete_one(hs, deletion, i, remove_row, deleted);
    audit_unfinished(hs->audit);
    e = db_end(hs->db, e);
    return e ? e : media_sweep(hs);
}

enum err media_delete(struct homeserver *hs, const struct media_deletion *deletion,
                      media_remove_row *remove_row, struct arena *arena, struct id_list *deleted)
{
    struct list ids = {.arena = arena, .item_size = sizeof(const char *)};
    enum err e = check_files(hs);

    if (!e)
        e = upkeep_media_now(hs);
    for (size_t i = 0; !e && i < deletion->media.count; i += BATCH)
        e = delete_batch(hs, deletion, i, remove_row, &ids);
    *deleted = (struct id_list){.ids = ids.items, .count = ids.count};
    return e;
}

/* In one transaction: whoever has released half of something would not know which. */
static enum err mark_all(struct homeserver *hs, const struct media_rows *media, const struct media_mark *mark,
                         int64_t *changed)
{
    enum err e = db_begin(hs->db, DB_WRITE);

    if (e)
        return e;
    *changed = 0;
    for (size_t i = 0; !e && i < media->count; i++) {
        int64_t some = 0;

        e = media_marks_quarantine(hs->db, hs->config->server_name, media->items[i].hash, mark, &some);
        *changed += some;
    }
    audit_unfinished(hs->audit);
    return db_end(hs->db, e);
}

enum err media_quarantine(struct homeserver *hs, const struct media_rows *media, bool quarantined,
                          int64_t *changed)
{
    struct arena *arena = arena_new();
    struct media_mark mark;
    enum err e = arena ? check_files(hs) : ERR_NOMEM;

    if (!e)
        e = mark_of(hs, arena, &mark);
    if (!e)
        e = mark_all(hs, media, quarantined ? &mark : NULL, changed);
    if (!e)
        e = media_sweep(hs);
    arena_free(&arena);
    return e;
}

enum err media_protect(struct homeserver *hs, const char *media_id, bool protected)
{
    struct arena *arena = arena_new();
    struct media_mark mark;
    enum err e = arena ? upkeep_media_now(hs) : ERR_NOMEM;

    if (!e)
        e = mark_of(hs, arena, &mark);
    if (!e)
        e = db_begin(hs->db, DB_WRITE);
    if (!e)
        e = db_end(hs->db,
                   media_marks_protect(hs->db, hs->config->server_name, media_id, protected ? &mark : NULL));
    arena_free(&arena);
    return e;
}

/* Leaves out those that somebody, or a room, has as an avatar. */
static enum err leave_out_avatars(struct homeserver *hs, struct arena *arena, struct media_rows *media)
{
    struct media_avatars avatars;
    size_t kept = 0;
    enum err e = media_uses_avatars(hs->db, arena, &avatars);

    for (size_t i = 0; !e && i < media->count; i++)
        if (!media_avatars_have(&avatars, media->items[i].origin, media->items[i].media_id))
            media->items[kept++] = media->items[i];
    media->count = kept;
    return e;
}

enum err media_find_old(struct homeserver *hs, const struct media_wish *wish, bool keep_avatars,
                        struct arena *arena, struct media_rows *media)
{
    enum err e = upkeep_media_now(hs);

    if (!e)
        e = media_list_old(hs->db, hs->config->server_name, wish, arena, media);
    if (!e && keep_avatars && media->count > 0)
        e = leave_out_avatars(hs, arena, media);
    return e;
}
