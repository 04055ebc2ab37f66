/* SPDX-License-Identifier: ISC */
/*
 * The homeserver that is a running Dendrite: its files are read, and every change is asked of it over its
 * HTTP API, as the admin who called, or as the user concerned by way of our application service.
 */
#ifndef HOMESERVER_DENDRITE_DENDRITE_H
#define HOMESERVER_DENDRITE_DENDRITE_H

#include "base/config.h"
#include "base/err.h"
#include "homeserver/homeserver.h"

extern const struct homeserver_acts dendrite_acts;

/*
 * Prepares the one connection that this process keeps to the Dendrite of `config`, which outlives it; nothing
 * is sent yet. The caller ends it with dendrite_close(). Errors: ERR_NOMEM.
 */
MUST_CHECK enum err dendrite_open(struct dendrite **dendrite, const struct config *config);

/* Closes the connection and sets to NULL. NULL inside is allowed. */
void dendrite_close(struct dendrite **dendrite);

#endif
