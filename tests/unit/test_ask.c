/* SPDX-License-Identifier: ISC */
/* What is asked of Dendrite, byte by byte, and what its answers are taken for. */
#include "database.h"
#include "server.h"

#include "base/log.h"
#include "crypto/gate.h"
#include "homeserver/dendrite/ask.h"
#include "matrix/json_wipe.h"

static struct config config;
static struct database *own;
static char turns[128];

static int set_up(void **state)
{
    if (database_new(state))
        return -1;
    own = *state;
    snprintf(turns, sizeof turns, "%s.turns", own->path);
    return 0;
}

static struct homeserver homeserver_at(const char *url, const char *service_token)
{
    struct homeserver hs = {.config = &config, .db = own->db};

    config.server_name = (char *)(uintptr_t)SERVER;
    config.database = own->path;
    config.homeserver.url = (char *)(uintptr_t)url;
    config.homeserver.concurrency = 1;
    config.dendrite.service_token = (char *)(uintptr_t)service_token;
    assert_int_equal(dendrite_open(&hs.dendrite, &config), ERR_OK);
    return hs;
}

#define ANSWER(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body
/* An answer, its meaning, and the sentence for whoever asked; NULL: none. */
static const struct {
    const char *answer;
    bool as_user; /* asked by our application service */
    enum err e;
    const char *reason;
    int64_t retry_after_ms;
} answers[] = {
    {ANSWER("200 OK", "{}"), false, ERR_OK, NULL, 0},
    {ANSWER("200 OK", "[]"), false, ERR_GATEWAY, "Dendrite answered with status 200", 0},
    {ANSWER("200 OK", "<html>"), false, ERR_GATEWAY, "Dendrite answered with status 200", 0},
    {ANSWER("200 OK", ""), false, ERR_GATEWAY, "Dendrite answered with status 200", 0},
    {ANSWER("200 OK", "{\"errcode\":\"M_NOT_FOUND\",\"error\":\"None\"}"), false, ERR_NOT_FOUND,
     "Dendrite: None", 0},
    {ANSWER("202 Accepted", "{\"errcode\":\"M_UNKNOWN\",\"error\":\"Later\"}"), false, ERR_GATEWAY,
     "Dendrite: Later", 0},
    {ANSWER("302 Found", "{}"), false, ERR_GATEWAY, "Dendrite answered with status 302", 0},
    {ANSWER("400 Bad", "{\"message\":\"x\"}"), false, ERR_INVALID, "Dendrite: x", 0},
    {ANSWER("400 Bad", "{}"), false, ERR_INVALID, "Dendrite answered with status 400", 0},
    {ANSWER("400 Bad", "{\"errcode\":\"M_USER_IN_USE\"}"), false, ERR_EXISTS,
     "Dendrite answered with status 400", 0},
    {ANSWER("400 Bad", "{\"errcode\":7,\"error\":1}"), false, ERR_INVALID,
     "Dendrite answered with status 400", 0},
    {ANSWER("400 Bad", "{\"error\":\"a\\u0000b\"}"), false, ERR_INVALID, "Dendrite answered with status 400",
     0},
    {ANSWER("401 No", "{\"errcode\":\"M_UNKNOWN_TOKEN\"}"), false, ERR_DENIED,
     "Dendrite does not know this session any more", 0},
    {ANSWER("401 No", "{\"errcode\":\"M_UNKNOWN_TOKEN\"}"), true, ERR_UNSUPPORTED,
     "Dendrite does not accept mxadmin's application service: restart Dendrite after `mxadmin attach`", 0},
    {ANSWER("401 No", "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"No\"}"), false, ERR_DENIED, "Dendrite: No",
     0},
    {ANSWER("403 No", "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"No\"}"), true, ERR_DENIED, "Dendrite: No", 0},
    {ANSWER("403 No", "{\"errcode\":\"M_USER_DEACTIVATED\"}"), false, ERR_DEACTIVATED,
     "Dendrite answered with status 403", 0},
    {ANSWER("404 No", "{\"errcode\":\"M_UNRECOGNIZED\"}"), false, ERR_UNSUPPORTED,
     "Dendrite answered with status 404", 0},
    {ANSWER("404 No", "404"), false, ERR_NOT_FOUND, "Dendrite answered with status 404", 0},
    {ANSWER("409 No", "{\"error\":\"x\"}"), false, ERR_EXISTS, "Dendrite: x", 0},
    {ANSWER("413 No", "{}"), false, ERR_TOO_LARGE, "Dendrite answered with status 413", 0},
    {ANSWER("429 No", "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":1500}"), false, ERR_LIMITED,
     "Dendrite answered with status 429", 1500},
    {ANSWER("429 No", "{}"), false, ERR_LIMITED, "Dendrite answered with status 429", 1000},
    {ANSWER("500 No", "{\"errcode\":\"M_NOT_FOUND\",\"error\":\"None\"}"), false, ERR_GATEWAY,
     "Dendrite: None", 0},
    {ANSWER("502 No", "<html>"), false, ERR_GATEWAY, "Dendrite answered with status 502", 0},
};

static void takes_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct step steps[STEPS_MAX] = {{.text = answers[i].answer, .then = CLOSE}};
        struct server server = server_start(steps);
        struct homeserver hs = homeserver_at(server.url, "service");
        json_t *answer = NULL;
        enum err e = dendrite_ask(&hs,
                                  &(struct question){.endpoint = ENDPOINT_LOGOUT_ALL,
                                                     .token = "own",
                                                     .as_user = answers[i].as_user ? "user" : NULL},
                                  &answer);

        if (e != answers[i].e || (answer != NULL) != !e || hs.retry_after_ms != answers[i].retry_after_ms)
            fail_msg("row %zu: %s", i, err_text(e));
        if ((hs.reason != NULL) != (answers[i].reason != NULL) ||
            (hs.reason && strcmp(hs.reason, answers[i].reason) != 0))
            fail_msg("row %zu: %s", i, hs.reason ? hs.reason : "no reason");
        json_forget(&answer);
        dendrite_close(&hs.dendrite);
        server_stop(&server);
    }
}

static const char *servers[] = {"a.b:1", "c"};
static const struct id_list two_servers = {.ids = servers, .count = 2};

/* What is asked, and the first line and the end of what is sent for it. */
static const struct {
    struct question question;
    const char *body; /* NULL: none is given */
    const char *line, *end;
} questions[] = {
    {{.endpoint = ENDPOINT_NONCE}, NULL, "GET /_synapse/admin/v1/register HTTP/1.1\r\n", "\r\n\r\n"},
    {{.endpoint = ENDPOINT_LOGOUT, .token = "own"},
     NULL,
     "POST /_matrix/client/v3/logout HTTP/1.1\r\n",
     "\r\n\r\n{}"},
    {{.endpoint = ENDPOINT_LEAVE, .segments = {"!a:b"}, .as_user = "us/er"},
     NULL,
     "POST /_matrix/client/v3/rooms/%21a%3Ab/leave?user_id=%40us%2Fer%3Aexample%2Eorg HTTP/1.1\r\n",
     "\r\n\r\n{}"},
    {{.endpoint = ENDPOINT_JOIN, .segments = {"#a:b"}, .as_user = "u", .servers = &two_servers},
     NULL,
     "POST /_matrix/client/v3/join/%23a%3Ab?user_id=%40u%3Aexample%2Eorg&server_name=a%2Eb%3A1&server_name=c "
     "HTTP/1.1\r\n",
     "\r\n\r\n{}"},
    {{.endpoint = ENDPOINT_STATE, .segments = {"..", "", "\xc3\xa4 ?&#%"}, .as_user = "u"},
     "{\"a\": 1}",
     "PUT /_matrix/client/v3/rooms/%2E%2E/state//%C3%A4%20%3F%26%23%25?user_id=%40u%3Aexample%2Eorg "
     "HTTP/1.1\r\n",
     "\r\n\r\n{\"a\":1}"},
    {{.endpoint = ENDPOINT_DELETE_TOKEN, .segments = {"a~b_c-d.e"}, .token = "own"},
     NULL,
     "DELETE /_dendrite/admin/registrationTokens/a~b_c-d%2Ee HTTP/1.1\r\n",
     "\r\n\r\n"},
};

static void sends_questions(void **state)
{
    const struct step steps[STEPS_MAX] = {{.text = ANSWER("200 OK", "{}"), .then = CLOSE}};
    struct server server = server_start(steps);
    struct homeserver hs = homeserver_at(server.url, "service");

    (void)state;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        struct question question = questions[i].question;
        const char *token = question.as_user ? "Bearer service\r\n"
                            : question.token ? "Bearer own\r\n"
                                             : NULL;
        size_t length = strlen(questions[i].end);

        question.body = questions[i].body ? json_loads(questions[i].body, 0, NULL) : NULL;
        assert_int_equal(dendrite_ask(&hs, &question, NULL), ERR_OK);
        if (strncmp(seen->last, questions[i].line, strlen(questions[i].line)) != 0 ||
            strcmp(seen->last + strlen(seen->last) - length, questions[i].end) != 0)
            fail_msg("row %zu: %s", i, seen->last);
        assert_int_equal(was_sent("Bearer"), token != NULL);
        if (token)
            assert_true(was_sent(token));
    }
    dendrite_close(&hs.dendrite);
    server_stop(&server);
}

/* Without our application service nothing is sent that needs it. */
static void needs_the_service(void **state)
{
    const struct step steps[STEPS_MAX] = {{.text = ANSWER("200 OK", "{}"), .then = CLOSE}};
    struct server server = server_start(steps);
    struct homeserver hs = homeserver_at(server.url, "");

    (void)state;
    assert_int_equal(
        dendrite_ask(&hs, &(struct question){.endpoint = ENDPOINT_LOGOUT_ALL, .as_user = "u"}, NULL),
        ERR_UNSUPPORTED);
    assert_non_null(strstr(hs.reason, "`mxadmin attach`"));
    assert_int_equal(seen->requests, 0);
    assert_int_equal(
        dendrite_ask(&hs, &(struct question){.endpoint = ENDPOINT_LOGOUT_ALL, .token = "own"}, NULL), ERR_OK);
    assert_null(hs.reason);
    dendrite_close(&hs.dendrite);
    server_stop(&server);
}

/* Who cannot be reached, and who breaks off: the first has done nothing. */
static void tells_what_may_have_happened(void **state)
{
    const struct step steps[STEPS_MAX] = {{.text = NULL, .then = CLOSE}};
    struct server server = server_start(steps);
    struct homeserver hs = homeserver_at(server.url, "service");
    struct question question = {.endpoint = ENDPOINT_LOGOUT, .token = "own"};

    (void)state;
    assert_int_equal(dendrite_ask(&hs, &question, NULL), ERR_GATEWAY);
    assert_non_null(strstr(hs.reason, "may have been done"));
    server_stop(&server);
    assert_int_equal(dendrite_ask(&hs, &question, NULL), ERR_UNREACHABLE);
    assert_null(hs.reason);
    dendrite_close(&hs.dendrite);
}

/* Another process has the only turn, until it is told to end. */
static pid_t have_turn(int *end)
{
    int began[2], over[2];
    struct gate *gate = NULL;
    char byte = 0;
    pid_t pid;

    assert_true(pipe(began) == 0 && pipe(over) == 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(over[1]);
        if (gate_open(&gate, turns, 1) || !gate_try(gate) || write(began[1], &byte, 1) != 1)
            _exit(1);
        _exit(read(over[0], &byte, 1) == 0 ? 0 : 1);
    }
    assert_int_equal(read(began[0], &byte, 1), 1);
    close(began[0]);
    close(began[1]);
    close(over[0]);
    *end = over[1];
    return pid;
}

/* Who has no turn asks for no change, and is told so; what is none is asked for. */
static void waits_for_its_turn(void **state)
{
    const struct step steps[STEPS_MAX] = {{.text = ANSWER("200 OK", "{}"), .then = CLOSE}};
    struct server server = server_start(steps);
    struct homeserver hs = homeserver_at(server.url, "service");
    struct question change = {.endpoint = ENDPOINT_LOGOUT, .token = "own"};
    int end, status;
    pid_t other = have_turn(&end);

    (void)state;
    assert_false(homeserver_turn_try(&hs));
    assert_int_equal(dendrite_ask(&hs, &change, NULL), ERR_BUSY);
    assert_non_null(strstr(hs.reason, "busy"));
    assert_int_equal(seen->requests, 0);
    assert_int_equal(dendrite_ask(&hs, &(struct question){.endpoint = ENDPOINT_NONCE}, NULL), ERR_OK);
    close(end);
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
    assert_int_equal(dendrite_ask(&hs, &change, NULL), ERR_OK);
    assert_true(homeserver_turn_try(&hs)); /* it was given back */
    assert_int_equal(dendrite_ask(&hs, &change, NULL), ERR_OK);
    assert_true(homeserver_turn_try(&hs)); /* one's own counts */
    homeserver_turn_end(&hs);
    homeserver_turn_end(&hs);
    dendrite_close(&hs.dendrite);
    server_stop(&server);
}

/* A reason that is too long ends between two characters. */
static void cuts_reasons(void **state)
{
    struct homeserver hs = homeserver_at("http://127.0.0.1:1", "");
    char text[2 * REASON_SIZE + 2] = "";

    (void)state;
    for (size_t i = 0; i < REASON_SIZE; i++)
        strcat(text, "\xc3\xa4");
    assert_int_equal(dendrite_fail(&hs, ERR_DENIED, "%s", text), ERR_DENIED);
    assert_int_equal(strlen(hs.reason), REASON_SIZE - 2);
    dendrite_close(&hs.dendrite);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_answers),      cmocka_unit_test(sends_questions),
        cmocka_unit_test(needs_the_service),  cmocka_unit_test(tells_what_may_have_happened),
        cmocka_unit_test(waits_for_its_turn), cmocka_unit_test(cuts_reasons),
    };

    servers_prepare();
    log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, set_up, database_end);
}
