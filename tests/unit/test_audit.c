/* SPDX-License-Identifier: ISC */
/* The rows of the audit, how they are found, and when they come to be. */
#include "database.h"

#include <sqlite3.h>

#include "base/clock.h"
#include "homeserver/audit.h"
#include "store/db_engine.h"

#define ADMIN  "@admin:example.org"
#define OTHER  "@other:example.org"
#define ROOM   "!room:example.org"
#define USER   "@user:example.org"
#define ROUTE  "/_dendrite/admin/evacuateRoom/{room_id}"
#define NOTICE "/_synapse/admin/v1/send_server_notice"

static const char sql_count[] = "SELECT COUNT(*) FROM mxadmin_audit";

static void add_row(struct db *db, int64_t ts, const char *admin, const char *target, const char *route)
{
    const struct audit_row row = {
        .ts = ts,
        .admin = admin,
        .address = "192.0.2.1",
        .method = "POST",
        .route = route,
        .target = target,
        .parameters = "{}",
        .request_id = "id",
        .outcome = 200,
    };
    int64_t id;

    assert_int_equal(audit_insert(db, &row, &id), ERR_OK);
}

/* Rows 1 to 6; the clock went back once. */
static int set_up(void **state)
{
    struct database *d;

    database_new(state);
    d = *state;
    add_row(d->db, 1000, ADMIN, ROOM, ROUTE);
    add_row(d->db, 2000, ADMIN, USER, NOTICE);
    add_row(d->db, 3000, OTHER, ROOM, ROUTE);
    add_row(d->db, 2500, OTHER, USER, ROUTE);
    add_row(d->db, 3000, ADMIN, ROOM, NOTICE);
    add_row(d->db, 4000, "", "", "populate");
    return 0;
}

static enum err append_id(const struct audit_row *row, void *context)
{
    char *ids = context;

    snprintf(ids + strlen(ids), 8, "%lld ", (long long)row->id);
    return ERR_OK;
}

static const struct {
    struct audit_filter filter;
    struct audit_page page;
    const char *ids;
    int64_t count;
} lists[] = {
    {{NULL, NULL, NULL, 0, INT64_MAX}, {0, 100, false}, "6 5 3 4 2 1 ", 6},
    {{NULL, NULL, NULL, 0, INT64_MAX}, {0, 100, true}, "1 2 4 3 5 6 ", 6},
    {{NULL, NULL, NULL, 0, INT64_MAX}, {1, 2, false}, "5 3 ", 6},
    {{NULL, NULL, NULL, 0, INT64_MAX}, {6, 2, false}, "", 6},
    {{NULL, NULL, NULL, 0, INT64_MAX}, {0, 0, false}, "", 6},
    {{NULL, NULL, NULL, 2500, 3000}, {0, 100, false}, "5 3 4 ", 3},
    {{ADMIN, NULL, NULL, 0, INT64_MAX}, {0, 100, false}, "5 2 1 ", 3},
    {{ADMIN, NULL, NULL, 1001, 2999}, {0, 100, false}, "2 ", 1},
    {{"", NULL, NULL, 0, INT64_MAX}, {0, 100, false}, "6 ", 1},
    {{NULL, ROOM, NULL, 0, INT64_MAX}, {0, 100, true}, "1 3 5 ", 3},
    {{NULL, NULL, ROUTE, 0, INT64_MAX}, {0, 100, false}, "3 4 1 ", 3},
    {{OTHER, NULL, ROUTE, 0, INT64_MAX}, {0, 1, false}, "3 ", 2},
    {{OTHER, ROOM, NULL, 0, INT64_MAX}, {0, 100, false}, "3 ", 1},
    {{NULL, USER, NOTICE, 0, INT64_MAX}, {0, 100, false}, "2 ", 1},
    {{ADMIN, ROOM, ROUTE, 0, INT64_MAX}, {0, 100, true}, "1 ", 1},
    {{ADMIN, USER, ROUTE, 0, INT64_MAX}, {0, 100, false}, "", 0},
};
#define LISTS (sizeof lists / sizeof lists[0])

static void lists_what_fits(void **state)
{
    struct database *d = *state;

    for (size_t i = 0; i < LISTS; i++) {
        char ids[64] = "";
        int64_t count = -1;

        assert_int_equal(audit_list(d->db, &lists[i].filter, &lists[i].page, append_id, ids), ERR_OK);
        assert_string_equal(ids, lists[i].ids);
        assert_int_equal(audit_count(d->db, &lists[i].filter, &count), ERR_OK);
        assert_int_equal(count, lists[i].count);
    }
}

/* How SQLite goes about a statement: each step has to be a search in an index, with no sorting after it. */
static int check_plan(sqlite3 *handle, const char *sql)
{
    char explain[2048];
    sqlite3_stmt *plan;
    int steps = 0;

    snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", sql);
    assert_int_equal(sqlite3_prepare_v2(handle, explain, -1, &plan, NULL), SQLITE_OK);
    for (; sqlite3_step(plan) == SQLITE_ROW; steps++) {
        const char *step = (const char *)sqlite3_column_text(plan, 3);

        if (strncmp(step, "SEARCH mxadmin_audit USING ", strlen("SEARCH mxadmin_audit USING ")) != 0 &&
            strcmp(step, "LIST SUBQUERY 1") != 0)
            fail_msg("%s: %s", sql, step);
    }
    sqlite3_finalize(plan);
    assert_true(steps > 0);
    return steps;
}

/* Every statement that lists, counts or sweeps, as the connection has kept it. */
static void every_list_goes_through_an_index(void **state)
{
    struct database *d = *state;
    int checked = 0;

    lists_what_fits(state);
    assert_int_equal(audit_sweep(d->db, 0), ERR_OK);
    for (size_t i = 0; i < d->db->size; i++) {
        const char *sql = d->db->places[i] ? d->db->places[i]->sql : "";

        if (strstr(sql, "FROM mxadmin_audit"))
            checked += check_plan(d->db->handle, sql);
    }
    assert_true(checked >= 4 + 4 + 3 + 2);
}

static enum err stop(const struct audit_row *row, void *context)
{
    assert_int_equal(row->id, 6);
    assert_null(row->device_id);
    ++*(int *)context;
    return ERR_DENIED;
}

static void an_error_ends_the_list(void **state)
{
    const struct audit_filter all = {.until_ts = INT64_MAX};
    const struct audit_page page = {.limit = 10};
    struct database *d = *state;
    int calls = 0;

    assert_int_equal(audit_list(d->db, &all, &page, stop, &calls), ERR_DENIED);
    assert_int_equal(calls, 1);
}

/* A request, as far as the audit is concerned. */
struct request {
    struct audit audit;
    int described;
    enum err result;
};

static enum err describe(struct audit *audit)
{
    struct request *request = audit->context;

    request->described++;
    audit->row.admin = ADMIN;
    audit->row.address = "192.0.2.1";
    audit->row.method = "POST";
    audit->row.route = ROUTE;
    audit->row.target = ROOM;
    audit->row.parameters = "{}";
    audit->row.request_id = "id";
    return request->result;
}

static struct request *begin(struct database *d, int64_t keep_ms)
{
    struct request *request = arena_alloc(d->arena, sizeof *request);

    assert_non_null(request);
    run(d->db, "DELETE FROM mxadmin_audit");
    request->audit =
        (struct audit){.db = d->db, .keep_ms = keep_ms, .describe = describe, .context = request};
    audit_arm(&request->audit);
    return request;
}

/* Ends with `e` a transaction of this kind that changes something. */
static enum err change(struct db *db, enum db_mode mode, enum err e)
{
    assert_int_equal(db_begin(db, mode), ERR_OK);
    run(db, "INSERT INTO mxadmin_settings (name, value) VALUES ('x', 'y') ON CONFLICT (name) DO UPDATE SET "
            "value = 'z'");
    return db_end(db, e);
}

/* The outcome of the only row; -1: there is no row, -2: there are several, 0: it is not known. */
static int64_t outcome(struct db *db)
{
    int64_t rows = number(db, sql_count);

    if (rows != 1)
        return rows == 0 ? -1 : -2;
    return number(db, "SELECT COALESCE(outcome, 0) FROM mxadmin_audit");
}

static void a_change_leaves_a_row(void **state)
{
    struct database *d = *state;
    struct request *request = begin(d, 0);
    int64_t before = clock_now_ms();

    assert_int_equal(change(d->db, DB_WRITE, ERR_OK), ERR_OK);
    assert_int_equal(outcome(d->db), 200);
    assert_int_equal(change(d->db, DB_WRITE, ERR_OK), ERR_OK);
    audit_end(&request->audit, 200);
    assert_int_equal(outcome(d->db), 200);
    assert_in_range(number(d->db, "SELECT ts FROM mxadmin_audit"), before, clock_now_ms());
    assert_int_equal(request->described, 1);
    /* What comes after the request belongs to no request. */
    assert_int_equal(change(d->db, DB_WRITE, ERR_OK), ERR_OK);
    assert_int_equal(outcome(d->db), 200);
}

static void what_changes_nothing_leaves_none(void **state)
{
    struct database *d = *state;
    struct request *request = begin(d, 0);

    assert_int_equal(change(d->db, DB_WRITE, ERR_DENIED), ERR_DENIED);
    assert_int_equal(change(d->db, DB_NOTE, ERR_OK), ERR_OK);
    assert_int_equal(db_begin(d->db, DB_WRITE), ERR_OK);
    assert_int_equal(db_end(d->db, ERR_OK), ERR_OK);
    audit_end(&request->audit, 403);
    assert_int_equal(outcome(d->db), -1);
    assert_int_equal(request->described, 0);
}

/* The answer tells of a failure after all, as where there is no memory for it. */
static void the_answer_has_the_last_word(void **state)
{
    struct database *d = *state;
    struct request *request = begin(d, 0);

    assert_int_equal(change(d->db, DB_WRITE, ERR_OK), ERR_OK);
    audit_end(&request->audit, 500);
    assert_int_equal(outcome(d->db), 500);
}

static void several_transactions_have_one_end(void **state)
{
    struct database *d = *state;
    struct request *request = begin(d, 0);

    assert_int_equal(db_begin(d->db, DB_WRITE), ERR_OK);
    run(d->db, "INSERT INTO mxadmin_settings (name, value) VALUES ('a', 'b')");
    audit_unfinished(&request->audit);
    assert_int_equal(db_end(d->db, ERR_OK), ERR_OK);
    assert_int_equal(outcome(d->db), 0);
    assert_int_equal(change(d->db, DB_WRITE, ERR_BUSY), ERR_BUSY);
    audit_end(&request->audit, 503);
    assert_int_equal(outcome(d->db), 503);
}

/* Without the row there is no change. */
static void a_row_that_cannot_be_written_prevents_the_change(void **state)
{
    static const char sql[] = "SELECT COUNT(*) FROM mxadmin_settings WHERE name = 'x'";
    struct database *d = *state;
    struct request *request = begin(d, 0);

    request->result = ERR_NOMEM;
    assert_int_equal(change(d->db, DB_WRITE, ERR_OK), ERR_NOMEM);
    audit_end(&request->audit, 500);
    assert_int_equal(outcome(d->db), -1);
    assert_int_equal(number(d->db, sql), 0);
    request = begin(d, 0);
    request->result = ERR_NOMEM;
    assert_int_equal(audit_begin(&request->audit), ERR_NOMEM);
    audit_end(&request->audit, 500);
    assert_int_equal(outcome(d->db), -1);
}

/* A change elsewhere: the row is there before it is asked for. */
static void the_row_comes_before_the_question(void **state)
{
    struct database *d = *state;
    struct request *request = begin(d, 0);

    assert_int_equal(audit_begin(NULL), ERR_OK);
    assert_int_equal(audit_begin(&request->audit), ERR_OK);
    assert_int_equal(outcome(d->db), 0);
    assert_int_equal(audit_begin(&request->audit), ERR_OK);
    assert_int_equal(change(d->db, DB_WRITE, ERR_OK), ERR_OK);
    assert_int_equal(outcome(d->db), 0);
    audit_end(&request->audit, 502);
    assert_int_equal(outcome(d->db), 502);
    /* Something of ours was changed first. */
    request = begin(d, 0);
    assert_int_equal(change(d->db, DB_WRITE, ERR_OK), ERR_OK);
    assert_int_equal(outcome(d->db), 200);
    assert_int_equal(audit_begin(&request->audit), ERR_OK);
    assert_int_equal(outcome(d->db), 0);
    audit_end(&request->audit, 200);
    assert_int_equal(outcome(d->db), 200);
}

/* What was refused elsewhere leaves no row, unless something was changed before. */
static void a_refusal_is_withdrawn(void **state)
{
    struct database *d = *state;
    struct request *request = begin(d, 0);
    int64_t count = number(d->db, sql_count);

    audit_withdraw(NULL);
    assert_true(audit_is_told(NULL));
    assert_false(audit_is_told(&request->audit));
    audit_withdraw(&request->audit); /* there is nothing yet */
    assert_int_equal(audit_begin(&request->audit), ERR_OK);
    assert_true(audit_is_told(&request->audit));
    audit_withdraw(&request->audit);
    assert_false(audit_is_told(&request->audit));
    assert_int_equal(number(d->db, sql_count), count);
    /* Another try changes something. */
    assert_int_equal(audit_begin(&request->audit), ERR_OK);
    audit_end(&request->audit, 200);
    assert_int_equal(number(d->db, sql_count), count + 1);
    assert_int_equal(outcome(d->db), 200);
    request = begin(d, 0);
    assert_int_equal(change(d->db, DB_WRITE, ERR_OK), ERR_OK);
    assert_true(audit_is_told(&request->audit));
    audit_end(&request->audit, 200);
}

/* Rows that are too old go when another comes, not all at once, and none while rows are kept for ever. */
static void old_rows_go(void **state)
{
    enum { OLD = AUDIT_SWEEP_MAX + 20 };
    static const struct {
        int64_t keep_ms;
        int left[2];
    } keeps[] = {
        {0, {OLD + 2, OLD + 3}},
        {60000, {OLD - AUDIT_SWEEP_MAX + 2, 3}},
    };
    struct database *d = *state;

    for (size_t i = 0; i < sizeof keeps / sizeof keeps[0]; i++) {
        int64_t now = clock_now_ms();

        struct request *request = begin(d, keeps[i].keep_ms);

        add_row(d->db, now - 30000, ADMIN, ROOM, ROUTE);
        for (int k = 0; k < OLD; k++)
            add_row(d->db, now - 90000 - k, ADMIN, ROOM, ROUTE);
        for (int k = 0; k < 2; k++) {
            audit_arm(&request->audit);
            assert_int_equal(change(d->db, DB_WRITE, ERR_OK), ERR_OK);
            audit_end(&request->audit, 200);
            assert_int_equal(number(d->db, sql_count), keeps[i].left[k]);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, database_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_what_fits),
        TEST(every_list_goes_through_an_index),
        TEST(an_error_ends_the_list),
        TEST(a_change_leaves_a_row),
        TEST(what_changes_nothing_leaves_none),
        TEST(the_answer_has_the_last_word),
        TEST(several_transactions_have_one_end),
        TEST(a_row_that_cannot_be_written_prevents_the_change),
        TEST(the_row_comes_before_the_question),
        TEST(a_refusal_is_withdrawn),
        TEST(old_rows_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
