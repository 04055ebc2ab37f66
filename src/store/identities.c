/* SPDX-License-Identifier: ISC */
#include "store/identities.h"

static const char sql_threepid_owner[] =
    "SELECT localpart FROM userapi_threepids WHERE threepid = ?2 AND medium = ?1 AND server_name = ?3";
static const char sql_external_owner[] =
    "SELECT localpart FROM mxadmin_external_ids WHERE auth_provider = ?1 AND external_id = ?2";
static const char sql_threepids[] = "SELECT medium, threepid FROM userapi_threepids"
                                    " WHERE localpart = ?1 AND server_name = ?2 ORDER BY medium, threepid";
static const char sql_externals[] = "SELECT auth_provider, external_id FROM mxadmin_external_ids"
                                    " WHERE localpart = ?1 ORDER BY auth_provider, external_id";

static const char sql_delete_threepids[] =
    "DELETE FROM userapi_threepids WHERE localpart = ?1 AND server_name = ?2";
static const char sql_put_threepid[] =
    "INSERT INTO userapi_threepids (medium, threepid, localpart, server_name) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (threepid, medium) DO UPDATE SET localpart = excluded.localpart,"
    " server_name = excluded.server_name";
static const char sql_delete_externals[] = "DELETE FROM mxadmin_external_ids WHERE localpart = ?1";
/* One that is given twice is one. */
static const char sql_insert_external[] =
    "INSERT INTO mxadmin_external_ids (auth_provider, external_id, localpart) SELECT ?1, ?2, ?3"
    " WHERE NOT EXISTS (SELECT 1 FROM mxadmin_external_ids"
    " WHERE auth_provider = ?1 AND external_id = ?2 AND localpart = ?3)";

enum err threepids_owner(struct db *db, const struct identity *identity, const char *server_name,
                         struct arena *arena, const char **localpart)
{
    return db_string(db, sql_threepid_owner,
                     DB_ARGS(DB_T(identity->kind), DB_T(identity->id), DB_T(server_name)), arena, localpart);
}

enum err external_ids_owner(struct db *db, const struct identity *identity, struct arena *arena,
                            const char **localpart)
{
    return db_string(db, sql_external_owner, DB_ARGS(DB_T(identity->kind), DB_T(identity->id)), arena,
                     localpart);
}

static enum err list(struct db *db, const char *sql, const struct db_value *args, size_t count,
                     enum err (*each)(const struct identity *identity, void *context), void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql, args, count, &stmt);

    while (db_next(stmt, &e))
        e = each(&(struct identity){.kind = db_text(stmt, 0), .id = db_text(stmt, 1)}, context);
    db_done(&stmt);
    return e;
}

enum err threepids_list(struct db *db, const char *localpart, const char *server_name,
                        enum err (*each)(const struct identity *identity, void *context), void *context)
{
    return list(db, sql_threepids, DB_ARGS(DB_T(localpart), DB_T(server_name)), each, context);
}

enum err external_ids_list(struct db *db, const char *localpart,
                           enum err (*each)(const struct identity *identity, void *context), void *context)
{
    return list(db, sql_externals, DB_ARGS(DB_T(localpart)), each, context);
}

enum err threepids_replace(struct db *db, const char *localpart, const char *server_name,
                           const struct identity *identities, size_t count)
{
    enum err e = db_run(db, sql_delete_threepids, DB_ARGS(DB_T(localpart), DB_T(server_name)), NULL);

    for (size_t i = 0; !e && i < count; i++)
        e = db_run(
            db, sql_put_threepid,
            DB_ARGS(DB_T(identities[i].kind), DB_T(identities[i].id), DB_T(localpart), DB_T(server_name)),
            NULL);
    return e;
}

enum err external_ids_replace(struct db *db, const char *localpart, const struct identity *identities,
                              size_t count)
{
    enum err e = db_run(db, sql_delete_externals, DB_ARGS(DB_T(localpart)), NULL);

    for (size_t i = 0; !e && i < count; i++)
        e = db_run(db, sql_insert_external,
                   DB_ARGS(DB_T(identities[i].kind), DB_T(identities[i].id), DB_T(localpart)), NULL);
    return e;
}
