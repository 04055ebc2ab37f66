/* SPDX-License-Identifier: ISC */
#include <stddef.h>

#include "store/audit.h"

static const char sql_insert[] =
    "INSERT INTO mxadmin_audit (ts, admin, device_id, address, method, route, target, parameters, request_id,"
    " outcome) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
static const char sql_set_outcome[] = "UPDATE mxadmin_audit SET outcome = ?2 WHERE id = ?1";
static const char sql_policy[] = "UPDATE mxadmin_audit SET parameters = ?4, outcome = ?5"
                                 " WHERE route = ?1 AND method = ?2 AND request_id = ?3";
static const char sql_delete[] = "DELETE FROM mxadmin_audit WHERE id = ?1";
static const char sql_sweep[] = "DELETE FROM mxadmin_audit WHERE id IN"
                                " (SELECT id FROM mxadmin_audit WHERE ts < ?1 ORDER BY ts, id LIMIT ?2)";

/*
 * A list takes the index of one filter that is given; the others are asked of each row, behind whether they
 * are given at all, so that a row itself need not be read for that.
 */
#define ADMIN                    "admin = ?1"
#define TARGET                   "target = ?2"
#define ROUTE                    "route = ?3"
#define IF_GIVEN(number, filter) "(CAST(" number " AS TEXT) IS NULL OR " filter ")"
#define MAYBE_ADMIN              IF_GIVEN("?1", ADMIN)
#define MAYBE_TARGET             IF_GIVEN("?2", TARGET)
#define MAYBE_ROUTE              IF_GIVEN("?3", ROUTE)

#define MATCHING(condition) " FROM mxadmin_audit WHERE " condition " AND ts >= ?4 AND ts <= ?5"
#define COUNT(condition)    "SELECT COUNT(*)" MATCHING(condition)
#define LIST(condition, direction)                                                                           \
    "SELECT id, ts, admin, device_id, address, method, route, target, parameters, request_id, "              \
    "outcome" MATCHING(condition) " ORDER BY ts " direction ", id " direction " LIMIT ?6 OFFSET ?7"
#define STATEMENTS(condition)                                                                                \
    {                                                                                                        \
        .count = COUNT(condition), .list = { LIST(condition, "DESC"), LIST(condition, "ASC") }               \
    }

/* The filter whose index is taken, that which leaves least rows first. */
enum by { BY_TARGET, BY_ADMIN, BY_ROUTE, BY_TIME, BY__MAX };

static const struct {
    const char *count;
    const char *list[2]; /* newest first, oldest first */
} statements[BY__MAX] = {
    [BY_TARGET] = STATEMENTS(TARGET " AND " MAYBE_ADMIN " AND " MAYBE_ROUTE),
    [BY_ADMIN] = STATEMENTS(ADMIN " AND " MAYBE_TARGET " AND " MAYBE_ROUTE),
    [BY_ROUTE] = STATEMENTS(ROUTE " AND " MAYBE_ADMIN " AND " MAYBE_TARGET),
    [BY_TIME] = STATEMENTS(MAYBE_ADMIN " AND " MAYBE_TARGET " AND " MAYBE_ROUTE),
};

static struct db_value outcome_value(int64_t outcome)
{
    return outcome == AUDIT_UNKNOWN ? (struct db_value){.type = DB_NULL} : DB_I(outcome);
}

enum err audit_insert(struct db *db, const struct audit_row *row, int64_t *id)
{
    return db_insert(db, sql_insert,
                     DB_ARGS(DB_I(row->ts), DB_T(row->admin), DB_T(row->device_id), DB_T(row->address),
                             DB_T(row->method), DB_T(row->route), DB_T(row->target), DB_T(row->parameters),
                             DB_T(row->request_id), outcome_value(row->outcome)),
                     id);
}

enum err audit_set_outcome(struct db *db, int64_t id, int64_t outcome)
{
    return db_run(db, sql_set_outcome, DB_ARGS(DB_I(id), DB_I(outcome)), NULL);
}

enum err audit_policy(struct db *db, const struct audit_row *row)
{
    int64_t changes = 0, id;
    enum err e = db_run(db, sql_policy,
                        DB_ARGS(DB_T(row->route), DB_T(row->method), DB_T(row->request_id),
                                DB_T(row->parameters), outcome_value(row->outcome)),
                        &changes);

    return e || changes ? e : audit_insert(db, row, &id);
}

enum err audit_delete(struct db *db, int64_t id)
{
    return db_run(db, sql_delete, DB_ARGS(DB_I(id)), NULL);
}

enum err audit_sweep(struct db *db, int64_t ts)
{
    return db_run(db, sql_sweep, DB_ARGS(DB_I(ts), DB_I(AUDIT_SWEEP_MAX)), NULL);
}

static enum by best(const struct audit_filter *filter)
{
    if (filter->target)
        return BY_TARGET;
    if (filter->admin)
        return BY_ADMIN;
    return filter->route ? BY_ROUTE : BY_TIME;
}

enum err audit_count(struct db *db, const struct audit_filter *filter, int64_t *count)
{
    return db_integer(db, statements[best(filter)].count,
                      DB_ARGS(DB_T(filter->admin), DB_T(filter->target), DB_T(filter->route),
                              DB_I(filter->from_ts), DB_I(filter->until_ts)),
                      count);
}

static struct audit_row row_of(struct stmt *stmt)
{
    return (struct audit_row){
        .id = db_int(stmt, 0),
        .ts = db_int(stmt, 1),
        .admin = db_text(stmt, 2),
        .device_id = db_text(stmt, 3),
        .address = db_text(stmt, 4),
        .method = db_text(stmt, 5),
        .route = db_text(stmt, 6),
        .target = db_text(stmt, 7),
        .parameters = db_text(stmt, 8),
        .request_id = db_text(stmt, 9),
        .outcome = db_is_null(stmt, 10) ? AUDIT_UNKNOWN : db_int(stmt, 10),
    };
}

enum err audit_list(struct db *db, const struct audit_filter *filter, const struct audit_page *page,
                    enum err (*each)(const struct audit_row *row, void *context), void *context)
{
    struct stmt *stmt;
    enum err e =
        db_query(db, statements[best(filter)].list[page->oldest_first],
                 DB_ARGS(DB_T(filter->admin), DB_T(filter->target), DB_T(filter->route),
                         DB_I(filter->from_ts), DB_I(filter->until_ts), DB_I(page->limit), DB_I(page->from)),
                 &stmt);

    while (db_next(stmt, &e)) {
        const struct audit_row found = row_of(stmt);

        e = each(&found, context);
    }
    db_done(&stmt);
    return e;
}
