/* SPDX-License-Identifier: ISC */
/*
 * Synapse's work on its own database. Neither Dendrite nor mxadmin has any that goes on in the background:
 * none is under way, and what would stop or start it is refused, since an answer without an effect would be a
 * lie.
 */
#include <string.h>

#include "handler/fields.h"
#include "handler/handlers.h"

/* What can be started in a Synapse. */
static const char *const jobs[] = {"populate_stats_process_rooms", "regenerate_directory", "event_resign"};

struct body {
    bool enabled;
    json_t *job_name;
};

static const struct field switch_fields[] = {
    {.name = "enabled",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct body, enabled),
     .null = NULL_IS_INVALID,
     .invalid = {API_BAD_REQUEST, "'enabled' parameter must be a boolean"}},
};
static const struct field job_fields[] = {
    {.name = "job_name", .type = FIELD_ANY, .offset = offsetof(struct body, job_name), .required = true},
};

json_t *background_enabled_get(struct call *call)
{
    (void)call;
    return json_pack("{s:b}", "enabled", true);
}

json_t *background_enabled_post(struct call *call)
{
    struct body body = {.enabled = true};
    json_t *json = call_json(call);

    if (!json || !fields_decode(call, json, switch_fields, 1, &body))
        return NULL;
    if (!body.enabled)
        return call_fail(call, API_UNRECOGNIZED, "This homeserver has no background updates to be stopped");
    return background_enabled_get(call);
}

json_t *background_status_get(struct call *call)
{
    (void)call;
    return json_pack("{s:b, s:{}}", "enabled", true, "current_updates");
}

json_t *background_job_post(struct call *call)
{
    struct body body = {0};
    json_t *json = call_json(call);

    if (!json || !fields_decode(call, json, job_fields, 1, &body))
        return NULL;
    for (size_t i = 0; json_is_string(body.job_name) && i < sizeof jobs / sizeof *jobs; i++)
        if (strcmp(jobs[i], json_string_value(body.job_name)) == 0)
            return call_fail(call, API_UNRECOGNIZED, "This homeserver has no background updates");
    return call_fail(call, API_BAD_REQUEST, "Invalid job_name");
}
