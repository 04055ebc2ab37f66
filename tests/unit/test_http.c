/* SPDX-License-Identifier: ISC */
/* The client's connection, against a server that does in each case what it is told. */
#include "server.h"

#include <inttypes.h>
#include <sched.h>

#include "alloc.h"
#include "base/log.h"
#include "homeserver/dendrite/http.h"

/* One request, whose answer nobody wants. */
static enum err request(struct http *http, enum http_method method, int seconds)
{
    struct http_answer answer;
    enum err e = http_send(http,
                           &(struct http_request){.method = method,
                                                  .target = "/target?a=%2F",
                                                  .token = "token",
                                                  .body = method == HTTP_GET ? NULL : "{\"b\":2}",
                                                  .seconds = seconds},
                           &answer);

    if (!e)
        assert_int_equal(answer.status, 200);
    json_decref(answer.json);
    return e;
}

/* A request, often after another one that keeps the connection: what it ends with, and how often it came. */
static const struct {
    const char *name;
    enum http_method method;
    bool second; /* a GET that is answered goes before */
    bool nobody; /* listens */
    struct step steps[STEPS_MAX];
    enum err e;
    int connections, requests;
} cases[] = {
    {"answered", HTTP_GET, .steps = {{.text = OK_ANSWER}}, .e = ERR_OK, .connections = 1, .requests = 1},
    {"kept", HTTP_POST, true, .steps = {{.text = OK_ANSWER}}, .e = ERR_OK, .connections = 1, .requests = 2},
    {"not kept", HTTP_POST, true, .steps = {{.text = OK_ANSWER, .then = CLOSE}}, .e = ERR_OK,
     .connections = 2, .requests = 2},
    {"nobody", HTTP_POST, .nobody = true, .e = ERR_UNREACHABLE},
    {"a POST on a connection that dies", HTTP_POST, true,
     .steps = {{.text = OK_ANSWER}, {.then = CLOSE}, {.text = OK_ANSWER}}, .e = ERR_GATEWAY, .connections = 2,
     .requests = 2},
    {"a GET on a connection that dies", HTTP_GET, true,
     .steps = {{.text = OK_ANSWER}, {.then = CLOSE}, {.text = OK_ANSWER}}, .e = ERR_OK, .connections = 2,
     .requests = 3},
    {"a PUT on a connection that dies", HTTP_PUT, true,
     .steps = {{.text = OK_ANSWER}, {.then = CLOSE}, {.text = OK_ANSWER}}, .e = ERR_OK, .connections = 2,
     .requests = 3},
    {"no answer", HTTP_POST, .steps = {{.then = CLOSE}}, .e = ERR_GATEWAY, .connections = 1, .requests = 1},
    {"never an answer", HTTP_POST, .steps = {{.then = HANG}}, .e = ERR_GATEWAY, .connections = 1,
     .requests = 1},
    {"broken off in the body", HTTP_POST,
     .steps = {{.text = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"a\":1}", .then = CLOSE}},
     .e = ERR_GATEWAY, .connections = 1, .requests = 1},
    {"not HTTP", HTTP_POST, .steps = {{.text = "hello\r\n\r\n", .then = CLOSE}}, .e = ERR_GATEWAY,
     .connections = 1, .requests = 1},
    {"too large", HTTP_POST,
     .steps = {{"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", CLOSE, 1048577}}, .e = ERR_GATEWAY,
     .connections = 1, .requests = 1},
    {"as large as can be", HTTP_POST,
     .steps = {{"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n", CLOSE, 1048576}}, .e = ERR_OK,
     .connections = 1, .requests = 1},
};

static void ends_as_it_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct server server = server_start(cases[i].nobody ? NULL : cases[i].steps);
        struct http *http;
        enum err e;

        assert_int_equal(http_open(&http, server.url), ERR_OK);
        if (cases[i].second)
            assert_int_equal(request(http, HTTP_GET, 60), ERR_OK);
        /* What is sent before the end has come meets a connection that dies: that is another case. */
        while (cases[i].second && cases[i].steps[0].then == CLOSE && seen->ended == 0)
            sched_yield();
        e = request(http, cases[i].method, cases[i].steps[0].then == HANG ? 1 : 60);
        http_close(&http);
        server_stop(&server);
        if (e != cases[i].e || seen->requests != cases[i].requests ||
            seen->connections > cases[i].connections)
            fail_msg("%s: %s, %d requests on %d connections", cases[i].name, err_text(e), seen->requests,
                     seen->connections);
    }
}

/* What the answer is, given to the caller as it is. */
static const struct {
    const char *text;
    int status;
    bool json;
} answers[] = {
    {OK_ANSWER, 200, true},
    {"HTTP/1.1 404 No\r\nContent-Length: 7\r\n\r\n{\"a\":1}", 404, true},
    {"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", 302, false},
    {"HTTP/1.1 502 Bad\r\nContent-Length: 5\r\n\r\n<htm>", 502, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, true},
    {"HTTP/1.1 200 OK\r\nContent-", 200, false}, /* libcurl takes a head that breaks off for a whole one */
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200, true},
};

static void gives_the_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct step steps[STEPS_MAX] = {{.text = answers[i].text, .then = CLOSE}};
        struct server server = server_start(steps);
        struct http_answer answer;
        struct http *http;

        assert_int_equal(http_open(&http, server.url), ERR_OK);
        assert_int_equal(http_send(http, &(struct http_request){.target = "/", .seconds = 60}, &answer),
                         ERR_OK);
        assert_int_equal(answer.status, answers[i].status);
        assert_int_equal(json_is_object(answer.json), answers[i].json);
        assert_int_equal(seen->requests, 1); /* no redirect is followed */
        json_decref(answer.json);
        http_close(&http);
        server_stop(&server);
    }
}

static void sends_what_it_was_given(void **state)
{
    const struct step steps[STEPS_MAX] = {{.text = OK_ANSWER}};
    struct server server = server_start(steps);
    struct http_request full = {.method = HTTP_PUT,
                                .target = "/a%2Fb?c=%23",
                                .token = "secret",
                                .user_agent = "Agent/1",
                                .address = "192.0.2.1",
                                .body = "{\"x\":1}",
                                .seconds = 60};
    struct http_answer answer;
    struct http *http;

    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    assert_int_equal(http_open(&http, server.url), ERR_OK);
    assert_int_equal(http_send(http, &full, &answer), ERR_OK);
    json_decref(answer.json);
    assert_true(was_sent("PUT /a%2Fb?c=%23 HTTP/1.1\r\n"));
    assert_true(was_sent("\r\nAuthorization: Bearer secret\r\n"));
    assert_true(was_sent("\r\nUser-Agent: Agent/1\r\n"));
    assert_true(was_sent("\r\nX-Forwarded-For: 192.0.2.1\r\n"));
    assert_true(was_sent("\r\nContent-Type: application/json\r\n"));
    assert_true(was_sent("\r\n\r\n{\"x\":1}"));

    /* Of one request nothing is left for the next, and no value begins a line of its own. */
    assert_int_equal(
        http_send(http, &(struct http_request){.target = "/", .user_agent = "A\r\nEvil: 1", .seconds = 60},
                  &answer),
        ERR_OK);
    json_decref(answer.json);
    assert_true(was_sent("GET / HTTP/1.1\r\n"));
    assert_false(was_sent("Authorization") || was_sent("X-Forwarded-For") || was_sent("Content-Type"));
    assert_false(was_sent("Evil"));
    assert_int_equal(seen->connections, 1);
    http_close(&http);
    server_stop(&server);
    unsetenv("http_proxy");
}

/* As it is often copied from a browser; Dendrite knows no path that begins with two. */
static void takes_an_address_with_a_slash(void **state)
{
    const struct step steps[STEPS_MAX] = {{.text = OK_ANSWER}};
    struct server server = server_start(steps);
    char url[sizeof server.url + 1];
    struct http_answer answer;
    struct http *http;

    (void)state;
    snprintf(url, sizeof url, "%s/", server.url);
    assert_int_equal(http_open(&http, url), ERR_OK);
    assert_int_equal(http_send(http, &(struct http_request){.target = "/a", .seconds = 60}, &answer), ERR_OK);
    json_decref(answer.json);
    assert_true(was_sent("GET /a HTTP/1.1\r\n"));
    http_close(&http);
    server_stop(&server);
}

/* Whether the heap has `text`, whose first character is left out so that it is found nowhere by itself. */
static bool heap_has(const char *rest, char first)
{
    char line[256];
    uintptr_t start = 0, end = 0;
    FILE *maps = fopen("/proc/self/maps", "r");

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps))
        if (strstr(line, "[heap]"))
            assert_int_equal(sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &start, &end), 2);
    fclose(maps);
    for (const char *at = (const char *)start; at && at + strlen(rest) < (const char *)end; at++)
        if (*at == first && memcmp(at + 1, rest, strlen(rest)) == 0)
            return true;
    return false;
}

/* A sanitizer's allocator has its memory elsewhere. */
static bool heap_is_seen(void)
{
    char *probe = strdup("#probed-text");
    bool found = heap_has("probed-text", '#');

    free(probe);
    return found;
}

/* Neither the token nor the body, nor what was answered. */
static void leaves_no_secret(void **state)
{
    const struct step steps[STEPS_MAX] = {
        {.text = "HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"t\":\"#answered-text\"}"}};
    struct server server = server_start(steps);
    char token[] = "#wanted-token", body[] = "{\"p\":\"#wanted-body\"}";
    struct http_answer answer;
    struct http *http;

    (void)state;
    if (!heap_is_seen()) {
        server_stop(&server);
        skip();
    }
    assert_int_equal(http_open(&http, server.url), ERR_OK);
    for (int i = 0; i < 3; i++) {
        struct http_request r = {
            .method = HTTP_POST, .target = "/", .token = token, .body = body, .seconds = 60};

        assert_int_equal(http_send(http, &r, &answer), ERR_OK);
        assert_non_null(answer.json);
        assert_true(heap_has("answered-text", '#'));
        explicit_bzero((char *)(uintptr_t)json_string_value(json_object_get(answer.json, "t")), 14);
        json_decref(answer.json);
        assert_false(heap_has("wanted-token", '#'));
        assert_false(heap_has("wanted-body", '#'));
    }
    http_close(&http);
    assert_false(heap_has("wanted-token", '#'));
    server_stop(&server);
}

/* Whatever allocation fails, it is an error and no more, and the connection can be used afterwards. */
static void survives_want_of_memory(void **state)
{
    const struct step steps[STEPS_MAX] = {{.text = OK_ANSWER}};
    struct server server = server_start(steps);
    struct http *http;
    enum err e = ERR_NOMEM;
    int failures = 0;

    (void)state;
    for (int n = 1; alloc_fail(n), e = http_open(&http, server.url), e = e ? e : request(http, HTTP_POST, 60),
             alloc_failed();
         n++) {
        failures += e != ERR_OK;
        if (http)
            assert_int_equal(request(http, HTTP_POST, 60), ERR_OK);
        http_close(&http);
    }
    assert_int_equal(e, ERR_OK);
    assert_true(failures > 10);
    http_close(&http);
    server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_as_it_should),       cmocka_unit_test(gives_the_answer),
        cmocka_unit_test(sends_what_it_was_given), cmocka_unit_test(leaves_no_secret),
        cmocka_unit_test(survives_want_of_memory), cmocka_unit_test(takes_an_address_with_a_slash),
    };

    servers_prepare();
    log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
