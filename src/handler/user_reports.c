/* SPDX-License-Identifier: ISC */
/*
 * Reports of users (MSC4260), as Synapse shows them. No homeserver behind mxadmin keeps any, so that the list
 * is empty; what is asked is looked at all the same.
 */
#include <string.h>

#include "handler/handlers.h"
#include "handler/parameters.h"

json_t *user_reports_get(struct call *call)
{
    int64_t from = 0, limit = 0;
    bool backwards = true;

    if (!parameter_integer(call, "from", &from) || !parameter_integer(call, "limit", &limit) ||
        !parameter_backwards(call, &backwards))
        return NULL;
    return json_pack("{s:[], s:i}", "user_reports", "total", 0);
}

/* One, to be shown or deleted. */
json_t *user_report_absent(struct call *call)
{
    const char *id = call->parameters[0];

    if (!*id || id[strspn(id, "0123456789")])
        return call_fail(call, API_INVALID_PARAM,
                         "The report_id parameter must be a string representing a positive integer.");
    return call_fail(call, API_NOT_FOUND, "User report not found");
}
