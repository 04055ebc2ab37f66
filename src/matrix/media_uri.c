/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "matrix/media_uri.h"

#define SCHEME "mxc://"

/* Copies `size` bytes, which have to fit and be there, and the NUL. */
static bool take(const char *text, size_t size, char part[ID_SIZE])
{
    if (size == 0 || size >= ID_SIZE)
        return false;
    memcpy(part, text, size);
    part[size] = '\0';
    return true;
}

bool media_uri_parse(const char *text, struct media_uri *uri)
{
    const char *server, *media;

    if (strncmp(text, SCHEME, strlen(SCHEME)) != 0)
        return false;
    server = text + strlen(SCHEME);
    media = strchr(server, '/');
    if (!media || !take(server, (size_t)(media - server), uri->server_name))
        return false;
    media++;
    return take(media, strcspn(media, "?#"), uri->media_id) && !strchr(uri->media_id, '/') &&
           server_name_valid(uri->server_name);
}
