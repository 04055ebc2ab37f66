/* SPDX-License-Identifier: ISC */
/* Jobs and those who do them: runners, and requests that wait. */
#include "alloc.h"
#include "job_play.h"

#include "base/clock.h"
#include "store/presence.h"

static void a_runner_does_what_is_due(void **state)
{
    struct world *w = *state;
    const char *id;

    assert_true(turn(w) > 0);
    id = start(w, JOB_DEACTIVATE, "user01");
    assert_int_equal(find(w, id).status, JOB_SCHEDULED);
    assert_int_equal(turn(w), 0);
    assert_int_equal(find(w, id).status, JOB_COMPLETE);
    assert_true(find(w, id).done == 1 && find(w, id).total == 1);
    assert_int_equal(play.calls, 1);
    assert_true(turn(w) > 0);
    assert_int_equal(play.calls, 1);
}

static void what_is_for_later_waits(void **state)
{
    const struct job_request request = {
        .kind = JOB_DEACTIVATE, .target = "user01", .due_ts = clock_now_ms() + 30000};
    struct world *w = *state;
    char id[JOBS_ID_SIZE];
    int64_t pause_ms;

    assert_int_equal(jobs_start(&w->hs, &request, id), ERR_OK);
    pause_ms = turn(w);
    assert_true(pause_ms > 0 && pause_ms <= 30000);
    assert_int_equal(play.calls, 0);
    run(w->d->db, "UPDATE mxadmin_jobs SET due_ts = 1");
    assert_int_equal(turn(w), 0);
    assert_int_equal(find(w, id).status, JOB_COMPLETE);
}

/* An error that passes is waited out, longer and longer; any other fails the job. */
static void what_passes_is_tried_again(void **state)
{
    static const int64_t waits[] = {1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000};
    struct world *w = *state;
    const char *id = start(w, JOB_DEACTIVATE, "user01");
    int64_t before;
    struct job job;

    play.err = ERR_UNREACHABLE;
    play.reason = "it is down";
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        before = clock_now_ms();
        assert_int_equal(turn(w), 0);
        job = find(w, id);
        assert_int_equal(job.status, JOB_SCHEDULED);
        assert_int_equal(job.failure, ERR_UNREACHABLE);
        assert_string_equal(job.error, "it is down");
        assert_int_equal(job.attempts, i + 1);
        assert_true(job.due_ts >= before + waits[i] && job.due_ts <= clock_now_ms() + waits[i]);
        assert_true(turn(w) > 0);
        run(w->d->db, "UPDATE mxadmin_jobs SET due_ts = 1");
    }
    play.err = ERR_OK;
    assert_int_equal(turn(w), 0);
    job = find(w, id);
    assert_int_equal(job.status, JOB_COMPLETE);
    assert_int_equal(job.failure, ERR_OK);
    assert_null(job.error);
    assert_int_equal(job.attempts, 0);
}

static void other_errors_fail_a_job(void **state)
{
    static const struct {
        enum err err;
        const char *reason, *error;
        int attempts;
    } rows[] = {
        {ERR_DENIED, "not you", "not you", 1},
        {ERR_NOT_FOUND, NULL, "not found", 1},
        {ERR_GATEWAY, "what?", "what?", 5},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *id = start(w, JOB_DEACTIVATE, "user01");
        struct job job;

        play.err = rows[i].err;
        play.reason = rows[i].reason;
        play.calls = 0;
        for (int n = 0; n < rows[i].attempts; n++) {
            assert_false(job_has_ended(&(struct job){.status = find(w, id).status}));
            run(w->d->db, "UPDATE mxadmin_jobs SET due_ts = 1");
            assert_int_equal(turn(w), 0);
        }
        job = find(w, id);
        assert_int_equal(job.status, JOB_FAILED);
        assert_int_equal(job.failure, rows[i].err);
        assert_string_equal(job.error, rows[i].error);
        assert_int_equal(play.calls, rows[i].attempts);
    }
}

static void an_unknown_kind_fails(void **state)
{
    struct world *w = *state;
    const char *id = start(w, "unknown", "");

    assert_int_equal(turn(w), 0);
    assert_int_equal(find(w, id).status, JOB_FAILED);
    assert_non_null(strstr(find(w, id).error, "no such job"));
}

/* Without a runner, who waits does it. */
static void who_waits_does_it(void **state)
{
    struct world *w = *state;
    const char *id = start(w, JOB_DEACTIVATE, "user01");
    struct job job;

    assert_int_equal(jobs_wait(&w->hs, id, w->d->arena, &job), ERR_OK);
    assert_int_equal(job.status, JOB_COMPLETE);
    assert_int_equal(play.calls, 1);
    assert_int_equal(presence_number(w->hs.presence), 0);
    assert_int_equal(jobs_wait(&w->hs, id, w->d->arena, &job), ERR_OK);
    assert_int_equal(play.calls, 1);
    assert_int_equal(jobs_wait(&w->hs, "none", w->d->arena, &job), ERR_NOT_FOUND);
}

static void who_does_not_wait_is_told_how_far_it_is(void **state)
{
    struct world *w = *state;
    const char *id = start(w, JOB_DEACTIVATE, "user01");
    struct job job;

    w->config.homeserver.wait = 0;
    assert_int_equal(jobs_wait(&w->hs, id, w->d->arena, &job), ERR_OK);
    assert_int_equal(job.status, JOB_SCHEDULED);
    assert_int_equal(play.calls, 0);
}

static void who_waits_is_told_of_errors(void **state)
{
    static const struct {
        enum err err;
        const char *reason, *told; /* NULL: nothing */
    } rows[] = {
        {ERR_DENIED, "not you", "not you"},
        {ERR_NOT_FOUND, NULL, NULL},
        {ERR_UNREACHABLE, "it is down", "is tried again later: it is down"},
        {ERR_GATEWAY, NULL, "is tried again later: "},
    };
    struct world *w = *state;
    struct job job;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct job_request request = {.kind = JOB_DEACTIVATE, .target = "user01"};

        play.err = rows[i].err;
        play.reason = rows[i].reason;
        w->hs.reason = NULL;
        assert_int_equal(jobs_run(&w->hs, &request, w->d->arena, &job), rows[i].err);
        if (rows[i].told)
            assert_non_null(strstr(w->hs.reason, rows[i].told));
        else
            assert_null(w->hs.reason);
    }
    /* Asked again, what waits is tried again at once. */
    play.err = ERR_OK;
    assert_int_equal(jobs_wait(&w->hs, start(w, JOB_DEACTIVATE, "user02"), w->d->arena, &job), ERR_OK);
    assert_int_equal(jobs_deactivate(&w->hs, "user01"), ERR_OK);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs WHERE status = 'complete'"), 2);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs WHERE finished_ts = 0"), 0);
}

static void what_is_done_here_is_done_by_who_asks(void **state)
{
    static const struct actor actor = {.localpart = "admin", .token = "token", .address = ""};
    struct world *w = *state;
    const char *id;

    w->hs.actor = &actor;
    assert_int_equal(jobs_deactivate(&w->hs, "user01"), ERR_OK);
    assert_ptr_equal(play.actor, &actor);
    assert_string_equal(text(w, "SELECT actor FROM mxadmin_jobs"), "@admin:" SERVER);
    id = start(w, JOB_DEACTIVATE, "user02");
    w->hs.actor = NULL;
    assert_int_equal(turn(w), 0);
    assert_null(play.actor);
    assert_string_equal(find(w, id).actor, "@admin:" SERVER);
}

/* A runner in a process of its own, in the middle of a batch. */
static int be_runner(const struct database *d, const struct partner *p)
{
    const struct config config = {.server_name = (char *)(uintptr_t)SERVER};
    struct homeserver hs = {0};
    struct db *db = NULL;
    int64_t pause_ms;

    if (db_open(&db, d->path) || homeserver_open(&hs, &config, db, NULL))
        return 1;
    hs.acts = &acts;
    play.partner = *p;
    return jobs_turn(&hs, true, &pause_ms) ? 1 : 0;
}

/* Starts it, and waits until it is in the batch. The homeserver's presence was not used before. */
static struct partner start_runner(struct world *w)
{
    struct partner p;

    db_close(&w->d->db);
    p = partner_start(be_runner, w->d);
    partner_wait(&p);
    assert_int_equal(db_open(&w->d->db, w->d->path), ERR_OK);
    w->hs.db = w->d->db;
    return p;
}

static void what_the_living_do_is_theirs(void **state)
{
    struct world *w = *state;
    const char *id = start(w, JOB_DEACTIVATE, "user01");
    struct partner p = start_runner(w);

    assert_true(turn(w) > 0);
    assert_int_equal(find(w, id).status, JOB_ACTIVE);
    assert_int_equal(play.calls, 0);
    partner_tell(&p);
    assert_int_equal(partner_end(&p), 0);
    assert_int_equal(find(w, id).status, JOB_COMPLETE);
}

static void what_the_dead_did_is_taken_over_at_once(void **state)
{
    struct world *w = *state;
    const char *id = start(w, JOB_DEACTIVATE, "user01");
    struct partner p = start_runner(w);

    assert_true(turn(w) > 0);
    assert_int_equal(kill(p.pid, SIGKILL), 0);
    assert_int_equal(partner_end(&p), -1);
    assert_int_equal(turn(w), 0);
    assert_int_equal(find(w, id).status, JOB_COMPLETE);
    assert_int_equal(play.calls, 1);
}

/* Who waits while a runner lives leaves it to that; when it dies, not. */
static void who_waits_leaves_it_to_a_runner(void **state)
{
    struct world *w = *state;
    const char *id = start(w, JOB_DEACTIVATE, "user01"), *other;
    struct partner p = start_runner(w);
    struct job job;

    other = start(w, JOB_DEACTIVATE, "user02");
    w->config.homeserver.wait = 1;
    assert_int_equal(jobs_wait(&w->hs, other, w->d->arena, &job), ERR_OK);
    assert_int_equal(job.status, JOB_SCHEDULED);
    assert_int_equal(play.calls, 0);
    assert_int_equal(kill(p.pid, SIGKILL), 0);
    assert_int_equal(partner_end(&p), -1);
    w->config.homeserver.wait = 60;
    assert_int_equal(jobs_wait(&w->hs, id, w->d->arena, &job), ERR_OK);
    assert_int_equal(job.status, JOB_COMPLETE);
    assert_int_equal(jobs_wait(&w->hs, other, w->d->arena, &job), ERR_OK);
    assert_int_equal(job.status, JOB_COMPLETE);
}

/* Who asked for a deactivation is not told that it is done when it is not. */
static void what_is_not_done_in_time_is_said(void **state)
{
    struct world *w = *state;
    const char *id = start(w, JOB_DEACTIVATE, "user01");
    struct partner p = start_runner(w);

    w->config.homeserver.wait = 0;
    assert_int_equal(jobs_deactivate(&w->hs, "user01"), ERR_BUSY);
    assert_string_equal(w->hs.reason, arena_printf(w->d->arena, "Job %s goes on", id));
    assert_int_equal(jobs_stop(&w->hs, id), ERR_OK);
    partner_tell(&p);
    assert_int_equal(partner_end(&p), 0);
    assert_int_equal(find(w, id).status, JOB_COMPLETE); /* that was its last batch */
    w->config.homeserver.wait = 60;
    assert_int_equal(jobs_deactivate(&w->hs, "user01"), ERR_OK);
}

static void a_job_is_stopped(void **state)
{
    struct world *w = *state;
    const char *id = start(w, JOB_DEACTIVATE, "user01"), *other;
    struct partner p;

    assert_int_equal(jobs_stop(&w->hs, "none"), ERR_NOT_FOUND);
    assert_int_equal(jobs_stop(&w->hs, id), ERR_OK);
    assert_int_equal(find(w, id).status, JOB_CANCELLED);
    assert_true(turn(w) > 0);
    presence_leave(w->hs.presence);
    /* One that is running ends after its batch, also when its process dies. */
    other = start(w, JOB_DEACTIVATE, "user02");
    p = start_runner(w);
    assert_int_equal(jobs_stop(&w->hs, other), ERR_OK);
    assert_int_equal(find(w, other).status, JOB_ACTIVE);
    assert_true(find(w, other).cancelling);
    assert_int_equal(kill(p.pid, SIGKILL), 0);
    assert_int_equal(partner_end(&p), -1);
    assert_int_equal(jobs_stop(&w->hs, other), ERR_OK);
    assert_int_equal(find(w, other).status, JOB_CANCELLED);
    assert_int_equal(play.calls, 0);
}

static void old_jobs_are_forgotten_when_nothing_is_due(void **state)
{
    struct world *w = *state;

    start(w, JOB_DEACTIVATE, "user01");
    start(w, JOB_DEACTIVATE, "user02");
    assert_int_equal(turn(w), 0);
    assert_int_equal(turn(w), 0);
    assert_true(turn(w) > 0);
    run(w->d->db, "UPDATE mxadmin_jobs SET finished_ts = 1 WHERE target = 'user01'");
    assert_int_equal(turn(w), 0);
    assert_true(turn(w) > 0);
    assert_string_equal(text(w, "SELECT target FROM mxadmin_jobs"), "user02");
    /* Or by who starts another. */
    run(w->d->db, "UPDATE mxadmin_jobs SET finished_ts = 1");
    start(w, JOB_DEACTIVATE, "user03");
    assert_string_equal(text(w, "SELECT target FROM mxadmin_jobs"), "user03");
}

/* Wherever memory ends, what is asked for again is done, and nothing is left of the first. */
static void memory_may_end_anywhere(void **state)
{
    struct world *w = *state;
    int failures = 0;
    bool failed = true;

    for (int n = 1; failed; n += 1 + n / 16) {
        enum err e;

        alloc_fail(n);
        e = jobs_deactivate(&w->hs, "user01");
        failed = alloc_failed();
        failures += e != ERR_OK;
        if (e)
            assert_int_equal(jobs_deactivate(&w->hs, "user01"), ERR_OK);
        assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs WHERE finished_ts = 0"), 0);
        assert_int_equal(presence_number(w->hs.presence), 0);
    }
    assert_true(failures > 10);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_runner_does_what_is_due),
        TEST(what_is_for_later_waits),
        TEST(what_passes_is_tried_again),
        TEST(other_errors_fail_a_job),
        TEST(an_unknown_kind_fails),
        TEST(who_waits_does_it),
        TEST(who_does_not_wait_is_told_how_far_it_is),
        TEST(who_waits_is_told_of_errors),
        TEST(what_is_done_here_is_done_by_who_asks),
        TEST(what_the_living_do_is_theirs),
        TEST(what_the_dead_did_is_taken_over_at_once),
        TEST(who_waits_leaves_it_to_a_runner),
        TEST(what_is_not_done_in_time_is_said),
        TEST(a_job_is_stopped),
        TEST(old_jobs_are_forgotten_when_nothing_is_due),
        TEST(memory_may_end_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
