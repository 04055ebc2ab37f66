/* SPDX-License-Identifier: ISC */
/* The account that mxadmin has at Dendrite, and whose token an admin's act is asked with. */
#include "homeserver/dendrite/ask.h"
#include "store/devices.h"
#include "store/settings.h"

#define SESSION_NAME "mxadmin"

/* A token of our account: that of any session that it has, read from its row, or of a new one. */
static enum err service_token(struct homeserver *hs, struct arena *arena, const char **token)
{
    const struct client client = {.display_name = SESSION_NAME};
    struct session session = {0};
    const char *localpart = NULL;
    enum err e = settings_find(hs->db, SETTING_SERVICE_ACCOUNT, arena, &localpart);

    if (e == ERR_NOT_FOUND)
        return dendrite_fail(hs, ERR_UNSUPPORTED,
                             "This needs mxadmin's own account at Dendrite: `mxadmin attach` makes it");
    if (!e)
        e = devices_token(hs->db, localpart, hs->config->server_name, NULL, arena, token);
    if (e != ERR_NOT_FOUND)
        return e;
    e = dendrite_begin_session(hs, localpart, &client, arena, &session);
    *token = session.access_token;
    return e;
}

enum err dendrite_admin_token(struct homeserver *hs, struct arena *arena, const char **token)
{
    enum account_type type = ACCOUNT_USER;
    enum err e = hs->actor ? accounts_type(hs->db, hs->actor->localpart, hs->config->server_name, &type)
                           : ERR_NOT_FOUND;

    if (e && e != ERR_NOT_FOUND)
        return e;
    if (type != ACCOUNT_ADMIN) /* nobody, or whom only mxadmin takes for an admin yet */
        return service_token(hs, arena, token);
    *token = hs->actor->token;
    return ERR_OK;
}

/* Makes the account, or finds it again. */
static enum err make(struct homeserver *hs, struct arena *arena)
{
    const struct new_account new = {
        .localpart = DENDRITE_SERVICE_ACCOUNT, .display_name = SESSION_NAME, .type = ACCOUNT_ADMIN};
    struct account account = {0};
    struct session session;
    enum err e = accounts_find(hs->db, new.localpart, hs->config->server_name, arena, &account);

    if (e == ERR_NOT_FOUND)
        return dendrite_create_account(hs, &new, &(struct client){0}, arena, &session);
    if (!e && (account.type != ACCOUNT_ADMIN || account.deactivated))
        return dendrite_fail(hs, ERR_EXISTS, "The account %s is there, but it is no admin that can act",
                             new.localpart);
    return e;
}

enum err dendrite_make_service_account(struct homeserver *hs, struct arena *arena)
{
    enum err e = make(hs, arena);

    if (!e)
        e = db_begin(hs->db, DB_WRITE);
    return e ? e : db_end(hs->db, settings_put(hs->db, SETTING_SERVICE_ACCOUNT, DENDRITE_SERVICE_ACCOUNT));
}
