/* SPDX-License-Identifier: ISC */
/* What a user has sent is redacted: one event, and all of them as a job. */
#include "world.h"

#include "homeserver/jobs.h"
#include "matrix/event_check.h"
#include "matrix/canonical_json.h"
#include "matrix/field.h"

#define ROOM    "!room:" SERVER
#define OTHER   "!other:" SERVER
#define CREATOR "@creator:" SERVER
#define ALICE   "@alice:" SERVER
#define BOB     "@bob:" SERVER
#define FAR     "@far:example.com"

static const char *const people[] = {ALICE, BOB};
static const char *const rooms[] = {ROOM, OTHER};

static int begin_of(void **state, const char *version)
{
    struct world *w;

    world_new(state);
    w = *state;
    for (size_t i = 0; i < 2; i++)
        make_room(w, rooms[i], version, CREATOR, people, 2);
    return 0;
}

static int begin(void **state)
{
    return begin_of(state, "10");
}

static enum err append(struct room *room, const char *sender, const char *type, const char *body,
                       char id[ID_SIZE])
{
    struct new_event event = {.sender = sender,
                              .type = type,
                              .content = json_pack("{s:s, s:s}", "body", body, "msgtype", "m.text")};
    enum err e = room_append(room, &event, id);

    json_decref(event.content);
    return e;
}

/* Has a user send `count` messages to a room at `ts`; returns the id of the last one. */
static const char *say(struct world *w, const char *room_id, const char *sender, int count, int64_t ts)
{
    char id[ID_SIZE] = "";
    struct room *room;

    w->writer.now_ms = ts;
    room = open_room(w, room_id);
    for (int i = 0; i < count; i++)
        assert_int_equal(append(room, sender, "m.room.message", "spam", id), ERR_OK);
    close_room(w, room);
    return arena_strdup(w->d->arena, id);
}

static void leave(struct world *w, const char *room_id, const char *user_id)
{
    struct room *room = open_room(w, room_id);

    assert_int_equal(room_leave(room, user_id), ERR_OK);
    close_room(w, room);
}

static enum err redact(struct world *w, const char *sender, const char *event_id, const char **why)
{
    struct room *room = open_room(w, ROOM);
    enum err e = room_redact(room, &(struct new_redaction){sender, event_id, "spam"}, why);

    close_room(w, room);
    return e;
}

/* What all three copies of the one event that is redacted say. */
static json_t *parse(struct world *w, const char *sql)
{
    const char *json = text(w, sql);
    json_t *event = NULL;

    assert_int_equal(canonical_json_read(json, strlen(json), &event), ERR_OK);
    return event;
}

static void check_redacted(json_t *event, const char *content, const char *event_id)
{
    json_t *unsigned_data = field_object(event, "unsigned"), *wanted = json_loads(content, 0, NULL);
    json_t *because = field_object(unsigned_data, "redacted_because");

    assert_true(json_equal(json_object_get(event, "content"), wanted));
    assert_string_equal(field_string(because, "redacts"), event_id);
    assert_string_equal(field_string(field_object(because, "content"), "redacts"), event_id);
    assert_string_equal(field_string(field_object(because, "content"), "reason"), "spam");
    assert_string_equal(field_string(because, "event_id"), field_string(unsigned_data, "redacted_by"));
    json_decref(wanted);
    json_decref(event);
}

#define REDACTED "event_id = (SELECT redacts_event_id FROM roomserver_redactions)"

static void a_message_is_redacted_everywhere(void **state)
{
    struct world *w = *state;
    const char *id = say(w, ROOM, ALICE, 1, 5000), *why;

    assert_int_equal(redact(w, ALICE, id, &why), ERR_OK);
    assert_int_equal(number(w->d->db, "SELECT validated FROM roomserver_redactions"), 1);
    check_redacted(parse(w, "SELECT CAST(event_json AS TEXT) FROM roomserver_event_json"
                            " JOIN roomserver_events USING (event_nid) WHERE " REDACTED),
                   "{}", id);
    check_redacted(
        parse(w, "SELECT CAST(headered_event_json AS TEXT) FROM syncapi_output_room_events WHERE " REDACTED),
        "{}", id);
    /* Again, nothing happens. */
    assert_int_equal(redact(w, BOB, id, &why), ERR_OK);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_events WHERE event_type_nid = 6"), 1);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_rooms"
                                      " WHERE json_array_length(latest_event_nids) = 1"),
                     2);
}

/* The name is gone from the state, and from what the next membership says of it. */
static void a_join_is_redacted_everywhere(void **state)
{
    struct world *w = *state;
    const char *why, *id = text(w, "SELECT event_id FROM syncapi_current_room_state WHERE room_id = '" ROOM
                                   "' AND state_key = '" ALICE "'");

    leave(w, ROOM, ALICE);
    assert_int_equal(redact(w, BOB, id, &why), ERR_OK);
    check_redacted(
        parse(w, "SELECT CAST(headered_event_json AS TEXT) FROM syncapi_output_room_events WHERE " REDACTED),
        "{\"membership\": \"join\"}", id);
    assert_string_equal(
        text(w, "SELECT json_extract(CAST(headered_event_json AS TEXT), '$.unsigned.prev_content')"
                " FROM syncapi_current_room_state WHERE room_id = '" ROOM "' AND state_key = '" ALICE "'"),
        "{\"membership\":\"join\"}");
}

static void a_join_in_the_state_is_redacted_there(void **state)
{
    struct world *w = *state;
    const char *why, *id = text(w, "SELECT event_id FROM syncapi_current_room_state WHERE room_id = '" ROOM
                                   "' AND state_key = '" ALICE "'");

    assert_int_equal(redact(w, ALICE, id, &why), ERR_OK);
    check_redacted(
        parse(w, "SELECT CAST(headered_event_json AS TEXT) FROM syncapi_current_room_state WHERE " REDACTED),
        "{\"membership\": \"join\"}", id);
    assert_non_null(say(w, ROOM, ALICE, 1, 6000)); /* who is still in the room */
}

static void who_may_not_does_not(void **state)
{
    struct world *w = *state;
    const char *id = say(w, ROOM, ALICE, 1, 5000), *why;
    const char *elsewhere = say(w, OTHER, ALICE, 1, 5000);

    assert_int_equal(redact(w, "@nobody:" SERVER, id, &why), ERR_DENIED);
    assert_string_equal(why, "Whoever redacts it has to be in the room");
    assert_int_equal(redact(w, ALICE, elsewhere, &why), ERR_NOT_FOUND);
    assert_int_equal(redact(w, ALICE, "$none", &why), ERR_NOT_FOUND);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_events WHERE event_type_nid = 6"), 0);
}

/* jansson takes no name twice where we read an event, and no nesting deeper than 2048. */
static void what_cannot_be_read_fails_alone(void **state)
{
    struct world *w = *state;
    const char *first = say(w, ROOM, ALICE, 1, 5000), *why;
    const char *second = say(w, ROOM, ALICE, 1, 6000);

    run(w->d->db, "UPDATE roomserver_event_json SET event_json = '{\"type\":\"a\",\"type\":\"b\"}'"
                  " WHERE event_nid = (SELECT MAX(event_nid) - 1 FROM roomserver_events)");
    assert_int_equal(redact(w, ALICE, first, &why), ERR_INVALID);
    assert_string_equal(why, "The event cannot be read");
    assert_int_equal(redact(w, ALICE, second, &why), ERR_OK);
    assert_null(why);
}

static void another_servers_event_takes_the_level(void **state)
{
    struct world *w = *state;
    struct room *room = open_room(w, ROOM);
    const char *id, *why;

    assert_int_equal(room_join(room, FAR, &(struct profile){0}), ERR_OK);
    close_room(w, room);
    id = say(w, ROOM, FAR, 1, 5000);
    assert_int_equal(redact(w, ALICE, id, &why), ERR_DENIED);
    assert_non_null(why);
    assert_int_equal(redact(w, CREATOR, id, &why), ERR_OK);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_redactions"), 1);
}

static int begin_old(void **state)
{
    return begin_of(state, "1");
}

static int begin_new(void **state)
{
    return begin_of(state, "11");
}

/* Every room version: where `redacts` is, and that the signature still holds. */
static void signatures_hold(void **state)
{
    struct world *w = *state;
    const char *id = say(w, ROOM, ALICE, 1, 5000), *why;
    const struct room_version *version =
        room_version_find(text(w, "SELECT room_version FROM roomserver_rooms"));
    unsigned char public[ED25519_PUBLIC_SIZE];
    json_t *event;

    assert_int_equal(redact(w, ALICE, id, &why), ERR_OK);
    assert_int_equal(ed25519_public(&w->writer.key, public), ERR_OK);
    event = parse(w, "SELECT CAST(event_json AS TEXT) FROM roomserver_event_json"
                     " JOIN roomserver_events USING (event_nid) WHERE " REDACTED);
    assert_int_equal(event_check_signature(version, event, SERVER, w->writer.key.id, public), ERR_OK);
    json_decref(event);
    event = parse(w, "SELECT CAST(event_json AS TEXT) FROM roomserver_event_json"
                     " JOIN roomserver_events USING (event_nid) WHERE event_type_nid = 6");
    assert_int_equal(event_check_signature(version, event, SERVER, w->writer.key.id, public), ERR_OK);
    assert_string_equal(
        field_string(version->redacts_in_content ? field_object(event, "content") : event, "redacts"), id);
    json_decref(event);
}

/* The job. */
static void turn(struct world *w)
{
    int64_t pause_ms;

    assert_int_equal(jobs_turn(&w->hs, true, &pause_ms), ERR_OK);
}

static struct job finish(struct world *w, const struct redact_user *redact)
{
    char id[JOBS_ID_SIZE];
    struct job job;

    assert_int_equal(jobs_redact_user(&w->hs, redact, id), ERR_OK);
    do {
        turn(w);
        assert_int_equal(jobs_find(w->d->db, id, w->d->arena, &job), ERR_OK);
    } while (!job_has_ended(&job));
    return job;
}

#define COUNT_REDACTED(room, sender)                                                                         \
    "SELECT COUNT(*) FROM syncapi_output_room_events WHERE room_id = '" room "' AND sender = '" sender       \
    "' AND json_extract(CAST(headered_event_json AS TEXT), '$.unsigned.redacted_by') IS NOT NULL"

static void all_rooms_are_gone_through(void **state)
{
    struct world *w = *state;
    json_t *none = json_array();
    const struct redact_user all = {.user_id = ALICE, .rooms = none, .limit = 1000};
    struct job job;

    say(w, ROOM, ALICE, 700, 5000); /* more than a slice */
    say(w, OTHER, ALICE, 3, 6000);
    say(w, ROOM, BOB, 3, 6000);
    job = finish(w, &all);
    assert_int_equal(job.status, JOB_COMPLETE);
    assert_int_equal(job.done, 705); /* and two joins */
    assert_int_equal(number(w->d->db, COUNT_REDACTED(ROOM, ALICE)), 701);
    assert_int_equal(number(w->d->db, COUNT_REDACTED(OTHER, ALICE)), 4);
    assert_int_equal(number(w->d->db, COUNT_REDACTED(ROOM, BOB)), 0);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM syncapi_output_room_events"
                                      " WHERE type = 'm.room.redaction' AND sender = '" ALICE "'"),
                     705);
    assert_int_equal(finish(w, &all).done, 0);
    json_decref(none);
}

/* A batch is cut off before what it did is written down. */
static void nothing_is_redacted_twice(void **state)
{
    struct world *w = *state;
    json_t *none = json_array();
    const struct redact_user all = {.user_id = ALICE, .rooms = none, .limit = 1000};

    say(w, ROOM, ALICE, 50, 5000);
    finish(w, &all);
    run(w->d->db, "UPDATE mxadmin_job_items SET outcome = NULL");
    run(w->d->db, "UPDATE mxadmin_jobs SET status = 'active', finished_ts = 0, cursor = ''");
    while (number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs WHERE status = 'complete'") == 0)
        turn(w);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_job_items WHERE outcome = 'redacted'"),
                     52);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_events WHERE event_type_nid = 6"), 52);
    json_decref(none);
}

static void limits_are_kept(void **state)
{
    struct world *w = *state;
    json_t *one = json_pack("[s]", ROOM);

    say(w, ROOM, ALICE, 5, 5000);
    say(w, ROOM, ALICE, 5, 6000);
    say(w, ROOM, ALICE, 5, 7000);
    finish(w, &(struct redact_user){
                  .user_id = ALICE, .rooms = one, .limit = 1000, .before_ts = 6000, .after_ts = 6000});
    assert_int_equal(number(w->d->db, COUNT_REDACTED(ROOM, ALICE)), 5);
    /* The newest, whether redacted or not. */
    finish(w, &(struct redact_user){.user_id = ALICE, .rooms = one, .limit = 8});
    assert_int_equal(number(w->d->db, COUNT_REDACTED(ROOM, ALICE)), 10);
    assert_int_equal(number(w->d->db, COUNT_REDACTED(OTHER, ALICE)), 0);
    json_decref(one);
}

/* Who redacts, by whether the user is in the room, and is of this server. */
static void somebody_stands_in(void **state)
{
    struct world *w = *state;
    const struct actor bob = {.localpart = "bob", .address = ""};
    json_t *one = json_pack("[s]", ROOM);
    struct room *room = open_room(w, ROOM);
    struct job job;

    assert_int_equal(room_join(room, FAR, &(struct profile){0}), ERR_OK);
    close_room(w, room);
    say(w, ROOM, ALICE, 1, 5000);
    say(w, ROOM, FAR, 1, 5000);
    leave(w, ROOM, ALICE);
    w->hs.actor = &bob;
    /* Bob has not the level, the creator has. */
    finish(w, &(struct redact_user){.user_id = ALICE, .rooms = one, .limit = 1000});
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM syncapi_output_room_events"
                                      " WHERE type = 'm.room.redaction' AND sender = '" CREATOR "'"),
                     2);
    /* Nobody stands in for an admin. */
    job = finish(w, &(struct redact_user){.user_id = FAR, .rooms = one, .limit = 1000});
    assert_int_equal(job.status, JOB_COMPLETE);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_job_items"
                                      " WHERE outcome = 'failed_redactions' AND detail <> ''"),
                     2);
    say(w, ROOM, BOB, 1, 5000);
    w->hs.actor = &(struct actor){.localpart = "nobody", .address = ""};
    finish(w, &(struct redact_user){.user_id = BOB, .rooms = one, .limit = 1000, .use_admin = true});
    assert_string_equal(
        text(w, "SELECT detail FROM mxadmin_job_items ORDER BY job_id = (SELECT id FROM mxadmin_jobs"
                " WHERE target = '" BOB "') DESC LIMIT 1"),
        "@nobody:" SERVER " is not in the room " ROOM);
    json_decref(one);
}

static void a_room_that_there_is_not_is_told(void **state)
{
    struct world *w = *state;
    json_t *two = json_pack("[s, s]", ROOM, "!none:" SERVER);
    struct job job;

    say(w, ROOM, ALICE, 1, 5000);
    job = finish(w, &(struct redact_user){.user_id = ALICE, .rooms = two, .limit = 1000});
    assert_int_equal(job.status, JOB_FAILED);
    assert_string_equal(job.error, "The room !none:" SERVER " is not known");
    assert_int_equal(number(w->d->db, COUNT_REDACTED(ROOM, ALICE)), 0);
    json_decref(two);
}

#define TEST(test, begin) cmocka_unit_test_setup_teardown(test, begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_is_redacted_everywhere, begin),
        TEST(a_join_is_redacted_everywhere, begin),
        TEST(a_join_in_the_state_is_redacted_there, begin),
        TEST(who_may_not_does_not, begin),
        TEST(what_cannot_be_read_fails_alone, begin),
        TEST(another_servers_event_takes_the_level, begin),
        TEST(signatures_hold, begin),
        TEST(signatures_hold, begin_old),
        TEST(signatures_hold, begin_new),
        TEST(all_rooms_are_gone_through, begin),
        TEST(nothing_is_redacted_twice, begin),
        TEST(limits_are_kept, begin),
        TEST(somebody_stands_in, begin),
        TEST(a_room_that_there_is_not_is_told, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
