/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "homeserver/dendrite/http.h"
#include "homeserver/dendrite/probe.h"
#include "homeserver/dendrite/sessions.h"
#include "matrix/id.h"
#include "store/devices.h"

/* The session that is begun and ended has always the same name, in case that one stays behind. */
#define DEVICE_ID   "MXADMIN_CHECK"
#define DEVICE_NAME "mxadmin check"
#define WHOAMI      "/_matrix/client/v3/account/whoami"
#define SECONDS     30 /* Dendrite waits 10 s for a lock of its database */

static enum err take_user_id(const struct http_answer *answer, char **user_id)
{
    const char *text = json_string_value(json_object_get(answer->json, "user_id"));

    if (answer->status == 401 || answer->status == 403)
        return ERR_DENIED;
    if (answer->status != 200 || !text)
        return ERR_GATEWAY;
    *user_id = strdup(text);
    return *user_id ? ERR_OK : ERR_NOMEM;
}

enum err probe_whoami(const struct config *config, const char *token, char **user_id)
{
    const struct http_request request = {
        .method = HTTP_GET, .target = WHOAMI, .token = token, .seconds = SECONDS};
    struct http_answer answer = {0};
    struct http *http;
    enum err e = http_open(&http, config->homeserver.url);

    *user_id = NULL;
    if (!e)
        e = http_send(http, &request, &answer);
    if (!e)
        e = take_user_id(&answer, user_id);
    json_decref(answer.json);
    http_close(&http);
    return e;
}

enum err probe_service(const struct config *config)
{
    struct user_id id;
    char *text;
    enum err e;

    if (!*config->dendrite.service_token)
        return ERR_UNSUPPORTED;
    e = probe_whoami(config, config->dendrite.service_token, &text);
    if (!e && (!user_id_parse(text, &id) || strcmp(id.server_name, config->server_name) != 0))
        e = ERR_INVALID;
    free(text);
    return e;
}

static enum err look_for_session(struct homeserver *hs, const char *localpart, struct arena *arena)
{
    const struct client client = {.device_id = DEVICE_ID, .display_name = DEVICE_NAME};
    struct token_owner owner;
    struct session session;
    enum err ended, e = dendrite_begin_session(hs, localpart, &client, arena, &session);

    if (e)
        return e;
    e = devices_find_token(hs->db, session.access_token, hs->config->server_name, arena, &owner);
    ended = dendrite_end_token(hs, session.access_token);
    return e ? e : ended;
}

enum err probe_database(const struct config *config, struct db *db, const char *localpart)
{
    struct arena *arena = arena_new();
    struct homeserver hs;
    enum err e = homeserver_open(&hs, config, db, NULL);

    if (!arena)
        e = ERR_NOMEM;
    if (!e)
        e = look_for_session(&hs, localpart, arena);
    homeserver_close(&hs);
    arena_free(&arena);
    return e;
}
