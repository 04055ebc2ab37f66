/* SPDX-License-Identifier: ISC */
/*
 * Deactivation as Dendrite does it: only the user can ask for it, with the password. So the account is given
 * a random one, and it is asked for with that. A job finishes what is cut off: every step can be repeated,
 * with another password, since nobody knows the first one any more.
 */
#include <string.h>

#include "crypto/random.h"
#include "homeserver/dendrite/deferred.h"
#include "homeserver/dendrite/sessions.h"
#include "homeserver/jobs.h"

/* Asks for it as the user, by our application service, or with the token of a session. */
static enum err ask(struct homeserver *hs, const char *localpart, const char *token, const char *password,
                    struct arena *arena)
{
    const char *user_id = dendrite_user_id(hs, localpart, arena);
    enum err e = dendrite_ask(hs,
                              &(struct question){
                                  .endpoint = ENDPOINT_DEACTIVATE,
                                  .as_user = token ? NULL : localpart,
                                  .token = token,
                                  .body = json_pack("{s:{s:s, s:{s:s, s:s}, s:s}}", "auth", "type",
                                                    "m.login.password", "identifier", "type", "m.id.user",
                                                    "user", user_id ? user_id : "", "password", password),
                              },
                              NULL);

    if (e == ERR_DENIED)
        return dendrite_fail(hs, ERR_BUSY, "The password was changed by somebody else meanwhile, try again");
    return e;
}

/* The same without our application service, in a session that ends with the account, or here. */
static enum err ask_in_session(struct homeserver *hs, const char *localpart, const char *password,
                               struct arena *arena)
{
    struct session session = {0};
    struct homeserver again = *hs;
    enum err e = dendrite_sign_in(hs, localpart, password, &(struct client){0}, arena, &session);

    if (e)
        return e;
    e = ask(hs, localpart, session.access_token, password, arena);
    if (e) {
        hs->reason = arena_strdup(arena, hs->reason); /* the next answer takes its place */
        (void)!dendrite_end_token(&again, session.access_token);
        return hs->reason ? dendrite_fail(hs, e, "%s", hs->reason) : e;
    }
    return ERR_OK;
}

static enum err end_account(struct homeserver *hs, const char *localpart, struct arena *arena)
{
    char password[RANDOM_TOKEN_SIZE] = "";
    enum err e = random_token(password);

    if (!e)
        e = dendrite_reset_password(hs, localpart, password, false, arena);
    if (!e)
        e = dendrite_has_service(hs) ? ask(hs, localpart, NULL, password, arena)
                                     : ask_in_session(hs, localpart, password, arena);
    explicit_bzero(password, sizeof password);
    return e;
}

/*
 * The rooms first: Dendrite leaves them with the account, but stops at the first that it cannot leave. What
 * is deactivated already may have been so by its database alone, with sessions that go on. Dendrite keeps the
 * addresses, which nobody else could have then.
 */
static enum err deactivate(struct homeserver *hs, const char *localpart, struct arena *arena)
{
    struct id_list affected;
    struct account account;
    const char *token;
    enum err e = accounts_find(hs->db, localpart, hs->config->server_name, arena, &account);

    if (!e && !account.deactivated) /* or the rooms would be left for nothing */
        e = dendrite_admin_token(hs, arena, &token);
    if (!e && dendrite_has_service(hs))
        e = dendrite_evacuate_user(hs, localpart, false, arena, &affected);
    if (e)
        return e;
    if (!account.deactivated)
        e = end_account(hs, localpart, arena);
    else if (dendrite_has_service(hs))
        e = dendrite_end_sessions(hs, localpart);
    return e ? e : dendrite_set_threepids(hs, localpart, NULL, 0);
}

enum err dendrite_deactivate(struct homeserver *hs, const char *localpart)
{
    struct arena *arena;
    enum account_type type;
    enum err e = accounts_type(hs->db, localpart, hs->config->server_name, &type);

    if (e)
        return e;
    if (!hs->in_job) { /* and who was to be active again is not */
        e = dendrite_withdraw(hs, DEFERRED_REACTIVATE, localpart);
        return e ? e : jobs_deactivate(hs, localpart);
    }
    arena = arena_new();
    e = arena ? deactivate(hs, localpart, arena) : ERR_NOMEM;
    arena_free(&arena);
    return e;
}
