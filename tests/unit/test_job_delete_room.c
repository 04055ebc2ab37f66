/* SPDX-License-Identifier: ISC */
/* A room is deleted, phase by phase. */
#include "job_play.h"

#include "homeserver/delete_room.h"

#define LOBBY   "!VaNppTgZjfEEpSW9:" SERVER
#define MEMBERS 30 /* of the lobby */
#define OWNER   "@user06:" SERVER

static struct homeserver_acts deleting_acts;

/* Whoever is told to be stays where they are. */
static const char *stays;

static enum err play_move(struct homeserver *hs, struct room_move *move, struct arena *arena)
{
    enum err e = act(hs);

    if (e)
        return e;
    e = standalone_acts.move_members(hs, move, arena);
    for (size_t i = 0; stays && i < move->count; i++)
        if (strcmp(move->movers[i].user_id, stays) == 0) {
            assert_int_equal(standalone_acts.join(hs, "user09", move->from), ERR_OK);
            move->movers[i].failed = "no";
        }
    return e;
}

static enum err refuse_message(struct homeserver *hs, const struct new_message *message)
{
    (void)message;
    homeserver_reason(hs, "no");
    return ERR_DENIED;
}

static int begin_deleting(void **state)
{
    struct world *w;

    begin(state);
    w = *state;
    stays = NULL;
    deleting_acts = standalone_acts;
    deleting_acts.move_members = play_move;
    w->hs.acts = &deleting_acts;
    return 0;
}

static struct room_deletion wish(void)
{
    return (struct room_deletion){
        .new_room_user_id = OWNER, .room_name = "New", .message = "Gone", .block = true, .purge = true};
}

static const char *start_deletion(struct world *w, const char *room_id, struct room_deletion deletion)
{
    static char id[JOBS_ID_SIZE];

    assert_int_equal(delete_room_start(&w->hs, room_id, &deletion, id), ERR_OK);
    return id;
}

/* Takes turns until the job has ended. */
static struct job finish(struct world *w, const char *id)
{
    struct job job = find(w, id);

    for (int turns = 0; !job_has_ended(&job); turns++) {
        assert_true(turns < 200);
        turn(w);
        job = find(w, id);
    }
    return job;
}

static json_t *result(struct world *w, const char *id)
{
    struct job job = find(w, id);
    json_t *found = NULL;

    assert_int_equal(delete_room_result(w->d->db, &job, &found), ERR_OK);
    return found;
}

static size_t length(json_t *object, const char *name)
{
    return json_array_size(json_object_get(object, name));
}

#define ROOMS "SELECT COUNT(*) FROM roomserver_rooms"
#define THE_NEW                                                                                              \
    "(SELECT room_id FROM syncapi_current_room_state WHERE type = 'm.room.name' AND" CONTENT(                \
        "name") "= 'New')"
#define CONTENT(n) " json_extract(CAST(headered_event_json AS TEXT), '$.content." n "') "
#define IN_NEW(memberships)                                                                                  \
    "SELECT COUNT(*) FROM syncapi_output_room_events WHERE room_id = " THE_NEW                               \
    " AND type = 'm.room.member' AND" CONTENT("membership") "= '" memberships "'"
#define MESSAGES                                                                                             \
    "SELECT COUNT(*) FROM syncapi_output_room_events WHERE room_id = " THE_NEW                               \
    " AND type = 'm.room.message' AND" CONTENT("body") "= 'Gone'"

/* All are in the one new room, and nothing is left of the old one. */
static void check_deleted(struct world *w, const char *id, int64_t rooms)
{
    json_t *found = result(w, id);

    assert_int_equal(length(found, "kicked_users"), MEMBERS);
    assert_int_equal(length(found, "failed_to_kick_users"), 0);
    assert_string_equal(json_string_value(json_object_get(found, "new_room_id")), text(w, "SELECT " THE_NEW));
    assert_int_equal(number(w->d->db, ROOMS), rooms);
    assert_int_equal(number(w->d->db, ROOMS " WHERE room_id = '" LOBBY "'"), 0);
    assert_int_equal(number(w->d->db, IN_NEW("join")), MEMBERS);
    assert_int_equal(number(w->d->db, MESSAGES), 1);
    assert_int_equal(length(found, "local_aliases"), 1);
    assert_int_equal(
        number(w->d->db, "SELECT COUNT(*) FROM roomserver_room_aliases WHERE room_id = " THE_NEW), 1);
    json_decref(found);
}

static void all_go_to_the_new_room(void **state)
{
    struct world *w = *state;
    int64_t rooms = number(w->d->db, ROOMS);
    const char *id = start_deletion(w, LOBBY, wish());

    assert_int_equal(finish(w, id).status, JOB_COMPLETE);
    check_deleted(w, id, rooms);
    assert_int_equal(find(w, id).done, MEMBERS);
    assert_int_equal(find(w, id).total, MEMBERS);
    assert_int_equal(homeserver_join(&w->hs, "user12", LOBBY), ERR_NOT_FOUND);
    assert_int_equal(
        number(w->d->db, "SELECT COUNT(*) FROM mxadmin_blocked_rooms WHERE room_id = '" LOBBY "'"), 1);
}

/* Each batch is done, and what it would write down is lost, so that it is done again. */
static void what_was_not_written_down_is_done_again(void **state)
{
    struct world *w = *state;
    int64_t rooms = number(w->d->db, ROOMS);
    const char *id = start_deletion(w, LOBBY, wish());
    struct job job = find(w, id);

    for (int turns = 0; !job_has_ended(&job); turns++) {
        assert_true(turns < 200);
        run(w->d->db, "CREATE TABLE kept AS SELECT cursor, result, done, total FROM mxadmin_jobs");
        run(w->d->db, "CREATE TABLE kept_items AS SELECT position, outcome FROM mxadmin_job_items");
        turn(w);
        run(w->d->db, "UPDATE mxadmin_jobs SET status = 'active', finished_ts = 0,"
                      " (cursor, result, done, total) = (SELECT cursor, result, done, total FROM kept)");
        run(w->d->db, "UPDATE mxadmin_job_items SET outcome = (SELECT outcome FROM kept_items k"
                      " WHERE k.position = mxadmin_job_items.position)");
        run(w->d->db, "DROP TABLE kept");
        run(w->d->db, "DROP TABLE kept_items");
        turn(w);
        job = find(w, id);
    }
    assert_int_equal(job.status, JOB_COMPLETE);
    check_deleted(w, id, rooms);
}

static void a_room_that_is_not_here_is_blocked(void **state)
{
    struct world *w = *state;
    int64_t rooms = number(w->d->db, ROOMS);
    const char *id = start_deletion(w, "!far:elsewhere.example", wish());
    json_t *found;

    assert_int_equal(finish(w, id).status, JOB_COMPLETE);
    found = result(w, id);
    assert_int_equal(length(found, "kicked_users") + length(found, "local_aliases"), 0);
    assert_true(json_is_null(json_object_get(found, "new_room_id")));
    json_decref(found);
    assert_int_equal(number(w->d->db, ROOMS), rooms);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_blocked_rooms"), 1);
}

static void who_cannot_leave_keeps_the_room(void **state)
{
    static const struct {
        bool force;
        enum job_status status;
        int64_t left; /* of the room */
    } rows[] = {{false, JOB_FAILED, 1}, {true, JOB_COMPLETE, 0}};
    struct world *w = *state;

    stays = "@user09:" SERVER;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct room_deletion deletion = {
            .room_name = "New", .message = "Gone", .purge = true, .force_purge = rows[i].force};
        const char *id = start_deletion(w, LOBBY, deletion);
        struct job job = finish(w, id);
        json_t *found = result(w, id);

        assert_int_equal(job.status, rows[i].status);
        if (!rows[i].force)
            assert_string_equal(job.error, "Users are still joined to this room");
        assert_int_equal(length(found, "kicked_users"), rows[i].force ? 0 : MEMBERS - 1);
        assert_int_equal(length(found, "failed_to_kick_users"), 1);
        assert_int_equal(number(w->d->db, ROOMS " WHERE room_id = '" LOBBY "'"), rows[i].left);
        json_decref(found);
    }
}

/* Nor can anybody where the rules for leaving are not known. */
static void a_room_of_an_unknown_version_is_purged_by_force(void **state)
{
    struct world *w = *state;

    run(w->d->db,
        "UPDATE roomserver_rooms SET room_version = 'org.example.unknown' WHERE room_id = '" LOBBY "'");
    for (int force = 0; force < 2; force++) {
        struct room_deletion deletion = {
            .room_name = "New", .message = "Gone", .purge = true, .force_purge = force};
        const char *id = start_deletion(w, LOBBY, deletion);
        struct job job = finish(w, id);
        json_t *found = result(w, id);

        assert_int_equal(job.status, force ? JOB_COMPLETE : JOB_FAILED);
        assert_int_equal(length(found, "kicked_users"), 0);
        assert_int_equal(length(found, "failed_to_kick_users"), MEMBERS);
        assert_int_equal(number(w->d->db, ROOMS " WHERE room_id = '" LOBBY "'"), !force);
        json_decref(found);
    }
}

static void who_comes_back_leaves_again(void **state)
{
    struct world *w = *state;
    struct room_deletion deletion = {.room_name = "New", .message = "Gone"};
    const char *id = start_deletion(w, LOBBY, deletion);
    json_t *found;

    while (find(w, id).done == 0)
        turn(w);
    assert_int_equal(standalone_acts.join(&w->hs, "user06", LOBBY), ERR_OK);
    assert_int_equal(standalone_acts.join(&w->hs, "user12", LOBBY), ERR_OK);
    assert_int_equal(finish(w, id).status, JOB_COMPLETE);
    found = result(w, id);
    assert_int_equal(length(found, "kicked_users"), MEMBERS);
    json_decref(found);
    assert_int_equal(
        number(w->d->db, "SELECT COUNT(*) FROM roomserver_membership WHERE membership_nid <> 1 AND"
                         " room_nid = (SELECT room_nid FROM roomserver_rooms WHERE room_id = '" LOBBY "')"),
        0);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_membership WHERE NOT forgotten AND"
                                      " target_local AND room_nid = (SELECT room_nid FROM roomserver_rooms"
                                      " WHERE room_id = '" LOBBY "') AND membership_nid = 1"
                                      " AND target_nid IN (SELECT event_state_key_nid FROM"
                                      " roomserver_event_state_keys WHERE event_state_key IN ('" OWNER
                                      "', '@user12:" SERVER "'))"),
                     0);
}

/* Whoever cannot be told, goes. */
static void a_message_that_nobody_may_send_is_left_out(void **state)
{
    struct world *w = *state;
    const char *id = start_deletion(w, LOBBY, wish());

    deleting_acts.send_message = refuse_message;
    assert_int_equal(finish(w, id).status, JOB_COMPLETE);
    assert_int_equal(number(w->d->db, MESSAGES), 0);
    assert_int_equal(number(w->d->db, ROOMS " WHERE room_id = '" LOBBY "'"), 0);
}

static void the_new_room_is_somebodys(void **state)
{
    struct world *w = *state;
    struct room_deletion deletion = wish();
    struct job job;

    deletion.new_room_user_id = "@nobody:" SERVER;
    job = finish(w, start_deletion(w, LOBBY, deletion));
    assert_int_equal(job.status, JOB_FAILED);
    assert_string_equal(job.error, "There is no user @nobody:" SERVER);
    assert_int_equal(number(w->d->db, ROOMS " WHERE room_id = '" LOBBY "'"), 1);
}

/* A second one is refused, and does not hurry the first one. */
static void one_at_a_time(void **state)
{
    struct world *w = *state;
    const char *id = start_deletion(w, LOBBY, wish());
    struct room_deletion deletion = wish();
    char other[JOBS_ID_SIZE];

    run(w->d->db, "UPDATE mxadmin_jobs SET due_ts = 32472144000000");
    assert_int_equal(delete_room_start(&w->hs, LOBBY, &deletion, other), ERR_EXISTS);
    assert_int_equal(number(w->d->db, "SELECT due_ts = 32472144000000 FROM mxadmin_jobs"), 1);
    run(w->d->db, "UPDATE mxadmin_jobs SET due_ts = 0");
    assert_int_equal(finish(w, id).status, JOB_COMPLETE);
}

/* Of a cursor that another version has written. */
static void an_unknown_phase_fails(void **state)
{
    struct world *w = *state;
    const char *id = start_deletion(w, LOBBY, wish());

    run(w->d->db, "UPDATE mxadmin_jobs SET cursor = 'paint 7'");
    assert_int_equal(finish(w, id).status, JOB_FAILED);
    assert_int_equal(find(w, id).failure, ERR_CORRUPT);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin_deleting, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_go_to_the_new_room),
        TEST(what_was_not_written_down_is_done_again),
        TEST(a_room_that_is_not_here_is_blocked),
        TEST(who_cannot_leave_keeps_the_room),
        TEST(a_room_of_an_unknown_version_is_purged_by_force),
        TEST(who_comes_back_leaves_again),
        TEST(a_message_that_nobody_may_send_is_left_out),
        TEST(the_new_room_is_somebodys),
        TEST(one_at_a_time),
        TEST(an_unknown_phase_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
