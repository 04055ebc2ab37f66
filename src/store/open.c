/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "base/log.h"
#include "store/open.h"
#include "store/schema.h"

static enum err open_standalone(struct db **db, const struct config *config)
{
    enum err e = db_open(db, config->database);

    return e ? e : schema_check(*db, config->server_name);
}

static enum err check_foreign(struct db *db, const struct config *config)
{
    char *unknown;
    enum err e = schema_check_foreign(db, config->server_name, &unknown);

    if (unknown)
        log_warning("Dendrite's database has \"%s\", which this mxadmin does not know: use a newer one",
                    unknown);
    free(unknown);
    return e == ERR_UNREACHABLE ? ERR_OK : e;
}

static enum err open_beside(struct db **db, const struct config *config)
{
    const struct config_list *files = &config->dendrite.databases;
    enum err e = schema_open_beside(db, config->database, config->server_name);

    if (!e)
        e = db_attach(*db, (const char *const *)files->items, files->count);
    return e ? e : check_foreign(*db, config);
}

enum err store_open(struct db **db, const struct config *config)
{
    enum err e;

    *db = NULL;
    e = config->homeserver.kind == CONFIG_HOMESERVER_DENDRITE ? open_beside(db, config)
                                                              : open_standalone(db, config);
    if (e)
        db_close(db);
    return e;
}
