/* SPDX-License-Identifier: ISC */
#include "database.h"
#include "store/event_reports.h"

#define LOBBY "!VaNppTgZjfEEpSW9:example.org"

/* In the fixture: reports 1 to 3 of the room 1, by user20, user21 and user22. */
struct seen {
    char ids[64];
    enum err stop;
};

static enum err see(const struct event_report *report, void *context)
{
    struct seen *seen = context;
    size_t length = strlen(seen->ids);

    snprintf(seen->ids + length, sizeof seen->ids - length, "%lld ", (long long)report->id);
    return seen->stop;
}

static void finds_what_dendrite_has_stored(void **state)
{
    struct database *d = *state;
    struct event_report report;
    const char *json;

    assert_int_equal(event_reports_find(d->db, 1, d->arena, &report, &json), ERR_OK);
    assert_int_equal(report.id, 1);
    assert_true(report.received_ts == INT64_C(1795452780112));
    assert_string_equal(report.room_id, LOBBY);
    assert_string_equal(report.event_id, "$vKH_GFJyQjrxCiS1u3vpXkP9LFFYoZ2xG--v7LwAsKk");
    assert_string_equal(report.user_id, "@user20:example.org");
    assert_string_equal(report.sender, "@user03:example.org");
    assert_string_equal(report.reason, "spam");
    assert_true(report.has_score);
    assert_int_equal(report.score, -50);
    assert_string_equal(report.name, "Lobby");
    assert_string_equal(report.canonical_alias, "#lobby:example.org");
    assert_non_null(strstr(json, "\"message 3\""));
    assert_int_equal(event_reports_find(d->db, 4, d->arena, &report, &json), ERR_NOT_FOUND);
}

/* The rows of the room are away, as after a purge, or Dendrite's; the users have not lost their names. */
static void tells_what_is_known_of_what_is_gone(void **state)
{
    struct database *d = *state;
    struct event_report report;
    struct seen seen = {0};
    const char *json;

    run(d->db, "DELETE FROM roomserver_rooms WHERE room_nid = 1");
    run(d->db, "DELETE FROM roomserver_event_json WHERE event_nid IN"
               " (SELECT event_nid FROM roomserver_events WHERE room_nid = 1)");
    run(d->db, "DELETE FROM roomserver_events WHERE room_nid = 1");
    run(d->db, "UPDATE roomserver_reported_events SET reason = NULL, score = NULL, event_sender_nid = 999");
    assert_int_equal(event_reports_find(d->db, 3, d->arena, &report, &json), ERR_OK);
    assert_string_equal(report.room_id, "");
    assert_string_equal(report.event_id, "");
    assert_string_equal(report.user_id, "@user22:example.org");
    assert_string_equal(report.sender, "");
    assert_null(report.reason);
    assert_false(report.has_score);
    assert_null(report.name);
    assert_null(report.canonical_alias);
    assert_null(json);
    assert_int_equal(event_reports_list(d->db, &(struct event_report_filter){"", "", ""},
                                        &(struct event_report_page){.limit = 10}, see, &seen),
                     ERR_OK);
    assert_string_equal(seen.ids, "1 2 3 ");
}

static void lists_what_is_asked_for(void **state)
{
    static const struct {
        struct event_report_filter filter;
        struct event_report_page page;
        const char *ids;
        int64_t count;
    } rows[] = {
        {{"", "", ""}, {0, 100, true}, "3 2 1 ", 3},
        {{"", "", ""}, {0, 100, false}, "1 2 3 ", 3},
        {{"", "", ""}, {0, INT64_MAX, false}, "1 2 3 ", 3},
        {{"", "", ""}, {1, 1, true}, "2 ", 3},
        {{"", "", ""}, {2, 5, false}, "3 ", 3},
        {{"", "", ""}, {3, 5, false}, "", 3},
        {{"", "", ""}, {INT64_MAX, 5, false}, "", 3},
        {{"", "", ""}, {0, 0, false}, "", 3},
        {{"@user21:example.org", "", ""}, {0, 100, true}, "2 ", 1},
        {{"user2", "", ""}, {0, 100, false}, "1 2 3 ", 3},
        {{"USER2", "", ""}, {0, 100, false}, "", 0},
        {{"%", "", ""}, {0, 100, false}, "", 0},
        {{"", LOBBY, ""}, {0, 100, false}, "1 2 3 ", 3},
        {{"", "VaNpp", ""}, {0, 100, false}, "1 2 3 ", 3},
        {{"", "vanpp", ""}, {0, 100, false}, "", 0},
        {{"", "", "@user03:example.org"}, {0, 100, false}, "1 2 ", 2},
        {{"", "", "@user03"}, {0, 100, false}, "", 0},
        {{"user21", "VaNpp", "@user03:example.org"}, {0, 100, false}, "2 ", 1},
        {{"user22", "", "@user03:example.org"}, {0, 100, false}, "", 0},
    };
    struct database *d = *state;
    struct seen one = {.stop = ERR_NOMEM};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct seen seen = {0};
        int64_t count = -1;

        assert_int_equal(event_reports_list(d->db, &rows[i].filter, &rows[i].page, see, &seen), ERR_OK);
        assert_int_equal(event_reports_count(d->db, &rows[i].filter, &count), ERR_OK);
        if (strcmp(seen.ids, rows[i].ids) != 0 || count != rows[i].count)
            fail_msg("row %zu: %s(%lld)", i, seen.ids, (long long)count);
    }
    assert_int_equal(event_reports_list(d->db, &rows[0].filter, &rows[0].page, see, &one), ERR_NOMEM);
    assert_string_equal(one.ids, "3 ");
}

static void lists_those_of_one_moment_by_their_numbers(void **state)
{
    static const struct event_report_filter all = {"", "", ""};
    struct database *d = *state;
    struct seen newest = {0}, oldest = {0};

    run(d->db, "UPDATE roomserver_reported_events SET received_ts = 5 WHERE id > 1");
    assert_int_equal(event_reports_list(d->db, &all, &(struct event_report_page){0, 9, true}, see, &newest),
                     ERR_OK);
    assert_int_equal(event_reports_list(d->db, &all, &(struct event_report_page){0, 9, false}, see, &oldest),
                     ERR_OK);
    assert_string_equal(newest.ids, "1 3 2 ");
    assert_string_equal(oldest.ids, "2 3 1 ");
}

static void deletes_one(void **state)
{
    struct database *d = *state;

    assert_int_equal(event_reports_delete(d->db, 2), ERR_OK);
    assert_int_equal(event_reports_delete(d->db, 2), ERR_NOT_FOUND);
    assert_int_equal(number(d->db, "SELECT SUM(id) FROM roomserver_reported_events"), 4);
}

#define DENDRITE(test) cmocka_unit_test_setup_teardown(test, database_of_dendrite_completed, database_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DENDRITE(finds_what_dendrite_has_stored),
        DENDRITE(tells_what_is_known_of_what_is_gone),
        DENDRITE(lists_what_is_asked_for),
        DENDRITE(lists_those_of_one_moment_by_their_numbers),
        DENDRITE(deletes_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
