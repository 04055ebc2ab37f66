/* SPDX-License-Identifier: ISC */
/* What policies take, and what they spare. */
#include <time.h>

#include "base/clock.h"
#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"
#include "homeserver/policies.h"
#include "store/media_list.h"
#include "world.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static char spared_user[] = "spared", spared_id[] = "@spared:" SERVER;

static int begin(void **state)
{
    struct world *w;

    world_new(state);
    w = *state;
    w->config.homeserver.wait = 60;
    w->config.media_path = (char *)(uintptr_t) "";
    for (size_t i = 0; i < 5; i++)
        add_account(w, (const char *[]){"alice", "bob", "spared", "_server", "bridge"}[i]);
    run(w->d->db, "UPDATE userapi_accounts SET account_type = 4 WHERE localpart = 'bridge'");
    return 0;
}

/* Puts `%lld`, which is now, into a statement, and runs that. */
static void run_now(struct world *w, const char *format)
{
    const char *mark = strstr(format, "NOW");
    const char *sql;

    sql = mark ? arena_printf(w->d->arena, "%.*s%lld%s", (int)(mark - format), format,
                              (long long)clock_now_ms(), mark + 3)
               : format;
    assert_non_null(sql);
    run(w->d->db, sql);
}

/* Has the runner do its turns until nothing is due. */
static void turns(struct world *w)
{
    int64_t pause_ms = 0;

    do
        assert_int_equal(jobs_turn(&w->hs, true, &pause_ms), ERR_OK);
    while (pause_ms == 0);
}

static struct job run_policy(struct world *w, const char *name)
{
    const struct job_request request = {.kind = JOB_POLICY, .target = name};
    char id[JOBS_ID_SIZE];
    struct job job;
    enum err e = jobs_start(&w->hs, &request, id);

    assert_true(e == ERR_OK || e == ERR_EXISTS);
    turns(w);
    assert_int_equal(jobs_find(w->d->db, id, w->d->arena, &job), ERR_OK);
    return job;
}

static enum err count_one(const struct found *found, void *count)
{
    assert_non_null(found->id);
    ++*(size_t *)count;
    return ERR_OK;
}

static size_t foresee(struct world *w, const char *name)
{
    size_t count = 0;

    assert_int_equal(policies_foresee(&w->hs, policies_find(name), count_one, &count), ERR_OK);
    return count;
}

#define DEVICE(user, id, seen)                                                                               \
    "INSERT INTO userapi_devices (access_token, session_id, device_id, localpart, server_name, created_ts, " \
    "last_seen_ts) VALUES ('" id "', 1, '" id "', '" user "', 'example.org', 1, " seen ")"

static void sessions_that_are_idle_end(void **state)
{
    static const char *const devices[] = {
        DEVICE("alice", "OLD", "NOW - 864000001"),
        DEVICE("alice", "NEW", "NOW - 863000000"),
        DEVICE("alice", "NEVERSEEN", "NULL"),
        DEVICE("bob", "OLDER", "2"),
        DEVICE("spared", "SPARED", "2"),
        DEVICE("_server", "NOTICES", "2"),
        DEVICE("bridge", "BRIDGE", "2"),
        "INSERT INTO userapi_devices (access_token, session_id, device_id, localpart, server_name, "
        "created_ts,"
        " last_seen_ts) VALUES ('', 1, 'TOKENLESS', 'bob', 'example.org', 1, 2)",
        "INSERT INTO userapi_devices (access_token, session_id, device_id, localpart, server_name, "
        "created_ts,"
        " last_seen_ts) VALUES ('u', 1, 'DATELESS', 'bob', 'example.org', NULL, 0)",
    };
    struct world *w = *state;
    char *items[] = {spared_user};
    struct job job;

    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        run_now(w, devices[i]);
    w->config.policies.idle_session_days = 10;
    w->config.policies.spare_users = (struct config_list){1, items};
    assert_int_equal(foresee(w, "idle_sessions"), 3);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM userapi_devices"), 9);
    job = run_policy(w, "idle_sessions");
    assert_int_equal(job.status, JOB_COMPLETE);
    assert_int_equal(job.done, 3);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM userapi_devices WHERE device_id IN ('NEW', "
                                      "'SPARED', 'NOTICES', 'BRIDGE', 'TOKENLESS', 'DATELESS')"),
                     6);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM userapi_devices"), 6);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_audit WHERE method = 'POLICY'"
                                      " AND target = 'idle_sessions' AND outcome = 200"
                                      " AND json_extract(parameters, '$.ended') = 3"),
                     1);
    items[0] = spared_id;
    assert_int_equal(foresee(w, "idle_sessions"), 0);
    /* Nothing to be done is nothing to be told. */
    assert_int_equal(run_policy(w, "idle_sessions").done, 0);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_audit"), 1);
}

/* More than a slice; and one that is used again after it was found. */
static void what_was_found_is_looked_at_again(void **state)
{
    struct world *w = *state;
    const struct job_request request = {.kind = JOB_POLICY, .target = "idle_sessions"};
    char id[JOBS_ID_SIZE];

    run(w->d->db, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)"
                  " INSERT INTO userapi_devices (access_token, session_id, device_id, localpart, server_name,"
                  " created_ts, last_seen_ts) SELECT 't' || i, i, 'D' || i, CASE WHEN i % 2 THEN 'alice' ELSE"
                  " 'bob' END, 'example.org', 1, 2 FROM n");
    w->config.policies.idle_session_days = 1;
    assert_int_equal(foresee(w, "idle_sessions"), 1200);
    assert_int_equal(jobs_start(&w->hs, &request, id), ERR_OK);
    run(w->d->db, "INSERT INTO mxadmin_job_items (job_id, position, item) SELECT id, 1, 'alice:D1'"
                  " FROM mxadmin_jobs");
    run(w->d->db, "INSERT INTO mxadmin_job_items (job_id, position, item) SELECT id, 2, 'alice:GONE'"
                  " FROM mxadmin_jobs");
    run_now(w, "UPDATE userapi_devices SET last_seen_ts = NOW WHERE device_id = 'D1'");
    turns(w);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM userapi_devices"), 1);
    assert_int_equal(number(w->d->db, "SELECT done = 1201 AND total = 1201 AND status = 'complete'"
                                      " FROM mxadmin_jobs"),
                     1);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_job_items WHERE outcome = 'spared'"), 1);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_job_items WHERE outcome = 'ended'"),
                     1200);
}

static enum err session_err;

static enum err fail_to_end(struct homeserver *hs, const char *localpart, const char *device_id)
{
    (void)localpart;
    if (strcmp(device_id, "D2") != 0)
        return ERR_OK;
    hs->reason = "no";
    return session_err;
}

/* An error of one item is told of that; any other one stops the job, which goes on later. */
static void what_fails_is_told(void **state)
{
    static const struct homeserver_acts acts = {.end_session = fail_to_end};
    struct world *w = *state;
    int64_t pause_ms;

    w->hs.acts = &acts;
    w->config.policies.idle_session_days = 1;
    run(w->d->db, DEVICE("alice", "D1", "2"));
    run(w->d->db, DEVICE("alice", "D2", "2"));
    run(w->d->db, DEVICE("alice", "D3", "2"));
    session_err = ERR_UNREACHABLE;
    (void)!jobs_start(&w->hs, &(struct job_request){.kind = JOB_POLICY, .target = "idle_sessions"},
                      (char[JOBS_ID_SIZE]){0});
    log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
    assert_int_equal(jobs_turn(&w->hs, true, &pause_ms), ERR_OK);
    assert_int_equal(number(w->d->db,
                            "SELECT status = 'scheduled' AND done = 1 AND total = 3 AND error = 'no'"
                            " AND due_ts > 0 FROM mxadmin_jobs"),
                     1);
    session_err = ERR_DENIED;
    run(w->d->db, "UPDATE mxadmin_jobs SET due_ts = 0");
    turns(w);
    assert_int_equal(number(w->d->db, "SELECT status = 'complete' AND done = 3 FROM mxadmin_jobs"), 1);
    assert_string_equal(
        text(w, "SELECT item || ' ' || detail FROM mxadmin_job_items WHERE outcome = 'failed'"),
        "alice:D2 no");
    assert_string_equal(text(w, "SELECT parameters FROM mxadmin_audit WHERE outcome = 200"),
                        arena_printf(w->d->arena, "{\"job_id\":\"%s\",\"days\":1,\"ended\":2,\"failed\":1}",
                                     text(w, "SELECT id FROM mxadmin_jobs")));
}

/* What a batch had done is done, whether that was written down or not. */
static void a_job_that_is_cut_off_goes_on(void **state)
{
    struct world *w = *state;
    int64_t pause_ms;

    run(w->d->db,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)"
        " INSERT INTO mediaapi_media_repository SELECT 'm' || i, 'other.org', 't', 1, 1, '', 'h' || i,"
        " '' FROM n");
    w->config.policies.remote_media_days = 1;
    (void)!jobs_start(&w->hs, &(struct job_request){.kind = JOB_POLICY, .target = "remote_media"},
                      (char[JOBS_ID_SIZE]){0});
    assert_int_equal(jobs_turn(&w->hs, true, &pause_ms), ERR_OK);
    run(w->d->db, "UPDATE mxadmin_job_items SET outcome = NULL");
    run(w->d->db,
        "UPDATE mxadmin_jobs SET cursor = '', done = 0, total = 0, status = 'active', finished_ts = 0");
    turns(w);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mediaapi_media_repository"), 0);
    assert_int_equal(number(w->d->db, "SELECT done = 700 AND total = 700 AND status = 'complete'"
                                      " FROM mxadmin_jobs"),
                     1);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_job_items WHERE outcome = 'deleted'"),
                     700);
    assert_int_equal(number(w->d->db, "SELECT json_extract(parameters, '$.deleted') FROM mxadmin_audit"),
                     700);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_audit"), 1);
    /* All was done, and none of it written down but with the items. */
    run(w->d->db,
        "UPDATE mxadmin_jobs SET cursor = '', done = 0, total = 0, status = 'active', finished_ts = 0");
    run(w->d->db, "UPDATE mxadmin_audit SET parameters = '{}', outcome = NULL");
    turns(w);
    assert_int_equal(number(w->d->db, "SELECT done = 700 AND total = 700 FROM mxadmin_jobs"), 1);
    assert_int_equal(number(w->d->db, "SELECT json_extract(parameters, '$.deleted') FROM mxadmin_audit"),
                     700);
}

#define MEDIA(id, origin, size, age, user)                                                                   \
    "INSERT INTO mediaapi_media_repository VALUES ('" id "', '" origin "', 't', " size ", NOW - " age        \
    " * 86400000 - 1, '', 'hash" id "', '" user "')"

static void media_that_is_old_goes(void **state)
{
    static const char *const media[] = {
        MEDIA("old", SERVER, "100", "10", "@alice:" SERVER),
        MEDIA("small", SERVER, "50", "10", "@alice:" SERVER),
        MEDIA("young", SERVER, "100", "9", "@alice:" SERVER),
        MEDIA("avatar", SERVER, "100", "10", "@alice:" SERVER),
        MEDIA("protected", SERVER, "100", "10", "@alice:" SERVER),
        MEDIA("quarantined", SERVER, "100", "10", "@alice:" SERVER),
        MEDIA("spared", SERVER, "100", "10", "@spared:" SERVER),
        MEDIA("remote", "other.org", "100", "20", ""),
        MEDIA("unsized", "other.org", "-1", "20", ""),
        MEDIA("fresh", "other.org", "100", "19", ""),
        "INSERT INTO userapi_profiles VALUES ('alice', 'example.org', '', 'mxc://example.org/avatar')",
        "INSERT INTO mxadmin_media_protection VALUES ('protected', 'a', 1)",
        "INSERT INTO mxadmin_media_quarantine VALUES ('hashquarantined', 'a', 1)",
    };
    static const struct {
        const char *policy;
        bool keep_avatars;
        int64_t larger_than;
        size_t spare;
        int64_t taken;
    } rows[] = {
        {"remote_media", true, 0, 1, 2}, {"local_media", true, 99, 1, 1}, {"local_media", false, 99, 1, 2},
        {"local_media", true, 0, 1, 2},  {"local_media", true, 0, 0, 3},  {"local_media", false, 0, 0, 4},
    };
    char *items[] = {spared_user};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        void *world;
        struct world *w;
        int64_t all;

        begin(&world);
        w = world;
        run(w->d->db, "DELETE FROM userapi_profiles");
        for (size_t j = 0; j < sizeof media / sizeof *media; j++)
            run_now(w, media[j]);
        w->config.policies.remote_media_days = 20;
        w->config.policies.local_media_days = 10;
        w->config.policies.local_media_keep_avatars = rows[i].keep_avatars;
        w->config.policies.local_media_larger_than = rows[i].larger_than;
        w->config.policies.spare_users = (struct config_list){rows[i].spare, items};
        all = number(w->d->db, "SELECT COUNT(*) FROM mediaapi_media_repository");
        assert_int_equal(foresee(w, rows[i].policy), rows[i].taken);
        assert_int_equal(run_policy(w, rows[i].policy).done, rows[i].taken);
        assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mediaapi_media_repository"),
                         all - rows[i].taken);
        assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mediaapi_media_repository WHERE media_id IN"
                                          " ('young', 'fresh', 'protected', 'quarantined')"),
                         4);
        world_end(&world);
    }
}

static void tokens_whose_time_is_over_go(void **state)
{
    struct world *w = *state;

    run(w->d->db,
        "INSERT INTO userapi_registration_tokens VALUES ('over', 0, 0, NULL, 1),"
        " ('used', 0, 1, 1, NULL), ('later', 0, 0, NULL, 9000000000000), ('ever', 0, 0, NULL, NULL)");
    w->config.policies.expired_registration_tokens = true;
    assert_int_equal(foresee(w, "expired_registration_tokens"), 1);
    assert_int_equal(run_policy(w, "expired_registration_tokens").done, 1);
    assert_string_equal(text(w, "SELECT group_concat(token, ' ') FROM (SELECT token FROM"
                                " userapi_registration_tokens ORDER BY token)"),
                        "ever later used");
}

/* Sends the last event of a member `days` ago. */
static void backdate(struct world *w, const char *room_id, const char *user_id, int64_t days)
{
    assert_int_equal(
        db_run(w->d->db,
               "UPDATE roomserver_event_json SET event_json = json_set(event_json, '$.origin_server_ts', ?3)"
               " WHERE event_nid = (SELECT m.event_nid FROM roomserver_membership m JOIN roomserver_rooms r"
               " USING (room_nid) JOIN roomserver_event_state_keys k ON k.event_state_key_nid = m.target_nid"
               " WHERE r.room_id = ?1 AND k.event_state_key = ?2)",
               DB_ARGS(DB_T(room_id), DB_T(user_id), DB_I(clock_now_ms() - days * DAY_MS - 1)), NULL),
        ERR_OK);
}

static void rooms_that_are_empty_go(void **state)
{
    static const char *const bob[] = {"@bob:" SERVER};
    static const struct {
        const char *id;
        int64_t days; /* since alice left; -1: she did not */
    } rooms[] = {{"!old:" SERVER, 10},
                 {"!young:" SERVER, 9},
                 {"!busy:" SERVER, 20},
                 {"!full:" SERVER, -1},
                 {"!bobs:" SERVER, 20}};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        make_room(w, rooms[i].id, "10", "@alice:" SERVER, bob, strstr(rooms[i].id, "bobs") ? 1 : 0);
        if (rooms[i].days < 0)
            continue;
        assert_int_equal(homeserver_leave(&w->hs, "alice", rooms[i].id), ERR_OK);
        backdate(w, rooms[i].id, "@alice:" SERVER, rooms[i].days);
    }
    (void)!jobs_start(
        &w->hs,
        &(struct job_request){.kind = JOB_EVACUATE_ROOM, .target = "!busy:" SERVER, .due_ts = INT64_MAX},
        (char[JOBS_ID_SIZE]){0});
    w->config.policies.empty_room_days = 10;
    assert_int_equal(foresee(w, "empty_rooms"), 1);
    assert_int_equal(run_policy(w, "empty_rooms").done, 1);
    assert_int_equal(
        number(w->d->db, "SELECT COUNT(*) FROM roomserver_rooms WHERE room_id = '!old:" SERVER "'"), 0);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_rooms"), 4);
    run(w->d->db, "UPDATE roomserver_membership SET membership_nid = 2 WHERE room_nid ="
                  " (SELECT room_nid FROM roomserver_rooms WHERE room_id = '!young:" SERVER "')");
    w->config.policies.empty_room_days = 1;
    assert_int_equal(foresee(w, "empty_rooms"), 0);
}

/* Each policy that is on has one job, for its next hour; what is off, or was, has none. */
static void policies_are_planned(void **state)
{
    struct world *w = *state;
    int64_t next;

    assert_int_equal(policies_turn(&w->hs), ERR_OK);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs"), 0);
    w->config.policies.idle_session_days = 5;
    w->config.policies.hour = 3;
    for (int i = 0; i < 2; i++)
        assert_int_equal(policies_turn(&w->hs), ERR_OK);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs"), 1);
    next = policies_next_ts(clock_now_ms(), 3);
    assert_int_equal(number(w->d->db, "SELECT due_ts FROM mxadmin_jobs WHERE status = 'scheduled'"
                                      " AND kind = 'policy' AND target = 'idle_sessions'"),
                     next);
    w->config.policies.hour = 4;
    assert_int_equal(policies_turn(&w->hs), ERR_OK);
    next = policies_next_ts(clock_now_ms(), 4);
    assert_int_equal(number(w->d->db, "SELECT due_ts FROM mxadmin_jobs WHERE status = 'scheduled'"), next);
    w->config.policies.idle_session_days = 0;
    assert_int_equal(policies_turn(&w->hs), ERR_OK);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs WHERE status = 'scheduled'"), 0);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs"), 0);
    /* Who ends one has it come again the next day, not the same. */
    w->config.policies.idle_session_days = 5;
    assert_int_equal(policies_turn(&w->hs), ERR_OK);
    assert_int_equal(jobs_stop(&w->hs, text(w, "SELECT id FROM mxadmin_jobs")), ERR_OK);
    assert_int_equal(policies_turn(&w->hs), ERR_OK);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs WHERE status = 'scheduled'"), 0);
    run(w->d->db, "UPDATE mxadmin_jobs SET due_ts = due_ts - 86400000");
    assert_int_equal(policies_turn(&w->hs), ERR_OK);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs WHERE status = 'scheduled'"), 1);
    run(w->d->db, "DELETE FROM mxadmin_jobs");
    /* One that nobody did in time is due at once, and not planned anew. */
    w->config.policies.idle_session_days = 5;
    assert_int_equal(policies_turn(&w->hs), ERR_OK);
    run(w->d->db, "UPDATE mxadmin_jobs SET due_ts = 1 WHERE status = 'scheduled'");
    assert_int_equal(policies_turn(&w->hs), ERR_OK);
    assert_int_equal(number(w->d->db, "SELECT due_ts FROM mxadmin_jobs WHERE status = 'scheduled'"), 1);
    /* One that was begun, and then switched off, ends. */
    w->config.policies.idle_session_days = 0;
    run(w->d->db, "UPDATE mxadmin_jobs SET started_ts = 1 WHERE status = 'scheduled'");
    turns(w);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs WHERE status = 'complete'"), 1);
}

static void the_hour_is_that_of_the_clock(void **state)
{
    static const struct {
        const char *zone;
        int64_t now_s;
        int64_t hour;
        int64_t next_s;
    } rows[] = {
        {"UTC", 0, 3, 10800},
        {"UTC", 10799, 3, 10800},
        {"UTC", 10800, 3, 10800 + 86400},
        {"UTC", 86399, 0, 86400},
        {"UTC", 0, 0, 86400},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 0, 3, 7200},
        /* 2026-03-29, on which there is no 02:00, and 2026-10-25, on which 02:00 comes twice */
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1774735200, 4, 1774749600},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1792882800, 4, 1792897200},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        setenv("TZ", rows[i].zone, 1);
        tzset();
        assert_int_equal(policies_next_ts(rows[i].now_s * 1000, rows[i].hour), rows[i].next_s * 1000);
    }
    unsetenv("TZ");
    tzset();
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sessions_that_are_idle_end),
        TEST(what_was_found_is_looked_at_again),
        TEST(what_fails_is_told),
        TEST(a_job_that_is_cut_off_goes_on),
        cmocka_unit_test(media_that_is_old_goes),
        TEST(tokens_whose_time_is_over_go),
        TEST(rooms_that_are_empty_go),
        TEST(policies_are_planned),
        cmocka_unit_test(the_hour_is_that_of_the_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
