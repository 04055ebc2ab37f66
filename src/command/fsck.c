/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "command/console.h"
#include "command/context.h"
#include "command/fsck.h"
#include "command/fsck_check.h"
#include "homeserver/dendrite/running.h"
#include "store/schema.h"

bool fsck_is_text(const char *column, const char *text)
{
    return column && text ? strcmp(column, text) == 0 : column == text;
}

static int compare_room(const void *key, const void *room)
{
    const int64_t *nid = key;
    const struct checked_room *candidate = room;

    return (*nid > candidate->row.nid) - (*nid < candidate->row.nid);
}

const struct checked_room *fsck_room_of(const struct fsck *fsck, int64_t nid)
{
    if (fsck->rooms_count == 0)
        return NULL;
    return bsearch(&nid, fsck->rooms, fsck->rooms_count, sizeof *fsck->rooms, compare_room);
}

static enum err add_room(void *context, const struct fsck_room *row)
{
    struct fsck *fsck = context;
    struct checked_room room = {.row = *row,
                                .version = row->version ? room_version_find(row->version) : NULL};
    struct checked_room *rooms = array_room(fsck->rooms, fsck->rooms_count, &fsck->rooms_size, sizeof *rooms);

    if (!rooms)
        return ERR_NOMEM;
    fsck->rooms = rooms;
    room.row.id = arena_strdup(fsck->arena, row->id);
    room.row.version = arena_strdup(fsck->arena, row->version);
    room.row.latest = arena_strdup(fsck->arena, row->latest);
    if ((row->id && !room.row.id) || (row->version && !room.row.version) || (row->latest && !room.row.latest))
        return ERR_NOMEM;
    fsck->rooms[fsck->rooms_count++] = room;
    return ERR_OK;
}

/* What a statement's rows are reported as. */
struct statement_rows {
    struct fsck *fsck;
    const char *name;
    enum fsck_level level;
};

static enum err report_row(void *context, const char *room_id, const char *event_id, const char *what)
{
    const struct statement_rows *rows = context;

    fsck_report(&rows->fsck->report, rows->level, rows->name, room_id, event_id, "%s", what ? what : "");
    return rows->fsck->report.err;
}

/* What keeps one check from being done is something wrong as well, and does not keep the others from it. */
static enum err go_on_after(struct fsck *fsck, const char *name, enum err e)
{
    if (!e || e == ERR_NOMEM)
        return e;
    fsck_report(&fsck->report, FSCK_ERROR, name, NULL, NULL, "the check could not be done: %s", err_text(e));
    return fsck->report.err;
}

static enum err run_statements(struct fsck *fsck, const struct fsck_statement *statements, size_t count)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < count && !e; i++) {
        struct statement_rows rows = {fsck, statements[i].name,
                                      statements[i].warning ? FSCK_WARNING : FSCK_ERROR};

        fsck_report_progress(&fsck->report, statements[i].finds, 0, 0);
        e = fsck_run(fsck->db, &statements[i], fsck->server_name, report_row, &rows);
        e = go_on_after(fsck, statements[i].name, e);
    }
    return e;
}

static enum err check_integrity(struct fsck *fsck)
{
    struct statement_rows rows = {fsck, "integrity", FSCK_ERROR};

    fsck_report_progress(&fsck->report, "damage to the file", 0, 0);
    return fsck_integrity(fsck->db, report_row, &rows);
}

static enum err load_rooms(struct fsck *fsck)
{
    return fsck_each_room(fsck->db, add_room, fsck);
}

static enum err run_room_statements(struct fsck *fsck)
{
    return run_statements(fsck, fsck_room_statements, fsck_room_statements_count);
}

static enum err run_sync_statements(struct fsck *fsck)
{
    return run_statements(fsck, fsck_sync_statements, fsck_sync_statements_count);
}

static enum err run_account_statements(struct fsck *fsck)
{
    return run_statements(fsck, fsck_account_statements, fsck_account_statements_count);
}

/* All that is done, in its order, and what is named where it could not be. */
static const struct {
    const char *name;
    enum err (*run)(struct fsck *fsck);
} stages[] = {
    {"integrity", check_integrity},
    {"room", load_rooms},
    {"room", run_room_statements},
    {"event", fsck_check_events},
    {"state-snapshot", fsck_check_snapshots},
    {"room-state", fsck_check_rooms},
    {"sync", run_sync_statements},
    {"account", run_account_statements},
};

/* In one transaction, so that what others write meanwhile does not look like a contradiction. */
static enum err run_stages(struct fsck *fsck)
{
    enum err e = db_begin(fsck->db, DB_READ);

    if (e)
        return e;
    for (size_t i = 0; i < sizeof stages / sizeof *stages && !e; i++)
        e = go_on_after(fsck, stages[i].name, stages[i].run(fsck));
    return db_end(fsck->db, e);
}

static void take_key(struct fsck *fsck, const char *path, struct signing_key *key)
{
    if (signing_key_read(path, key) == ERR_OK && ed25519_public(key, fsck->public) == ERR_OK)
        fsck->key = key;
    else
        fsck_report(&fsck->report, FSCK_ERROR, "event-signature", NULL, NULL,
                    "the signing key %s cannot be read, and no signature was checked", path);
}

/* Dendrite waits for whoever reads a file with a rollback journal, and stops with a panic if it is for long.
 */
static enum err refuse_to_hold_up(struct fsck *fsck, const struct config *config)
{
    struct signs signs;
    enum err e = db_reading_blocks(fsck->db) ? running_signs(config, fsck->arena, &signs) : ERR_OK;

    if (e || !db_reading_blocks(fsck->db) || (!signs.runs && signs.complete))
        return e;
    log_error(
        "Dendrite's database %s has a rollback journal, and to read it for long would stop Dendrite: %s",
        db_foreign_path(fsck->db, 0),
        signs.runs ? signs.runs : "be root, so that it shows whether Dendrite runs, or use WAL mode");
    return ERR_BUSY;
}

/* Beside a Dendrite it is Dendrite's database that is checked. */
static enum err open_beside(struct fsck *fsck, const struct config *config)
{
    const struct config_list *files = &config->dendrite.databases;
    char *unknown = NULL;
    enum err e = db_attach(fsck->db, (const char *const *)files->items, files->count);

    if (!e)
        e = refuse_to_hold_up(fsck, config);
    if (!e)
        e = schema_check_foreign(fsck->db, config->server_name, &unknown);
    if (unknown)
        log_warning("Dendrite's \"%s\" is not known to this mxadmin", unknown);
    free(unknown);
    return e;
}

static enum err check_database(struct fsck *fsck, const struct config *config, bool json)
{
    struct signing_key key = {0};
    enum err e = db_open_reading(&fsck->db, config->database);

    if (!e)
        e = config->homeserver.kind == CONFIG_HOMESERVER_DENDRITE
                ? open_beside(fsck, config)
                : schema_recognise(fsck->db, config->server_name);
    if (!e) {
        fsck_report_begin(&fsck->report, json);
        take_key(fsck, config->signing_key, &key);
        e = run_stages(fsck);
        fsck_report_end(&fsck->report, fsck->events_count, (int64_t)fsck->rooms_count);
    }
    signing_key_wipe(&key);
    db_close(&fsck->db);
    return e;
}

int command_fsck(const struct invocation *invocation)
{
    struct config *config = NULL;
    struct fsck fsck = {.arena = arena_new()};
    int code = COMMAND_FAILED;
    enum err e = fsck.arena ? context_config(invocation, &config) : ERR_NOMEM;

    if (!e) {
        fsck.server_name = config->server_name;
        e = check_database(&fsck, config, invocation->given[OPTION_JSON]);
    }
    if (e)
        console_error(invocation, "the database was not checked to its end: %s", err_text(e));
    else
        code = console_finish(invocation);
    if (fsck.report.count[FSCK_ERROR] ||
        (invocation->given[OPTION_STRICT] && fsck.report.count[FSCK_WARNING]))
        code = COMMAND_FAILED;
    free(fsck.rooms);
    config_free(&config);
    arena_free(&fsck.arena);
    return code;
}
