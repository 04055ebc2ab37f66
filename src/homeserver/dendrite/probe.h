/* SPDX-License-Identifier: ISC */
/* Questions to Dendrite that leave nothing behind, for whoever tests whether mxadmin can work with it. */
#ifndef HOMESERVER_DENDRITE_PROBE_H
#define HOMESERVER_DENDRITE_PROBE_H

#include "base/config.h"
#include "base/err.h"
#include "store/db.h"

/*
 * Asks the server at `config->homeserver.url` whom it takes the bearer of `token` for. `*user_id` is to be
 * freed. Errors: ERR_DENIED (it does not know the token), ERR_UNREACHABLE, ERR_GATEWAY (it is no Matrix
 * homeserver, or fails), both logged; ERR_NOMEM.
 */
MUST_CHECK enum err probe_whoami(const struct config *config, const char *token, char **user_id);

/*
 * Asks whether Dendrite takes mxadmin for an application service of its own. Errors: ERR_UNSUPPORTED (no file
 * that Dendrite's configuration names registers it), ERR_DENIED (Dendrite does not know the token: it was not
 * restarted, or read another file), ERR_INVALID (it is the server of another name), and the others of
 * probe_whoami().
 */
MUST_CHECK enum err probe_service(const struct config *config);

/*
 * Signs the user in by our application service, looks for the session in `db`, and ends it: whether Dendrite
 * works on the files that `db` is attached to. Errors: ERR_NOT_FOUND (it does not), those of the act
 * begin_session.
 */
MUST_CHECK enum err probe_database(const struct config *config, struct db *db, const char *localpart);

#endif
