/* SPDX-License-Identifier: ISC */
/* Requests from their variables to their answers, over a copy of a real Dendrite's database. */
#include "alloc.h"
#include "database.h"

#include "base/clock.h"
#include "base/log.h"
#include "homeserver/standalone/standalone.h"
#include "route/dispatch.h"

/* Accounts of the fixture with each type that matters; the rows of the last two are changed for it. */
#define ADMIN_TOKEN       "LbsS8ahZmjkkP4s5yOWdNvdr_RA3SWRF8t9t2NSl7VY"
#define USER_TOKEN        "CXLPe0mSObiVUMkDrd_HIeHBda2S-oyslk8nIW1mJBI" /* user01 */
#define GUEST_TOKEN       "MmAlAjC-777gtTVxkXw1zfbKJ0M5JRopzUz6tDGguqc" /* user02 */
#define DEACTIVATED_TOKEN "3DEbYm4E5wJ2mdyzzcp8yV8y4M6YlpUm4CTa083ttUw" /* user03 */

#define WHOAMI   "/_matrix/client/v3/account/whoami"
#define WHOIS    "/_synapse/admin/v1/whois/@user01:example.org"
#define USERNAME "/_synapse/admin/v1/username_available?username=free"
#define LOGOUT   "/_matrix/client/v3/logout"
#define VERSION  "/_synapse/admin/v1/server_version"

static struct config config = {
    .server_name = (char[]){SERVER},
    .mount = (char[]){""},
    .registration_shared_secret = (char[]){""},
    .public_baseurl = (char[]){""},
    .server_version = (char[]){"1.0"},
};

static int set_up(void **state)
{
    struct database *d;

    database_of_dendrite_completed(state);
    d = *state;
    run(d->db, "UPDATE userapi_accounts SET account_type = 2 WHERE localpart = 'user02'");
    run(d->db, "UPDATE userapi_accounts SET is_deactivated = 1 WHERE localpart = 'user03'");
    return 0;
}

/* What is sent. */
struct asked {
    const char *method, *uri;
    const char *token;  /* NULL: none */
    const char *length; /* Content-Length; NULL: none */
};

/* One call and what belongs to it. */
struct asking {
    struct app app;
    struct call call;
    struct dispatched dispatched;
    long long reads; /* how often the body was asked for */
};

static long no_body(void *context, char *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    ++*(long long *)context;
    return 0;
}

static enum dispatch begin(struct asking *a, struct db *db, const struct asked *asked)
{
    char method[32], uri[256], token[128], length[64];
    char address[] = "REMOTE_ADDR=192.0.2.9", agent[] = "HTTP_USER_AGENT=Tester/1.0";
    char id[] = "HTTP_X_REQUEST_ID=id-1", query[256];
    char *variables[] = {method, uri, query, address, agent, id, NULL, NULL, NULL};
    size_t count = 6;

    *a = (struct asking){.app = {.config = &config,
                                 .db = db,
                                 .homeserver = {.acts = &standalone_acts, .config = &config, .db = db}},
                         .call = {.arena = arena_new()}};
    a->call.app = &a->app;
    a->call.request.body = (struct body_source){no_body, &a->reads};
    snprintf(method, sizeof method, "REQUEST_METHOD=%s", asked->method);
    snprintf(uri, sizeof uri, "REQUEST_URI=%s", asked->uri);
    snprintf(query, sizeof query, "QUERY_STRING=%s",
             strchr(asked->uri, '?') ? strchr(asked->uri, '?') + 1 : "");
    snprintf(token, sizeof token, "HTTP_AUTHORIZATION=Bearer %s", asked->token ? asked->token : "");
    snprintf(length, sizeof length, "CONTENT_LENGTH=%s", asked->length ? asked->length : "");
    if (asked->token)
        variables[count++] = token;
    if (asked->length)
        variables[count++] = length;
    return dispatch_begin(&a->call, &a->dispatched, variables);
}

/* To the answer; what is done after it is the test's to call. */
static void ask(struct asking *a, struct db *db, const struct asked *asked)
{
    if (begin(a, db, asked) != DISPATCH_ANSWERED)
        dispatch_run(&a->call, &a->dispatched);
}

static const char *errcode(const struct asking *a)
{
    return json_string_value(json_object_get(a->call.reply.body, "errcode"));
}

static void done(struct asking *a)
{
    reply_free(&a->call.reply);
    call_forget_json(&a->call);
    arena_free(&a->call.arena);
}

/* Each fault before the next: unknown path, method, token, rights, body. */
static const struct {
    struct asked asked;
    int status;
    const char *code; /* NULL: none */
} rows[] = {
    {{"GET", "/nothing", NULL, NULL}, 404, "M_UNRECOGNIZED"},
    {{"GET", "/nothing", "wrong", "99999999"}, 404, "M_UNRECOGNIZED"},
    {{"PUT", USERNAME, NULL, "99999999"}, 405, "M_UNRECOGNIZED"},
    {{"PATCH", USERNAME, ADMIN_TOKEN, NULL}, 405, "M_UNRECOGNIZED"},
    {{"GET", "/%zz", ADMIN_TOKEN, NULL}, 400, "M_UNKNOWN"},
    {{"GET", VERSION "?%zz", NULL, NULL}, 400, "M_UNKNOWN"},
    {{"GET", VERSION, NULL, "x"}, 400, "M_UNKNOWN"},
    {{"GET", VERSION, "wrong", NULL}, 200, NULL},
    {{"GET", VERSION, NULL, "65536"}, 200, NULL},
    {{"GET", VERSION, NULL, "65537"}, 413, "M_TOO_LARGE"},
    {{"HEAD", VERSION, NULL, NULL}, 200, NULL},
    {{"OPTIONS", VERSION, NULL, NULL}, 204, NULL},
    {{"OPTIONS", "/nothing", NULL, NULL}, 204, NULL},
    {{"OPTIONS", "/%zz", NULL, NULL}, 204, NULL},
    /* Who may call what. */
    {{"GET", WHOAMI, NULL, NULL}, 401, "M_MISSING_TOKEN"},
    {{"GET", WHOAMI, "wrong", NULL}, 401, "M_UNKNOWN_TOKEN"},
    {{"GET", WHOAMI, DEACTIVATED_TOKEN, NULL}, 401, "M_UNKNOWN_TOKEN"},
    {{"GET", WHOAMI, GUEST_TOKEN, NULL}, 200, NULL},
    {{"GET", WHOAMI, USER_TOKEN, NULL}, 200, NULL},
    {{"GET", WHOAMI, ADMIN_TOKEN, NULL}, 200, NULL},
    {{"GET", WHOIS, NULL, NULL}, 401, "M_MISSING_TOKEN"},
    {{"GET", WHOIS, GUEST_TOKEN, NULL}, 403, "M_GUEST_ACCESS_FORBIDDEN"},
    {{"GET", WHOIS, USER_TOKEN, NULL}, 200, NULL},
    {{"GET", WHOIS, ADMIN_TOKEN, NULL}, 200, NULL},
    {{"GET", USERNAME, NULL, NULL}, 401, "M_MISSING_TOKEN"},
    {{"GET", USERNAME, "wrong", NULL}, 401, "M_UNKNOWN_TOKEN"},
    {{"GET", USERNAME, GUEST_TOKEN, NULL}, 403, "M_GUEST_ACCESS_FORBIDDEN"},
    {{"GET", USERNAME, USER_TOKEN, NULL}, 403, "M_FORBIDDEN"},
    {{"GET", USERNAME, ADMIN_TOKEN, NULL}, 200, NULL},
    /* The body, once it is known who calls. */
    {{"POST", LOGOUT, NULL, "65537"}, 401, "M_MISSING_TOKEN"},
    {{"POST", LOGOUT, USER_TOKEN, "65537"}, 413, "M_TOO_LARGE"},
    {{"POST", LOGOUT, USER_TOKEN, "5"}, 408, "M_UNKNOWN"},
};

static void answers_in_order(void **state)
{
    struct database *d = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asking a;

        ask(&a, d->db, &rows[i].asked);
        if (a.call.reply.status != rows[i].status)
            fail_msg("%s %s, %s: %d", rows[i].asked.method, rows[i].asked.uri, rows[i].asked.token,
                     a.call.reply.status);
        if (rows[i].code)
            assert_string_equal(errcode(&a), rows[i].code);
        done(&a);
    }
}

/* What only we know of an account or a session counts with the token. */
static void own_states_of_a_token_count(void **state)
{
    static const struct {
        const char *before;
        int status;
        const char *code; /* NULL: none */
    } states[] = {
        {"INSERT INTO mxadmin_user_states VALUES ('user01', 0, 1, 0, NULL)", 200, NULL},
        {"UPDATE mxadmin_user_states SET locked = 1", 401, "M_USER_LOCKED"},
        {"UPDATE mxadmin_user_states SET locked = 0", 200, NULL},
        {"INSERT INTO mxadmin_puppets SELECT localpart, device_id, 'admin', 0 FROM userapi_devices"
         " WHERE access_token = '" USER_TOKEN "'",
         200, NULL},
        {"UPDATE mxadmin_puppets SET valid_until_ts = 99999999999999", 200, NULL},
        {"UPDATE mxadmin_puppets SET valid_until_ts = 1", 401, "M_UNKNOWN_TOKEN"},
    };
    const struct asked asked = {"GET", WHOAMI, USER_TOKEN, NULL};
    struct database *d = *state;

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct asking a;

        run(d->db, states[i].before);
        ask(&a, d->db, &asked);
        assert_int_equal(a.call.reply.status, states[i].status);
        if (states[i].code)
            assert_string_equal(errcode(&a), states[i].code);
        done(&a);
    }
}

/* Nothing is read for a caller who may not call, nor for a GET, nor of a body known to be too large. */
static void reads_no_body_in_vain(void **state)
{
    static const struct {
        struct asked asked;
        long long reads;
    } bodies[] = {
        {{"POST", LOGOUT, NULL, "5"}, 0},           {{"POST", LOGOUT, "wrong", "5"}, 0},
        {{"GET", WHOAMI, USER_TOKEN, "5"}, 0},      {{"POST", LOGOUT, USER_TOKEN, "70000"}, 0},
        {{"POST", "/nothing", USER_TOKEN, "5"}, 0}, {{"POST", LOGOUT, USER_TOKEN, "5"}, 1},
    };
    struct database *d = *state;

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct asking a;

        ask(&a, d->db, &bodies[i].asked);
        assert_int_equal(a.reads, bodies[i].reads);
        done(&a);
    }
}

static void hashing_routes_are_told_apart(void **state)
{
    static const struct {
        struct asked asked;
        enum dispatch dispatch;
    } kinds[] = {
        {{"POST", "/_matrix/client/v3/login", NULL, "0"}, DISPATCH_HASHES},
        {{"POST", "/_dendrite/admin/resetPassword/a", ADMIN_TOKEN, "0"}, DISPATCH_HASHES},
        {{"POST", "/_dendrite/admin/resetPassword/a", USER_TOKEN, "0"}, DISPATCH_ANSWERED},
        {{"GET", "/_matrix/client/v3/login", NULL, NULL}, DISPATCH_READY},
    };
    struct database *d = *state;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct asking a;

        assert_int_equal(begin(&a, d->db, &kinds[i].asked), kinds[i].dispatch);
        done(&a);
    }
}

static void knows_the_caller(void **state)
{
    const struct asked asked = {"GET", WHOAMI, USER_TOKEN, NULL};
    struct database *d = *state;
    struct asking a;

    ask(&a, d->db, &asked);
    assert_string_equal(a.call.caller.user_id, "@user01:example.org");
    assert_string_equal(a.call.caller.owner.localpart, "user01");
    assert_string_equal(a.dispatched.route->pattern, "/_matrix/client/r0|v1|v3/account/whoami");
    done(&a);
}

/* A client throws its token away at a 401: a database that fails must not look like one. */
static void a_broken_database_is_no_unknown_token(void **state)
{
    const struct asked asked = {"GET", WHOAMI, USER_TOKEN, NULL};
    struct database *d = *state;
    struct asking a;

    run(d->db, "DROP TABLE userapi_devices");
    ask(&a, d->db, &asked);
    assert_int_equal(a.call.reply.status, 500);
    assert_null(a.call.caller.user_id);
    dispatch_end(&a.call, &a.dispatched);
    done(&a);
}

static void health_follows_the_database(void **state)
{
    const struct asked asked = {"GET", "/_mxadmin/health", NULL, NULL};
    struct database *d = *state;
    struct asking a;

    ask(&a, d->db, &asked);
    assert_int_equal(a.call.reply.status, 200);
    done(&a);
    run(d->db, "DROP TABLE userapi_accounts");
    ask(&a, d->db, &asked);
    assert_int_equal(a.call.reply.status, 503);
    assert_true(a.call.reply.retry_after_ms > 0);
    done(&a);
}

#define SEEN                                                                                                 \
    "SELECT COUNT(*) FROM userapi_devices WHERE access_token = '" USER_TOKEN                                 \
    "' AND ip = '192.0.2.9' AND user_agent = 'Tester/1.0'"

/* Asks, with the device last seen so many milliseconds ago, and says whether it is noted as seen. */
static bool is_noted(struct database *d, int64_t ago, const struct asked *asked)
{
    static const char sql[] = "UPDATE userapi_devices SET last_seen_ts = ?1, ip = '', user_agent = ''";
    struct asking a;

    assert_int_equal(db_run(d->db, sql, DB_ARGS(DB_I(clock_now_ms() - ago)), NULL), ERR_OK);
    ask(&a, d->db, asked);
    assert_int_equal(number(d->db, SEEN), 0); /* not before the answer */
    dispatch_end(&a.call, &a.dispatched);
    done(&a);
    return number(d->db, SEEN) == 1;
}

static void notes_devices_once_a_minute(void **state)
{
    const struct asked whoami = {"GET", WHOAMI, USER_TOKEN, NULL};
    const struct asked forbidden = {"GET", USERNAME, USER_TOKEN, NULL};
    const struct asked open = {"GET", VERSION, USER_TOKEN, NULL};
    struct database *d = *state;

    assert_true(is_noted(d, 60000, &whoami));
    assert_false(is_noted(d, 30000, &whoami));
    assert_true(is_noted(d, 60000, &forbidden));
    /* Where no token is looked at, nobody is seen. */
    assert_false(is_noted(d, 60000, &open));
}

/* While another writes, the note is left for the next request, and the answer is given all the same. */
static void a_locked_database_delays_nothing(void **state)
{
    const struct asked asked = {"GET", WHOAMI, USER_TOKEN, NULL};
    struct database *d = *state;
    struct db *other;
    struct asking a;

    run(d->db, "UPDATE userapi_devices SET last_seen_ts = 1");
    assert_int_equal(db_open(&other, d->path), ERR_OK);
    assert_int_equal(db_begin(other, DB_WRITE), ERR_OK);
    ask(&a, d->db, &asked);
    assert_int_equal(a.call.reply.status, 200);
    dispatch_end(&a.call, &a.dispatched);
    done(&a);
    assert_int_equal(number(d->db, SEEN), 0);
    assert_int_equal(db_end(other, ERR_OK), ERR_OK);
    db_close(&other);
}

/* A session that this request has ended is not brought back by the note. */
static void a_session_that_ended_stays_ended(void **state)
{
    static const char sql[] = "SELECT COUNT(*) FROM userapi_devices WHERE access_token = '" USER_TOKEN "'";
    const struct asked asked = {"POST", LOGOUT, USER_TOKEN, "0"};
    struct database *d = *state;
    struct asking a;

    run(d->db, "UPDATE userapi_devices SET last_seen_ts = 1");
    assert_int_equal(begin(&a, d->db, &asked), DISPATCH_READY);
    assert_int_equal(homeserver_open(&a.app.homeserver, &config, d->db, NULL), ERR_OK);
    dispatch_run(&a.call, &a.dispatched);
    homeserver_close(&a.app.homeserver);
    assert_int_equal(a.call.reply.status, 200);
    dispatch_end(&a.call, &a.dispatched);
    done(&a);
    assert_int_equal(number(d->db, sql), 0);
}

/* The whole of what is written to stderr for one request. */
static void access_line(struct database *d, const struct asked *asked, char *line, size_t size)
{
    char path[128];
    int saved = dup(STDERR_FILENO);
    struct asking a;
    ssize_t length;
    int fd;

    snprintf(path, sizeof path, "%s/log", d->folder);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
    ask(&a, d->db, asked);
    a.dispatched.bytes = 321;
    dispatch_end(&a.call, &a.dispatched);
    log_info("afterwards");
    done(&a);
    dup2(saved, STDERR_FILENO);
    close(saved);
    length = pread(fd, line, size - 1, 0);
    assert_true(length > 0);
    line[length] = '\0';
    close(fd);
}

static void writes_one_access_line(void **state)
{
    static const struct {
        struct asked asked;
        const char *parts[8];
    } lines[] = {
        {{"GET", WHOIS "?access_token=secret&x=y", ADMIN_TOKEN, NULL},
         {"id-1", "GET", "/_synapse/admin/v1/whois/{user_id}", "200", "192.0.2.9", "@admin:example.org",
          "321"}},
        {{"GET", "/nothing/here?secret", NULL, NULL}, {"id-1", "/nothing/here", "404"}},
        {{"PATCH", VERSION "?secret", NULL, NULL}, {"PATCH", VERSION, "405"}},
        {{"GET", "/a\n\033[31mb?secret", NULL, NULL}, {"id-1"}},
    };
    struct database *d = *state;
    char line[4096];

    log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *end;

        access_line(d, &lines[i].asked, line, sizeof line);
        for (size_t k = 0; lines[i].parts[k]; k++)
            if (!strstr(line, lines[i].parts[k]))
                fail_msg("no %s in %s", lines[i].parts[k], line);
        assert_null(strstr(line, "secret"));
        assert_null(strstr(line, ADMIN_TOKEN));
        assert_null(strchr(line, '\033'));
        /* One line, and what comes after belongs to no request any more. */
        end = strchr(line, '\n');
        assert_non_null(end);
        assert_non_null(strstr(end, "afterwards"));
        assert_null(strstr(end, "id-1"));
    }
    /* What was read in order is said to those only who look closely. */
    log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    access_line(d, &lines[0].asked, line, sizeof line);
    assert_null(strstr(line, "id-1"));
    access_line(d, &lines[1].asked, line, sizeof line);
    assert_non_null(strstr(line, "id-1"));
}

/* Whichever allocation fails, the answer is the right one, or 500 with an errcode, or none that lies. */
static void memory_may_end_anywhere(void **state)
{
    static const struct asked askeds[] = {
        {"GET", WHOIS, ADMIN_TOKEN, NULL},
        {"GET", "/_matrix/client/v3/admin/whois/@user01:example.org", ADMIN_TOKEN, NULL},
        {"GET", WHOAMI, USER_TOKEN, NULL},
        {"GET", USERNAME, ADMIN_TOKEN, NULL},
        {"GET", VERSION, NULL, NULL},
        {"GET", "/_matrix/client/versions", NULL, NULL},
        {"GET", "/_matrix/client/v3/login", NULL, NULL},
        {"GET", "/_matrix/client/v3/profile/@user01:example.org", NULL, NULL},
        {"GET", "/nothing", NULL, NULL},
        {"PUT", WHOAMI, NULL, NULL},
    };
    struct database *d = *state;

    log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
    for (size_t i = 0; i < sizeof askeds / sizeof askeds[0]; i++) {
        struct asking a;
        json_t *right;
        int status;

        ask(&a, d->db, &askeds[i]);
        status = a.call.reply.status;
        right = json_incref(a.call.reply.body);
        done(&a);
        for (int n = 3;; n++) { /* the first two are the arena, which a worker has from its start */
            struct buf out = {0};
            bool failed;
            enum err e;

            alloc_fail(n);
            ask(&a, d->db, &askeds[i]);
            e = reply_write(&a.call.reply, a.call.request.id, false, &out);
            failed = alloc_failed();
            if (e) {
                assert_int_equal(out.length, 0);
            } else if (a.call.reply.status == 500) {
                assert_non_null(strstr(out.data, "{\"errcode\":\"M_UNKNOWN\""));
            } else if (a.call.reply.status != status ||
                       (status == 200 && !json_equal(a.call.reply.body, right))) {
                fail_msg("%s, allocation %d: %s", askeds[i].uri, n, out.data);
            }
            buf_free(&out);
            done(&a);
            if (!failed)
                break;
        }
        json_decref(right);
    }
    log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, database_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_in_order),
        TEST(own_states_of_a_token_count),
        TEST(reads_no_body_in_vain),
        TEST(hashing_routes_are_told_apart),
        TEST(knows_the_caller),
        TEST(a_broken_database_is_no_unknown_token),
        TEST(health_follows_the_database),
        TEST(notes_devices_once_a_minute),
        TEST(a_locked_database_delays_nothing),
        TEST(a_session_that_ended_stays_ended),
        TEST(writes_one_access_line),
        TEST(memory_may_end_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
