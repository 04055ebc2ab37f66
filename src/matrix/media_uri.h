/* SPDX-License-Identifier: ISC */
/* Where media is: "mxc://server_name/media_id" (Client-Server API, "Matrix Content (mxc://) URIs"). */
#ifndef MATRIX_MEDIA_URI_H
#define MATRIX_MEDIA_URI_H

#include <stdbool.h>

#include "matrix/id.h"

struct media_uri {
    char server_name[ID_SIZE];
    char media_id[ID_SIZE];
};

/* Takes one apart; a fragment or a query does not belong to it. False when it is none. */
bool media_uri_parse(const char *text, struct media_uri *uri);

#endif
