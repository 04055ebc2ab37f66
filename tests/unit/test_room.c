/* SPDX-License-Identifier: ISC */
#include "world.h"

#include "matrix/canonical_json.h"
#include "matrix/event_check.h"
#include "matrix/field.h"
#include "store/memberships.h"
#include "store/rooms.h"
#include "store/sync.h"

#define ROOM    "!room:" SERVER
#define CREATOR "@creator:" SERVER
#define ALICE   "@alice:" SERVER
#define BOB     "@bob:" SERVER

static const char *const people[] = {ALICE, BOB};

static enum err say(struct room *room, const char *sender, const char *body, char id[ID_SIZE])
{
    struct new_event event = {
        .sender = sender, .type = "m.room.message", .content = json_pack("{s:s}", "body", body)};
    enum err e = room_append(room, &event, id);

    json_decref(event.content);
    return e;
}

/* Checks hash, signature and id of every event; returns how many there are. */
static int check_events(struct world *w, const struct room_version *version)
{
    static const char sql[] = "SELECT j.event_json, e.event_id FROM roomserver_events e"
                              " JOIN roomserver_event_json j ON j.event_nid = e.event_nid";
    unsigned char public[ED25519_PUBLIC_SIZE];
    struct stmt *stmt;
    bool row = true;
    int count = 0;

    assert_int_equal(ed25519_public(&w->writer.key, public), ERR_OK);
    assert_int_equal(db_query(w->d->db, sql, DB_NO_ARGS, &stmt), ERR_OK);
    for (;; count++) {
        json_t *event;
        char id[ID_SIZE];

        assert_int_equal(db_step(stmt, &row), ERR_OK);
        if (!row)
            break;
        assert_int_equal(canonical_json_read(db_text(stmt, 0), strlen(db_text(stmt, 0)), &event), ERR_OK);
        assert_int_equal(event_check_format(version, event, NULL), ERR_OK);
        assert_int_equal(event_check_hash(version, event), ERR_OK);
        assert_int_equal(event_check_signature(version, event, SERVER, w->writer.key.id, public), ERR_OK);
        assert_int_equal(event_id_of(version, event, id), ERR_OK);
        assert_string_equal(id, db_text(stmt, 1));
        json_decref(event);
    }
    db_done(&stmt);
    return count;
}

static void writes_every_room_version(void **state)
{
    struct world *w = *state;

    for (int number_of = 1; number_of <= 11; number_of++) {
        char version[8], id[ID_SIZE];
        struct room *room;

        snprintf(version, sizeof version, "%d", number_of);
        run(w->d->db, "DELETE FROM roomserver_events");
        run(w->d->db, "DELETE FROM roomserver_event_json");
        run(w->d->db, "DELETE FROM roomserver_rooms");
        run(w->d->db, "DELETE FROM roomserver_membership");
        run(w->d->db, "DELETE FROM roomserver_state_snapshots");
        run(w->d->db, "DELETE FROM roomserver_state_block");
        run(w->d->db, "DELETE FROM syncapi_current_room_state");
        make_room(w, ROOM, version, CREATOR, people, 2);
        room = open_room(w, ROOM);
        assert_int_equal(room_leave_with_profile(room, ALICE), ERR_OK);
        assert_int_equal(say(room, BOB, "x", id), ERR_OK);
        assert_int_equal(room_invite(room, BOB, ALICE, "come back"), ERR_OK);
        close_room(w, room);
        assert_int_equal(check_events(w, room_version_find(version)), 6 + 2 + 3);
        assert_int_equal(number(w->d->db, "SELECT MAX(depth) FROM roomserver_events"), 11);
        assert_string_equal(text(w, "SELECT '[' || MAX(event_nid) || ']' FROM roomserver_events"),
                            text(w, "SELECT latest_event_nids FROM roomserver_rooms"));
    }
}

static void an_unknown_version_is_refused(void **state)
{
    struct world *w = *state;
    struct room *room;

    make_room(w, ROOM, "10", CREATOR, people, 1);
    run(w->d->db, "UPDATE roomserver_rooms SET room_version = 'org.example.unknown'");
    assert_int_equal(room_open(&room, &w->writer, ROOM), ERR_INVALID);
    assert_null(room);
    assert_int_equal(room_begin(&room, &w->writer, "!other:" SERVER, "12"), ERR_INVALID);
    assert_null(room);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_rooms"), 1);
}

static void what_is_no_room_is_not_found(void **state)
{
    struct world *w = *state;
    struct room *room;

    run(w->d->db, "INSERT INTO roomserver_rooms (room_id, room_version) VALUES ('!stub:other.org', '10')");
    assert_int_equal(room_open(&room, &w->writer, ROOM), ERR_NOT_FOUND);
    assert_null(room);
    assert_int_equal(room_open(&room, &w->writer, "!stub:other.org"), ERR_NOT_FOUND);
    assert_null(room);
}

/* Each event names the one before it, and knows the state before it. */
static void events_follow_one_another(void **state)
{
    struct world *w = *state;

    make_room(w, ROOM, "10", CREATOR, people, 2);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_events e"
                                      " JOIN roomserver_previous_events p ON p.event_nids = e.event_nid"
                                      " JOIN roomserver_events b ON b.event_id = p.previous_event_id"
                                      " AND b.event_nid = e.event_nid - 1 AND b.depth = e.depth - 1"),
                     7);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_events WHERE sent_to_output"), 8);
    assert_int_equal(number(w->d->db, "SELECT COUNT(DISTINCT state_snapshot_nid) FROM roomserver_events"), 8);
    assert_int_equal(number(w->d->db, "SELECT state_snapshot_nid FROM roomserver_rooms"),
                     number(w->d->db, "SELECT MAX(state_snapshot_nid) FROM roomserver_state_snapshots"));
    assert_int_equal(number(w->d->db, "SELECT stream_id FROM syncapi_stream_id WHERE stream_name = 'global'"),
                     8);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM syncapi_output_room_events_topology t"
                                      " JOIN syncapi_output_room_events o ON o.event_id = t.event_id"
                                      " AND o.id = t.stream_position AND t.topological_position = o.id"),
                     8);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM syncapi_memberships"), 3);
}

static enum err set_visibility(struct room *room, const char *visibility)
{
    struct new_event event = {.sender = CREATOR,
                              .type = "m.room.history_visibility",
                              .state_key = "",
                              .content = json_pack("{s:s}", "history_visibility", visibility)};
    char id[ID_SIZE];
    enum err e = room_append(room, &event, id);

    json_decref(event.content);
    return e;
}

static void an_act_of_several_transactions_takes_in_what_others_write(void **state)
{
    struct world *w = *state;
    const char *membership;
    struct room *room, *other;
    char id[ID_SIZE];

    make_room(w, ROOM, "10", CREATOR, people, 2);
    room = open_room(w, ROOM);
    assert_int_equal(room_leave(room, ALICE), ERR_OK);
    assert_int_equal(db_end(w->d->db, room_save(room)), ERR_OK);
    for (int i = 0; i < 3; i++) {
        other = open_room(w, ROOM);
        assert_int_equal(i == 1 ? room_leave(other, BOB) : say(other, CREATOR, "x", id), ERR_OK);
        if (i == 2)
            assert_int_equal(set_visibility(other, "joined"), ERR_OK);
        close_room(w, other);
        assert_int_equal(db_begin(w->d->db, DB_WRITE), ERR_OK);
        assert_int_equal(room_resume(room), ERR_OK);
        assert_int_equal(room_membership(room, BOB, &membership), ERR_OK);
        assert_string_equal(membership, i < 1 ? "join" : "leave");
        if (i != 1) /* a batch may do nothing */
            assert_int_equal(say(room, CREATOR, "y", id), ERR_OK);
        assert_int_equal(db_end(w->d->db, room_save(room)), ERR_OK);
    }
    run(w->d->db, "UPDATE roomserver_rooms SET latest_event_nids = '[]'");
    assert_int_equal(room_resume(room), ERR_NOT_FOUND);
    assert_int_equal(room_close(&room, ERR_NOT_FOUND), ERR_NOT_FOUND);

    assert_int_equal(check_events(w, room_version_find("10")), 8 + 1 + 4 + 2);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_events e"
                                      " JOIN roomserver_previous_events p ON p.event_nids = e.event_nid"
                                      " JOIN roomserver_events b ON b.event_id = p.previous_event_id"
                                      " AND b.event_nid = e.event_nid - 1 AND b.depth = e.depth - 1"),
                     14);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM syncapi_output_room_events"), 15);
    assert_int_equal(number(w->d->db, "SELECT stream_id FROM syncapi_stream_id WHERE stream_name = 'global'"),
                     15);
    assert_int_equal(number(w->d->db, "SELECT history_visibility FROM syncapi_output_room_events"
                                      " ORDER BY id DESC"),
                     HISTORY_JOINED);
}

/* Makes the last `count` events forward extremities: a fork, as Dendrite leaves many. */
static void fork_room(struct world *w, int count)
{
    char list[1024] = "";
    int64_t last = number(w->d->db, "SELECT MAX(event_nid) FROM roomserver_events");

    for (int i = 0; i < count; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%c%lld", i ? ',' : '[',
                 (long long)(last - i));
    strcat(list, "]");
    assert_int_equal(
        db_run(w->d->db, "UPDATE roomserver_rooms SET latest_event_nids = ?1", DB_ARGS(DB_T(list)), NULL),
        ERR_OK);
}

static size_t extremities(struct world *w)
{
    struct room_row row;
    size_t count;

    assert_int_equal(rooms_find(w->d->db, ROOM, w->d->arena, &row), ERR_OK);
    count = row.latest.count;
    nids_free(&row.latest);
    return count;
}

static void one_event_merges_the_extremities(void **state)
{
    struct world *w = *state;
    struct room *room;
    char id[ID_SIZE];

    make_room(w, ROOM, "10", CREATOR, people, 2);
    fork_room(w, 3);
    room = open_room(w, ROOM);
    assert_int_equal(say(room, ALICE, "x", id), ERR_OK);
    close_room(w, room);
    assert_int_equal(extremities(w), 1);
    assert_int_equal(number(w->d->db, "SELECT depth FROM roomserver_events ORDER BY event_nid DESC"), 9);
    assert_int_equal(number(w->d->db,
                            "SELECT COUNT(*) FROM roomserver_previous_events"
                            " WHERE event_nids LIKE '%' || (SELECT MAX(event_nid) FROM roomserver_events)"),
                     3);
}

/* An event names at most 20; the next ones take the rest, and the one before them. */
static void many_extremities_are_merged_by_and_by(void **state)
{
    struct world *w = *state;
    struct room *room;
    char id[ID_SIZE];

    make_room(w, ROOM, "10", CREATOR, people, 2);
    room = open_room(w, ROOM);
    for (int i = 0; i < 60; i++)
        assert_int_equal(say(room, ALICE, "x", id), ERR_OK);
    close_room(w, room);
    fork_room(w, 50);
    room = open_room(w, ROOM);
    for (int i = 0; i < 2; i++)
        assert_int_equal(say(room, ALICE, "y", id), ERR_OK);
    close_room(w, room);
    assert_int_equal(extremities(w), 50 - 19 - 19);
    room = open_room(w, ROOM);
    assert_int_equal(say(room, ALICE, "z", id), ERR_OK);
    close_room(w, room);
    assert_int_equal(extremities(w), 1);
    assert_int_equal(check_events(w, room_version_find("10")), 8 + 63);
}

static void what_is_denied_leaves_no_trace(void **state)
{
    struct world *w = *state;
    static const char sql_count[] =
        "SELECT (SELECT COUNT(*) FROM roomserver_events) + (SELECT COUNT(*) FROM syncapi_output_room_events)"
        " + (SELECT COUNT(*) FROM roomserver_state_snapshots) + (SELECT COUNT(*) FROM roomserver_membership)"
        " + (SELECT SUM(stream_id) FROM syncapi_stream_id) + (SELECT last_event_sent_nid FROM "
        "roomserver_rooms)";
    struct new_event large = {.sender = CREATOR, .type = "m.room.message"};
    int64_t before;
    char id[ID_SIZE], *letters = calloc(1, 70001);
    struct room *room;

    make_room(w, ROOM, "10", CREATOR, people, 1);
    before = number(w->d->db, sql_count);
    memset(letters, 'x', 70000);
    large.content = json_pack("{s:s}", "body", letters);
    room = open_room(w, ROOM);
    assert_int_equal(say(room, BOB, "not a member", id), ERR_DENIED);
    assert_int_equal(room_leave(room, BOB), ERR_DENIED);
    assert_int_equal(room_invite(room, CREATOR, ALICE, NULL), ERR_DENIED); /* who is joined */
    assert_int_equal(say(room, "no user id", "x", id), ERR_INVALID);
    assert_int_equal(room_append(room, &large, id), ERR_TOO_LARGE);
    close_room(w, room);
    assert_int_equal(number(w->d->db, sql_count), before);
    room = open_room(w, ROOM);
    assert_int_equal(room_leave(room, BOB), ERR_DENIED);
    assert_int_equal(room_leave(room, ALICE), ERR_OK); /* others can go on */
    close_room(w, room);
    assert_int_equal(check_events(w, room_version_find("10")), 8);
    json_decref(large.content);
    free(letters);
}

/* What clients are told: what an event replaces, and who could see it. */
static void clients_hear_what_is_replaced(void **state)
{
    struct world *w = *state;
    struct room *room;
    json_t *visibility = json_pack("{s:s}", "history_visibility", "joined");
    const struct new_event joined = {
        .sender = CREATOR, .type = "m.room.history_visibility", .state_key = "", .content = visibility};
    const json_t *event;
    json_t *told;
    char id[ID_SIZE];

    make_room(w, ROOM, "10", CREATOR, people, 1);
    room = open_room(w, ROOM);
    assert_int_equal(room_append(room, &joined, id), ERR_OK);
    assert_int_equal(room_leave(room, ALICE), ERR_OK);
    close_room(w, room);
    told = json_loads(text(w, "SELECT headered_event_json FROM syncapi_current_room_state"
                              " WHERE state_key = '" ALICE "'"),
                      0, NULL);
    event = field_object(told, "unsigned");
    assert_string_equal(field_string(field_object(event, "prev_content"), "membership"), "join");
    assert_string_equal(field_string(event, "prev_sender"), ALICE);
    assert_string_equal(field_string(event, "replaces_state"),
                        text(w, "SELECT event_id FROM syncapi_memberships WHERE user_id = '" ALICE
                                "' AND membership = 'join'"));
    assert_string_equal(field_string(told, "_room_version"), "10");
    assert_string_equal(
        text(w, "SELECT remove_state_ids FROM syncapi_output_room_events ORDER BY id DESC"),
        text(w, "SELECT '[\"' || event_id || '\"]' FROM syncapi_memberships WHERE user_id = '" ALICE
                "' AND membership = 'join'"));
    /* The event that changes the visibility is still under the old one. */
    assert_string_equal(text(w, "SELECT GROUP_CONCAT(history_visibility) FROM"
                                " (SELECT history_visibility FROM syncapi_output_room_events ORDER BY id)"),
                        "2,2,2,2,2,2,2,2,4");
    assert_string_equal(
        text(w, "SELECT json_extract(CAST(event_json AS TEXT), '$.unsigned') FROM roomserver_event_json"
                " ORDER BY event_nid DESC"),
        "{}");
    json_decref(told);
    json_decref(visibility);
}

static void an_invitation_comes_and_goes(void **state)
{
    struct world *w = *state;
    struct room *room;

    make_room(w, ROOM, "10", CREATOR, people, 0);
    room = open_room(w, ROOM);
    assert_int_equal(room_invite(room, CREATOR, ALICE, NULL), ERR_OK);
    assert_int_equal(room_invite(room, CREATOR, "@far:other.org", NULL), ERR_OK);
    close_room(w, room);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_invites WHERE NOT retired"), 2);
    assert_string_equal(text(w, "SELECT target_user_id FROM syncapi_invite_events WHERE NOT deleted"), ALICE);
    assert_string_equal(text(w, "SELECT json_extract(CAST(invite_event_json AS TEXT),"
                                " '$.unsigned.invite_room_state[1].sender') FROM roomserver_invites"),
                        CREATOR);
    assert_int_equal(number(w->d->db, "SELECT target_local FROM roomserver_membership"
                                      " ORDER BY target_nid DESC"),
                     0);
    room = open_room(w, ROOM);
    assert_int_equal(
        room_join(room, ALICE, &(struct profile){.display_name = "A", .avatar_url = "mxc://x/y"}), ERR_OK);
    close_room(w, room);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_invites WHERE NOT retired"), 1);
    assert_int_equal(number(w->d->db, "SELECT id FROM syncapi_invite_events WHERE deleted"), 2);
    assert_int_equal(number(w->d->db, "SELECT stream_id FROM syncapi_stream_id WHERE stream_name = 'invite'"),
                     2);
}

static void it_goes_on_in_rooms_of_dendrite(void **state)
{
    struct world *w = *state;
    const char *membership;
    json_t *name;
    struct room *room = open_room(w, "!jDGqmoLRC06s6WLY:" SERVER);

    assert_int_equal(room_membership(room, "@user04:" SERVER, &membership), ERR_OK);
    assert_string_equal(membership, "invite");
    assert_int_equal(room_membership(room, "@nobody:" SERVER, &membership), ERR_OK);
    assert_string_equal(membership, "leave");
    assert_int_equal(room_state(room, "m.room.name", "", &name), ERR_OK);
    assert_string_equal(field_string(field_object(name, "content"), "name"), "Staff");
    assert_int_equal(room_state(room, "m.room.name", "no such key", &name), ERR_OK);
    assert_null(name);
    assert_int_equal(room_state(room, "org.example.none", "", &name), ERR_OK);
    assert_null(name);
    assert_int_equal(room_join(room, "@user04:" SERVER, &(struct profile){.display_name = "4"}), ERR_OK);
    close_room(w, room);
    assert_int_equal(number(w->d->db, "SELECT membership_nid FROM roomserver_membership"
                                      " WHERE room_nid = 2 AND target_nid = 6"),
                     MEMBERSHIP_JOIN);
}

static void damage_is_found(void **state)
{
    static const char *const damages[] = {
        "UPDATE roomserver_rooms SET latest_event_nids = 'x'",
        "UPDATE roomserver_rooms SET latest_event_nids = '[99999]'",
        "UPDATE roomserver_rooms SET state_snapshot_nid = 99999",
        "UPDATE roomserver_event_json SET event_json = '{'",
        "DELETE FROM roomserver_state_block",
    };
    struct world *w = *state;
    struct room *room;

    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        assert_int_equal(db_begin(w->d->db, DB_WRITE), ERR_OK);
        run(w->d->db, damages[i]);
        assert_int_equal(room_open(&room, &w->writer, "!VaNppTgZjfEEpSW9:" SERVER), ERR_CORRUPT);
        assert_null(room);
        assert_int_equal(db_end(w->d->db, ERR_CORRUPT), ERR_CORRUPT);
    }
}

#define FRESH(test)   cmocka_unit_test_setup_teardown(test, world_new, world_end)
#define FIXTURE(test) cmocka_unit_test_setup_teardown(test, world_of_dendrite, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(writes_every_room_version),
        FRESH(an_unknown_version_is_refused),
        FRESH(what_is_no_room_is_not_found),
        FRESH(events_follow_one_another),
        FRESH(an_act_of_several_transactions_takes_in_what_others_write),
        FRESH(one_event_merges_the_extremities),
        FRESH(many_extremities_are_merged_by_and_by),
        FRESH(what_is_denied_leaves_no_trace),
        FRESH(clients_hear_what_is_replaced),
        FRESH(an_invitation_comes_and_goes),
        FIXTURE(it_goes_on_in_rooms_of_dendrite),
        FIXTURE(damage_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
