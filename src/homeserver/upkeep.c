/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "homeserver/upkeep.h"
#include "store/presence.h"
#include "store/refreshes.h"
#include "store/user_list.h"

#define LOOK_MS 1000 /* how often the runner looks whether it is time */

/* Our own database is followed by whoever changes it: a comparison is for what came to pass without us. */
static enum err refresh_users(struct homeserver *hs, bool begun)
{
    if (begun && !db_attached(hs->db))
        return ERR_OK;
    return user_list_refresh(hs->db, hs->config->server_name, !begun);
}

enum err upkeep_users(struct homeserver *hs)
{
    bool begun = false, runner = false;
    enum err e = refreshes_begun(hs->db, REFRESHES_USERS, &begun);

    if (!e && begun)
        e = presence_any_runner(hs->presence, &runner);
    if (e || runner)
        return e;
    return refresh_users(hs, begun);
}

void upkeep_turn(struct homeserver *hs, int64_t *pause_ms)
{
    bool begun = false;
    enum err e = refreshes_begun(hs->db, REFRESHES_USERS, &begun);

    if (!e)
        e = refresh_users(hs, begun);
    if (e && e != ERR_UNREACHABLE)
        log_warning("the list of users could not be brought up to date: %s", err_text(e));
    if (db_attached(hs->db) && *pause_ms > LOOK_MS)
        *pause_ms = LOOK_MS;
}
