/* SPDX-License-Identifier: ISC */
#include "database.h"
#include "store/memberships.h"
#include "store/room_state.h"

#define LOBBY "!VaNppTgZjfEEpSW9:example.org"

struct seen {
    char text[4096];
    int count;
    enum err stop;
};

static void note(struct seen *seen, const char *text)
{
    size_t length = strlen(seen->text);

    snprintf(seen->text + length, sizeof seen->text - length, "%s ", text);
    seen->count++;
}

static enum err see_member(const char *user_id, void *context)
{
    note(context, user_id);
    return ((struct seen *)context)->stop;
}

static enum err see_event(const struct room_state_event *event, void *context)
{
    note(context, event->event_id);
    if (event->replaces)
        note(context, event->replaces);
    return ((struct seen *)context)->stop;
}

static void lists_who_is_joined(void **state)
{
    static const struct {
        int64_t room_nid, after;
        const char *users;
    } rows[] = {
        {2, 0, "@user01:example.org @user02:example.org @user03:example.org "}, /* user04 is invited */
        {2, 4, "@user03:example.org "},
        {2, 5, ""},
        {99, 0, ""},
    };
    struct database *d = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen seen = {0};
        int64_t after = rows[i].after;
        bool done = false;

        assert_int_equal(memberships_joined(d->db, rows[i].room_nid, &after, &done, see_member, &seen),
                         ERR_OK);
        assert_true(done);
        if (strcmp(seen.text, rows[i].users) != 0)
            fail_msg("row %zu: %s", i, seen.text);
    }
}

static void stops_at_the_first_error(void **state)
{
    struct database *d = *state;
    struct room_state_walk walk = {.room_id = LOBBY};
    struct seen member = {.stop = ERR_NOMEM}, event = {.stop = ERR_NOMEM};
    int64_t after = 0;
    bool done = false;

    assert_int_equal(memberships_joined(d->db, 1, &after, &done, see_member, &member), ERR_NOMEM);
    assert_int_equal(member.count, 1);
    assert_int_equal(room_state_next(d->db, &walk, d->arena, see_event, &event), ERR_NOMEM);
    assert_int_equal(event.count, 1);
}

static int count(struct database *d, struct room_state_walk walk)
{
    struct seen seen = {0};

    assert_int_equal(room_state_next(d->db, &walk, d->arena, see_event, &seen), ERR_OK);
    assert_true(walk.done);
    return seen.count;
}

static void walks_through_the_state(void **state)
{
    struct database *d = *state;
    int64_t all =
        number(d->db, "SELECT COUNT(*) FROM syncapi_current_room_state WHERE room_id = '" LOBBY "'");

    run(d->db, "UPDATE syncapi_output_room_events SET remove_state_ids = NULL");
    assert_int_equal(count(d, (struct room_state_walk){.room_id = LOBBY}), all);
    assert_int_equal(count(d, (struct room_state_walk){.room_id = LOBBY, .type = "m.room.name"}), 1);
    assert_int_equal(count(d, (struct room_state_walk){.room_id = LOBBY, .type = "m.room"}), 0);
    assert_int_equal(count(d, (struct room_state_walk){.room_id = "!x:example.org"}), 0);
}

/* From where a slice has ended, which itself has been seen. */
static void goes_on_where_it_was(void **state)
{
    struct database *d = *state;
    struct room_state_walk all = {
        .room_id = LOBBY, .last_type = "m.room.member", .last_key = "@user29:example.org"};
    struct room_state_walk one = {.room_id = LOBBY,
                                  .type = "m.room.member",
                                  .last_type = "m.room.member",
                                  .last_key = "@user02:example.org"};
    int64_t after = number(
        d->db,
        "SELECT COUNT(*) FROM syncapi_current_room_state WHERE room_id = '" LOBBY "'"
        " AND (type > 'm.room.member' OR (type = 'm.room.member' AND state_key > '@user29:example.org'))");
    int64_t users =
        number(d->db, "SELECT COUNT(*) FROM syncapi_current_room_state WHERE room_id = '" LOBBY "'"
                      " AND type = 'm.room.member' AND state_key > '@user02:example.org'");

    assert_true(after > 0 && users > 0);
    run(d->db, "UPDATE syncapi_output_room_events SET remove_state_ids = NULL");
    assert_int_equal(count(d, all), after);
    assert_int_equal(count(d, one), users);
}

static void tells_what_an_event_replaced(void **state)
{
    static const struct {
        const char *sql, *replaces;
    } rows[] = {
        {"UPDATE syncapi_output_room_events SET remove_state_ids = '[\"$a\"]' WHERE type = 'm.room.name'",
         "$a "},
        {"UPDATE syncapi_output_room_events SET remove_state_ids = '[\"$a\",\"$b\"]' WHERE type = "
         "'m.room.name'",
         ""},
        {"UPDATE syncapi_output_room_events SET remove_state_ids = '' WHERE type = 'm.room.name'", ""},
        {"DELETE FROM syncapi_output_room_events WHERE type = 'm.room.name'", ""},
    };
    struct database *d = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct room_state_walk walk = {.room_id = LOBBY, .type = "m.room.name"};
        struct seen seen = {0};

        run(d->db, rows[i].sql);
        assert_int_equal(room_state_next(d->db, &walk, d->arena, see_event, &seen), ERR_OK);
        if (strcmp(strchr(seen.text, ' ') + 1, rows[i].replaces) != 0)
            fail_msg("row %zu: %s", i, seen.text);
    }
}

static enum err see_json(const struct room_state_event *event, void *context)
{
    note(context, event->json);
    return ERR_OK;
}

/* Dendrite redacts what the roomserver has, but not this table; that may have what the roomserver has not. */
static void takes_the_json_of_the_roomserver(void **state)
{
    static const char *const changes[] = {
        "UPDATE roomserver_event_json SET event_json = 'redacted' WHERE event_nid IN (SELECT e.event_nid FROM"
        " roomserver_events e JOIN syncapi_current_room_state s ON s.event_id = e.event_id"
        " WHERE s.room_id = '" LOBBY "' AND s.type = 'm.room.name')",
        "DELETE FROM roomserver_event_json",
    };
    static const char *const wanted[] = {"redacted ", "{\"auth_events\""};
    struct database *d = *state;

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct room_state_walk walk = {.room_id = LOBBY, .type = "m.room.name"};
        struct seen seen = {0};

        run(d->db, changes[i]);
        assert_int_equal(room_state_next(d->db, &walk, d->arena, see_json, &seen), ERR_OK);
        if (strncmp(seen.text, wanted[i], strlen(wanted[i])) != 0)
            fail_msg("row %zu: %s", i, seen.text);
    }
}

#define DENDRITE(test) cmocka_unit_test_setup_teardown(test, database_of_dendrite_completed, database_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DENDRITE(lists_who_is_joined),          DENDRITE(stops_at_the_first_error),
        DENDRITE(walks_through_the_state),      DENDRITE(goes_on_where_it_was),
        DENDRITE(tells_what_an_event_replaced), DENDRITE(takes_the_json_of_the_roomserver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
