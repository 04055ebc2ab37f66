/* SPDX-License-Identifier: ISC */
/* Synapse's list of a user's pushers. */
#include "handler/handlers.h"
#include "store/pushers.h"

/* What is no JSON, which a client cannot have set, is shown as nothing. */
static json_t *data_of(const char *text)
{
    json_t *data = text ? json_loads(text, JSON_ALLOW_NUL, NULL) : NULL;

    if (json_is_object(data))
        return data;
    json_decref(data);
    return json_object();
}

/* Dendrite has no pushers that are switched off. */
static enum err add_pusher(const struct pusher *pusher, void *context)
{
    json_t *row = json_pack("{s:s?, s:s?, s:o, s:s?, s:s?, s:s?, s:s, s:s?, s:b, s:s?}", "app_display_name",
                            pusher->app_display_name, "app_id", pusher->app_id, "data", data_of(pusher->data),
                            "device_display_name", pusher->device_display_name, "kind", pusher->kind, "lang",
                            pusher->lang, "profile_tag", pusher->profile_tag ? pusher->profile_tag : "",
                            "pushkey", pusher->pushkey, "enabled", 1, "device_id", pusher->device_id);

    return json_array_append_new(context, row) < 0 ? ERR_NOMEM : ERR_OK;
}

json_t *user_pushers_get(struct call *call)
{
    const char *localpart =
        call_existing_user(call, call->parameters[0], "Can only look up local users", "User not found");
    json_t *rows, *answer = NULL;
    enum err e;

    if (!localpart)
        return NULL;
    rows = json_array();
    e = rows ? pushers_list(call->app->db, localpart, call->app->config->server_name, add_pusher, rows)
             : ERR_NOMEM;
    if (e)
        call_fail_err(call, e);
    else
        answer = json_pack("{s:O, s:I}", "pushers", rows, "total", (json_int_t)json_array_size(rows));
    json_decref(rows);
    return answer;
}
