/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/clock.h"
#include "homeserver/dendrite/deferred.h"
#include "store/destinations.h"

enum err dendrite_defer(struct homeserver *hs, enum deferred_kind kind, const char *target,
                        const char *parameters)
{
    const struct deferred_change change = {
        .kind = kind,
        .target = target,
        .parameters = parameters,
        .actor = hs->actor ? hs->actor->localpart : "",
        .created_ts = clock_now_ms(),
    };
    enum err e = db_begin(hs->db, DB_WRITE);

    return e ? e : db_end(hs->db, deferred_put(hs->db, &change));
}

enum err dendrite_withdraw(struct homeserver *hs, enum deferred_kind kind, const char *target)
{
    enum err e = db_begin(hs->db, DB_WRITE);

    return e ? e : db_end(hs->db, deferred_withdraw(hs->db, kind, target));
}

/* Queues the change unless there is nothing to be changed; then what waits is taken back. */
static enum err defer_if(struct homeserver *hs, bool wanted, enum deferred_kind kind, const char *target,
                         const char *parameters)
{
    return wanted ? dendrite_defer(hs, kind, target, parameters) : dendrite_withdraw(hs, kind, target);
}

enum err dendrite_set_admin(struct homeserver *hs, const char *localpart, bool admin)
{
    enum account_type wanted = admin ? ACCOUNT_ADMIN : ACCOUNT_USER, type;
    enum err e = accounts_type(hs->db, localpart, hs->config->server_name, &type);

    if (!e && type != ACCOUNT_USER && type != ACCOUNT_ADMIN)
        e = ERR_INVALID;
    if (!e)
        e = defer_if(hs, type != wanted, DEFERRED_SET_ADMIN, localpart,
                     admin ? DEFERRED_TRUE : DEFERRED_FALSE);
    return e;
}

enum err dendrite_reactivate(struct homeserver *hs, const char *localpart, const char *password)
{
    struct arena *arena = arena_new();
    struct account account;
    enum err e =
        arena ? accounts_find(hs->db, localpart, hs->config->server_name, arena, &account) : ERR_NOMEM;

    if (!e && password) /* Dendrite sets one of a deactivated account, too */
        e = homeserver_set_password(hs, localpart, password, false, NULL);
    if (!e)
        e = defer_if(hs, account.deactivated, DEFERRED_REACTIVATE, localpart, DEFERRED_NOTHING);
    arena_free(&arena);
    return e;
}

/* The parameters of DEFERRED_SET_THREEPIDS, as the caller's to free; NULL when memory is gone. */
static char *threepids_text(const struct identity *identities, size_t count)
{
    json_t *array = json_array();
    char *text = NULL;

    for (size_t i = 0; array && i < count; i++)
        if (json_array_append_new(array, json_pack("{s:s, s:s}", "medium", identities[i].kind, "address",
                                                   identities[i].id)) < 0)
            goto out;
    text = json_dumps(array, JSON_COMPACT);
out:
    json_decref(array);
    return text;
}

/* The third-party ids that a user is to have, and how many of those that there are are among them. */
struct comparison {
    const struct identity *identities;
    size_t count;
    size_t kept, lost;
};

static enum err compare(const struct identity *identity, void *context)
{
    struct comparison *comparison = context;
    bool kept = false;

    for (size_t i = 0; !kept && i < comparison->count; i++)
        kept = strcmp(comparison->identities[i].kind, identity->kind) == 0 &&
               strcmp(comparison->identities[i].id, identity->id) == 0;
    comparison->kept += kept;
    comparison->lost += !kept;
    return ERR_OK;
}

enum err dendrite_set_threepids(struct homeserver *hs, const char *localpart,
                                const struct identity *identities, size_t count)
{
    struct comparison comparison = {.identities = identities, .count = count};
    const char *server_name = hs->config->server_name;
    enum account_type type;
    enum err e = accounts_type(hs->db, localpart, server_name, &type);
    char *text;

    if (!e)
        e = threepids_list(hs->db, localpart, server_name, compare, &comparison);
    if (e)
        return e;
    text = threepids_text(identities, count);
    e = text ? defer_if(hs, comparison.kept != count || comparison.lost > 0, DEFERRED_SET_THREEPIDS,
                        localpart, text)
             : ERR_NOMEM;
    free(text);
    return e;
}

/* Only a request that the other server has signed makes a running Dendrite forget that it could not reach it.
 */
enum err dendrite_reset_destination(struct homeserver *hs, const char *name, bool *waits)
{
    struct arena *arena = arena_new();
    struct destination destination;
    enum err e =
        arena ? destinations_find(hs->db, hs->config->server_name, name, arena, &destination) : ERR_NOMEM;

    if (!e && destination.failure_ts == 0)
        e = ERR_INVALID;
    if (!e)
        e = dendrite_defer(hs, DEFERRED_RESET_DESTINATION, name, DEFERRED_NOTHING);
    *waits = !e;
    arena_free(&arena);
    return e;
}
