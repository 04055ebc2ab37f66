/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "homeserver/dendrite/dendrite.h"

struct dendrite {
    const struct config *config;
};

const struct homeserver_acts dendrite_acts = {0};

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
