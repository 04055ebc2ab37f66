/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "homeserver/dendrite/deferred.h"
#include "homeserver/dendrite/dendrite.h"

struct dendrite {
    const struct config *config;
};

const struct homeserver_acts dendrite_acts = {
    .set_admin = dendrite_set_admin,
    .reactivate = dendrite_reactivate,
    .set_threepids = dendrite_set_threepids,
};

enum err dendrite_open(struct dendrite **dendrite, const struct config *config)
{
    *dendrite = calloc(1, sizeof **dendrite);
    if (!*dendrite)
        return ERR_NOMEM;
    (*dendrite)->config = config;
    return ERR_OK;
}

void dendrite_close(struct dendrite **dendrite)
{
    free(*dendrite);
    *dendrite = NULL;
}
