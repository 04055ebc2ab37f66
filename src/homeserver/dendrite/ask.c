/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/utf8.h"
#include "homeserver/audit.h"
#include "homeserver/dendrite/ask.h"
#include "homeserver/dendrite/turn.h"
#include "matrix/field.h"
#include "matrix/json_wipe.h"

#define RETRY_AFTER_MS 1000 /* where Dendrite does not say it */

/* What Dendrite's errcodes mean, and where they say nothing, its status. */
static const struct {
    const char *code;
    enum err e;
} codes[] = {
    {"M_NOT_FOUND", ERR_NOT_FOUND},    {"M_UNRECOGNIZED", ERR_UNSUPPORTED},
    {"M_USER_IN_USE", ERR_EXISTS},     {"M_USER_DEACTIVATED", ERR_DEACTIVATED},
    {"M_LIMIT_EXCEEDED", ERR_LIMITED},
};
static const struct {
    int status;
    enum err e;
} statuses[] = {
    {400, ERR_INVALID}, {401, ERR_DENIED},    {403, ERR_DENIED},  {404, ERR_NOT_FOUND},
    {409, ERR_EXISTS},  {413, ERR_TOO_LARGE}, {429, ERR_LIMITED},
};

#define NEEDS_SERVICE                                                                                        \
    "This needs mxadmin's application service at Dendrite: `mxadmin attach` says how to register it"
#define SERVICE_REFUSED                                                                                      \
    "Dendrite does not accept mxadmin's application service: restart Dendrite after `mxadmin attach`"
#define SESSION_REFUSED "Dendrite does not know this session any more"
#define BROKE_OFF                                                                                            \
    "Dendrite's answer broke off; what was asked of it may have been done, and can be asked again"

enum err dendrite_fail(struct homeserver *hs, enum err e, const char *format, ...)
{
    char *reason = hs->dendrite->reason;
    size_t length = 0, sequence;
    va_list args;

    va_start(args, format);
    vsnprintf(reason, REASON_SIZE, format, args);
    va_end(args);
    /* It may have been cut within a character. */
    while (reason[length] &&
           (sequence = utf8_sequence((unsigned char *)reason + length, strlen(reason + length))) > 0)
        length += sequence;
    reason[length] = '\0';
    hs->reason = reason;
    return e;
}

bool dendrite_has_service(const struct homeserver *hs)
{
    return *hs->config->dendrite.service_token != '\0';
}

enum err dendrite_need_service(struct homeserver *hs)
{
    return dendrite_has_service(hs) ? ERR_OK : dendrite_fail(hs, ERR_UNSUPPORTED, NEEDS_SERVICE);
}

const char *dendrite_user_id(const struct homeserver *hs, const char *localpart, struct arena *arena)
{
    return arena_printf(arena, "@%s:%s", localpart, hs->config->server_name);
}

static enum err make_target(const struct homeserver *hs, const struct question *q, struct buf *target)
{
    endpoint_target(q->endpoint, q->segments, target);
    if (q->as_user) {
        buf_puts(target, "?user_id=%40");
        endpoint_encode(q->as_user, target);
        buf_puts(target, "%3A");
        endpoint_encode(hs->config->server_name, target);
    }
    for (size_t i = 0; q->servers && i < q->servers->count; i++) {
        buf_puts(target, "&server_name=");
        endpoint_encode(q->servers->ids[i], target);
    }
    return target->err;
}

static int append(const char *bytes, size_t size, void *buf)
{
    buf_append(buf, bytes, size);
    return ((struct buf *)buf)->err ? -1 : 0;
}

/* The body's text; what takes one and needs none is sent "{}". */
static enum err make_body(const struct question *q, struct buf *body)
{
    enum http_method method = endpoint_row(q->endpoint)->method;

    if (endpoint_row(q->endpoint)->body != BODY_NONE)
        return !q->body || json_dump_callback(q->body, append, body, JSON_COMPACT) ? ERR_NOMEM : ERR_OK;
    if (method == HTTP_POST || method == HTTP_PUT)
        buf_puts(body, "{}");
    return body->err;
}

/* What an answer that is not the one wanted means. */
static enum err meaning(int status, const char *code)
{
    for (size_t i = 0; code && status < 500 && i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i].code, code) == 0)
            return codes[i].e;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i].status == status)
            return statuses[i].e;
    return ERR_GATEWAY;
}

/* Signing in for a user, the application service shows its token and stands for nobody. */
static bool by_service(const struct homeserver *hs, const struct question *q)
{
    return q->as_user || (q->token && q->token == hs->config->dendrite.service_token);
}

static enum err refuse(struct homeserver *hs, const struct question *q, const struct http_answer *answer)
{
    const char *code = field_string(answer->json, "errcode");
    const char *text = field_string(answer->json, "error");
    enum err e = meaning(answer->status, code);
    json_int_t retry_after_ms = 0;

    if (!text)
        text = field_string(answer->json, "message"); /* its own form of a 500, and of some 400 */
    if (code && strcmp(code, "M_UNKNOWN_TOKEN") == 0)
        return by_service(hs, q) ? dendrite_fail(hs, ERR_UNSUPPORTED, SERVICE_REFUSED)
                                 : dendrite_fail(hs, ERR_DENIED, SESSION_REFUSED);
    if (e == ERR_GATEWAY)
        log_error("Dendrite answered %s with %d%s%s", endpoint_row(q->endpoint)->path, answer->status,
                  text ? ": " : "", text ? text : "");
    if (e == ERR_LIMITED)
        hs->retry_after_ms =
            field_integer(answer->json, "retry_after_ms", &retry_after_ms) && retry_after_ms > 0
                ? retry_after_ms
                : RETRY_AFTER_MS;
    return text && *text ? dendrite_fail(hs, e, "Dendrite: %s", text)
                         : dendrite_fail(hs, e, "Dendrite answered with status %d", answer->status);
}

/* An answer of 200 can be an error as well: downloadState has such a one. */
static bool is_good(const struct http_answer *answer)
{
    return answer->status == 200 && json_is_object(answer->json) && !json_object_get(answer->json, "errcode");
}

static enum err send(struct homeserver *hs, const struct question *q, const char *target, const char *body,
                     struct http_answer *answer)
{
    const struct client *client = q->client;
    const struct http_request request = {
        .method = endpoint_row(q->endpoint)->method,
        .target = target,
        .token = q->as_user ? hs->config->dendrite.service_token : q->token,
        .user_agent = client ? client->user_agent : NULL,
        .address = client      ? client->address
                   : hs->actor ? hs->actor->address
                               : NULL,
        .body = body,
        .seconds = endpoint_row(q->endpoint)->seconds,
    };
    enum err e = http_send(hs->dendrite->http, &request, answer);

    if (e == ERR_GATEWAY)
        return dendrite_fail(hs, e, BROKE_OFF);
    return e || is_good(answer) ? e : refuse(hs, q, answer);
}

/*
 * Whether what is asked is told the audit before. Signing in is told after it: wrong passwords change
 * nothing, and are many.
 */
static bool is_change(enum endpoint endpoint)
{
    return endpoint != ENDPOINT_NONCE && endpoint != ENDPOINT_LOGIN;
}

/*
 * Asks for a change, which the audit is told before. What is refused, or did not come to Dendrite, has
 * changed nothing: if that was all, nothing is told.
 */
static enum err send_change(struct homeserver *hs, const struct question *q, const char *target,
                            const char *body, struct http_answer *answer)
{
    bool told = audit_is_told(hs->audit);
    enum err e = audit_begin(hs->audit);

    if (e)
        return e;
    e = send(hs, q, target, body, answer);
    if (e && e != ERR_GATEWAY && !told)
        audit_withdraw(hs->audit);
    return e;
}

static enum err send_in_turn(struct homeserver *hs, const struct question *q, const char *target,
                             const char *body, struct http_answer *answer)
{
    bool taken = false;
    enum err e = ERR_OK;

    if (endpoint_row(q->endpoint)->turn == TURN_TAKEN)
        e = turn_begin(hs, &taken);
    else if (endpoint_row(q->endpoint)->turn == TURN_ENDED)
        turn_end(hs, true);
    if (!e)
        e = (is_change(q->endpoint) ? send_change : send)(hs, q, target, body, answer);
    turn_end(hs, taken);
    return e;
}

/* The same, without taking the body over. */
static enum err ask(struct homeserver *hs, const struct question *q, struct http_answer *answer)
{
    struct buf target = {0}, body = {0};
    enum err e = q->as_user ? dendrite_need_service(hs) : ERR_OK;

    if (!e)
        e = make_target(hs, q, &target);
    if (!e)
        e = make_body(q, &body);
    if (!e)
        e = send_in_turn(hs, q, target.data, body.data, answer);
    buf_free(&body);
    buf_free(&target);
    return e;
}

enum err dendrite_ask(struct homeserver *hs, const struct question *question, json_t **answer)
{
    struct http_answer answered = {0};
    enum err e;

    hs->reason = NULL;
    e = ask(hs, question, &answered);
    if (endpoint_row(question->endpoint)->body == BODY_SECRET)
        json_wipe(question->body);
    json_decref(question->body);
    if (e || !answer)
        json_forget(&answered.json);
    if (answer)
        *answer = answered.json;
    return e;
}

enum err dendrite_take(const json_t *answer, const char *name, struct arena *arena, const char **text)
{
    const char *found = field_string(answer, name);

    *text = arena_strdup(arena, found);
    if (!found) {
        log_error("Dendrite's answer has no \"%s\"", name);
        return ERR_GATEWAY;
    }
    return *text ? ERR_OK : ERR_NOMEM;
}
