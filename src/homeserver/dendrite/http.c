/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/log.h"
#include "homeserver/dendrite/http.h"
#include "homeserver/dendrite/http_memory.h"

#define CONNECT_MS 5000

struct http {
    CURL *curl; /* keeps the connection; NULL before the first request */
    const char *url;
    int url_length; /* without slashes at its end */
    char error[CURL_ERROR_SIZE];
};

/* A request on its way. */
struct transfer {
    const struct http_request *request;
    struct curl_slist *headers;
    struct buf url;
    struct buf body; /* of the answer */
    int sent;        /* how often the request was about to be sent */
};

static const char *const methods[] = {
    [HTTP_GET] = "GET", [HTTP_POST] = "POST", [HTTP_PUT] = "PUT", [HTTP_DELETE] = "DELETE"};

enum err http_open(struct http **http, const char *url)
{
    *http = calloc(1, sizeof **http);
    if (!*http)
        return ERR_NOMEM;
    (*http)->url = url;
    (*http)->url_length = (int)strlen(url);
    while ((*http)->url_length > 0 && url[(*http)->url_length - 1] == '/')
        (*http)->url_length--;
    return ERR_OK;
}

void http_close(struct http **http)
{
    if (!*http)
        return;
    if ((*http)->curl) {
        curl_easy_cleanup((*http)->curl);
        curl_global_cleanup();
    }
    free(*http);
    *http = NULL;
}

/* Not before the first request: a process that only reads needs none of it. */
static enum err prepare(struct http *http)
{
    if (http->curl)
        return ERR_OK;
    if (http_memory_init())
        return ERR_NOMEM;
    http->curl = curl_easy_init();
    if (http->curl)
        return ERR_OK;
    curl_global_cleanup();
    return ERR_NOMEM;
}

/*
 * Called when there is a connection, just before the request is sent on it. libcurl sends a request again
 * when a connection that it kept ends without a byte; but the server may have worked on it, and a POST is not
 * to be done twice.
 */
static int about_to_send(void *transfer, char *their_address, char *our_address, int their_port, int our_port)
{
    struct transfer *t = transfer;

    (void)their_address, (void)our_address, (void)their_port, (void)our_port;
    return t->sent++ > 0 && t->request->method == HTTP_POST ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t receive(char *bytes, size_t size, size_t count, void *transfer)
{
    struct transfer *t = transfer;

    if (size * count > HTTP_ANSWER_MAX - t->body.length)
        return 0; /* ends the transfer */
    buf_append(&t->body, bytes, size * count);
    return t->body.err ? 0 : size * count;
}

/* Whether it can be the value of a header: a line of its own could begin after a control character. */
static bool is_value(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

/* Adds a header, unless it has no value, or none that can be sent. */
static enum err add_header(struct transfer *t, const char *name, const char *value)
{
    struct curl_slist *longer;
    struct buf line = {0};

    if (!value || !*value || !is_value(value))
        return ERR_OK;
    buf_printf(&line, "%s%s", name, value);
    longer = line.err ? NULL : curl_slist_append(t->headers, line.data);
    buf_free(&line);
    if (!longer)
        return ERR_NOMEM;
    t->headers = longer;
    return ERR_OK;
}

static enum err add_headers(struct transfer *t)
{
    const struct http_request *r = t->request;
    const struct {
        const char *name, *value;
    } rows[] = {
        {"Authorization: Bearer ", r->token},
        {"User-Agent: ", r->user_agent && *r->user_agent ? r->user_agent : "mxadmin/" MXADMIN_VERSION},
        {"X-Forwarded-For: ", r->address},
        {"Content-Type: ", r->body ? "application/json" : NULL},
    };
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < sizeof rows / sizeof *rows; i++)
        e = add_header(t, rows[i].name, rows[i].value);
    return e;
}

/* The options of every request; those that fail do so for want of memory, and then the request is not sent.
 */
static enum err set_up(struct http *http, struct transfer *t)
{
    const struct http_request *r = t->request;
    CURL *c = http->curl;
    bool failed;

    curl_easy_reset(c); /* keeps the connection */
    failed = curl_easy_setopt(c, CURLOPT_URL, t->url.data) ||
             curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, methods[r->method]) ||
             curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") ||
             curl_easy_setopt(c, CURLOPT_PROXY, ""); /* none, whatever the environment says */
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, http->error);
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)r->seconds);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, about_to_send);
    curl_easy_setopt(c, CURLOPT_PREREQDATA, t);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    if (r->body) {
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body); /* borrowed */
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)strlen(r->body));
    }
    return failed ? ERR_NOMEM : ERR_OK;
}

/* What a transfer's end means. */
static enum err judge(const struct http *http, const struct transfer *t, CURLcode code)
{
    const char *text = *http->error ? http->error : curl_easy_strerror(code);

    if (!code)
        return ERR_OK;
    if (code == CURLE_OUT_OF_MEMORY && t->sent == 0)
        return ERR_NOMEM;
    log_error("%s: %s", http->url, text);
    return t->sent > 0 ? ERR_GATEWAY : ERR_UNREACHABLE;
}

static void take_answer(struct http *http, const struct transfer *t, struct http_answer *answer)
{
    long status = 0;

    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    answer->status = (int)status;
    if (t->body.length > 0) /* a text with U+0000 is let in: whoever reads one looks for that */
        answer->json = json_loadb(t->body.data, t->body.length, JSON_ALLOW_NUL, NULL);
}

enum err http_send(struct http *http, const struct http_request *request, struct http_answer *answer)
{
    struct transfer t = {.request = request};
    enum err e = prepare(http);

    *answer = (struct http_answer){0};
    if (!e)
        e = add_headers(&t);
    buf_printf(&t.url, "%.*s%s", http->url_length, http->url, request->target);
    if (!e)
        e = t.url.err;
    if (!e)
        e = set_up(http, &t);
    if (!e)
        e = judge(http, &t, curl_easy_perform(http->curl));
    if (!e)
        take_answer(http, &t, answer);
    if (http->curl)
        curl_easy_reset(http->curl); /* it holds pointers into what ends here */
    curl_slist_free_all(t.headers);
    buf_free(&t.body);
    buf_free(&t.url);
    return e;
}
