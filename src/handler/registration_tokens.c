/* SPDX-License-Identifier: ISC */
/*
 * Registration tokens, as Synapse and as Dendrite spell them: one set of handlers, and what the two APIs say
 * differently as data.
 */
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/random.h"
#include "handler/fields.h"
#include "handler/handlers.h"
#include "handler/parameters.h"
#include "homeserver/token_bounds.h"
#include "store/registration_tokens.h"

#define LENGTH_MAX     64
#define LENGTH_DEFAULT 16
/* A random token of one character may well be taken. */
#define RANDOM_TRIES 10

struct body {
    const char *token;
    struct field_integer length, uses_allowed, expiry_time;
};

enum { FIELD_TOKEN, FIELD_LENGTH, FIELD_USES_ALLOWED, FIELD_EXPIRY_TIME, FIELDS };

/* The rows of struct body, in the order in which both servers find fault; `wrong` is the error of each. */
#define FIELD_ROWS(wrong, null_is, token_min, token_length, length_min)                                      \
    {                                                                                                        \
        [FIELD_TOKEN] = {.name = "token",                                                                    \
                         .type = FIELD_STRING,                                                               \
                         .offset = offsetof(struct body, token),                                             \
                         .min = (token_min),                                                                 \
                         .max = LENGTH_MAX,                                                                  \
                         .null = (null_is),                                                                  \
                         .invalid = {(wrong), "token must be a string"},                                     \
                         .range = {(wrong), (token_length)}},                                                \
        [FIELD_LENGTH] = {.name = "length",                                                                  \
                          .type = FIELD_INTEGER,                                                             \
                          .offset = offsetof(struct body, length),                                           \
                          .min = (length_min),                                                               \
                          .max = LENGTH_MAX,                                                                 \
                          .null = (null_is),                                                                 \
                          .invalid = {(wrong), "length must be an integer"},                                 \
                          .range = {(wrong), "length must be greater than zero and not greater than 64"}},   \
        [FIELD_USES_ALLOWED] = {.name = "uses_allowed",                                                      \
                                .type = FIELD_INTEGER,                                                       \
                                .offset = offsetof(struct body, uses_allowed),                               \
                                .max = REGISTRATION_TOKEN_USES_MAX,                                          \
                                .null = NULL_IS_VALUE,                                                       \
                                .invalid = {(wrong),                                                         \
                                            "uses_allowed must be a non-negative integer or null"}},         \
        [FIELD_EXPIRY_TIME] = {.name = "expiry_time",                                                        \
                               .type = FIELD_INTEGER,                                                        \
                               .offset = offsetof(struct body, expiry_time),                                 \
                               .null = NULL_IS_VALUE,                                                        \
                               .invalid = {(wrong), "expiry_time must be an integer or null"},               \
                               .range = {(wrong), "expiry_time must not be in the past"}},                   \
    }

/* What one of the two APIs says its own way. */
struct spelling {
    struct field fields[FIELDS];
    enum api_error wrong; /* of a parameter that cannot be accepted */
    /* Reads ?valid=, as parameter_boolean() does. */
    bool (*valid)(struct call *call, const char *name, bool *value);
    bool blank_is_absent;   /* ?valid= asks for nothing */
    const char *unknown[2]; /* of a token that is not there: before and after it */
    const char *taken[2];   /* of one that is */
    enum api_error taken_error;
    enum api_error off; /* of a new one where registration asks for none; UIs take 403 for a lost session */
};

/* What Go takes for a boolean. */
static bool dendrite_boolean(struct call *call, const char *name, bool *value)
{
    static const char *const words[] = {"1", "t", "T", "true",  "TRUE",  "True",
                                        "0", "f", "F", "false", "FALSE", "False"};
    const size_t count = sizeof words / sizeof *words;
    const char *text = query_get(&call->request.query, name);

    if (!text)
        return true;
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0) {
            *value = i < count / 2;
            return true;
        }
    call_fail(call, API_BAD_JSON, "invalid 'valid' query parameter");
    return false;
}

/* matrix-bot-sdk sends ?valid= where it is not told what to ask for; Synapse itself refuses that. */
static const struct spelling synapse = {
    .fields = FIELD_ROWS(API_INVALID_PARAM, NULL_IS_INVALID, 1,
                         "token must not be empty and must not be longer than 64 characters", 1),
    .wrong = API_INVALID_PARAM,
    .valid = parameter_boolean,
    .blank_is_absent = true,
    .unknown = {"No such registration token: ", ""},
    .taken = {"Token already exists: ", ""},
    .taken_error = API_INVALID_PARAM,
    .off = API_UNRECOGNIZED,
};

/* To Dendrite, an empty token is none, and a length of 0 the usual one. */
static const struct spelling dendrite = {
    .fields = FIELD_ROWS(API_BAD_JSON, NULL_IS_ABSENT, 0, "token must not be longer than 64", 0),
    .wrong = API_BAD_JSON,
    .valid = dendrite_boolean,
    .unknown = {"token: ", " not found"},
    .taken = {"token: ", " already exists"},
    .taken_error = API_CONFLICT,
    .off = API_FORBIDDEN,
};

static const struct spelling *spelling_of(const struct call *call)
{
    return strcmp(call->request.path.segments[0], "_dendrite") == 0 ? &dendrite : &synapse;
}

/* Answers with `error`, and the token between two texts. */
static json_t *fail_naming(struct call *call, enum api_error error, const char *const around[2],
                           const char *token)
{
    const char *text = arena_printf(call->arena, "%s%s%s", around[0], token, around[1]);

    return call_fail(call, text ? error : API_INTERNAL, text);
}

static json_t *bound(int64_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

static json_t *object_of(const struct registration_token *token)
{
    return json_pack("{s:s, s:o, s:I, s:I, s:o}", "token", token->token, "uses_allowed",
                     bound(token->uses_allowed), "pending", (json_int_t)token->pending, "completed",
                     (json_int_t)token->completed, "expiry_time", bound(token->expiry_ts));
}

/* Reads `uses_allowed` and `expiry_time` into the token. */
static bool read_bounds(struct call *call, json_t *object, const struct spelling *spelling,
                        struct registration_token *token)
{
    struct body body = {0};

    if (!fields_decode(call, object, &spelling->fields[FIELD_USES_ALLOWED], FIELDS - FIELD_USES_ALLOWED,
                       &body))
        return false;
    if (body.expiry_time.state == INTEGER_GIVEN && body.expiry_time.value < clock_now_ms()) {
        call_fail(call, spelling->wrong, "expiry_time must not be in the past");
        return false;
    }
    if (body.uses_allowed.state != INTEGER_ABSENT)
        token->uses_allowed = body.uses_allowed.state == INTEGER_GIVEN ? body.uses_allowed.value : -1;
    if (body.expiry_time.state != INTEGER_ABSENT)
        token->expiry_ts = body.expiry_time.state == INTEGER_GIVEN ? body.expiry_time.value : -1;
    return true;
}

/* Reads the token, or how long a random one is to be; a token that is given makes its length mean nothing. */
static bool read_text(struct call *call, json_t *object, const struct spelling *spelling, struct body *body)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-";

    if (!fields_decode(call, object, &spelling->fields[FIELD_TOKEN], 1, body))
        return false;
    if (!body->token || !*body->token) {
        body->token = NULL;
        return fields_decode(call, object, &spelling->fields[FIELD_LENGTH], 1, body);
    }
    if (body->token[strspn(body->token, alphabet)] == '\0')
        return true;
    call_fail(call, spelling->wrong,
              "token must consist only of characters matched by the regex [A-Za-z0-9._~-]");
    return false;
}

static enum err add(struct call *call, const struct registration_token *token)
{
    call->audit.row.target = token->token;
    return homeserver_add_registration_token(&call->homeserver, token);
}

/* Adds a token with a random text of this length. */
static enum err add_random(struct call *call, struct registration_token *token, int64_t length)
{
    char *text = arena_alloc(call->arena, LENGTH_MAX + 1);
    enum err e = text ? ERR_EXISTS : ERR_NOMEM;

    token->token = text;
    for (int i = 0; e == ERR_EXISTS && i < RANDOM_TRIES; i++) {
        e = random_letters(text, (size_t)length);
        if (!e)
            e = add(call, token);
    }
    return e;
}

json_t *registration_tokens_post(struct call *call)
{
    const struct spelling *spelling = spelling_of(call);
    struct registration_token token = {.uses_allowed = -1, .expiry_ts = -1};
    struct body body = {.length = {INTEGER_GIVEN, LENGTH_DEFAULT}};
    json_t *object = call_json(call);
    enum err e;

    if (!object || !read_text(call, object, spelling, &body) || !read_bounds(call, object, spelling, &token))
        return NULL;
    token.token = body.token;
    if (token.token)
        e = add(call, &token);
    else
        e = add_random(call, &token, body.length.value ? body.length.value : LENGTH_DEFAULT);
    if (e == ERR_EXISTS)
        return fail_naming(call, spelling->taken_error, spelling->taken, token.token);
    if (e == ERR_DENIED)
        return call_fail(call, spelling->off, call->homeserver.reason);
    return e ? call_fail_err(call, e) : object_of(&token);
}

/* The tokens that are asked for. */
struct listing {
    json_t *tokens;
    bool all, valid; /* all, or only those that are valid, or only those that are not */
    int64_t now_ms;
};

static enum err list_token(const struct registration_token *token, void *context)
{
    struct listing *listing = context;

    if (!listing->all && registration_token_valid(token, listing->now_ms) != listing->valid)
        return ERR_OK;
    return json_array_append_new(listing->tokens, object_of(token)) ? ERR_NOMEM : ERR_OK;
}

json_t *registration_tokens_get(struct call *call)
{
    const struct spelling *spelling = spelling_of(call);
    const char *valid = query_get(&call->request.query, "valid");
    struct listing listing = {.all = !valid || (!*valid && spelling->blank_is_absent),
                              .now_ms = clock_now_ms()};
    enum err e;

    if (!listing.all && !spelling->valid(call, "valid", &listing.valid))
        return NULL;
    listing.tokens = json_array();
    e = registration_tokens_list(call->app->db, list_token, &listing);
    if (!e)
        return json_pack("{s:o}", "registration_tokens", listing.tokens);
    json_decref(listing.tokens);
    return call_fail_err(call, e);
}

/* Finds the token of the path; false after the answer has become an error. */
static bool find(struct call *call, const struct spelling *spelling, struct registration_token *token)
{
    const char *text = call->parameters[0];
    enum err e = registration_tokens_find(call->app->db, text, call->arena, token);

    if (e == ERR_NOT_FOUND)
        fail_naming(call, API_NOT_FOUND, spelling->unknown, text);
    else if (e)
        call_fail_err(call, e);
    return e == ERR_OK;
}

/* The token as it is now, with what waits to be changed of it. */
static json_t *show(struct call *call, const struct spelling *spelling)
{
    struct registration_token token;
    json_t *object = NULL;
    bool waits = false;
    enum err e;

    if (!find(call, spelling, &token))
        return NULL;
    e = deferred_waits(call->app->db, DEFERRED_SET_REGISTRATION_TOKEN, token.token, &waits);
    if (e)
        return call_fail_err(call, e);
    object = object_of(&token);
    if (waits && json_object_set_new(object, "pending_changes", json_pack("[s]", "set_registration_token"))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

json_t *registration_token_get(struct call *call)
{
    return show(call, spelling_of(call));
}

json_t *registration_token_put(struct call *call)
{
    const struct spelling *spelling = spelling_of(call);
    struct registration_token token, before;
    json_t *object = call_json(call);
    bool waits;
    enum err e;

    if (!object || !find(call, spelling, &token))
        return NULL;
    e = token_bounds_waiting(call->app->db, call->arena, &token, &waits);
    if (e)
        return call_fail_err(call, e);
    before = token;
    if (!read_bounds(call, object, spelling, &token))
        return NULL;
    if (token.uses_allowed != before.uses_allowed || token.expiry_ts != before.expiry_ts)
        e = homeserver_set_registration_token(&call->homeserver, &token);
    if (e == ERR_NOT_FOUND)
        return fail_naming(call, API_NOT_FOUND, spelling->unknown, token.token);
    return e ? call_fail_err(call, e) : show(call, spelling);
}

json_t *registration_token_delete(struct call *call)
{
    const struct spelling *spelling = spelling_of(call);
    const char *text = call->parameters[0];
    enum err e = homeserver_delete_registration_token(&call->homeserver, text);

    if (e == ERR_NOT_FOUND)
        return fail_naming(call, API_NOT_FOUND, spelling->unknown, text);
    return e ? call_fail_err(call, e) : json_object();
}
