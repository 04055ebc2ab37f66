/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/list.h"
#include "crypto/random.h"
#include "store/jobs.h"

/*
 * A holder of 0 is nobody. The turn of a job is the number of its last batch, counted over all jobs, so that
 * the one with the least has waited longest; 0: it has had none. No clock is asked about the order: it may be
 * set back.
 */
#define COLUMNS                                                                                              \
    "id, kind, target, parameters, actor, status, cancelling, done, total, cursor, result, failure, error,"  \
    " attempts, created_ts, due_ts, started_ts, heartbeat_ts, finished_ts"

static const char sql_insert[] =
    "INSERT INTO mxadmin_jobs (id, kind, target, parameters, actor, status, cancelling, holder, turn, done,"
    " total, cursor, failure, attempts, created_ts, due_ts, started_ts, heartbeat_ts, finished_ts)"
    " VALUES (?1, ?2, ?3, ?4, ?5, 'scheduled', FALSE, 0, 0, 0, 0, '', 0, 0, ?6, ?7, 0, 0, 0)"
    " ON CONFLICT (kind, target) WHERE finished_ts = 0 DO NOTHING";
/* Who asks again wants to have it at once what would be tried later. */
static const char sql_hurry[] =
    "UPDATE mxadmin_jobs SET due_ts = CASE WHEN due_ts > ?3 THEN ?3 ELSE due_ts END, failure = 0"
    " WHERE kind = ?1 AND target = ?2 AND finished_ts = 0 RETURNING id";
static const char sql_find[] = "SELECT " COLUMNS " FROM mxadmin_jobs WHERE id = ?1";
static const char sql_find_open[] =
    "SELECT " COLUMNS " FROM mxadmin_jobs WHERE kind = ?1 AND target = ?2 AND finished_ts = 0";
static const char sql_count_open[] =
    "SELECT COUNT(*) FROM mxadmin_jobs WHERE target = ?1 AND finished_ts = 0";

#define FILTER                                                                                               \
    " FROM mxadmin_jobs WHERE (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR kind = ?2)"                     \
    " AND (?3 IS NULL OR target = ?3)"
static const char sql_list[] =
    "SELECT " COLUMNS FILTER " ORDER BY created_ts DESC, id DESC LIMIT ?5 OFFSET ?4";
static const char sql_count[] = "SELECT COUNT(*)" FILTER;
#define CHANGED                                                                                              \
    "CASE WHEN finished_ts > 0 THEN finished_ts WHEN started_ts > 0 THEN started_ts ELSE created_ts END"
static const char sql_list_changed[] =
    "SELECT " COLUMNS " FROM mxadmin_jobs WHERE (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR kind = ?2)"
    " AND " CHANGED " <= ?3 ORDER BY " CHANGED ", created_ts, id";

#define CLAIM                                                                                                \
    "UPDATE mxadmin_jobs SET holder = ?1, status = 'active', heartbeat_ts = ?2,"                             \
    " started_ts = CASE WHEN started_ts = 0 THEN ?2 ELSE started_ts END,"                                    \
    " turn = (SELECT COALESCE(MAX(turn), 0) + 1 FROM mxadmin_jobs WHERE finished_ts = 0) WHERE "
#define CLAIMABLE "finished_ts = 0 AND holder = 0 AND due_ts <= ?2"
static const char sql_claim_next[] =
    CLAIM "id = (SELECT id FROM mxadmin_jobs WHERE " CLAIMABLE
          " ORDER BY CASE WHEN turn = 0 THEN ?3 ELSE 0 END, turn, created_ts, id LIMIT 1) RETURNING " COLUMNS;
static const char sql_claim[] = CLAIM "id = ?3 AND " CLAIMABLE " RETURNING " COLUMNS;

/* ?13: whether it has ended. */
static const char sql_give_back[] =
    "UPDATE mxadmin_jobs SET holder = 0, heartbeat_ts = ?3, done = ?5, total = ?6, cursor = ?7, result = ?8,"
    " failure = ?9, error = ?10, attempts = ?11, due_ts = ?12,"
    " status = CASE WHEN cancelling AND ?13 = 0 THEN 'cancelled' ELSE ?4 END,"
    " finished_ts = CASE WHEN cancelling OR ?13 <> 0 THEN ?3 ELSE 0 END"
    " WHERE id = ?1 AND holder = ?2 RETURNING status, cancelling, finished_ts";

static const char sql_cancel[] = "UPDATE mxadmin_jobs SET status = 'cancelled', finished_ts = ?2"
                                 " WHERE id = ?1 AND finished_ts = 0 AND holder = 0";
static const char sql_cancel_held[] =
    "UPDATE mxadmin_jobs SET cancelling = TRUE WHERE id = ?1 AND finished_ts = 0";
static const char sql_is_cancelled[] =
    "SELECT CASE WHEN status = 'cancelled' THEN 1 ELSE 0 END FROM mxadmin_jobs WHERE id = ?1";

static const char sql_holders[] = "SELECT DISTINCT holder FROM mxadmin_jobs WHERE holder <> 0";
static const char sql_disown[] = "UPDATE mxadmin_jobs SET holder = 0,"
                                 " status = CASE WHEN cancelling THEN 'cancelled' ELSE status END,"
                                 " finished_ts = CASE WHEN cancelling THEN ?2 ELSE 0 END WHERE holder = ?1";

static const char sql_next_due[] =
    "SELECT due_ts FROM mxadmin_jobs WHERE finished_ts = 0 AND holder = 0 ORDER BY due_ts LIMIT 1";
static const char sql_expired[] =
    "SELECT id FROM mxadmin_jobs WHERE finished_ts > 0 AND finished_ts <= ?1 ORDER BY finished_ts LIMIT 1";
static const char sql_forget[] = "DELETE FROM mxadmin_jobs WHERE id = ?1";
static const char sql_forget_new[] =
    "DELETE FROM mxadmin_jobs WHERE id = ?1 AND started_ts = 0 AND holder = 0";
static const char sql_count_cancelled[] =
    "SELECT COUNT(*) FROM mxadmin_jobs WHERE kind = ?1 AND target = ?2 AND due_ts = ?3"
    " AND status = 'cancelled'";
static const char sql_forget_items[] = "DELETE FROM mxadmin_job_items WHERE job_id = ?1";

static const char *const status_names[] = {
    [JOB_SCHEDULED] = "scheduled", [JOB_ACTIVE] = "active",       [JOB_COMPLETE] = "complete",
    [JOB_FAILED] = "failed",       [JOB_CANCELLED] = "cancelled",
};
_Static_assert(sizeof status_names / sizeof *status_names == JOB_STATUS__MAX, "every status has a name");

const char *job_status_name(enum job_status status)
{
    return status_names[status];
}

bool job_status_find(const char *name, enum job_status *status)
{
    for (int i = 0; i < JOB_STATUS__MAX; i++) {
        if (strcmp(status_names[i], name) == 0) {
            *status = (enum job_status)i;
            return true;
        }
    }
    return false;
}

bool job_has_ended(const struct job *job)
{
    return job->status != JOB_SCHEDULED && job->status != JOB_ACTIVE;
}

static enum err read_status(struct stmt *stmt, int column, enum job_status *status)
{
    const char *name = db_text(stmt, column);

    return name && job_status_find(name, status) ? ERR_OK : ERR_CORRUPT;
}

/* Fills `job` from a row of COLUMNS; its texts live in `arena`, or, with none, as long as the row. */
static enum err read_job(struct stmt *stmt, struct arena *arena, struct job *job)
{
    const char **const texts[] = {
        [0] = &job->id,    [1] = &job->kind,   [2] = &job->target,  [3] = &job->parameters,
        [4] = &job->actor, [9] = &job->cursor, [10] = &job->result, [12] = &job->error,
    };
    enum err e = read_status(stmt, 5, &job->status);

    for (int i = 0; i < (int)(sizeof texts / sizeof *texts); i++)
        if (texts[i])
            *texts[i] = arena ? db_copy(stmt, i, arena, &e) : db_text(stmt, i);
    job->cancelling = db_int(stmt, 6) != 0;
    job->done = db_int(stmt, 7);
    job->total = db_int(stmt, 8);
    job->failure = (enum err)db_int(stmt, 11);
    job->attempts = db_int(stmt, 13);
    job->created_ts = db_int(stmt, 14);
    job->due_ts = db_int(stmt, 15);
    job->started_ts = db_int(stmt, 16);
    job->heartbeat_ts = db_int(stmt, 17);
    job->finished_ts = db_int(stmt, 18);
    return e;
}

/* Runs a statement of at most one row of COLUMNS; ERR_NOT_FOUND when it has none. */
static enum err one_job(struct db *db, const char *sql, const struct db_value *args, size_t count,
                        struct arena *arena, struct job *job)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql, args, count, &stmt);

    if (!e)
        e = read_job(stmt, arena, job);
    db_done(&stmt);
    return e;
}

/* The job that is in the way of a new one, which has it tried at once. */
static enum err hurry(struct db *db, const struct job *new, char id[JOBS_ID_SIZE])
{
    struct stmt *stmt;
    bool row = false;
    enum err e =
        db_query(db, sql_hurry, DB_ARGS(DB_T(new->kind), DB_T(new->target), DB_I(new->due_ts)), &stmt);

    if (!e)
        e = db_step(stmt, &row);
    if (!e && row) {
        strncpy(id, db_text(stmt, 0), JOBS_ID_SIZE - 1);
        id[JOBS_ID_SIZE - 1] = '\0';
    }
    db_done(&stmt);
    return e ? e : row ? ERR_EXISTS : ERR_IO;
}

enum err jobs_insert(struct db *db, const struct job *new, int64_t now_ms, char id[JOBS_ID_SIZE])
{
    int64_t added = 0;
    enum err e = random_letters(id, JOBS_ID_SIZE - 1);

    if (!e)
        e = db_run(db, sql_insert,
                   DB_ARGS(DB_T(id), DB_T(new->kind), DB_T(new->target), DB_T(new->parameters),
                           DB_T(new->actor), DB_I(now_ms), DB_I(new->due_ts)),
                   &added);
    return e || added ? e : hurry(db, new, id);
}

enum err jobs_find(struct db *db, const char *id, struct arena *arena, struct job *job)
{
    return one_job(db, sql_find, DB_ARGS(DB_T(id)), arena, job);
}

enum err jobs_find_open(struct db *db, const char *kind, const char *target, struct arena *arena,
                        struct job *job)
{
    return one_job(db, sql_find_open, DB_ARGS(DB_T(kind), DB_T(target)), arena, job);
}

enum err jobs_count_open(struct db *db, const char *target, int64_t *count)
{
    return db_integer(db, sql_count_open, DB_ARGS(DB_T(target)), count);
}

/* Calls `each` for the rows of a statement of COLUMNS. */
static enum err each_job(struct db *db, const char *sql, const struct db_value *args, size_t count,
                         enum err (*each)(const struct job *job, void *context), void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql, args, count, &stmt);

    while (db_next(stmt, &e)) {
        struct job job;

        e = read_job(stmt, NULL, &job);
        if (!e)
            e = each(&job, context);
    }
    db_done(&stmt);
    return e;
}

enum err jobs_list(struct db *db, const struct job_filter *filter,
                   enum err (*each)(const struct job *job, void *context), void *context)
{
    return each_job(db, sql_list,
                    DB_ARGS(DB_T(filter->status), DB_T(filter->kind), DB_T(filter->target),
                            DB_I(filter->from), DB_I(filter->limit)),
                    each, context);
}

int64_t job_changed_ts(const struct job *job)
{
    return job->finished_ts ? job->finished_ts : job->started_ts ? job->started_ts : job->created_ts;
}

enum err jobs_list_changed(struct db *db, const char *status, const char *kind, int64_t until_ts,
                           enum err (*each)(const struct job *job, void *context), void *context)
{
    return each_job(db, sql_list_changed, DB_ARGS(DB_T(status), DB_T(kind), DB_I(until_ts)), each, context);
}

enum err jobs_count(struct db *db, const struct job_filter *filter, int64_t *count)
{
    return db_integer(db, sql_count, DB_ARGS(DB_T(filter->status), DB_T(filter->kind), DB_T(filter->target)),
                      count);
}

enum err jobs_claim_next(struct db *db, int64_t holder, bool new_first, int64_t now_ms, struct arena *arena,
                         struct job *job)
{
    return one_job(db, sql_claim_next, DB_ARGS(DB_I(holder), DB_I(now_ms), DB_I(!new_first)), arena, job);
}

enum err jobs_claim(struct db *db, const char *id, int64_t holder, int64_t now_ms, struct arena *arena,
                    struct job *job)
{
    return one_job(db, sql_claim, DB_ARGS(DB_I(holder), DB_I(now_ms), DB_T(id)), arena, job);
}

enum err jobs_give_back(struct db *db, struct job *job, int64_t holder, int64_t now_ms)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql_give_back,
                          DB_ARGS(DB_T(job->id), DB_I(holder), DB_I(now_ms),
                                  DB_T(job_status_name(job->status)), DB_I(job->done), DB_I(job->total),
                                  DB_T(job->cursor), DB_T(job->result), DB_I(job->failure), DB_T(job->error),
                                  DB_I(job->attempts), DB_I(job->due_ts), DB_I(job_has_ended(job))),
                          &stmt);

    if (!e)
        e = read_status(stmt, 0, &job->status);
    if (!e) {
        job->cancelling = db_int(stmt, 1) != 0;
        job->finished_ts = db_int(stmt, 2);
        job->heartbeat_ts = now_ms;
    }
    db_done(&stmt);
    return e;
}

enum err jobs_cancel(struct db *db, const char *id, int64_t now_ms)
{
    int64_t changes = 0, cancelled = 0;
    enum err e = db_run(db, sql_cancel, DB_ARGS(DB_T(id), DB_I(now_ms)), &changes);

    if (!e && !changes)
        e = db_run(db, sql_cancel_held, DB_ARGS(DB_T(id)), &changes);
    if (e || changes)
        return e;
    e = db_integer(db, sql_is_cancelled, DB_ARGS(DB_T(id)), &cancelled);
    return e || cancelled ? e : ERR_INVALID;
}

enum err jobs_holders(struct db *db, struct arena *arena, int64_t **holders, size_t *count)
{
    struct list list = {.arena = arena, .item_size = sizeof **holders};
    struct stmt *stmt;
    enum err e = db_query(db, sql_holders, DB_NO_ARGS, &stmt);

    while (db_next(stmt, &e)) {
        int64_t *item = list_add(&list);

        if (item)
            *item = db_int(stmt, 0);
        else
            e = ERR_NOMEM;
    }
    db_done(&stmt);
    *holders = list.items;
    *count = list.count;
    return e;
}

enum err jobs_disown(struct db *db, int64_t holder, int64_t now_ms, int64_t *count)
{
    return db_run(db, sql_disown, DB_ARGS(DB_I(holder), DB_I(now_ms)), count);
}

enum err jobs_next_due(struct db *db, int64_t *due_ts)
{
    return db_integer(db, sql_next_due, DB_NO_ARGS, due_ts);
}

enum err jobs_expired(struct db *db, int64_t now_ms, struct arena *arena, const char **id)
{
    return db_string(db, sql_expired, DB_ARGS(DB_I(now_ms - JOBS_LIFETIME_MS)), arena, id);
}

enum err jobs_forget(struct db *db, const char *id)
{
    enum err e = db_run(db, sql_forget_items, DB_ARGS(DB_T(id)), NULL);

    return e ? e : db_run(db, sql_forget, DB_ARGS(DB_T(id)), NULL);
}

enum err jobs_forget_new(struct db *db, const char *id)
{
    return db_run(db, sql_forget_new, DB_ARGS(DB_T(id)), NULL);
}

enum err jobs_was_cancelled(struct db *db, const char *kind, const char *target, int64_t due_ts,
                            bool *cancelled)
{
    int64_t count = 0;
    enum err e = db_integer(db, sql_count_cancelled, DB_ARGS(DB_T(kind), DB_T(target), DB_I(due_ts)), &count);

    *cancelled = count > 0;
    return e;
}
