/* SPDX-License-Identifier: ISC */
#include "database.h"

#include "base/log.h"
#include "store/presence.h"

static struct presence *presence_of(const struct database *d)
{
    struct presence *presence = NULL;

    assert_int_equal(presence_open(&presence, d->db), ERR_OK);
    return presence;
}

/* Another process, which takes a number and goes on when it is told to. */
static int be_present(const struct database *d, const struct partner *p, enum presence_role role)
{
    struct presence *presence = NULL;
    struct db *db = NULL;

    if (db_open(&db, d->path) || presence_open(&presence, db) || presence_enter(presence, role))
        return 1;
    partner_tell(p);
    partner_wait(p);
    return 0;
}

static int be_runner(const struct database *d, const struct partner *p)
{
    return be_present(d, p, PRESENCE_RUNNER);
}

static int be_request(const struct database *d, const struct partner *p)
{
    return be_present(d, p, PRESENCE_REQUEST);
}

/* Starts the other process; its connection and ours begin after the fork. */
static struct partner start(struct database *d, int (*act)(const struct database *d, const struct partner *p))
{
    struct partner p;

    db_close(&d->db);
    p = partner_start(act, d);
    partner_wait(&p);
    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    return p;
}

static void everybody_has_a_number(void **state)
{
    struct database *d = *state;
    struct partner p = start(d, be_runner);
    struct presence *presence = presence_of(d);

    assert_int_equal(presence_number(presence), 0);
    assert_int_equal(presence_enter(presence, PRESENCE_RUNNER), ERR_OK);
    assert_int_equal(presence_number(presence), 2);
    assert_int_equal(presence_enter(presence, PRESENCE_RUNNER), ERR_OK);
    assert_int_equal(presence_number(presence), 2);
    partner_tell(&p);
    assert_int_equal(partner_end(&p), 0);
    presence_leave(presence);
    assert_int_equal(presence_number(presence), 0);
    assert_int_equal(presence_enter(presence, PRESENCE_RUNNER), ERR_OK);
    assert_int_equal(presence_number(presence), 1);
    presence_close(&presence);
    presence_close(&presence);
}

static void runners_and_requests_are_told_apart(void **state)
{
    struct database *d = *state;
    struct partner p = start(d, be_request);
    struct presence *presence = presence_of(d);
    bool any = true;

    assert_int_equal(presence_any_runner(presence, &any), ERR_OK);
    assert_false(any);
    assert_int_equal(presence_enter(presence, PRESENCE_RUNNER), ERR_OK);
    assert_int_equal(presence_any_runner(presence, &any), ERR_OK);
    assert_false(any); /* another, that is */
    presence_close(&presence);
    partner_tell(&p);
    assert_int_equal(partner_end(&p), 0);

    p = start(d, be_runner);
    presence = presence_of(d);
    assert_int_equal(presence_any_runner(presence, &any), ERR_OK);
    assert_true(any);
    assert_int_equal(kill(p.pid, SIGKILL), 0);
    assert_int_equal(partner_end(&p), -1);
    assert_int_equal(presence_any_runner(presence, &any), ERR_OK);
    assert_false(any);
    presence_close(&presence);
}

/* The number of a process that lives cannot be held; that of one that was killed, at once. */
static void the_dead_are_known(void **state)
{
    struct database *d = *state;
    struct partner p = start(d, be_runner);
    struct presence *presence = presence_of(d);
    bool held = true;

    assert_int_equal(presence_hold(presence, 1, &held), ERR_OK);
    assert_false(held);
    assert_int_equal(kill(p.pid, SIGKILL), 0);
    assert_int_equal(partner_end(&p), -1);
    assert_int_equal(presence_hold(presence, 1, &held), ERR_OK);
    assert_true(held);
    db_close(&d->db);
    /* A process that comes now takes another number. */
    p = partner_start(be_runner, d);
    partner_wait(&p);
    presence_release(presence, 1);
    assert_int_equal(presence_hold(presence, 2, &held), ERR_OK);
    assert_false(held);
    partner_tell(&p);
    assert_int_equal(partner_end(&p), 0);
    /* Our own is ours, and stays so. */
    assert_int_equal(presence_enter(presence, PRESENCE_RUNNER), ERR_OK);
    assert_int_equal(presence_hold(presence, 1, &held), ERR_OK);
    assert_true(held);
    presence_release(presence, 1);
    p = partner_start(be_runner, d);
    partner_wait(&p);
    assert_int_equal(presence_hold(presence, 2, &held), ERR_OK);
    assert_false(held);
    partner_tell(&p);
    assert_int_equal(partner_end(&p), 0);
    presence_close(&presence);
}

static bool rings(struct presence *presence)
{
    fd_set set;
    int bell = presence_bell(presence);

    assert_true(bell >= 0);
    FD_ZERO(&set);
    FD_SET(bell, &set);
    return select(bell + 1, &set, NULL, NULL, &(struct timeval){0}) == 1;
}

static void the_bell_is_heard(void **state)
{
    struct database *d = *state;
    struct presence *presence = presence_of(d);

    assert_false(rings(presence));
    presence_ring(presence);
    presence_ring(presence);
    assert_true(rings(presence));
    presence_heard(presence);
    assert_false(rings(presence));
    presence_close(&presence);
}

static void the_end_of_a_process_is_heard(void **state)
{
    struct database *d = *state;
    struct partner p = start(d, be_runner);
    struct presence *presence = presence_of(d);

    assert_false(rings(presence));
    assert_int_equal(kill(p.pid, SIGKILL), 0);
    assert_int_equal(partner_end(&p), -1);
    assert_true(rings(presence));
    presence_close(&presence);
}

static void without_the_file_nothing_works(void **state)
{
    struct database *d = *state;
    struct presence *presence = presence_of(d);
    bool answer = true;

    log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
    shell("mkdir %s.jobs", d->path);
    assert_int_equal(presence_enter(presence, PRESENCE_RUNNER), ERR_IO);
    assert_int_equal(presence_any_runner(presence, &answer), ERR_IO);
    assert_false(answer);
    assert_int_equal(presence_hold(presence, 1, &answer), ERR_IO);
    assert_false(answer);
    assert_int_equal(presence_bell(presence), -1);
    presence_ring(presence);
    presence_close(&presence);
}

static void the_file_is_for_its_owner(void **state)
{
    struct database *d = *state;
    struct presence *presence = presence_of(d);
    struct stat status;
    char path[128];

    snprintf(path, sizeof path, "%s.jobs", d->path);
    assert_int_equal(stat(path, &status), -1); /* who does nothing, opens nothing */
    assert_int_equal(presence_enter(presence, PRESENCE_REQUEST), ERR_OK);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    presence_close(&presence);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, database_new, database_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(everybody_has_a_number),
        FRESH(runners_and_requests_are_told_apart),
        FRESH(the_dead_are_known),
        FRESH(the_bell_is_heard),
        FRESH(the_end_of_a_process_is_heard),
        FRESH(without_the_file_nothing_works),
        FRESH(the_file_is_for_its_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
