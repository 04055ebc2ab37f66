/* SPDX-License-Identifier: ISC */
#include "base/list.h"
#include "store/jobs.h"

static const char sql_add[] =
    "INSERT INTO mxadmin_job_items (job_id, position, item) VALUES (?1,"
    " (SELECT COALESCE(MAX(position), 0) + 1 FROM mxadmin_job_items WHERE job_id = ?1), ?2)"
    " ON CONFLICT (job_id, item) DO NOTHING";
static const char sql_last[] = "SELECT COALESCE(MAX(position), 0) FROM mxadmin_job_items WHERE job_id = ?1";
static const char sql_tally[] =
    "SELECT outcome, COUNT(*) FROM mxadmin_job_items"
    " WHERE job_id = ?1 AND outcome IS NOT NULL GROUP BY outcome ORDER BY outcome";
static const char sql_again[] = "UPDATE mxadmin_job_items SET outcome = NULL, detail = NULL"
                                " WHERE job_id = ?1 AND item = ?2 AND outcome = ?3";
static const char sql_waiting[] = "SELECT position, item FROM mxadmin_job_items"
                                  " WHERE job_id = ?1 AND outcome IS NULL ORDER BY position LIMIT ?2";
static const char sql_settle[] =
    "UPDATE mxadmin_job_items SET outcome = ?3, detail = ?4 WHERE job_id = ?1 AND position = ?2";
static const char sql_list[] = "SELECT position, item, outcome, detail FROM mxadmin_job_items"
                               " WHERE job_id = ?1 AND outcome IS NOT NULL ORDER BY position";

enum err job_items_add(struct db *db, const char *job_id, const char *item)
{
    return db_run(db, sql_add, DB_ARGS(DB_T(job_id), DB_T(item)), NULL);
}

enum err job_items_last(struct db *db, const char *job_id, int64_t *position)
{
    return db_integer(db, sql_last, DB_ARGS(DB_T(job_id)), position);
}

enum err job_items_add_again(struct db *db, const char *job_id, const char *item, const char *outcome)
{
    enum err e = job_items_add(db, job_id, item);

    return e ? e : db_run(db, sql_again, DB_ARGS(DB_T(job_id), DB_T(item), DB_T(outcome)), NULL);
}

enum err job_items_waiting(struct db *db, const char *job_id, size_t max, struct arena *arena,
                           struct job_item **items, size_t *count)
{
    struct list list = {.arena = arena, .item_size = sizeof **items};
    struct stmt *stmt;
    enum err e = db_query(db, sql_waiting, DB_ARGS(DB_T(job_id), DB_I((int64_t)max)), &stmt);

    while (db_next(stmt, &e)) {
        struct job_item *item = list_add(&list);

        if (!item) {
            e = ERR_NOMEM;
            break;
        }
        item->position = db_int(stmt, 0);
        item->item = db_copy(stmt, 1, arena, &e);
    }
    db_done(&stmt);
    *items = list.items;
    *count = list.count;
    return e;
}

enum err job_items_settle(struct db *db, const char *job_id, const struct job_item *item)
{
    return db_run(db, sql_settle,
                  DB_ARGS(DB_T(job_id), DB_I(item->position), DB_T(item->outcome), DB_T(item->detail)), NULL);
}

enum err job_items_list(struct db *db, const char *job_id,
                        enum err (*each)(const struct job_item *item, void *context), void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_list, DB_ARGS(DB_T(job_id)), &stmt);

    while (db_next(stmt, &e)) {
        const struct job_item item = {
            .position = db_int(stmt, 0),
            .item = db_text(stmt, 1),
            .outcome = db_text(stmt, 2),
            .detail = db_text(stmt, 3),
        };

        e = each(&item, context);
    }
    db_done(&stmt);
    return e;
}

enum err job_items_tally(struct db *db, const char *job_id,
                         enum err (*each)(const char *outcome, int64_t count, void *context), void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_tally, DB_ARGS(DB_T(job_id)), &stmt);

    while (db_next(stmt, &e))
        e = each(db_text(stmt, 0), db_int(stmt, 1), context);
    db_done(&stmt);
    return e;
}
