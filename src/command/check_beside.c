/* SPDX-License-Identifier: ISC */
/* The tests of an installation beside a running Dendrite. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/check_test.h"
#include "homeserver/dendrite/dendrite.h"
#include "homeserver/dendrite/probe.h"
#include "store/schema.h"
#include "store/settings.h"

/* Who may read dendrite.yaml knows the shared secret. */
static void test_their_configuration(struct check *check)
{
    const char *path = check->config->homeserver.config;
    struct stat status;

    if (stat(path, &status) < 0)
        check_report(check, LEVEL_ERROR, "%s: %s", path, strerror(errno));
    else if (status.st_mode & S_IROTH && *check->config->registration_shared_secret)
        check_report(check, LEVEL_WARNING, "%s: holds a secret, and everybody can read it: chmod o-r %s",
                     path, path);
}

static void report_file(struct check *check, const char *path)
{
    if (access(path, F_OK) < 0 && errno != EACCES)
        check_report(check, LEVEL_ERROR,
                     "%s: %s; if Dendrite is not started in the folder of its configuration, see "
                     "homeserver.directory",
                     path, strerror(errno));
    else if (access(path, R_OK) < 0)
        check_report(
            check, LEVEL_ERROR,
            "%s: this user may not read it: add the user to its group, and chmod g+r it, and g+x its "
            "folder",
            path);
    else
        check_report(check, LEVEL_ERROR, "%s: it cannot be read: see what is said above", path);
}

void check_files(struct check *check)
{
    const struct config_list *files = &check->config->dendrite.databases;
    size_t attached = 0;

    test_their_configuration(check);
    if (!check->db)
        return;
    check->readable = db_attach(check->db, (const char *const *)files->items, files->count) == ERR_OK;
    for (size_t i = 0; i < db_foreign_count(check->db); i++) {
        if (db_foreign_how(check->db, i) == DB_FOREIGN_ABSENT)
            report_file(check, db_foreign_path(check->db, i));
        else
            attached++;
    }
    if (attached < db_foreign_count(check->db))
        check->readable = false;
    else if (!check->readable)
        check_report(check, LEVEL_ERROR, "they cannot be used: see what is said above");
    else
        check_report(check, LEVEL_OK, "%s%s, for reading only%s", db_foreign_path(check->db, 0),
                     attached > 1 ? " and the other components'" : "",
                     geteuid() == 0 ? "; but this is root: run it as the service's user, too" : "");
}

void check_schema(struct check *check)
{
    char *unknown = NULL;
    enum err e;

    if (!check->readable)
        return;
    e = schema_check_foreign(check->db, check->config->server_name, &unknown);
    if (e)
        check_report(check, LEVEL_ERROR,
                     "this is not a database that mxadmin can read: see what is said above");
    else if (unknown)
        check_report(check, LEVEL_WARNING,
                     "db_migrations has \"%s\", which this mxadmin does not know: use a newer one", unknown);
    else
        check_report(check, LEVEL_OK, "it is one that this mxadmin knows");
    free(unknown);
}

/* Measured with eight busy clients; mxadmin.yaml(5) has it, too. */
#define FIGURES "half of Dendrite's answers come within 281 ms, with a log 4 ms, and readers hold it up"

void check_journal_mode(struct check *check)
{
    bool still = false, told = false;

    for (size_t i = 0; check->readable && i < db_foreign_count(check->db); i++) {
        const char *path = db_foreign_path(check->db, i);

        still = still || db_foreign_how(check->db, i) == DB_FOREIGN_STILL;
        if (db_foreign_how(check->db, i) != DB_FOREIGN_ROLLBACK)
            continue;
        check_report(check, LEVEL_WARNING,
                     told ? "%s has one, too: sqlite3 %s 'PRAGMA journal_mode=WAL'"
                          : "%s has a rollback journal: " FIGURES "; stop Dendrite, run sqlite3 %s 'PRAGMA "
                            "journal_mode=WAL' as its user, and start it",
                     path, path);
        told = true;
    }
    if (told || !check->readable)
        return;
    check_report(check, LEVEL_OK,
                 still ? "WAL; nobody has the files open, so they are read as they lie"
                       : "WAL, and the log can be read");
}

/* A registration file that cannot be read may be ours. */
static void report_unregistered(struct check *check)
{
    const struct config_list *unread = &check->config->dendrite.unread;

    if (unread->count > 0)
        check_report(
            check, LEVEL_WARNING,
            "none, unless it is in %s, which this user may not read: chgrp and chmod 640 it then, or run "
            "mxadmin attach; without it much is answered 404",
            unread->items[0]);
    else
        check_report(check, LEVEL_WARNING,
                     "none is registered, so that much is answered 404: run mxadmin attach");
}

void check_service(struct check *check)
{
    const char *registration = check->config->dendrite.registration;
    const char *url = check->config->homeserver.url;
    struct stat status;

    switch (probe_service(check->config)) {
    case ERR_OK:
        check->reachable = true;
        if (stat(registration, &status) == 0 && !check_is_open(check, registration, &status, true))
            check_report(check, LEVEL_OK, "%s, and Dendrite accepts it", registration);
        break;
    case ERR_UNSUPPORTED:
        report_unregistered(check);
        break;
    case ERR_DENIED:
        check_report(check, LEVEL_ERROR,
                     "Dendrite does not know it: restart Dendrite; if that does not help, see "
                     "whether it reads %s",
                     registration);
        break;
    case ERR_INVALID:
        check_report(check, LEVEL_ERROR, "%s is a server of another name than %s: correct homeserver.url",
                     url, check->config->server_name);
        break;
    case ERR_UNREACHABLE:
        check_report(check, LEVEL_ERROR, "nobody answers at %s: start Dendrite, or correct homeserver.url",
                     url);
        break;
    default:
        check_report(check, LEVEL_ERROR,
                     "what answers at %s is no homeserver that works: correct homeserver.url", url);
        break;
    }
}

static enum err find_account(struct check *check, struct arena *arena, struct account *account)
{
    const char *localpart;
    enum err e = settings_find(check->db, SETTING_SERVICE_ACCOUNT, arena, &localpart);

    return e ? e : accounts_find(check->db, localpart, check->config->server_name, arena, account);
}

void check_account(struct check *check)
{
    struct arena *arena = check->readable ? arena_new() : NULL;
    struct account account = {0};
    enum err e;

    if (!arena)
        return;
    e = find_account(check, arena, &account);
    if (e == ERR_NOT_FOUND)
        check_report(
            check, LEVEL_WARNING,
            "mxadmin has none, so that what nobody asks for, such as jobs, cannot be done: run mxadmin "
            "attach");
    else if (e)
        check_report(check, LEVEL_ERROR, "it cannot be read: %s", err_text(e));
    else if (account.deactivated)
        check_report(
            check, LEVEL_ERROR,
            "@%s:%s is deactivated: PUT /_synapse/admin/v2/users/@%s:%s {\"deactivated\": false}, and see "
            "mxadmin deferred list",
            DENDRITE_SERVICE_ACCOUNT, check->config->server_name, DENDRITE_SERVICE_ACCOUNT,
            check->config->server_name);
    else if (account.type != ACCOUNT_ADMIN)
        check_report(check, LEVEL_ERROR,
                     "@%s:%s is no admin any more: mxadmin account promote %s, and see mxadmin deferred list",
                     DENDRITE_SERVICE_ACCOUNT, check->config->server_name, DENDRITE_SERVICE_ACCOUNT);
    else
        check_report(check, LEVEL_OK, "@%s:%s, an admin", DENDRITE_SERVICE_ACCOUNT,
                     check->config->server_name);
    check->account = !e;
    arena_free(&arena);
}

/* Whether it works on the files that are read here. */
static void test_ownership(struct check *check)
{
    const char *url = check->config->homeserver.url;

    switch (probe_database(check->config, check->db, DENDRITE_SERVICE_ACCOUNT)) {
    case ERR_OK:
        check_report(check, LEVEL_OK, "%s works on these files", url);
        break;
    case ERR_NOT_FOUND:
        check_report(check, LEVEL_ERROR,
                     "%s works on other files than these: correct homeserver.config, .directory or .url",
                     url);
        break;
    default:
        check_report(check, LEVEL_ERROR, "%s does not let mxadmin sign in: see what is said above", url);
        break;
    }
}

void check_homeserver(struct check *check)
{
    const char *url = check->config->homeserver.url;
    char *user_id;
    enum err e;

    if (check->reachable && check->account) {
        test_ownership(check);
        return;
    }
    e = probe_whoami(check->config, "none", &user_id);
    free(user_id);
    if (e == ERR_DENIED)
        check_report(check, LEVEL_WARNING,
                     "%s answers; whether it works on these files shows when mxadmin has an account there",
                     url);
    else
        check_report(check, LEVEL_ERROR,
                     "no homeserver answers at %s: start Dendrite, or correct homeserver.url", url);
}

void check_notices(struct check *check)
{
    if (check->config->server_notices.enabled)
        check_report(check, LEVEL_OK, "they are on");
    else
        check_report(check, LEVEL_OK, "they are off; global.server_notices in %s turns them on",
                     check->config->homeserver.config);
}
