/* SPDX-License-Identifier: ISC */
/* Sessions in which an admin acts as a user, and their end. */
#include "world.h"

#include "base/clock.h"
#include "homeserver/jobs.h"
#include "homeserver/puppets.h"
#include "store/devices.h"

static const struct actor admin = {.localpart = "admin", .token = "token", .address = ""};

static int begin(void **state)
{
    struct world *w;

    world_of_dendrite(state);
    w = *state;
    w->hs.actor = &admin;
    return 0;
}

static enum err owner_of(struct world *w, const char *token, struct token_owner *owner)
{
    return devices_find_token(w->d->db, token, SERVER, w->d->arena, owner);
}

static int64_t turn(struct world *w)
{
    int64_t pause_ms = 0;

    assert_int_equal(jobs_turn(&w->hs, true, &pause_ms), ERR_OK);
    return pause_ms;
}

static void one_for_ever_has_no_end(void **state)
{
    struct world *w = *state;
    struct token_owner owner;
    struct session session;

    assert_int_equal(puppets_begin(&w->hs, "user01", 0, w->d->arena, &session), ERR_OK);
    assert_string_equal(session.user_id, "@user01:" SERVER);
    assert_int_equal(owner_of(w, session.access_token, &owner), ERR_OK);
    assert_string_equal(owner.localpart, "user01");
    assert_true(owner.puppet && owner.valid_until_ts == 0);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs"), 0);
}

static void one_ends_when_it_is_to(void **state)
{
    int64_t end_ts = clock_now_ms() + 3600000;
    struct world *w = *state;
    struct token_owner owner;
    struct session session;

    assert_int_equal(puppets_begin(&w->hs, "user01", end_ts, w->d->arena, &session), ERR_OK);
    assert_true(turn(w) > 0);
    assert_int_equal(owner_of(w, session.access_token, &owner), ERR_OK);
    assert_true(owner.puppet && owner.valid_until_ts == end_ts);
    run(w->d->db, "UPDATE mxadmin_jobs SET due_ts = 1");
    assert_int_equal(turn(w), 0);
    assert_int_equal(owner_of(w, session.access_token, &owner), ERR_NOT_FOUND);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_puppets"), 0);
    assert_string_equal(text(w, "SELECT status FROM mxadmin_jobs"), "complete");
}

/* Who has ended it before leaves the job nothing to do. */
static void one_may_have_ended_before(void **state)
{
    struct world *w = *state;
    struct session session;

    assert_int_equal(puppets_begin(&w->hs, "user01", clock_now_ms() + 3600000, w->d->arena, &session),
                     ERR_OK);
    assert_int_equal(homeserver_end_session(&w->hs, "user01", session.device_id), ERR_OK);
    run(w->d->db, "UPDATE mxadmin_jobs SET due_ts = 1");
    assert_int_equal(turn(w), 0);
    assert_string_equal(text(w, "SELECT status FROM mxadmin_jobs"), "complete");
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_puppets"), 0);
}

/* What was planned for one that does not begin is taken back. */
static void one_that_fails_leaves_nothing(void **state)
{
    struct world *w = *state;
    struct session session;

    run(w->d->db, "UPDATE userapi_accounts SET is_deactivated = 1 WHERE localpart = 'user01'");
    assert_int_equal(puppets_begin(&w->hs, "user01", clock_now_ms() + 3600000, w->d->arena, &session),
                     ERR_DEACTIVATED);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_puppets"), 0);
    assert_string_equal(text(w, "SELECT status FROM mxadmin_jobs"), "cancelled");
}

static enum err rename_user(struct homeserver *hs, const char *localpart)
{
    return homeserver_change_account(hs, localpart, &(struct account_change){.display_name = "New"});
}

static enum err end_account(struct homeserver *hs, const char *localpart)
{
    return homeserver_change_account(hs, localpart, &(struct account_change){.active = CHOICE_NO});
}

/* Which acts on an admin end the sessions that the admin was given, and only those. */
static void they_end_with_those_of_the_admin(void **state)
{
    static const struct {
        enum err (*act)(struct homeserver *hs, const char *localpart);
        enum err found;
    } rows[] = {
        {rename_user, ERR_OK},
        {homeserver_end_sessions, ERR_NOT_FOUND},
        {end_account, ERR_NOT_FOUND},
        {homeserver_deactivate, ERR_NOT_FOUND},
    };
    const struct actor boss = {.localpart = "user02", .token = "token", .address = ""};
    struct world *w = *state;
    struct token_owner owner;
    struct session session, other;

    assert_int_equal(puppets_begin(&w->hs, "user01", 0, w->d->arena, &other), ERR_OK);
    w->hs.actor = &boss;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(puppets_begin(&w->hs, "user01", 0, w->d->arena, &session), ERR_OK);
        assert_int_equal(rows[i].act(&w->hs, "user02"), ERR_OK);
        assert_int_equal(owner_of(w, session.access_token, &owner), rows[i].found);
    }
    assert_int_equal(owner_of(w, other.access_token, &owner), ERR_OK);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_puppets"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_for_ever_has_no_end, begin, world_end),
        cmocka_unit_test_setup_teardown(one_ends_when_it_is_to, begin, world_end),
        cmocka_unit_test_setup_teardown(one_may_have_ended_before, begin, world_end),
        cmocka_unit_test_setup_teardown(one_that_fails_leaves_nothing, begin, world_end),
        cmocka_unit_test_setup_teardown(they_end_with_those_of_the_admin, begin, world_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
