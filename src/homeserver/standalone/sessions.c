/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/clock.h"
#include "crypto/random.h"
#include "homeserver/audit.h"
#include "homeserver/standalone/standalone.h"
#include "store/devices.h"
#include "store/users.h"

enum err standalone_add_session(struct homeserver *hs, const char *localpart, const struct client *client,
                                struct arena *arena, struct session *session)
{
    const char *server_name = hs->config->server_name;
    char token[RANDOM_TOKEN_SIZE], made_id[RANDOM_DEVICE_SIZE];
    struct device device = {
        .device_id = client->device_id,
        .display_name = client->display_name,
        .last_seen_ts = clock_now_ms(),
        .address = client->address,
        .user_agent = client->user_agent,
    };
    enum err e = random_token(token);

    if (!e && !device.device_id) {
        e = random_device_id(made_id);
        device.device_id = made_id;
    }
    if (!e)
        e = devices_put(hs->db, localpart, server_name, token, &device);
    if (!e) {
        session->user_id = arena_printf(arena, "@%s:%s", localpart, server_name);
        session->access_token = arena_strdup(arena, token);
        session->device_id = arena_strdup(arena, device.device_id);
        if (!session->user_id || !session->access_token || !session->device_id)
            e = ERR_NOMEM;
        audit_device(hs->audit, session->device_id);
    }
    explicit_bzero(token, sizeof token);
    return e;
}

/* What is known of an account while its password is checked. */
struct proof {
    const char *localpart;
    struct account account;           /* as read before the check; empty when there is none */
    char renewed[PASSWORD_HASH_SIZE]; /* what an outdated hash is replaced with; "": nothing */
};

/*
 * Checks the password against what is stored now. Without an account there is no hash, which
 * password_verify() takes as one that does not match, at the same cost.
 */
static enum err prove(struct homeserver *hs, const char *password, struct arena *arena, struct proof *proof)
{
    const struct password_cost cost = standalone_cost(hs->config);
    bool outdated = false;
    enum err e;

    proof->account = (struct account){0};
    proof->renewed[0] = '\0';
    e = accounts_find(hs->db, proof->localpart, hs->config->server_name, arena, &proof->account);
    if (e && e != ERR_NOT_FOUND)
        return e;
    e = gate_enter(hs->gate);
    if (e)
        return e;
    e = password_verify(password, proof->account.password_hash, &cost, &outdated);
    if (!e && outdated)
        e = password_hash(password, &cost, proof->renewed);
    gate_leave(hs->gate);
    return e;
}

static enum err refuse_locked(struct homeserver *hs, const char *localpart, struct arena *arena)
{
    struct user_state state;
    enum err e = user_states_find(hs->db, localpart, arena, &state);

    return !e && state.locked ? ERR_LOCKED : e;
}

/*
 * Begins the session inside the transaction that is open, if what was proved still holds: meanwhile the
 * password may have been reset, or the account deactivated. `*stale`: another hash is stored now, so nothing
 * is proved.
 */
static enum err begin_proved(struct homeserver *hs, const struct proof *proof, const struct client *client,
                             struct arena *arena, struct session *session, bool *stale)
{
    const char *server_name = hs->config->server_name;
    struct account now = {0};
    enum err e = accounts_find(hs->db, proof->localpart, server_name, arena, &now);

    if (e && e != ERR_NOT_FOUND)
        return e;
    *stale = !now.password_hash || strcmp(now.password_hash, proof->account.password_hash) != 0;
    if (*stale)
        return ERR_BUSY;
    if (now.deactivated)
        return ERR_DEACTIVATED;
    e = refuse_locked(hs, proof->localpart, arena);
    if (e)
        return e;
    if (proof->renewed[0])
        e = accounts_set_password(hs->db, proof->localpart, server_name, proof->renewed);
    return e ? e : standalone_add_session(hs, proof->localpart, client, arena, session);
}

/* Somebody who goes on changing the password while it is checked is asked to come back later. */
#define PROOFS_MAX 3

enum err standalone_sign_in(struct homeserver *hs, const char *localpart, const char *password,
                            const struct client *client, struct arena *arena, struct session *session)
{
    struct proof proof = {.localpart = localpart};
    bool stale = true;
    enum err e = ERR_OK;

    for (int i = 0; stale && i < PROOFS_MAX; i++) {
        stale = false;
        e = prove(hs, password, arena, &proof);
        if (!e)
            e = db_begin(hs->db, DB_WRITE);
        if (!e)
            e = db_end(hs->db, begin_proved(hs, &proof, client, arena, session, &stale));
    }
    explicit_bzero(proof.renewed, sizeof proof.renewed);
    return e;
}

enum err standalone_begin_session(struct homeserver *hs, const char *localpart, const struct client *client,
                                  struct arena *arena, struct session *session)
{
    struct account account;
    enum err e = db_begin(hs->db, DB_WRITE);

    if (e)
        return e;
    e = accounts_find(hs->db, localpart, hs->config->server_name, arena, &account);
    if (!e && account.deactivated)
        e = ERR_DEACTIVATED;
    if (!e)
        e = standalone_add_session(hs, localpart, client, arena, session);
    return db_end(hs->db, e);
}

enum err standalone_end_session(struct homeserver *hs, const char *localpart, const char *device_id)
{
    enum err e = db_begin(hs->db, DB_WRITE);

    return e ? e : db_end(hs->db, devices_delete(hs->db, localpart, hs->config->server_name, device_id));
}

enum err standalone_end_sessions(struct homeserver *hs, const char *localpart)
{
    enum err e = db_begin(hs->db, DB_WRITE);

    return e ? e : db_end(hs->db, devices_delete_all(hs->db, localpart, hs->config->server_name, NULL));
}
