/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "homeserver/dendrite/ask.h"
#include "homeserver/dendrite/deferred.h"
#include "homeserver/token_bounds.h"

/* A number, or what stands for none; NULL: memory is gone. */
static json_t *number(int64_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

/* What changes of a token, and which one: all that Dendrite takes. */
static json_t *body_of(const struct registration_token *token, const char *text)
{
    return json_pack("{s:s*, s:o, s:o}", "token", text, "uses_allowed", number(token->uses_allowed),
                     "expiry_time", number(token->expiry_ts));
}

static enum err add(struct homeserver *hs, const struct registration_token *token, const char *admin_token)
{
    enum err e = dendrite_ask(hs,
                              &(struct question){.endpoint = ENDPOINT_NEW_TOKEN,
                                                 .token = admin_token,
                                                 .body = body_of(token, token->token)},
                              NULL);

    if (e == ERR_DENIED)
        return dendrite_fail(hs, e,
                             "Registration does not ask for tokens; client_api.registration_requires_token in"
                             " Dendrite's configuration makes it so");
    return e;
}

static enum err delete_token(struct homeserver *hs, const char *text, const char *admin_token)
{
    return dendrite_ask(
        hs, &(struct question){.endpoint = ENDPOINT_DELETE_TOKEN, .segments = {text}, .token = admin_token},
        NULL);
}

enum err dendrite_add_registration_token(struct homeserver *hs, const struct registration_token *token)
{
    struct arena *arena = arena_new();
    const char *admin_token = NULL;
    struct registration_token other;
    enum err e = arena ? registration_tokens_find(hs->db, token->token, arena, &other) : ERR_NOMEM;

    if (!e)
        e = ERR_EXISTS;
    else if (e == ERR_NOT_FOUND)
        e = dendrite_admin_token(hs, arena, &admin_token);
    if (!e)
        e = add(hs, token, admin_token);
    arena_free(&arena);
    return e;
}

enum err dendrite_delete_registration_token(struct homeserver *hs, const char *text)
{
    struct arena *arena = arena_new();
    struct registration_token token;
    const char *admin_token = NULL;
    enum err e = arena ? registration_tokens_find(hs->db, text, arena, &token) : ERR_NOMEM;

    if (!e)
        e = dendrite_admin_token(hs, arena, &admin_token);
    if (!e)
        e = delete_token(hs, text, admin_token);
    if (!e)
        e = dendrite_withdraw(hs, DEFERRED_SET_REGISTRATION_TOKEN, text);
    arena_free(&arena);
    return e;
}

/*
 * Whether Dendrite can be asked to change a token. The SQLite statement of 0.15.2 has its arguments in the
 * wrong order: it changes nothing, unless there is a token whose text is the new time of expiry.
 */
static enum err is_safe(struct homeserver *hs, const struct registration_token *token, struct arena *arena,
                        bool *safe)
{
    struct registration_token other;
    char text[24];
    enum err e;

    snprintf(text, sizeof text, "%" PRId64, token->expiry_ts);
    e = registration_tokens_find(hs->db, text, arena, &other);
    *safe = e == ERR_NOT_FOUND;
    return *safe ? ERR_OK : e;
}

static bool is_same(const struct registration_token *a, const struct registration_token *b)
{
    return a->uses_allowed == b->uses_allowed && a->expiry_ts == b->expiry_ts;
}

/* Asks, and looks whether it has been done. */
static enum err change(struct homeserver *hs, const struct registration_token *token, const char *admin_token,
                       struct arena *arena, struct registration_token *now, bool *done)
{
    bool safe;
    enum err e = is_safe(hs, token, arena, &safe);

    if (!e && safe)
        e = dendrite_ask(hs,
                         &(struct question){.endpoint = ENDPOINT_SET_TOKEN,
                                            .segments = {token->token},
                                            .token = admin_token,
                                            .body = body_of(token, NULL)},
                         NULL);
    if (!e)
        e = registration_tokens_find(hs->db, token->token, arena, now);
    *done = !e && is_same(now, token);
    return e;
}

/* Whether it can be removed and added again: of what was used, the count of its uses would be lost. */
static bool is_replaceable(const struct homeserver *hs, const struct registration_token *token)
{
    return hs->config->dendrite.registration_tokens && token->pending == 0 && token->completed == 0;
}

static enum err replace(struct homeserver *hs, const struct registration_token *token,
                        const char *admin_token)
{
    enum err e = delete_token(hs, token->token, admin_token);

    if (e)
        return e;
    e = add(hs, token, admin_token);
    if (e)
        return dendrite_fail(hs, e,
                             "The registration token was removed, but not added again; create it anew");
    return ERR_OK;
}

static enum err defer(struct homeserver *hs, const struct registration_token *token)
{
    char *text = token_bounds_text(token);
    enum err e = text ? dendrite_defer(hs, DEFERRED_SET_REGISTRATION_TOKEN, token->token, text) : ERR_NOMEM;

    free(text);
    return e;
}

/* What Dendrite cannot do now waits until it is down; a change that waited has been made, or is no more. */
static enum err set(struct homeserver *hs, const struct registration_token *token, struct arena *arena)
{
    struct registration_token now = {0};
    const char *admin_token = NULL;
    bool done = false;
    enum err e = registration_tokens_find(hs->db, token->token, arena, &now);

    if (!e && is_same(&now, token))
        return dendrite_withdraw(hs, DEFERRED_SET_REGISTRATION_TOKEN, token->token);
    if (!e)
        e = dendrite_admin_token(hs, arena, &admin_token);
    if (!e)
        e = change(hs, token, admin_token, arena, &now, &done);
    if (!e && !done && !is_replaceable(hs, &now))
        return defer(hs, token);
    if (!e && !done)
        e = replace(hs, token, admin_token);
    return e ? e : dendrite_withdraw(hs, DEFERRED_SET_REGISTRATION_TOKEN, token->token);
}

enum err dendrite_set_registration_token(struct homeserver *hs, const struct registration_token *token)
{
    struct arena *arena = arena_new();
    enum err e = arena ? set(hs, token, arena) : ERR_NOMEM;

    arena_free(&arena);
    return e;
}
