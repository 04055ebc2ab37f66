/* SPDX-License-Identifier: ISC */
#include "homeserver/audit_json.h"

json_t *audit_json(const struct audit_row *row)
{
    json_t *outcome = row->outcome == AUDIT_UNKNOWN ? json_null() : json_integer(row->outcome);
    json_t *parameters = json_loads(row->parameters, 0, NULL);

    return json_pack("{s:I, s:I, s:s, s:s?, s:s, s:s, s:s, s:s, s:o?, s:o, s:s}", "id", (json_int_t)row->id,
                     "ts", (json_int_t)row->ts, "admin", row->admin, "device_id", row->device_id, "address",
                     row->address, "method", row->method, "route", row->route, "target", row->target,
                     "parameters", parameters, "outcome", outcome, "request_id", row->request_id);
}
