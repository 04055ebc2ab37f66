/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "homeserver/account_change.h"
#include "homeserver/standalone/standalone.h"
#include "store/devices.h"
#include "store/users.h"

/* A change on its way, and the account as it was found. */
struct changing {
    struct homeserver *hs;
    const char *localpart;
    const char *server_name;
    const struct account_change *change;
    struct user user;
    struct profile profile; /* as it is to be */
    char hash[PASSWORD_HASH_SIZE];
};

static const char *text_or(const char *new, const char *old)
{
    return !new ? old : *new ? new : NULL;
}

static bool same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static enum err look(struct changing *changing, struct arena *arena)
{
    const struct account_change *change = changing->change;
    struct user *user = &changing->user;
    enum err e =
        users_find(changing->hs->db, changing->localpart, changing->server_name, arena, &changing->user);

    if (e)
        return e;
    changing->profile = (struct profile){
        .display_name = text_or(change->display_name, user->profile.display_name),
        .avatar_url = text_or(change->avatar_url, user->profile.avatar_url),
    };
    return account_change_check(changing->hs->db, changing->localpart, user->type, change);
}

static bool profile_changes(const struct changing *changing)
{
    return !same(changing->profile.display_name, changing->user.profile.display_name) ||
           !same(changing->profile.avatar_url, changing->user.profile.avatar_url);
}

static bool chosen(enum choice choice, bool now)
{
    return choice == CHOICE_STAY ? now : choice == CHOICE_YES;
}

static enum err change_state(struct changing *changing)
{
    const struct account_change *change = changing->change;
    const struct user_state *now = &changing->user.state;
    const struct user_state state = {
        .locked = chosen(change->locked, now->locked),
        .suspended = chosen(change->suspended, now->suspended),
        .erased = change->active == CHOICE_YES ? false : chosen(change->erased, now->erased),
        .user_type = text_or(change->user_type, now->user_type),
    };

    if (state.locked == now->locked && state.suspended == now->suspended && state.erased == now->erased &&
        same(state.user_type, now->user_type))
        return ERR_OK;
    return user_states_put(changing->hs->db, changing->localpart, changing->server_name, &state);
}

static enum err change_password(struct changing *changing)
{
    const struct account_change *change = changing->change;
    struct db *db = changing->hs->db;
    enum err e = ERR_OK;

    if (!change->password)
        return ERR_OK;
    e = accounts_set_password(db, changing->localpart, changing->server_name, changing->hash);
    if (!e && change->end_sessions)
        e = devices_delete_all(db, changing->localpart, changing->server_name, change->except_token);
    return e;
}

static enum err change_identities(struct changing *changing)
{
    const struct account_change *change = changing->change;
    struct db *db = changing->hs->db;
    enum err e = ERR_OK;

    if (change->threepids)
        e = threepids_replace(db, changing->localpart, changing->server_name, change->threepids->identities,
                              change->threepids->count);
    if (!e && change->external_ids)
        e = external_ids_replace(db, changing->localpart, change->external_ids->identities,
                                 change->external_ids->count);
    return e;
}

/* All but what the rooms are shown, inside the transaction that is open. */
static enum err change_rows(struct changing *changing)
{
    const struct account_change *change = changing->change;
    struct db *db = changing->hs->db;
    enum account_type type = account_change_type(changing->user.type, change);
    enum err e = ERR_OK;

    if (type != changing->user.type)
        e = accounts_set_type(db, changing->localpart, changing->server_name, type);
    if (!e && profile_changes(changing))
        e = profiles_put(db, changing->localpart, changing->server_name, &changing->profile);
    if (!e)
        e = change_identities(changing);
    if (!e && change->active == CHOICE_YES && changing->user.deactivated)
        e = accounts_reactivate(db, changing->localpart, changing->server_name);
    if (!e)
        e = change_password(changing);
    if (!e)
        e = change_state(changing);
    return e;
}

/*
 * The rooms first, which may take several transactions: if that is cut off, the call is repeated. Who is not
 * active is in none.
 */
static enum err change_account(struct changing *changing)
{
    struct db *db = changing->hs->db;
    enum err e = ERR_OK;

    if (profile_changes(changing))
        e = standalone_show_profile(changing->hs, changing->localpart, &changing->profile);
    if (!e)
        e = db_begin(db, DB_WRITE);
    if (!e)
        e = db_end(db, change_rows(changing));
    if (!e && changing->change->active == CHOICE_NO)
        e = standalone_deactivate(changing->hs, changing->localpart);
    return e;
}

enum err standalone_change_account(struct homeserver *hs, const char *localpart,
                                   const struct account_change *change)
{
    struct changing changing = {
        .hs = hs, .localpart = localpart, .server_name = hs->config->server_name, .change = change};
    struct arena *arena = arena_new();
    enum err e = arena ? look(&changing, arena) : ERR_NOMEM;

    if (!e && change->password)
        e = standalone_hash(hs, change->password, changing.hash);
    if (!e)
        e = change_account(&changing);
    explicit_bzero(changing.hash, sizeof changing.hash);
    arena_free(&arena);
    return e;
}
