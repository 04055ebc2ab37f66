/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/log.h"
#include "store/deferred.h"
#include "store/refreshes.h"

static const char sql_delete_same[] = "DELETE FROM mxadmin_deferred WHERE kind = ?1 AND target = ?2";
static const char sql_insert[] =
    "INSERT INTO mxadmin_deferred (kind, target, parameters, actor, created_ts) VALUES (?1, ?2, ?3, ?4, ?5)";
static const char sql_delete[] = "DELETE FROM mxadmin_deferred WHERE id = ?1";
static const char sql_waits[] = "SELECT COUNT(*) FROM mxadmin_deferred WHERE kind = ?1 AND target = ?2";
static const char sql_find[] = "SELECT parameters FROM mxadmin_deferred WHERE kind = ?1 AND target = ?2";
static const char sql_list[] =
    "SELECT id, kind, target, parameters, actor, created_ts FROM mxadmin_deferred ORDER BY id";

static const char *const names[] = {
    [DEFERRED_SET_ADMIN] = "set_admin",
    [DEFERRED_REACTIVATE] = "reactivate",
    [DEFERRED_SET_THREEPIDS] = "set_threepids",
    [DEFERRED_DELETE_MEDIA] = "delete_media",
    [DEFERRED_SET_REGISTRATION_TOKEN] = "set_registration_token",
    [DEFERRED_RESET_DESTINATION] = "reset_destination",
};
_Static_assert(sizeof names / sizeof *names == DEFERRED__MAX, "a name for every kind");

const char *deferred_kind_name(enum deferred_kind kind)
{
    return names[kind];
}

bool deferred_is_of_account(enum deferred_kind kind)
{
    return kind == DEFERRED_SET_ADMIN || kind == DEFERRED_REACTIVATE || kind == DEFERRED_SET_THREEPIDS;
}

/* ERR_CORRUPT: it is a kind of a newer program, or of nobody. */
static enum err kind_of(const char *name, enum deferred_kind *kind)
{
    for (size_t i = 0; i < DEFERRED__MAX; i++) {
        if (strcmp(names[i], name) == 0) {
            *kind = (enum deferred_kind)i;
            return ERR_OK;
        }
    }
    log_error("mxadmin_deferred: this program does not know the kind \"%s\"; use a newer mxadmin", name);
    return ERR_CORRUPT;
}

/* Media is taken out of its list by who puts the change; it would take long to compare all of it. */
enum err deferred_put(struct db *db, const struct deferred_change *change)
{
    enum err e = db_run(db, sql_delete_same, DB_ARGS(DB_T(names[change->kind]), DB_T(change->target)), NULL);

    if (!e && deferred_is_of_account(change->kind))
        e = refreshes_forget(db, REFRESHES_USERS);
    if (!e)
        e = db_run(db, sql_insert,
                   DB_ARGS(DB_T(names[change->kind]), DB_T(change->target), DB_T(change->parameters),
                           DB_T(change->actor), DB_I(change->created_ts)),
                   NULL);
    return e;
}

enum err deferred_withdraw(struct db *db, enum deferred_kind kind, const char *target)
{
    enum err e = db_run(db, sql_delete_same, DB_ARGS(DB_T(names[kind]), DB_T(target)), NULL);

    if (!e && deferred_is_of_account(kind))
        e = refreshes_forget(db, REFRESHES_USERS);
    if (!e && kind == DEFERRED_DELETE_MEDIA)
        e = refreshes_hurry(db, REFRESHES_MEDIA);
    return e;
}

/* What is made from the tables that the change waits for is to be compared with them. */
static enum err forget_lists(struct db *db)
{
    enum err e = refreshes_forget(db, REFRESHES_USERS);

    return e ? e : refreshes_hurry(db, REFRESHES_MEDIA);
}

enum err deferred_delete(struct db *db, int64_t id)
{
    int64_t changes = 0;
    enum err e = db_run(db, sql_delete, DB_ARGS(DB_I(id)), &changes);

    if (e)
        return e;
    return changes ? forget_lists(db) : ERR_NOT_FOUND;
}

enum err deferred_waits(struct db *db, enum deferred_kind kind, const char *target, bool *waits)
{
    int64_t count = 0;
    enum err e = db_integer(db, sql_waits, DB_ARGS(DB_T(names[kind]), DB_T(target)), &count);

    *waits = count > 0;
    return e;
}

enum err deferred_find(struct db *db, enum deferred_kind kind, const char *target, struct arena *arena,
                       const char **parameters)
{
    return db_string(db, sql_find, DB_ARGS(DB_T(names[kind]), DB_T(target)), arena, parameters);
}

/* The change in the current row, whose texts are borrowed. */
static enum err change_of(struct stmt *stmt, struct deferred_change *change)
{
    *change = (struct deferred_change){
        .id = db_int(stmt, 0),
        .target = db_text(stmt, 2),
        .parameters = db_text(stmt, 3),
        .actor = db_text(stmt, 4),
        .created_ts = db_int(stmt, 5),
    };
    return kind_of(db_text(stmt, 1), &change->kind);
}

enum err deferred_list(struct db *db, enum err (*each)(const struct deferred_change *change, void *context),
                       void *context)
{
    struct deferred_change change;
    struct stmt *stmt;
    enum err e = db_query(db, sql_list, DB_NO_ARGS, &stmt);

    while (db_next(stmt, &e)) {
        e = change_of(stmt, &change);
        if (!e)
            e = each(&change, context);
    }
    db_done(&stmt);
    return e;
}
