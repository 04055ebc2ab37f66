/* SPDX-License-Identifier: ISC */
/*
 * An account is changed by whoever has what is to change: Dendrite, asked as the user or as an admin, our own
 * tables, and Dendrite's database, for which the change is queued. What can be refused is found out before
 * anything is changed; what is cut off after that is done by asking again.
 */
#include <string.h>

#include "homeserver/account_change.h"
#include "homeserver/dendrite/deferred.h"
#include "homeserver/dendrite/sessions.h"
#include "store/users.h"

/* A change on its way, and the account as it was found. */
struct changing {
    struct homeserver *hs;
    const char *localpart;
    const struct account_change *change;
    struct arena *arena;
    struct user user;
};

/* Whether a text is to become another one; "" is none. */
static bool differs(const char *new, const char *old)
{
    return new &&strcmp(new, old ? old : "") != 0;
}

static bool profile_changes(const struct changing *c)
{
    return differs(c->change->display_name, c->user.profile.display_name) ||
           differs(c->change->avatar_url, c->user.profile.avatar_url);
}

/* Dendrite knows neither; who was locked before it was the homeserver stays so, and can be let in again. */
static enum err refuse_states(const struct changing *c)
{
    const struct {
        enum choice choice;
        bool is;
        const char *what;
    } states[] = {
        {c->change->locked, c->user.state.locked, "locked"},
        {c->change->suspended, c->user.state.suspended, "suspended"},
    };

    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (states[i].choice == CHOICE_YES && !states[i].is) {
            homeserver_reason(c->hs, "An account of Dendrite's cannot be %s, only deactivated",
                              states[i].what);
            return ERR_UNSUPPORTED;
        }
    return ERR_OK;
}

static enum err look(struct changing *c)
{
    const struct account_change *change = c->change;
    const char *token;
    enum err e = users_find(c->hs->db, c->localpart, c->hs->config->server_name, c->arena, &c->user);

    if (!e)
        e = account_change_check(c->hs->db, c->localpart, c->user.type, change);
    if (!e)
        e = refuse_states(c);
    if (!e && change->password)
        e = dendrite_check_password(change->password);
    if (!e && profile_changes(c))
        e = dendrite_need_service(c->hs);
    if (!e && (change->password || change->active == CHOICE_NO))
        e = dendrite_admin_token(c->hs, c->arena, &token);
    return e;
}

/* One member of the profile, which Dendrite also shows to the rooms. */
static enum err set_text(struct changing *c, enum endpoint endpoint, const char *name, const char *new,
                         const char *old)
{
    const char *user_id;

    if (!differs(new, old))
        return ERR_OK;
    user_id = dendrite_user_id(c->hs, c->localpart, c->arena);
    if (!user_id)
        return ERR_NOMEM;
    return dendrite_ask(c->hs,
                        &(struct question){.endpoint = endpoint,
                                           .segments = {user_id},
                                           .as_user = c->localpart,
                                           .body = json_pack("{s:s}", name, new)},
                        NULL);
}

static enum err change_profile(struct changing *c)
{
    enum err e = set_text(c, ENDPOINT_DISPLAY_NAME, "displayname", c->change->display_name,
                          c->user.profile.display_name);

    if (!e)
        e = set_text(c, ENDPOINT_AVATAR_URL, "avatar_url", c->change->avatar_url, c->user.profile.avatar_url);
    return e;
}

static enum err put_state(struct changing *c)
{
    const struct account_change *change = c->change;
    struct user_state state = c->user.state;

    if (change->locked != CHOICE_STAY)
        state.locked = change->locked == CHOICE_YES;
    if (change->suspended != CHOICE_STAY)
        state.suspended = change->suspended == CHOICE_YES;
    if (change->erased != CHOICE_STAY)
        state.erased = change->erased == CHOICE_YES;
    if (change->active == CHOICE_YES)
        state.erased = false;
    if (change->user_type)
        state.user_type = *change->user_type ? change->user_type : NULL;
    return user_states_put(c->hs->db, c->localpart, c->hs->config->server_name, &state);
}

/* What is in our own tables, inside the transaction that is open. */
static enum err put_own(struct changing *c)
{
    const struct identity_list *list = c->change->external_ids;
    enum err e = list ? external_ids_replace(c->hs->db, c->localpart, list->identities, list->count) : ERR_OK;

    return e ? e : put_state(c);
}

static enum err change_own(struct changing *c)
{
    enum err e = db_begin(c->hs->db, DB_WRITE);

    return e ? e : db_end(c->hs->db, put_own(c));
}

/* What waits until Dendrite is down. */
static enum err defer(struct changing *c)
{
    const struct identity_list *threepids = c->change->threepids;
    enum account_type type = account_change_type(c->user.type, c->change);
    enum err e = ERR_OK;

    if (threepids)
        e = dendrite_set_threepids(c->hs, c->localpart, threepids->identities, threepids->count);
    if (!e && type != c->user.type)
        e = dendrite_set_admin(c->hs, c->localpart, type == ACCOUNT_ADMIN);
    if (!e && c->change->active == CHOICE_YES)
        e = dendrite_reactivate(c->hs, c->localpart, NULL);
    return e;
}

/* The rooms are shown the profile while the user is still in them. */
static enum err change_all(struct changing *c)
{
    const struct account_change *change = c->change;
    enum err e = ERR_OK;

    if (change->password)
        e = dendrite_set_password(c->hs, c->localpart, change->password, change->end_sessions,
                                  change->except_token);
    if (!e)
        e = change_profile(c);
    if (!e)
        e = defer(c);
    if (!e)
        e = change_own(c);
    if (!e && change->active == CHOICE_NO)
        e = dendrite_deactivate(c->hs, c->localpart);
    return e;
}

enum err dendrite_change_account(struct homeserver *hs, const char *localpart,
                                 const struct account_change *change)
{
    struct changing changing = {.hs = hs, .localpart = localpart, .change = change, .arena = arena_new()};
    enum err e = changing.arena ? look(&changing) : ERR_NOMEM;

    if (!e)
        e = change_all(&changing);
    arena_free(&changing.arena);
    return e;
}
