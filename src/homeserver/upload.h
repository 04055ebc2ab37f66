/* SPDX-License-Identifier: ISC */
#ifndef HOMESERVER_UPLOAD_H
#define HOMESERVER_UPLOAD_H

#include <stddef.h>
#include <stdint.h>

/* A file that a user uploads. Everything is borrowed. */
struct upload {
    const char *localpart;
    const char *media_id; /* a new one */
    const char *type;     /* of the content, as the client tells it */
    const char *name;     /* "": none */
    int64_t size_max;     /* bytes; 0: as many as there are */
    /* Reads the next of its bytes, at most `size`: how many there were, 0 at the end, -1: they broke off. */
    long (*read)(void *context, char *bytes, size_t size);
    void *context;
};

#endif
