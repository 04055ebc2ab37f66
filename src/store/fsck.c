/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "store/fsck.h"
#include "store/history.h"
#include "store/sql_json.h"

static const char sql_integrity[] = "PRAGMA integrity_check";
static const char sql_foreign_keys[] = "SELECT \"table\", rowid, parent FROM pragma_foreign_key_check";

/* A room without state is one that this server is invited to: its members are elsewhere. */
static const char sql_rooms[] =
    "SELECT r.room_nid, r.room_id, r.room_version, r.latest_event_nids, r.state_snapshot_nid,"
    " NOT EXISTS (SELECT 1 FROM roomserver_membership m"
    " WHERE m.room_nid = r.room_nid AND NOT m.target_local),"
    " EXISTS (SELECT 1 FROM roomserver_membership m WHERE m.room_nid = r.room_nid AND m.target_local"
    " AND m.membership_nid = 3) FROM roomserver_rooms r ORDER BY r.room_nid";

static const char sql_events[] =
    "SELECT e.event_nid, e.room_nid, e.event_type_nid, e.event_state_key_nid, e.state_snapshot_nid, e.depth,"
    " e.is_rejected, e.sent_to_output, e.event_id, e.auth_event_nids, t.event_type, k.event_state_key,"
    " j.event_json, o.id, o.room_id, o.type, o.sender, o.headered_event_json FROM roomserver_events e"
    " LEFT JOIN roomserver_event_types t ON t.event_type_nid = e.event_type_nid"
    " LEFT JOIN roomserver_event_state_keys k ON k.event_state_key_nid = e.event_state_key_nid"
    " LEFT JOIN roomserver_event_json j ON j.event_nid = e.event_nid"
    " LEFT JOIN syncapi_output_room_events o ON o.event_id = e.event_id ORDER BY e.event_nid";
static const char sql_count_events[] = "SELECT COUNT(*) FROM roomserver_events";

static const char sql_snapshots[] = "SELECT state_snapshot_nid, room_nid, state_block_nids"
                                    " FROM roomserver_state_snapshots ORDER BY state_snapshot_nid";
#define NIDS_OF_BLOCK "json_each(" SQL_JSON("b.event_nids") ")"
static const char sql_blocks[] = "SELECT b.state_block_nid, (SELECT e.room_nid FROM " NIDS_OF_BLOCK " n"
                                 " JOIN roomserver_events e ON e.event_nid = n.value LIMIT 1)"
                                 " FROM roomserver_state_block b ORDER BY b.state_block_nid";
static const char sql_blocks_of[] =
    "SELECT state_block_nids FROM roomserver_state_snapshots WHERE state_snapshot_nid = ?1";
static const char sql_entries[] =
    "SELECT e.event_type_nid, e.event_state_key_nid, e.event_nid FROM roomserver_state_block b"
    " JOIN " NIDS_OF_BLOCK " n JOIN roomserver_events e ON e.event_nid = n.value"
    " WHERE b.state_block_nid = ?1";

static const char sql_memberships[] =
    "SELECT m.event_nid, m.target_nid, k.event_state_key, m.membership_nid = 2 FROM roomserver_membership m"
    " LEFT JOIN roomserver_event_state_keys k ON k.event_state_key_nid = m.target_nid WHERE m.room_nid = ?1";
static const char sql_current[] =
    "SELECT c.event_id, c.type, c.state_key, c.sender, c.membership, c.headered_event_json,"
    " e.event_nid, e.event_type_nid, e.event_state_key_nid, j.event_json FROM syncapi_current_room_state c"
    " LEFT JOIN roomserver_events e ON e.event_id = c.event_id"
    " LEFT JOIN roomserver_event_json j ON j.event_nid = e.event_nid WHERE c.room_id = ?1";

#define LINK_COLUMNS                                                                                         \
    "e.event_nid, e.room_nid, e.event_type_nid, e.event_state_key_nid, e.state_snapshot_nid, e.depth,"       \
    " e.is_rejected"
static const char sql_find_link[] = "SELECT " LINK_COLUMNS " FROM roomserver_events e WHERE e.event_id = ?1";
static const char sql_find_event[] =
    "SELECT " LINK_COLUMNS ", j.event_json FROM roomserver_events e"
    " LEFT JOIN roomserver_event_json j ON j.event_nid = e.event_nid WHERE e.event_id = ?1";
static const char sql_event_id[] = "SELECT event_id FROM roomserver_events WHERE event_nid = ?1";

/* Where Dendrite adds an event to a list, it writes "1" in place of those that were there. */
static const char sql_follows[] =
    "SELECT event_nids LIKE '1,%' OR instr(',' || event_nids || ',', ',' || ?2 || ',') > 0"
    " FROM roomserver_previous_events WHERE previous_event_id = ?1";
/* By the redaction where its id is known: the other column has no index. */
static const char sql_is_redacted[] =
    "SELECT COUNT(*) FROM roomserver_redactions WHERE redacts_event_id = ?1 AND validated";
static const char sql_is_redacted_by[] =
    "SELECT COUNT(*) FROM roomserver_redactions WHERE redacts_event_id = ?1 AND validated"
    " AND redaction_event_id = ?2";

/* A database that no mxadmin has completed yet has none. */
static const char sql_has_purges[] = "SELECT COUNT(*) FROM pragma_table_info('mxadmin_history_purges')";

/* Whom the rows of a statement are for. */
struct reader {
    union {
        fsck_found found;
        fsck_room_row room;
        fsck_event_row event;
        fsck_snapshot_row snapshot;
        fsck_block_row block;
        fsck_entry_row entry;
        fsck_membership_row membership;
        fsck_current_row current;
    } each;
    void *context;
};

/* Goes through the rows of a statement; `hand_on` makes a struct of one for the reader. */
static enum err each_row(struct db *db, const char *sql, const struct db_value *args, size_t count,
                         enum err (*hand_on)(struct stmt *stmt, const struct reader *reader),
                         const struct reader *reader)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql, args, count, &stmt);

    while (db_next(stmt, &e))
        e = hand_on(stmt, reader);
    db_done(&stmt);
    return e;
}

static enum err found_row(struct stmt *stmt, const struct reader *reader)
{
    return reader->each.found(reader->context, db_text(stmt, 0), db_text(stmt, 1), db_text(stmt, 2));
}

enum err fsck_run(struct db *db, const struct fsck_statement *statement, const char *server_name,
                  fsck_found found, void *context)
{
    const struct reader reader = {.each.found = found, .context = context};
    const struct db_value server = DB_T(server_name);

    return each_row(db, statement->sql, &server, statement->takes_server ? 1 : 0, found_row, &reader);
}

static enum err integrity_row(struct stmt *stmt, const struct reader *reader)
{
    const char *what = db_text(stmt, 0);

    return what && strcmp(what, "ok") == 0 ? ERR_OK : reader->each.found(reader->context, NULL, NULL, what);
}

static enum err foreign_key_row(struct stmt *stmt, const struct reader *reader)
{
    struct buf what = {0};
    enum err e;

    buf_printf(&what, "row %lld of %s names a row of %s that does not exist", (long long)db_int(stmt, 1),
               db_text(stmt, 0), db_text(stmt, 2));
    e = what.err ? what.err : reader->each.found(reader->context, NULL, NULL, what.data);
    buf_free(&what);
    return e;
}

enum err fsck_integrity(struct db *db, fsck_found found, void *context)
{
    const struct reader reader = {.each.found = found, .context = context};
    enum err e = each_row(db, sql_integrity, DB_NO_ARGS, integrity_row, &reader);

    return e ? e : each_row(db, sql_foreign_keys, DB_NO_ARGS, foreign_key_row, &reader);
}

static enum err room_row(struct stmt *stmt, const struct reader *reader)
{
    const struct fsck_room room = {
        .nid = db_int(stmt, 0),
        .id = db_text(stmt, 1),
        .version = db_text(stmt, 2),
        .latest = db_text(stmt, 3),
        .snapshot_nid = db_int(stmt, 4),
        .local = db_int(stmt, 5) != 0,
        .resident = db_int(stmt, 6) != 0,
    };

    return reader->each.room(reader->context, &room);
}

enum err fsck_each_room(struct db *db, fsck_room_row each, void *context)
{
    const struct reader reader = {.each.room = each, .context = context};

    return each_row(db, sql_rooms, DB_NO_ARGS, room_row, &reader);
}

static enum err event_row(struct stmt *stmt, const struct reader *reader)
{
    const struct fsck_event event = {
        .nid = db_int(stmt, 0),
        .room_nid = db_int(stmt, 1),
        .type_nid = db_int(stmt, 2),
        .state_key_nid = db_int(stmt, 3),
        .snapshot_nid = db_int(stmt, 4),
        .depth = db_int(stmt, 5),
        .rejected = db_int(stmt, 6) != 0,
        .sent = db_int(stmt, 7) != 0,
        .id = db_text(stmt, 8),
        .auth_nids = db_text(stmt, 9),
        .type = db_text(stmt, 10),
        .state_key = db_text(stmt, 11),
        .json = db_text(stmt, 12),
        .sync_id = db_int(stmt, 13),
        .sync_room_id = db_text(stmt, 14),
        .sync_type = db_text(stmt, 15),
        .sync_sender = db_text(stmt, 16),
        .sync_json = db_text(stmt, 17),
    };

    return reader->each.event(reader->context, &event);
}

enum err fsck_each_event(struct db *db, fsck_event_row each, void *context)
{
    const struct reader reader = {.each.event = each, .context = context};

    return each_row(db, sql_events, DB_NO_ARGS, event_row, &reader);
}

enum err fsck_count_events(struct db *db, int64_t *count)
{
    return db_integer(db, sql_count_events, DB_NO_ARGS, count);
}

static enum err snapshot_row(struct stmt *stmt, const struct reader *reader)
{
    return reader->each.snapshot(reader->context, db_int(stmt, 0), db_int(stmt, 1), db_text(stmt, 2));
}

enum err fsck_each_snapshot(struct db *db, fsck_snapshot_row each, void *context)
{
    const struct reader reader = {.each.snapshot = each, .context = context};

    return each_row(db, sql_snapshots, DB_NO_ARGS, snapshot_row, &reader);
}

static enum err block_row(struct stmt *stmt, const struct reader *reader)
{
    return reader->each.block(reader->context, db_int(stmt, 0), db_int(stmt, 1));
}

enum err fsck_each_block(struct db *db, fsck_block_row each, void *context)
{
    const struct reader reader = {.each.block = each, .context = context};

    return each_row(db, sql_blocks, DB_NO_ARGS, block_row, &reader);
}

static enum err entry_row(struct stmt *stmt, const struct reader *reader)
{
    const struct fsck_entry entry = {db_int(stmt, 0), db_int(stmt, 1), db_int(stmt, 2)};

    return reader->each.entry(reader->context, &entry);
}

enum err fsck_each_entry(struct db *db, int64_t block_nid, fsck_entry_row each, void *context)
{
    const struct reader reader = {.each.entry = each, .context = context};

    return each_row(db, sql_entries, DB_ARGS(DB_I(block_nid)), entry_row, &reader);
}

static enum err membership_row(struct stmt *stmt, const struct reader *reader)
{
    const struct fsck_membership membership = {
        .event_nid = db_int(stmt, 0),
        .target_nid = db_int(stmt, 1),
        .user_id = db_text(stmt, 2),
        .invited = db_int(stmt, 3) != 0,
    };

    return reader->each.membership(reader->context, &membership);
}

enum err fsck_each_membership(struct db *db, int64_t room_nid, fsck_membership_row each, void *context)
{
    const struct reader reader = {.each.membership = each, .context = context};

    return each_row(db, sql_memberships, DB_ARGS(DB_I(room_nid)), membership_row, &reader);
}

static enum err current_row(struct stmt *stmt, const struct reader *reader)
{
    const struct fsck_current current = {
        .event_id = db_text(stmt, 0),
        .type = db_text(stmt, 1),
        .state_key = db_text(stmt, 2),
        .sender = db_text(stmt, 3),
        .membership = db_text(stmt, 4),
        .sync_json = db_text(stmt, 5),
        .nid = db_int(stmt, 6),
        .type_nid = db_int(stmt, 7),
        .state_key_nid = db_int(stmt, 8),
        .json = db_text(stmt, 9),
    };

    return reader->each.current(reader->context, &current);
}

enum err fsck_each_current(struct db *db, const char *room_id, fsck_current_row each, void *context)
{
    const struct reader reader = {.each.current = each, .context = context};

    return each_row(db, sql_current, DB_ARGS(DB_T(room_id)), current_row, &reader);
}

enum err fsck_find_event(struct db *db, const char *id, struct fsck_link *link, struct buf *json)
{
    struct stmt *stmt;
    enum err e = db_first(db, json ? sql_find_event : sql_find_link, DB_ARGS(DB_T(id)), &stmt);

    if (!e) {
        *link = (struct fsck_link){db_int(stmt, 0), db_int(stmt, 1), db_int(stmt, 2),     db_int(stmt, 3),
                                   db_int(stmt, 4), db_int(stmt, 5), db_int(stmt, 6) != 0};
        if (json && db_text(stmt, 7))
            buf_puts(json, db_text(stmt, 7));
        e = json ? json->err : ERR_OK;
    }
    db_done(&stmt);
    return e;
}

/* Appends the text of a statement's first row; ERR_NOT_FOUND when there is none. */
static enum err read_text(struct db *db, const char *sql, int64_t nid, struct buf *text)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql, DB_ARGS(DB_I(nid)), &stmt);

    if (!e && db_text(stmt, 0))
        buf_puts(text, db_text(stmt, 0));
    db_done(&stmt);
    return e ? e : text->err;
}

enum err fsck_event_id(struct db *db, int64_t nid, struct buf *id)
{
    enum err e;

    buf_clear(id);
    e = read_text(db, sql_event_id, nid, id);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err fsck_blocks_of(struct db *db, int64_t snapshot_nid, struct buf *block_nids)
{
    buf_clear(block_nids);
    return read_text(db, sql_blocks_of, snapshot_nid, block_nids);
}

enum err fsck_follows(struct db *db, const char *id, int64_t nid, bool *follows)
{
    int64_t value = 0;
    enum err e = db_integer(db, sql_follows, DB_ARGS(DB_T(id), DB_I(nid)), &value);

    *follows = value != 0;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err fsck_purged_depth(struct db *db, const char *room_id, int64_t *depth)
{
    int64_t columns = 0;
    enum err e = db_integer(db, sql_has_purges, DB_NO_ARGS, &columns);

    *depth = 0;
    return e || columns == 0 ? e : history_purged_depth(db, room_id, depth);
}

enum err fsck_is_redacted(struct db *db, const char *id, const char *redaction_id, bool *redacted)
{
    const struct db_value args[] = {DB_T(id), DB_T(redaction_id)};
    int64_t count = 0;
    enum err e = db_integer(db, redaction_id ? sql_is_redacted_by : sql_is_redacted, args,
                            redaction_id ? 2 : 1, &count);

    *redacted = count > 0;
    return e;
}
