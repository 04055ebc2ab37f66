/* SPDX-License-Identifier: ISC */
/* The room whose members leave one by one. */
#include "job_play.h"

#define LOBBY   "!VaNppTgZjfEEpSW9:" SERVER
#define STRICT  "!TA8PPQcZWhWAOXZX:" SERVER
#define MEMBERS 30 /* of the lobby */

/* Who left, in the order in which that is listed. */
static const char *affected(struct world *w, const char *id, const char *outcome)
{
    const char *all = "";
    struct id_list list;

    assert_int_equal(jobs_items(&w->hs, id, outcome, w->d->arena, &list), ERR_OK);
    for (size_t i = 0; i < list.count; i++)
        all = arena_printf(w->d->arena, "%s%s ", all, list.ids[i]);
    return all;
}

#define LEAVES_OF(room)                                                                                      \
    "SELECT COUNT(*) FROM syncapi_output_room_events WHERE room_id = '" room "'"                             \
    " AND type = 'm.room.member' AND json_extract(CAST(headered_event_json AS TEXT), "                       \
    "'$.content.membership') = 'leave'"

static void members_leave_in_the_order_of_their_joins(void **state)
{
    struct world *w = *state;
    struct id_list foreseen, left;
    int64_t before = number(w->d->db, LEAVES_OF(LOBBY));

    assert_int_equal(jobs_evacuate_room(&w->hs, "!none:" SERVER, false, w->d->arena, &left), ERR_NOT_FOUND);
    assert_int_equal(jobs_evacuate_room(&w->hs, LOBBY, true, w->d->arena, &foreseen), ERR_OK);
    assert_int_equal(foreseen.count, MEMBERS);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs"), 0);
    assert_int_equal(jobs_evacuate_room(&w->hs, LOBBY, false, w->d->arena, &left), ERR_OK);
    assert_null(left.job_id);
    assert_int_equal(left.count, MEMBERS);
    for (size_t i = 0; i < MEMBERS; i++)
        assert_string_equal(left.ids[i], foreseen.ids[i]);
    assert_int_equal(number(w->d->db, LEAVES_OF(LOBBY)), before + MEMBERS);
    assert_int_equal(number(w->d->db, "SELECT done = 30 AND total = 30 FROM mxadmin_jobs"), 1);
    assert_int_equal(jobs_evacuate_room(&w->hs, LOBBY, false, w->d->arena, &left), ERR_OK);
    assert_int_equal(left.count, 0);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs"), 1);
}

/* The answer to one leave is lost, and what the batch had done is not written down. */
static void nobody_leaves_twice(void **state)
{
    struct world *w = *state;
    const char *id = start(w, JOB_EVACUATE_ROOM, LOBBY);
    int64_t before = number(w->d->db, LEAVES_OF(LOBBY));

    play.good = 7;
    play.err = ERR_UNREACHABLE;
    assert_int_equal(turn(w), 0);
    assert_int_equal(find(w, id).status, JOB_SCHEDULED);
    assert_int_equal(find(w, id).done, 7);
    assert_int_equal(number(w->d->db, LEAVES_OF(LOBBY)), before + 8);
    run(w->d->db, "UPDATE mxadmin_job_items SET outcome = NULL");
    run(w->d->db, "UPDATE mxadmin_jobs SET due_ts = 0, cursor = '', done = 0");
    play.err = ERR_OK;
    while (find(w, id).status != JOB_COMPLETE)
        turn(w);
    assert_int_equal(number(w->d->db, LEAVES_OF(LOBBY)), before + MEMBERS);
    assert_int_equal(find(w, id).done, MEMBERS);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_job_items WHERE outcome = 'affected'"),
                     MEMBERS);
}

static void who_cannot_leave_stays(void **state)
{
    struct world *w = *state;
    const char *id = start(w, JOB_EVACUATE_ROOM, STRICT);

    play.good = 1;
    play.err = ERR_DENIED;
    play.reason = "no";
    while (find(w, id).status != JOB_COMPLETE)
        turn(w);
    assert_string_equal(affected(w, id, "affected"), "@user09:" SERVER " ");
    assert_string_equal(affected(w, id, "failed"), "@user12:" SERVER " ");
    assert_string_equal(text(w, "SELECT detail FROM mxadmin_job_items WHERE outcome = 'failed'"), "no");
}

/* Time runs out for who waits: what was done is told, and the rest goes on. */
static void who_has_waited_long_enough_is_told_so(void **state)
{
    struct world *w = *state;
    struct id_list left;

    play.slow = true;
    w->config.homeserver.wait = 1;
    assert_int_equal(jobs_evacuate_room(&w->hs, LOBBY, false, w->d->arena, &left), ERR_OK);
    assert_non_null(left.job_id);
    assert_true(left.count > 0 && left.count < MEMBERS);
    assert_int_equal(find(w, left.job_id).status, JOB_ACTIVE);
    assert_int_equal(find(w, left.job_id).done, left.count);
    play.slow = false;
    w->config.homeserver.wait = 60;
    /* Asked again it is the same job, whose list is whole. */
    assert_int_equal(jobs_evacuate_room(&w->hs, LOBBY, false, w->d->arena, &left), ERR_OK);
    assert_null(left.job_id);
    assert_int_equal(left.count, MEMBERS);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs"), 1);
}

static void a_short_one_does_not_wait_for_a_long_one(void **state)
{
    struct world *w = *state;
    const char *slow = start(w, JOB_EVACUATE_ROOM, LOBBY), *quick;

    play.slow = true;
    assert_int_equal(turn(w), 0);
    assert_int_equal(find(w, slow).done, 1); /* of 30 */
    quick = start(w, JOB_EVACUATE_ROOM, STRICT);
    play.slow = false;
    assert_int_equal(turn(w), 0);
    assert_int_equal(find(w, quick).status, JOB_COMPLETE);
    assert_int_equal(find(w, slow).done, 1);
    assert_int_equal(turn(w), 0);
    assert_true(find(w, slow).done > 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(members_leave_in_the_order_of_their_joins),
        TEST(nobody_leaves_twice),
        TEST(who_cannot_leave_stays),
        TEST(who_has_waited_long_enough_is_told_so),
        TEST(a_short_one_does_not_wait_for_a_long_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
