/* SPDX-License-Identifier: ISC */
#ifndef HOMESERVER_STANDALONE_CREATE_H
#define HOMESERVER_STANDALONE_CREATE_H

#include <stdbool.h>

#include "homeserver/standalone/room.h"
#include "store/accounts.h"

/* What a new room is to be. Texts are borrowed; NULL or "" is none. */
struct room_design {
    const char *creator;    /* a user id */
    struct profile profile; /* the creator's */
    const char *name;
    const char *topic;
    bool is_public;        /* the preset public_chat; otherwise private_chat */
    bool local;            /* m.federate false: for users of this server only */
    const char *powerless; /* who shall have less power than others, -10; a user id */
    bool silent;           /* all but the creator have as little */
};

/* Makes an id for a new room: the one that belongs to `key`, or, with NULL, a random one. Errors: ERR_IO. */
MUST_CHECK enum err room_make_id(const struct room_writer *writer, const char *key, char room_id[ID_SIZE]);

/*
 * Begins a new room and appends the events that Dendrite makes a room of, in its order. The caller closes it.
 * Errors: as room_begin() and room_append().
 */
MUST_CHECK enum err room_create(struct room **room, const struct room_writer *writer, const char *room_id,
                                const char *version, const struct room_design *design);

#endif
