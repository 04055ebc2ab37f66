/* SPDX-License-Identifier: ISC */
#include "world.h"

#include "store/transactions.h"

#define NOTICE_02 "!ZqDCNU7H1TbQdYwY:" SERVER /* the room of Dendrite's notices to user02 */

static const char sql_notice_rooms[] =
    "SELECT COUNT(*) FROM syncapi_current_room_state WHERE type = 'm.room.create'"
    " AND sender = '@_server:" SERVER "'";

static json_t *message(const char *body)
{
    json_t *content = json_pack("{s:s, s:s}", "msgtype", "m.text", "body", body);

    assert_non_null(content);
    return content;
}

/* Sends a message; returns the event's id, NULL with `*e` set when it failed. */
static const char *try_send(struct world *w, const char *localpart, const char *transaction_id, enum err *e)
{
    struct notice notice = {
        .localpart = localpart,
        .type = "m.room.message",
        .content = message("Hello"),
        .transaction = {.token = "token", .id = transaction_id},
    };
    const char *event_id = NULL;

    *e = homeserver_send_notice(&w->hs, &notice, w->d->arena, &event_id);
    json_decref(notice.content);
    return event_id;
}

static const char *send_to(struct world *w, const char *localpart, const char *transaction_id)
{
    enum err e;
    const char *event_id = try_send(w, localpart, transaction_id, &e);

    assert_int_equal(e, ERR_OK);
    assert_non_null(event_id);
    return event_id;
}

static const char *room_of_last(struct world *w)
{
    return text(w, "SELECT room_id FROM syncapi_output_room_events ORDER BY id DESC");
}

static const char *types_of_last_room(struct world *w)
{
    return text(w,
                "SELECT GROUP_CONCAT(type, ' ') FROM (SELECT type FROM syncapi_output_room_events"
                " WHERE room_id = (SELECT room_id FROM syncapi_output_room_events ORDER BY id DESC LIMIT 1)"
                " ORDER BY id)");
}

/* A part of the content of an event in the room that was written to last. */
#define CONTENT(type, state_key, path)                                                                       \
    "SELECT json_extract(CAST(headered_event_json AS TEXT), '$.content" path                                 \
    "') FROM syncapi_current_room_state"                                                                     \
    " WHERE type = '" type "' AND state_key = '" state_key "'"                                               \
    " AND room_id = (SELECT room_id FROM syncapi_output_room_events ORDER BY id DESC LIMIT 1)"

static void the_first_notice_makes_all(void **state)
{
    struct world *w = *state;

    add_account(w, "alice");
    send_to(w, "alice", NULL);
    assert_string_equal(types_of_last_room(w),
                        "m.room.create m.room.member m.room.power_levels m.room.join_rules"
                        " m.room.history_visibility m.room.guest_access m.room.name m.room.member"
                        " m.room.message");
    assert_string_equal(text(w, CONTENT("m.room.create", "", "")),
                        "{\"creator\":\"@_server:" SERVER "\",\"m.federate\":false,\"room_version\":\"10\"}");
    assert_string_equal(text(w, CONTENT("m.room.power_levels", "", ".users")),
                        "{\"@_server:" SERVER "\":100,\"@alice:" SERVER "\":-10}");
    assert_string_equal(text(w, CONTENT("m.room.join_rules", "", ".join_rule")), "invite");
    assert_string_equal(text(w, CONTENT("m.room.name", "", ".name")), "Server Alert");
    assert_string_equal(text(w, CONTENT("m.room.member", "@alice:" SERVER, "")),
                        "{\"membership\":\"invite\"}");
    assert_string_equal(text(w, CONTENT("m.room.member", "@_server:" SERVER, "")),
                        "{\"displayname\":\"Server Alert\",\"membership\":\"join\"}");
    assert_string_equal(text(w, "SELECT content FROM userapi_account_datas WHERE localpart = 'alice'"),
                        "{\"tags\":{\"m.server_notice\":{\"order\":1}}}");
    assert_string_equal(
        text(w, "SELECT type FROM syncapi_account_data_type WHERE user_id = '@alice:" SERVER "'"), "m.tag");
    assert_string_equal(text(w, "SELECT display_name FROM userapi_profiles WHERE localpart = '_server'"),
                        "Server Alert");
    assert_string_equal(text(w, "SELECT password_hash FROM userapi_accounts WHERE localpart = '_server'"),
                        "");
    assert_int_equal(
        number(w->d->db, "SELECT account_type FROM userapi_accounts WHERE localpart = '_server'"),
        ACCOUNT_USER);
}

static void each_user_has_one_room(void **state)
{
    struct world *w = *state;
    const char *room_id;

    add_account(w, "alice");
    add_account(w, "bob");
    send_to(w, "alice", NULL);
    room_id = room_of_last(w);
    send_to(w, "alice", NULL);
    assert_string_equal(room_of_last(w), room_id);
    send_to(w, "bob", NULL);
    assert_string_not_equal(room_of_last(w), room_id);
    send_to(w, "alice", NULL);
    assert_string_equal(room_of_last(w), room_id);
    assert_int_equal(number(w->d->db, sql_notice_rooms), 2);
    w->config.room_version = CONFIG_ROOM_VERSION_11;
    add_account(w, "carol");
    send_to(w, "carol", NULL);
    assert_string_equal(text(w, CONTENT("m.room.create", "", "")),
                        "{\"m.federate\":false,\"room_version\":\"11\"}");
}

static void dendrites_room_is_used_again(void **state)
{
    struct world *w = *state;

    send_to(w, "user02", NULL);
    assert_string_equal(room_of_last(w), NOTICE_02);
    assert_int_equal(number(w->d->db, sql_notice_rooms), 1);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM syncapi_output_room_events"
                                      " WHERE room_id = '" NOTICE_02 "'"),
                     10);
}

static void who_left_is_invited_again(void **state)
{
    struct world *w = *state;
    struct id_list affected;

    send_to(w, "user02", NULL);
    assert_int_equal(homeserver_evacuate_user(&w->hs, "user02", false, w->d->arena, &affected), ERR_OK);
    send_to(w, "user02", NULL);
    assert_string_equal(room_of_last(w), NOTICE_02);
    assert_string_equal(text(w, CONTENT("m.room.member", "@user02:" SERVER, "")),
                        "{\"membership\":\"invite\",\"reason\":\"Server notice room\"}");
    assert_int_equal(homeserver_join(&w->hs, "user02", NOTICE_02), ERR_OK);
    send_to(w, "user02", NULL);
    assert_int_equal(homeserver_leave(&w->hs, "user02", NOTICE_02), ERR_OK);
    send_to(w, "user02", NULL);
    assert_string_equal(room_of_last(w), NOTICE_02);
    assert_int_equal(number(w->d->db, sql_notice_rooms), 1);
}

/* Rooms that others are in, or that nobody can write to any more, are not for this user's notices. */
static void other_rooms_are_not_used(void **state)
{
    struct world *w = *state;
    struct id_list affected;
    struct room *room;

    room = open_room(w, NOTICE_02);
    assert_int_equal(room_invite(room, "@_server:" SERVER, "@user03:" SERVER, NULL), ERR_OK);
    close_room(w, room);
    send_to(w, "user03", NULL); /* who has come into the room of user02 */
    assert_string_not_equal(room_of_last(w), NOTICE_02);
    assert_int_equal(homeserver_evacuate_room(&w->hs, NOTICE_02, false, w->d->arena, &affected), ERR_OK);
    send_to(w, "user02", NULL);
    assert_string_not_equal(room_of_last(w), NOTICE_02);
    assert_int_equal(number(w->d->db, sql_notice_rooms), 3);
}

static void the_profile_follows_the_configuration(void **state)
{
    struct world *w = *state;
    int64_t events;

    w->config.server_notices.display_name = (char *)(uintptr_t) "Operators";
    w->config.server_notices.avatar_url = (char *)(uintptr_t) "mxc://example.org/face";
    send_to(w, "user02", NULL);
    assert_string_equal(
        text(w, CONTENT("m.room.member", "@_server:" SERVER, "")),
        "{\"avatar_url\":\"mxc://example.org/face\",\"displayname\":\"Operators\",\"membership\":\"join\"}");
    assert_string_equal(text(w, "SELECT display_name || ' ' || avatar_url FROM userapi_profiles"
                                " WHERE localpart = '_server'"),
                        "Operators mxc://example.org/face");
    events = number(w->d->db, "SELECT COUNT(*) FROM roomserver_events");
    send_to(w, "user02", NULL);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_events"), events + 1);
}

static void a_transaction_makes_one_event(void **state)
{
    struct world *w = *state;
    const char *first = send_to(w, "user02", "t1");

    run(w->d->db, "UPDATE userapi_accounts SET localpart = 'gone' WHERE localpart = 'user02'");
    assert_string_equal(send_to(w, "user02", "t1"), first); /* whatever has become of the user */
    run(w->d->db, "UPDATE userapi_accounts SET localpart = 'user02' WHERE localpart = 'gone'");
    assert_string_not_equal(send_to(w, "user02", "t2"), first);
    assert_string_not_equal(send_to(w, "user02", NULL), first);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_transactions"), 2);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_transactions"
                                      " WHERE CAST(token_hash AS TEXT) LIKE '%token%'"),
                     0);
    run(w->d->db, "UPDATE mxadmin_transactions SET created_ts = 1 WHERE transaction_id = 't1'");
    send_to(w, "user02", "t3");
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_transactions"),
                     2); /* the old one is swept */
}

static void the_content_is_sent_whole(void **state)
{
    struct world *w = *state;
    json_t *content = json_loads("{\"a\": {\"b\": [1, null, \"\\u2615\"]}, \"url\": \"mxc://x/y\"}", 0, NULL);
    const struct notice notice = {
        .localpart = "user02", .type = "org.example.state", .state_key = "key", .content = content};
    const char *event_id;

    assert_int_equal(homeserver_send_notice(&w->hs, &notice, w->d->arena, &event_id), ERR_OK);
    assert_string_equal(text(w, CONTENT("org.example.state", "key", "")),
                        "{\"a\":{\"b\":[1,null,\"☕\"]},\"url\":\"mxc://x/y\"}");
    assert_int_equal(number(w->d->db, "SELECT contains_url FROM syncapi_output_room_events ORDER BY id DESC"),
                     1);
    json_decref(content);
}

static void what_fails_leaves_nothing(void **state)
{
    static const struct {
        const char *localpart, *type, *state_key, *content;
        enum err err;
    } rows[] = {
        {"nobody", "m.room.message", NULL, "{}", ERR_NOT_FOUND},
        {"_server", "m.room.message", NULL, "{}", ERR_INVALID},
        {"user03", "m.room.message", NULL, "{\"a\": 1.5}", ERR_INVALID},
        {"user03", "m.room.message", NULL, "{\"a\": 9007199254740992}", ERR_INVALID},
        {"user03", "m.room.create", "", "{}", ERR_DENIED},
        {"user03", "org.example", "@user04:" SERVER, "{}", ERR_DENIED},
        {"user03", "m.room.member", "@user04:" SERVER, "{\"membership\": \"join\"}", ERR_DENIED},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *content = json_loads(rows[i].content, 0, NULL);
        const struct notice notice = {
            .localpart = rows[i].localpart,
            .type = rows[i].type,
            .state_key = rows[i].state_key,
            .content = content,
            .transaction = {.token = "token", .id = "t"},
        };
        const char *event_id;

        assert_int_equal(homeserver_send_notice(&w->hs, &notice, w->d->arena, &event_id), rows[i].err);
        assert_null(event_id);
        json_decref(content);
        assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_rooms"), 8);
        assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_events"), 119);
        assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_transactions"), 0);
    }
}

#define SENDERS    12
#define EACH       8
#define RECIPIENTS 3

/* In a process of its own: notices to all recipients, some of them by transactions that others have too. */
static int send_many(const struct database *d, int i)
{
    static const char *const localparts[RECIPIENTS] = {"user03", "user04", "user05"};
    struct database own = *d;
    struct world *w;

    assert_int_equal(db_open(&own.db, d->path), ERR_OK);
    w = world_on(&own, "tests/fixture/matrix_key.pem");
    for (int n = 0; n < EACH; n++) {
        char transaction[16];
        enum err e;

        snprintf(transaction, sizeof transaction, "t%d", n);
        if (!try_send(w, localparts[(i + n) % RECIPIENTS], n % 2 ? transaction : NULL, &e))
            return 1;
    }
    return 0;
}

static void many_send_at_once(void **state)
{
    struct world *w = *state;
    int results[SENDERS];

    db_close(&w->d->db);
    at_once(SENDERS, send_many, w->d, results);
    assert_int_equal(db_open(&w->d->db, w->d->path), ERR_OK);
    assert_int_equal(count_of(results, SENDERS, 0), SENDERS);
    assert_int_equal(number(w->d->db, sql_notice_rooms), 1 + RECIPIENTS);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM syncapi_output_room_events"
                                      " WHERE type = 'm.room.message' AND id > 119"),
                     SENDERS * EACH / 2 + EACH / 2);
    assert_int_equal(
        number(w->d->db, "SELECT COUNT(*) FROM roomserver_rooms WHERE latest_event_nids LIKE '%,%'"), 0);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM userapi_accounts WHERE localpart = '_server'"),
                     1);
}

#define FRESH(test)   cmocka_unit_test_setup_teardown(test, world_new, world_end)
#define FIXTURE(test) cmocka_unit_test_setup_teardown(test, world_of_dendrite, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(the_first_notice_makes_all),      FRESH(each_user_has_one_room),
        FIXTURE(dendrites_room_is_used_again),  FIXTURE(who_left_is_invited_again),
        FIXTURE(other_rooms_are_not_used),      FIXTURE(the_profile_follows_the_configuration),
        FIXTURE(a_transaction_makes_one_event), FIXTURE(the_content_is_sent_whole),
        FIXTURE(what_fails_leaves_nothing),     FIXTURE(many_send_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
