/* SPDX-License-Identifier: ISC */
#include "store/collect.h"
#include "store/room_aliases.h"

static const char sql_list[] = "SELECT alias FROM roomserver_room_aliases WHERE room_id = ?1 ORDER BY alias";
static const char sql_find[] = "SELECT room_id, creator_id FROM roomserver_room_aliases WHERE alias = ?1";
static const char sql_move[] =
    "INSERT INTO roomserver_room_aliases (alias, room_id, creator_id) VALUES (?1, ?3, ?4)"
    " ON CONFLICT (alias) DO UPDATE SET room_id = excluded.room_id, creator_id = excluded.creator_id"
    " WHERE roomserver_room_aliases.room_id = ?2";
static const char sql_add[] =
    "INSERT INTO roomserver_room_aliases (alias, room_id, creator_id) VALUES (?1, ?2, ?3)";
static const char sql_delete[] = "DELETE FROM roomserver_room_aliases WHERE alias = ?1";

enum err room_aliases_list(struct db *db, const char *room_id, struct arena *arena, const char ***aliases,
                           size_t *count)
{
    struct list list = {.arena = arena, .item_size = sizeof **aliases};
    enum err e = collect(db, sql_list, DB_ARGS(DB_T(room_id)), &list, collect_text);

    *aliases = list.items;
    *count = list.count;
    return e;
}

enum err room_aliases_find(struct db *db, const char *alias, struct arena *arena, const char **room_id,
                           const char **creator)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql_find, DB_ARGS(DB_T(alias)), &stmt);

    if (!e) {
        *room_id = db_copy(stmt, 0, arena, &e);
        *creator = db_copy(stmt, 1, arena, &e);
    }
    db_done(&stmt);
    return e;
}

enum err room_aliases_move(struct db *db, const char *alias, const char *from, const char *to,
                           const char *creator)
{
    return db_run(db, sql_move, DB_ARGS(DB_T(alias), DB_T(from), DB_T(to), DB_T(creator)), NULL);
}

enum err room_aliases_add(struct db *db, const char *alias, const char *room_id, const char *creator)
{
    return db_run(db, sql_add, DB_ARGS(DB_T(alias), DB_T(room_id), DB_T(creator)), NULL);
}

enum err room_aliases_delete(struct db *db, const char *alias)
{
    int64_t changes = 0;
    enum err e = db_run(db, sql_delete, DB_ARGS(DB_T(alias)), &changes);

    return !e && changes == 0 ? ERR_NOT_FOUND : e;
}
