/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "homeserver/dendrite/apply.h"
#include "homeserver/dendrite/running.h"
#include "homeserver/token_bounds.h"
#include "store/accounts.h"
#include "store/db_locked.h"
#include "store/destinations.h"
#include "store/identities.h"
#include "store/media_rows.h"
#include "store/schema.h"

#define NO_USER "there is no such user"

/* What lives while changes are made. */
struct work {
    struct apply *apply;
    struct deferred_change *changes;
    const char **problems; /* of each change; NULL: none */
    size_t count, room;
    struct db **files; /* Dendrite's, each once, in the order of the configuration, with its lock, or NULL */
    size_t files_count;
};

static enum err set_admin(struct db *file, const char *server_name, const struct deferred_change *change)
{
    enum account_type type = strcmp(change->parameters, DEFERRED_TRUE) == 0 ? ACCOUNT_ADMIN : ACCOUNT_USER;

    return accounts_set_type(file, change->target, server_name, type);
}

static enum err reactivate(struct db *file, const char *server_name, const struct deferred_change *change)
{
    return accounts_reactivate(file, change->target, server_name);
}

/* The identities in `array`, whose texts are borrowed; the caller frees the list. ERR_INVALID: it is not what
 * was queued. */
static enum err read_threepids(json_t *array, struct identity **identities)
{
    json_t *entry;
    size_t i;

    *identities = calloc(json_array_size(array) + 1, sizeof **identities);
    if (!*identities)
        return ERR_NOMEM;
    if (!json_is_array(array))
        return ERR_INVALID;
    json_array_foreach(array, i, entry)
    {
        (*identities)[i] = (struct identity){json_string_value(json_object_get(entry, "medium")),
                                             json_string_value(json_object_get(entry, "address"))};
        if (!(*identities)[i].kind || !(*identities)[i].id)
            return ERR_INVALID;
    }
    return ERR_OK;
}

static enum err set_threepids(struct db *file, const char *server_name, const struct deferred_change *change)
{
    json_t *array = json_loads(change->parameters, 0, NULL);
    struct identity *identities;
    enum account_type type;
    enum err e = read_threepids(array, &identities);

    if (!e)
        e = accounts_type(file, change->target, server_name, &type);
    if (!e)
        e = threepids_replace(file, change->target, server_name, identities, json_array_size(array));
    free(identities);
    json_decref(array);
    return e;
}

static enum err delete_media(struct db *file, const char *server_name, const struct deferred_change *change)
{
    const char *slash = strchr(change->target, '/');
    char origin[256];

    (void)server_name;
    if (!slash || (size_t)(slash - change->target) >= sizeof origin)
        return ERR_INVALID;
    memcpy(origin, change->target, (size_t)(slash - change->target));
    origin[slash - change->target] = '\0';
    return media_rows_delete(file, origin, slash + 1);
}

static enum err set_registration_token(struct db *file, const char *server_name,
                                       const struct deferred_change *change)
{
    struct registration_token token = {.token = change->target};

    (void)server_name;
    return token_bounds_read(change->parameters, &token) ? registration_tokens_update(file, &token)
                                                         : ERR_INVALID;
}

static enum err reset_destination(struct db *file, const char *server_name,
                                  const struct deferred_change *change)
{
    (void)server_name;
    return destinations_reset(file, change->target);
}

/* How each kind is made, in the file that has its table. Again, it changes nothing. */
static const struct {
    const char *table;
    enum err (*make)(struct db *file, const char *server_name, const struct deferred_change *change);
    const char *lacking; /* what the problem is when its target is not there; NULL: that is none */
} kinds[] = {
    [DEFERRED_SET_ADMIN] = {"userapi_accounts", set_admin, NO_USER},
    [DEFERRED_REACTIVATE] = {"userapi_accounts", reactivate, NO_USER},
    [DEFERRED_SET_THREEPIDS] = {"userapi_threepids", set_threepids, NO_USER},
    [DEFERRED_DELETE_MEDIA] = {"mediaapi_media_repository", delete_media, NULL},
    [DEFERRED_SET_REGISTRATION_TOKEN] = {"userapi_registration_tokens", set_registration_token,
                                         "there is no such token"},
    [DEFERRED_RESET_DESTINATION] = {"federationsender_blacklist", reset_destination, NULL},
};
_Static_assert(sizeof kinds / sizeof *kinds == DEFERRED__MAX, "a way for every kind");

/* Keeps a change that waits; deferred_list() calls it. */
static enum err keep(const struct deferred_change *change, void *context)
{
    struct work *work = context;
    struct arena *arena = work->apply->arena;
    struct deferred_change *kept = &work->changes[work->count];

    if (work->count == work->room)
        return ERR_OK; /* it came after they were counted; the next call makes it */
    *kept = *change;
    kept->target = arena_strdup(arena, change->target);
    kept->parameters = arena_strdup(arena, change->parameters);
    kept->actor = arena_strdup(arena, change->actor);
    work->count++;
    return kept->target && kept->parameters && kept->actor ? ERR_OK : ERR_NOMEM;
}

static enum err count_one(const struct deferred_change *change, void *context)
{
    struct work *work = context;

    (void)change;
    work->room++;
    return ERR_OK;
}

static enum err find_changes(struct work *work)
{
    struct apply *apply = work->apply;
    enum err e = deferred_list(apply->db, count_one, work);

    if (e)
        return e;
    work->changes = arena_alloc(apply->arena, (work->room + 1) * sizeof *work->changes);
    work->problems = arena_alloc(apply->arena, (work->room + 1) * sizeof *work->problems);
    if (!work->changes || !work->problems)
        return ERR_NOMEM;
    return deferred_list(apply->db, keep, work);
}

static enum err refuse(struct apply *apply, const char *refusal)
{
    apply->refusal = refusal;
    return refusal ? ERR_DENIED : ERR_NOMEM;
}

/* What another user makes beside a file, its owner could not open any more. */
static enum err refuse_other_owner(struct apply *apply)
{
    const struct config_list *paths = &apply->config->dendrite.databases;
    struct stat status;

    for (size_t i = 0; geteuid() != 0 && i < paths->count; i++)
        if (stat(paths->items[i], &status) == 0 && status.st_uid != geteuid())
            return refuse(apply,
                          arena_printf(apply->arena, "%s is another user's: do it as that user, or as root",
                                       paths->items[i]));
    return ERR_OK;
}

static enum err refuse_running(struct apply *apply, struct signs *signs)
{
    enum err e = running_signs(apply->config, apply->arena, signs);

    if (!e && signs->runs)
        e = refuse(apply, signs->runs);
    return e;
}

/*
 * Locks one file. In WAL mode, workers of mxadmin that only read are in the way of the lock that shows
 * everybody; without it, nobody else may have the file, which only a look at all processes tells.
 */
static enum err lock_file(struct apply *apply, const char *path, const struct signs *signs, struct db **file)
{
    enum err e = db_open_locked(file, path, DB_LOCK_ALL);

    if (e == ERR_BUSY && !signs->complete)
        return refuse(apply,
                      arena_printf(apply->arena,
                                   "another process has %s open, and that it is mxadmin's can only be told"
                                   " by root outside of a container: stop mxadmin, and Dendrite if it runs",
                                   path));
    if (e == ERR_BUSY)
        e = db_open_locked(file, path, DB_LOCK_WRITERS);
    if (e == ERR_BUSY)
        e = refuse(apply, arena_printf(apply->arena, "another process has locked %s", path));
    return e;
}

/* Whether a file is one of those before it by another name; a second lock would wait for the first. */
static bool is_locked(const struct config_list *paths, size_t i)
{
    struct stat status, other;

    if (stat(paths->items[i], &status) < 0)
        return false;
    for (size_t j = 0; j < i; j++)
        if (stat(paths->items[j], &other) == 0 && other.st_dev == status.st_dev &&
            other.st_ino == status.st_ino)
            return true;
    return false;
}

static enum err lock_files(struct work *work)
{
    struct apply *apply = work->apply;
    const struct config_list *paths = &apply->config->dendrite.databases;
    struct signs signs;
    enum err e = refuse_other_owner(apply);

    if (!e)
        e = refuse_running(apply, &signs);
    if (!e && !(work->files = arena_alloc(apply->arena, (paths->count + 1) * sizeof(struct db *))))
        e = ERR_NOMEM;
    for (size_t i = 0; !e && i < paths->count; i++)
        if (!is_locked(paths, i))
            e = lock_file(apply, paths->items[i], &signs, &work->files[work->files_count++]);
    /* Dendrite may have been started in between; from here on it could not write. */
    return e ? e : refuse_running(apply, &signs);
}

static enum err find_file(const struct work *work, const char *table, struct db **file)
{
    bool has = false;
    enum err e = ERR_OK;

    *file = NULL;
    for (size_t i = 0; !e && !has && i < work->files_count; i++) {
        e = schema_has_table(work->files[i], table, &has);
        if (!e && has)
            *file = work->files[i];
    }
    return e;
}

/* Makes a change, or finds out what its problem is. */
static enum err make(struct work *work, size_t i)
{
    const struct deferred_change *change = &work->changes[i];
    struct db *file;
    enum err e = find_file(work, kinds[change->kind].table, &file);

    if (e)
        return e;
    if (!file) {
        work->problems[i] = arena_printf(work->apply->arena, "none of Dendrite's files has the table %s",
                                         kinds[change->kind].table);
        return work->problems[i] ? ERR_OK : ERR_NOMEM;
    }
    e = kinds[change->kind].make(file, work->apply->config->server_name, change);
    if (e == ERR_NOT_FOUND)
        work->problems[i] = kinds[change->kind].lacking;
    else if (e == ERR_INVALID)
        work->problems[i] = "its parameters are malformed";
    return work->problems[i] ? ERR_OK : e;
}

static enum err make_all(struct work *work)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < work->count; i++)
        e = make(work, i);
    return e;
}

/* Commits one file after the other: each has its own journal, and none names another. */
static enum err unlock_files(struct work *work, enum err e)
{
    for (size_t i = 0; i < work->files_count; i++) {
        if (work->files[i])
            e = db_end(work->files[i], e);
        db_close(&work->files[i]);
    }
    return e;
}

/* Forgets what was made; what came in its place meanwhile has another id, and stays. */
static enum err forget(struct work *work)
{
    struct db *db = work->apply->db;
    enum err e = db_begin(db, DB_WRITE);

    if (e)
        return e;
    for (size_t i = 0; !e && i < work->count; i++) {
        if (work->problems[i])
            continue;
        e = deferred_delete(db, work->changes[i].id);
        if (e == ERR_NOT_FOUND)
            e = ERR_OK;
    }
    return db_end(db, e);
}

static void tell_all(struct work *work)
{
    struct apply *apply = work->apply;

    for (size_t i = 0; i < work->count; i++) {
        apply->tell(apply->context, &work->changes[i], work->problems[i]);
        *(work->problems[i] ? &apply->waiting : &apply->made) += 1;
    }
}

enum err apply_changes(struct apply *apply)
{
    struct work work = {.apply = apply};
    struct signs signs;
    enum err e = find_changes(&work);

    if (e || work.count == 0)
        return e;
    if (apply->dry_run) {
        tell_all(&work);
        e = refuse_other_owner(apply);
        return e ? e : refuse_running(apply, &signs);
    }
    e = lock_files(&work);
    if (!e)
        e = make_all(&work);
    e = unlock_files(&work, e);
    if (!e)
        e = forget(&work);
    if (!e)
        tell_all(&work);
    return e;
}
