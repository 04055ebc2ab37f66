/* SPDX-License-Identifier: ISC */
#include "database.h"

#include "store/jobs.h"

#define NOW ((int64_t)1700000000000)

/* Adds a job, each later than the one before; its id lives in the test's arena. */
static const char *insert(struct database *d, const char *kind, const char *target, int64_t due_ts)
{
    const struct job new = {.kind = kind, .target = target, .parameters = "{}", .due_ts = due_ts};
    int64_t before = number(d->db, "SELECT COUNT(*) FROM mxadmin_jobs");
    char id[JOBS_ID_SIZE];

    assert_int_equal(jobs_insert(d->db, &new, NOW + before, id), ERR_OK);
    return arena_strdup(d->arena, id);
}

static struct job find(struct database *d, const char *id)
{
    struct job job;

    assert_int_equal(jobs_find(d->db, id, d->arena, &job), ERR_OK);
    return job;
}

/* Claims the next job and gives it back; its target. */
static const char *take_turn(struct database *d, bool new_first)
{
    struct job job;

    assert_int_equal(jobs_claim_next(d->db, 1, new_first, NOW, d->arena, &job), ERR_OK);
    assert_int_equal(jobs_give_back(d->db, &job, 1, NOW), ERR_OK);
    return job.target;
}

static void a_new_job_is_scheduled(void **state)
{
    const struct job new = {.kind = "evacuate_room",
                            .target = "!r:" SERVER,
                            .parameters = "{\"a\":1}",
                            .actor = "@admin:" SERVER,
                            .due_ts = NOW + 5};
    struct database *d = *state;
    char id[JOBS_ID_SIZE];
    struct job job;

    assert_int_equal(jobs_insert(d->db, &new, NOW, id), ERR_OK);
    assert_int_equal(strlen(id), 16);
    job = find(d, id);
    assert_string_equal(job.id, id);
    assert_string_equal(job.kind, new.kind);
    assert_string_equal(job.target, new.target);
    assert_string_equal(job.parameters, new.parameters);
    assert_string_equal(job.actor, new.actor);
    assert_int_equal(job.status, JOB_SCHEDULED);
    assert_string_equal(job.cursor, "");
    assert_null(job.result);
    assert_null(job.error);
    assert_false(job.cancelling);
    assert_true(job.created_ts == NOW && job.due_ts == NOW + 5);
    assert_true(job.started_ts == 0 && job.heartbeat_ts == 0 && job.finished_ts == 0);
    assert_int_equal(jobs_find(d->db, "0123456789abcdef", d->arena, &job), ERR_NOT_FOUND);
}

static void there_is_one_of_a_kind_a_target(void **state)
{
    struct database *d = *state;
    const char *id = insert(d, "a", "x", NOW);
    struct job job, new = {.kind = "a", .target = "x", .parameters = "{}", .due_ts = NOW};
    char other[JOBS_ID_SIZE];

    insert(d, "a", "y", NOW);
    insert(d, "b", "x", NOW);
    assert_int_equal(jobs_insert(d->db, &new, NOW, other), ERR_EXISTS);
    assert_string_equal(other, id);
    assert_int_equal(jobs_claim(d->db, id, 1, NOW, d->arena, &job), ERR_OK);
    assert_int_equal(jobs_insert(d->db, &new, NOW, other), ERR_EXISTS);
    job.status = JOB_COMPLETE;
    assert_int_equal(jobs_give_back(d->db, &job, 1, NOW), ERR_OK);
    assert_int_equal(jobs_insert(d->db, &new, NOW, other), ERR_OK);
    assert_string_not_equal(other, id);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM mxadmin_jobs"), 4);
}

/* What waits to be tried again, or for its time, is due when somebody asks for it sooner, and not later. */
static void asking_again_hurries(void **state)
{
    struct database *d = *state;
    const char *id = insert(d, "a", "x", NOW);
    struct job job, new = {.kind = "a", .target = "x", .parameters = "{}", .due_ts = NOW + 7};
    char other[JOBS_ID_SIZE];

    assert_int_equal(jobs_claim(d->db, id, 1, NOW, d->arena, &job), ERR_OK);
    job.status = JOB_SCHEDULED;
    job.failure = ERR_UNREACHABLE;
    job.error = "gone";
    job.due_ts = NOW + 9000;
    assert_int_equal(jobs_give_back(d->db, &job, 1, NOW), ERR_OK);
    assert_int_equal(find(d, id).failure, ERR_UNREACHABLE);
    assert_int_equal(jobs_insert(d->db, &new, NOW, other), ERR_EXISTS);
    assert_int_equal(find(d, id).failure, ERR_OK);
    assert_string_equal(find(d, id).error, "gone");
    assert_true(find(d, id).due_ts == NOW + 7);
    new.due_ts = NOW + 8;
    assert_int_equal(jobs_insert(d->db, &new, NOW, other), ERR_EXISTS);
    assert_true(find(d, id).due_ts == NOW + 7);
}

static void a_claim_is_of_one(void **state)
{
    struct database *d = *state;
    const char *id = insert(d, "a", "x", NOW);
    struct job job, other;

    assert_int_equal(jobs_claim(d->db, id, 1, NOW - 1, d->arena, &job), ERR_NOT_FOUND); /* not due */
    assert_int_equal(jobs_claim_next(d->db, 1, true, NOW - 1, d->arena, &job), ERR_NOT_FOUND);
    assert_int_equal(jobs_claim_next(d->db, 1, true, NOW + 3, d->arena, &job), ERR_OK);
    assert_string_equal(job.id, id);
    assert_int_equal(job.status, JOB_ACTIVE);
    assert_true(job.started_ts == NOW + 3 && job.heartbeat_ts == NOW + 3);
    assert_int_equal(jobs_claim_next(d->db, 2, true, NOW + 3, d->arena, &other), ERR_NOT_FOUND);
    assert_int_equal(jobs_claim(d->db, id, 2, NOW + 3, d->arena, &other), ERR_NOT_FOUND);
    assert_int_equal(jobs_claim(d->db, id, 1, NOW + 3, d->arena, &other), ERR_NOT_FOUND);
    job.done = 3;
    job.total = 9;
    job.cursor = "three";
    other = job;
    assert_int_equal(jobs_give_back(d->db, &other, 2, NOW + 4), ERR_NOT_FOUND);
    assert_int_equal(jobs_give_back(d->db, &job, 1, NOW + 4), ERR_OK);
    assert_int_equal(job.status, JOB_ACTIVE);
    assert_int_equal(jobs_claim(d->db, id, 2, NOW + 5, d->arena, &other), ERR_OK);
    assert_true(other.done == 3 && other.total == 9);
    assert_string_equal(other.cursor, "three");
    assert_true(other.started_ts == NOW + 3 && other.heartbeat_ts == NOW + 5);
    other.status = JOB_COMPLETE;
    other.result = "{\"n\":1}";
    assert_int_equal(jobs_give_back(d->db, &other, 2, NOW + 6), ERR_OK);
    job = find(d, id);
    assert_int_equal(job.status, JOB_COMPLETE);
    assert_string_equal(job.result, "{\"n\":1}");
    assert_true(job.finished_ts == NOW + 6);
    assert_int_equal(jobs_claim(d->db, id, 2, NOW + 7, d->arena, &job), ERR_NOT_FOUND);
}

/* One job is claimed by one of many who ask at the same moment. */
static int claim_one(const struct database *d, int i)
{
    struct arena *arena = arena_new();
    struct db *db = NULL;
    struct job job;
    enum err e = arena ? db_open(&db, d->path) : ERR_NOMEM;

    if (!e)
        e = db_begin(db, DB_WRITE);
    if (!e)
        e = db_end(db, jobs_claim_next(db, i + 1, true, NOW, arena, &job));
    return (int)e;
}

static void of_many_who_claim_one_has_it(void **state)
{
    struct database *d = *state;
    int results[8];

    insert(d, "a", "x", NOW);
    insert(d, "a", "y", NOW);
    at_once(8, claim_one, d, results);
    assert_int_equal(count_of(results, 8, ERR_OK), 2);
    assert_int_equal(count_of(results, 8, ERR_NOT_FOUND), 6);
}

static void jobs_take_turns(void **state)
{
    struct database *d = *state;

    insert(d, "a", "1", 0);
    insert(d, "a", "2", 0);
    assert_string_equal(take_turn(d, true), "1");
    assert_string_equal(take_turn(d, true), "2");
    assert_string_equal(take_turn(d, true), "1");
    /* A new one comes before the others, or after them. */
    insert(d, "a", "3", 0);
    assert_string_equal(take_turn(d, true), "3");
    insert(d, "a", "4", 0);
    assert_string_equal(take_turn(d, false), "2");
    assert_string_equal(take_turn(d, false), "1");
    assert_string_equal(take_turn(d, false), "3");
    assert_string_equal(take_turn(d, true), "4");
    assert_string_equal(take_turn(d, true), "2");
    /* What is not due keeps nobody waiting, and with nobody else there also a new one comes. */
    run(d->db, "UPDATE mxadmin_jobs SET due_ts = 1700000000001 WHERE target <> '3'");
    assert_string_equal(take_turn(d, true), "3");
    assert_string_equal(take_turn(d, true), "3");
    run(d->db, "UPDATE mxadmin_jobs SET turn = 0 WHERE target = '3'");
    assert_string_equal(take_turn(d, false), "3");
}

static void a_job_is_cancelled(void **state)
{
    struct database *d = *state;
    const char *waits = insert(d, "a", "1", 0), *runs = insert(d, "a", "2", 0);
    const char *ends = insert(d, "a", "3", 0);
    struct job job, last;

    assert_int_equal(jobs_cancel(d->db, "none", NOW), ERR_NOT_FOUND);
    assert_int_equal(jobs_cancel(d->db, waits, NOW + 1), ERR_OK);
    assert_int_equal(find(d, waits).status, JOB_CANCELLED);
    assert_true(find(d, waits).finished_ts == NOW + 1);
    assert_int_equal(jobs_cancel(d->db, waits, NOW + 2), ERR_OK);
    assert_true(find(d, waits).finished_ts == NOW + 1);

    assert_int_equal(jobs_claim(d->db, runs, 1, NOW, d->arena, &job), ERR_OK);
    assert_int_equal(jobs_cancel(d->db, runs, NOW), ERR_OK);
    assert_int_equal(find(d, runs).status, JOB_ACTIVE);
    assert_true(find(d, runs).cancelling);
    assert_int_equal(jobs_cancel(d->db, runs, NOW), ERR_OK);
    assert_int_equal(jobs_give_back(d->db, &job, 1, NOW + 3), ERR_OK);
    assert_int_equal(job.status, JOB_CANCELLED);
    assert_true(find(d, runs).finished_ts == NOW + 3);

    /* Whose last batch was running has done it all. */
    assert_int_equal(jobs_claim(d->db, ends, 1, NOW, d->arena, &last), ERR_OK);
    assert_int_equal(jobs_cancel(d->db, ends, NOW), ERR_OK);
    last.status = JOB_COMPLETE;
    assert_int_equal(jobs_give_back(d->db, &last, 1, NOW), ERR_OK);
    assert_int_equal(find(d, ends).status, JOB_COMPLETE);
    assert_int_equal(jobs_cancel(d->db, ends, NOW), ERR_INVALID);
}

static void what_a_dead_holder_had_is_free(void **state)
{
    struct database *d = *state;
    const char *first = insert(d, "a", "1", 0), *second = insert(d, "a", "2", 0);
    const char *third = insert(d, "a", "3", 0);
    int64_t *holders, count = 0;
    struct job job;
    size_t held;

    assert_int_equal(jobs_holders(d->db, d->arena, &holders, &held), ERR_OK);
    assert_int_equal(held, 0);
    assert_int_equal(jobs_claim(d->db, first, 7, NOW, d->arena, &job), ERR_OK);
    assert_int_equal(jobs_claim(d->db, second, 7, NOW, d->arena, &job), ERR_OK);
    assert_int_equal(jobs_claim(d->db, third, 9, NOW, d->arena, &job), ERR_OK);
    assert_int_equal(jobs_cancel(d->db, second, NOW), ERR_OK);
    assert_int_equal(jobs_holders(d->db, d->arena, &holders, &held), ERR_OK);
    assert_int_equal(held, 2);
    assert_true(holders[0] + holders[1] == 16);
    assert_int_equal(jobs_disown(d->db, 7, NOW + 1, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(find(d, first).status, JOB_ACTIVE);
    assert_int_equal(find(d, second).status, JOB_CANCELLED);
    assert_true(find(d, second).finished_ts == NOW + 1);
    assert_int_equal(jobs_claim(d->db, first, 9, NOW, d->arena, &job), ERR_OK);
    assert_int_equal(jobs_claim(d->db, third, 7, NOW, d->arena, &job), ERR_NOT_FOUND);
}

static void the_next_is_known(void **state)
{
    struct database *d = *state;
    const char *id = insert(d, "a", "1", NOW + 50);
    int64_t due = 0;
    struct job job;

    insert(d, "a", "2", NOW + 60);
    assert_int_equal(jobs_next_due(d->db, &due), ERR_OK);
    assert_true(due == NOW + 50);
    assert_int_equal(jobs_claim(d->db, id, 1, NOW + 50, d->arena, &job), ERR_OK);
    assert_int_equal(jobs_next_due(d->db, &due), ERR_OK);
    assert_true(due == NOW + 60);
    run(d->db, "DELETE FROM mxadmin_jobs");
    assert_int_equal(jobs_next_due(d->db, &due), ERR_NOT_FOUND);
}

static void what_has_ended_is_forgotten_after_a_week(void **state)
{
    struct database *d = *state;
    const char *old = insert(d, "a", "1", 0), *other = insert(d, "a", "2", 0), *id = NULL;

    insert(d, "a", "3", 0);
    assert_int_equal(job_items_add(d->db, old, "x"), ERR_OK);
    assert_int_equal(job_items_add(d->db, other, "x"), ERR_OK);
    assert_int_equal(jobs_cancel(d->db, old, NOW), ERR_OK);
    assert_int_equal(jobs_cancel(d->db, other, NOW + 1), ERR_OK);
    assert_int_equal(jobs_expired(d->db, NOW + JOBS_LIFETIME_MS - 1, d->arena, &id), ERR_NOT_FOUND);
    assert_int_equal(jobs_expired(d->db, NOW + JOBS_LIFETIME_MS, d->arena, &id), ERR_OK);
    assert_string_equal(id, old);
    assert_int_equal(jobs_forget(d->db, id), ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM mxadmin_jobs"), 2);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM mxadmin_job_items"), 1);
    assert_int_equal(jobs_expired(d->db, NOW + JOBS_LIFETIME_MS, d->arena, &id), ERR_NOT_FOUND);
}

struct seen {
    char text[64];
    enum err stop;
};

static enum err see(const struct job *job, void *context)
{
    struct seen *seen = context;

    strcat(seen->text, job->target);
    return seen->stop;
}

static void lists_are_filtered_and_paged(void **state)
{
    static const struct {
        struct job_filter filter;
        int64_t count;
        const char *seen;
    } rows[] = {
        {{.limit = 9}, 4, "4321"},
        {{.from = 1, .limit = 2}, 4, "32"},
        {{.status = "cancelled", .limit = 9}, 1, "2"},
        {{.kind = "b", .limit = 9}, 2, "43"},
        {{.kind = "b", .target = "3", .limit = 9}, 1, "3"},
        {{.kind = "c", .limit = 9}, 0, ""},
        {{.status = "", .limit = 9}, 0, ""},
    };
    struct seen one = {.stop = ERR_DENIED};
    struct database *d = *state;

    for (int i = 0; i < 4; i++) {
        const struct job new = {
            .kind = i < 2 ? "a" : "b", .target = (const char *[]){"1", "2", "3", "4"}[i], .parameters = "{}"};
        char id[JOBS_ID_SIZE];

        assert_int_equal(jobs_insert(d->db, &new, NOW + i, id), ERR_OK);
    }
    run(d->db, "UPDATE mxadmin_jobs SET status = 'cancelled', finished_ts = 1 WHERE target = '2'");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen seen = {0};
        int64_t count = -1;

        assert_int_equal(jobs_list(d->db, &rows[i].filter, see, &seen), ERR_OK);
        assert_int_equal(jobs_count(d->db, &rows[i].filter, &count), ERR_OK);
        if (strcmp(seen.text, rows[i].seen) != 0 || count != rows[i].count)
            fail_msg("row %zu: %s, %lld", i, seen.text, (long long)count);
    }
    assert_int_equal(jobs_list(d->db, &rows[0].filter, see, &one), ERR_DENIED);
    assert_string_equal(one.text, "4");
}

static enum err see_item(const struct job_item *item, void *context)
{
    struct seen *seen = context;

    snprintf(seen->text + strlen(seen->text), sizeof seen->text - strlen(seen->text), "%s %s %s;", item->item,
             item->outcome, item->detail ? item->detail : "-");
    return ERR_OK;
}

static void items_wait_and_are_settled(void **state)
{
    static const char *const names[] = {"c", "a", "b", "a"};
    struct database *d = *state;
    const char *id = insert(d, "a", "1", 0), *other = insert(d, "a", "2", 0);
    struct job_item *items;
    struct seen seen = {0};
    size_t count;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(job_items_add(d->db, id, names[i]), ERR_OK);
    assert_int_equal(job_items_add(d->db, other, "a"), ERR_OK);
    assert_int_equal(job_items_waiting(d->db, id, 2, d->arena, &items, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_true(items[0].position == 1 && items[1].position == 2);
    assert_string_equal(items[0].item, "c");
    assert_string_equal(items[1].item, "a");
    assert_null(items[0].outcome);
    items[0].outcome = "affected";
    items[1].outcome = "failed";
    items[1].detail = "why";
    assert_int_equal(job_items_settle(d->db, id, &items[0]), ERR_OK);
    assert_int_equal(job_items_settle(d->db, id, &items[1]), ERR_OK);
    assert_int_equal(job_items_add(d->db, id, "a"), ERR_OK); /* is there, and settled */
    assert_int_equal(job_items_waiting(d->db, id, 9, d->arena, &items, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_string_equal(items[0].item, "b");
    assert_int_equal(job_items_list(d->db, id, see_item, &seen), ERR_OK);
    assert_string_equal(seen.text, "c affected -;a failed why;");
}

static void every_status_has_its_name(void **state)
{
    enum job_status status;

    (void)state;
    for (int i = 0; i < JOB_STATUS__MAX; i++) {
        const struct job job = {.status = (enum job_status)i};

        assert_true(job_status_find(job_status_name(job.status), &status));
        assert_int_equal(status, i);
        assert_int_equal(job_has_ended(&job), i != JOB_SCHEDULED && i != JOB_ACTIVE);
    }
    assert_false(job_status_find("done", &status));
    assert_false(job_status_find("", &status));
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, database_new, database_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(a_new_job_is_scheduled),
        FRESH(there_is_one_of_a_kind_a_target),
        FRESH(asking_again_hurries),
        FRESH(a_claim_is_of_one),
        FRESH(of_many_who_claim_one_has_it),
        FRESH(jobs_take_turns),
        FRESH(a_job_is_cancelled),
        FRESH(what_a_dead_holder_had_is_free),
        FRESH(the_next_is_known),
        FRESH(what_has_ended_is_forgotten_after_a_week),
        FRESH(lists_are_filtered_and_paged),
        FRESH(items_wait_and_are_settled),
        cmocka_unit_test(every_status_has_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
