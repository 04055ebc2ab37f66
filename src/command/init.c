/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "command/console.h"
#include "command/context.h"
#include "command/init.h"
#include "crypto/ed25519.h"
#include "store/schema.h"

static bool there_is(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

static enum err make_database(const struct config *config)
{
    const bool beside = config->homeserver.kind == CONFIG_HOMESERVER_DENDRITE;
    const bool existed = there_is(config->database);
    struct db *db = NULL;
    enum err e = beside ? schema_open_beside(&db, config->database, config->server_name)
                        : schema_create(config->database, config->server_name);

    db_close(&db);

    if (!e)
        printf("database %s: %s\n", config->database, existed ? "exists, its data are kept" : "created");
    return e;
}

/* A key that exists is read, so that a damaged one shows now and not when it is needed. */
static enum err make_signing_key(const struct config *config)
{
    bool existed = there_is(config->signing_key);
    struct signing_key key = {0};
    enum err e = existed ? ERR_OK : signing_key_create(config->signing_key);

    if (e == ERR_EXISTS) { /* another init was faster */
        existed = true;
        e = ERR_OK;
    }
    if (!e)
        e = signing_key_read(config->signing_key, &key);
    if (e)
        return e;
    printf("signing key %s: %s, %s\n", config->signing_key, existed ? "exists, kept" : "created", key.id);
    signing_key_wipe(&key);
    return ERR_OK;
}

/* What a homeserver makes with the first upload; a folder that is there is somebody's, and stays as it is. */
static enum err make_media_store(const struct config *config)
{
    if (!*config->media_path || (mkdir(config->media_path, 0750) < 0 && errno == EEXIST) ||
        chmod(config->media_path, 0750) == 0) /* whatever the umask */
        return ERR_OK;
    log_error("the media store %s cannot be made: %s", config->media_path, strerror(errno));
    return ERR_IO;
}

int command_init(const struct invocation *invocation)
{
    struct config *config = NULL;
    enum err e = context_config(invocation, &config);

    if (!e)
        e = make_database(config);
    if (!e && config->homeserver.kind == CONFIG_HOMESERVER_STANDALONE) /* Dendrite's is not ours to make */
        e = make_signing_key(config);
    if (!e && config->homeserver.kind == CONFIG_HOMESERVER_STANDALONE)
        e = make_media_store(config);
    config_free(&config);
    return e ? COMMAND_FAILED : console_finish(invocation);
}
