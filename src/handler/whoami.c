/* SPDX-License-Identifier: ISC */
#include "handler/handlers.h"

json_t *whoami_get(struct call *call)
{
    const struct caller *caller = &call->caller;

    return json_pack("{s:s, s:s, s:b}", "user_id", caller->user_id, "device_id", caller->owner.device_id,
                     "is_guest", caller->owner.type == ACCOUNT_GUEST);
}
