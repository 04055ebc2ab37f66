/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "store/media_marks.h"

#define SHARING " FROM mxadmin_media m WHERE m.base64hash = ?1"
#define PROTECTED                                                                                            \
    "EXISTS (SELECT 1 FROM mxadmin_media m JOIN mxadmin_media_protection p ON p.media_id = m.media_id"       \
    " WHERE m.base64hash = ?1 AND m.media_origin = ?2)"

static const char sql_quarantine[] =
    "INSERT INTO mxadmin_media_quarantine (base64hash, quarantined_by, quarantined_ts) SELECT ?1, ?3, ?4"
    " WHERE EXISTS (SELECT 1" SHARING ") AND NOT " PROTECTED " ON CONFLICT (base64hash) DO NOTHING";
static const char sql_release[] = "DELETE FROM mxadmin_media_quarantine WHERE base64hash = ?1";
static const char sql_tell[] = "INSERT INTO mxadmin_media_changes (media_origin, media_id, quarantined)"
                               " SELECT m.media_origin, m.media_id, ?2" SHARING;

static const char sql_protect[] =
    "INSERT INTO mxadmin_media_protection (media_id, protected_by, protected_ts) SELECT ?1, ?3, ?4"
    " WHERE EXISTS (SELECT 1 FROM mxadmin_media WHERE media_id = ?1 AND media_origin = ?2)"
    " ON CONFLICT (media_id) DO NOTHING";
static const char sql_unprotect[] = "DELETE FROM mxadmin_media_protection WHERE media_id = ?1";

static const char sql_next[] = "SELECT base64hash FROM mxadmin_media_work WHERE due_ts <= ?1"
                               " ORDER BY due_ts, base64hash LIMIT 1";
static const char sql_add[] = "INSERT INTO mxadmin_media_work (base64hash, due_ts) VALUES (?1, 0)"
                              " ON CONFLICT (base64hash) DO UPDATE SET due_ts = 0";
static const char sql_done[] = "DELETE FROM mxadmin_media_work WHERE base64hash = ?1";
static const char sql_put_off[] = "UPDATE mxadmin_media_work SET due_ts = ?2 WHERE base64hash = ?1";
static const char sql_fate[] =
    "SELECT CASE WHEN NOT EXISTS (SELECT 1" SHARING ") THEN 2"
    " WHEN EXISTS (SELECT 1 FROM mxadmin_media_quarantine q WHERE q.base64hash = ?1) THEN 1 ELSE 0 END";
_Static_assert(MEDIA_FATE_KEPT == 0 && MEDIA_FATE_QUARANTINED == 1 && MEDIA_FATE_DELETED == 2,
               "the statement has these numbers");

static const char sql_changes[] = "SELECT id, media_origin, media_id, quarantined FROM mxadmin_media_changes"
                                  " WHERE id > ?1 ORDER BY id LIMIT ?2";
static const char sql_last_change[] = "SELECT COALESCE(MAX(id), 0) FROM mxadmin_media_changes";

enum err media_marks_quarantine(struct db *db, const char *server_name, const char *hash,
                                const struct media_mark *mark, int64_t *changed)
{
    int64_t rows = 0;
    enum err e;

    *changed = 0;
    if (mark)
        e = db_run(db, sql_quarantine, DB_ARGS(DB_T(hash), DB_T(server_name), DB_T(mark->by), DB_I(mark->ts)),
                   &rows);
    else
        e = db_run(db, sql_release, DB_ARGS(DB_T(hash)), &rows);
    if (e || rows == 0)
        return e;
    e = db_run(db, sql_tell, DB_ARGS(DB_T(hash), DB_I(mark != NULL)), changed);
    return e ? e : media_work_add(db, hash);
}

enum err media_marks_release(struct db *db, const char *hash)
{
    return db_run(db, sql_release, DB_ARGS(DB_T(hash)), NULL);
}

enum err media_marks_protect(struct db *db, const char *server_name, const char *media_id,
                             const struct media_mark *mark)
{
    if (!mark)
        return db_run(db, sql_unprotect, DB_ARGS(DB_T(media_id)), NULL);
    return db_run(db, sql_protect, DB_ARGS(DB_T(media_id), DB_T(server_name), DB_T(mark->by), DB_I(mark->ts)),
                  NULL);
}

enum err media_marks_forget(struct db *db, const char *server_name, const char *origin, const char *media_id)
{
    if (strcmp(origin, server_name) != 0)
        return ERR_OK;
    return db_run(db, sql_unprotect, DB_ARGS(DB_T(media_id)), NULL);
}

enum err media_work_next(struct db *db, int64_t now_ms, struct arena *arena, const char **hash)
{
    return db_string(db, sql_next, DB_ARGS(DB_I(now_ms)), arena, hash);
}

enum err media_work_add(struct db *db, const char *hash)
{
    return db_run(db, sql_add, DB_ARGS(DB_T(hash)), NULL);
}

enum err media_work_done(struct db *db, const char *hash)
{
    return db_run(db, sql_done, DB_ARGS(DB_T(hash)), NULL);
}

enum err media_work_put_off(struct db *db, const char *hash, int64_t until_ms)
{
    return db_run(db, sql_put_off, DB_ARGS(DB_T(hash), DB_I(until_ms)), NULL);
}

enum err media_work_fate(struct db *db, const char *hash, enum media_fate *fate)
{
    int64_t value = MEDIA_FATE_KEPT;
    enum err e = db_integer(db, sql_fate, DB_ARGS(DB_T(hash)), &value);

    *fate = (enum media_fate)value;
    return e;
}

enum err media_changes_list(struct db *db, int64_t after, int64_t limit,
                            enum err (*each)(const struct media_change *change, void *context), void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_changes, DB_ARGS(DB_I(after), DB_I(limit)), &stmt);

    while (db_next(stmt, &e)) {
        const struct media_change change = {
            .id = db_int(stmt, 0),
            .origin = db_text(stmt, 1),
            .media_id = db_text(stmt, 2),
            .quarantined = db_int(stmt, 3) != 0,
        };

        e = each(&change, context);
    }
    db_done(&stmt);
    return e;
}

enum err media_changes_last(struct db *db, int64_t *id)
{
    return db_integer(db, sql_last_change, DB_NO_ARGS, id);
}
