/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/clock.h"
#include "homeserver/audit.h"
#include "homeserver/jobs.h"
#include "homeserver/standalone/standalone.h"
#include "store/devices.h"

struct password_cost standalone_cost(const struct config *config)
{
    return (struct password_cost){
        .scheme = config->password_hash == CONFIG_PASSWORD_BCRYPT ? PASSWORD_BCRYPT : PASSWORD_SCRYPT,
        .scrypt_log2_n = (int)config->scrypt_log2_n,
        .scrypt_r = (int)config->scrypt_r,
        .scrypt_p = (int)config->scrypt_p,
        .bcrypt_cost = (int)config->bcrypt_cost,
    };
}

enum err standalone_hash(struct homeserver *hs, const char *password, char hash[PASSWORD_HASH_SIZE])
{
    const struct password_cost cost = standalone_cost(hs->config);
    enum err e = gate_enter(hs->gate);

    if (e)
        return e;
    e = password_hash(password, &cost, hash);
    gate_leave(hs->gate);
    return e;
}

/* Refuses a taken name before the work of hashing; the transaction finds out again. */
static enum err refuse_taken(struct homeserver *hs, const char *localpart)
{
    enum account_type type;
    enum err e = accounts_type(hs->db, localpart, hs->config->server_name, &type);

    if (!e)
        return ERR_EXISTS;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err insert(struct homeserver *hs, const struct new_account *account, const char *hash,
                       const struct client *client, struct arena *arena, struct session *session)
{
    const struct account row = {
        .localpart = account->localpart,
        .password_hash = hash,
        .type = account->type,
        .created_ts = clock_now_ms(),
    };
    enum err e = db_begin(hs->db, DB_WRITE);

    if (e)
        return e;
    e = accounts_insert(hs->db, &row, hs->config->server_name, account->display_name);
    if (!e && client)
        e = standalone_add_session(hs, account->localpart, client, arena, session);
    return db_end(hs->db, e);
}

enum err standalone_create_account(struct homeserver *hs, const struct new_account *account,
                                   const struct client *client, struct arena *arena, struct session *session)
{
    char hash[PASSWORD_HASH_SIZE] = "";
    enum err e = refuse_taken(hs, account->localpart);

    if (!e && account->password)
        e = standalone_hash(hs, account->password, hash);
    if (!e)
        e = insert(hs, account, hash, client, arena, session);
    explicit_bzero(hash, sizeof hash);
    return e;
}

static enum err replace_password(struct homeserver *hs, const char *localpart, const char *hash,
                                 bool end_sessions, const char *except_token)
{
    const char *server_name = hs->config->server_name;
    enum err e = db_begin(hs->db, DB_WRITE);

    if (e)
        return e;
    e = accounts_set_password(hs->db, localpart, server_name, hash);
    if (!e && end_sessions)
        e = devices_delete_all(hs->db, localpart, server_name, except_token);
    return db_end(hs->db, e);
}

enum err standalone_set_password(struct homeserver *hs, const char *localpart, const char *password,
                                 bool end_sessions, const char *except_token)
{
    char hash[PASSWORD_HASH_SIZE] = "";
    enum account_type type;
    enum err e =
        accounts_type(hs->db, localpart, hs->config->server_name, &type); /* before the work of hashing */

    if (!e)
        e = standalone_hash(hs, password, hash);
    if (!e)
        e = replace_password(hs, localpart, hash, end_sessions, except_token);
    explicit_bzero(hash, sizeof hash);
    return e;
}

enum err standalone_set_admin(struct homeserver *hs, const char *localpart, bool admin)
{
    const char *server_name = hs->config->server_name;
    enum account_type wanted = admin ? ACCOUNT_ADMIN : ACCOUNT_USER, type;
    enum err e = db_begin(hs->db, DB_WRITE);

    if (e)
        return e;
    e = accounts_type(hs->db, localpart, server_name, &type);
    if (!e && type != ACCOUNT_USER && type != ACCOUNT_ADMIN)
        e = ERR_INVALID;
    if (!e && type != wanted)
        e = accounts_set_type(hs->db, localpart, server_name, wanted);
    return db_end(hs->db, e);
}

static enum err leave_all_rooms(struct homeserver *hs, const char *localpart, bool dry_run, bool *any)
{
    struct arena *arena = arena_new();
    struct id_list affected = {0};
    enum err e = arena ? standalone_evacuate_user(hs, localpart, dry_run, arena, &affected) : ERR_NOMEM;

    *any = affected.count > 0;
    arena_free(&arena);
    return e;
}

/* The rooms first: if that is cut off, the account is not deactivated yet, and the rest is done again. */
static enum err deactivate(struct homeserver *hs, const char *localpart)
{
    const char *server_name = hs->config->server_name;
    bool any;
    enum err e;

    audit_unfinished(hs->audit);
    e = leave_all_rooms(hs, localpart, false, &any);
    if (!e)
        e = db_begin(hs->db, DB_WRITE);
    if (e)
        return e;
    e = accounts_deactivate(hs->db, localpart, server_name);
    if (!e)
        e = devices_delete_all(hs->db, localpart, server_name, NULL);
    return db_end(hs->db, e);
}

/* Whoever is in rooms leaves them in several transactions, perhaps: a job finishes what is cut off. */
enum err standalone_deactivate(struct homeserver *hs, const char *localpart)
{
    bool any = false;
    enum err e = hs->in_job ? ERR_OK : leave_all_rooms(hs, localpart, true, &any);

    if (e)
        return e;
    return any ? jobs_deactivate(hs, localpart) : deactivate(hs, localpart);
}

static enum err store_reactivation(struct homeserver *hs, const char *localpart, const char *hash)
{
    const char *server_name = hs->config->server_name;
    enum err e = db_begin(hs->db, DB_WRITE);

    if (e)
        return e;
    e = accounts_reactivate(hs->db, localpart, server_name);
    if (!e && hash)
        e = accounts_set_password(hs->db, localpart, server_name, hash);
    return db_end(hs->db, e);
}

enum err standalone_reactivate(struct homeserver *hs, const char *localpart, const char *password)
{
    char hash[PASSWORD_HASH_SIZE] = "";
    enum account_type type;
    enum err e = accounts_type(hs->db, localpart, hs->config->server_name, &type);

    if (!e && password)
        e = standalone_hash(hs, password, hash);
    if (!e)
        e = store_reactivation(hs, localpart, password ? hash : NULL);
    explicit_bzero(hash, sizeof hash);
    return e;
}

enum err standalone_set_threepids(struct homeserver *hs, const char *localpart,
                                  const struct identity *identities, size_t count)
{
    const char *server_name = hs->config->server_name;
    enum account_type type;
    enum err e = db_begin(hs->db, DB_WRITE);

    if (e)
        return e;
    e = accounts_type(hs->db, localpart, server_name, &type);
    if (!e)
        e = threepids_replace(hs->db, localpart, server_name, identities, count);
    return db_end(hs->db, e);
}
