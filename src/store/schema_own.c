/* SPDX-License-Identifier: ISC */
#include <stddef.h>

#include "store/schema_own.h"

/*
 * Our own tables. A migration is never changed once it was released: what is to be different is a new one at
 * the end.
 */
static const char *const first_tables[] = {
    "CREATE TABLE mxadmin_settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",

    "CREATE TABLE mxadmin_nonces (nonce TEXT NOT NULL PRIMARY KEY, expires_ts BIGINT NOT NULL)",
    "CREATE INDEX mxadmin_nonces_expires_idx ON mxadmin_nonces (expires_ts)",

    "CREATE TABLE mxadmin_attempts (kind TEXT NOT NULL, name TEXT NOT NULL, failures BIGINT NOT NULL,"
    " window_ends_ts BIGINT NOT NULL, PRIMARY KEY (kind, name))",
    "CREATE INDEX mxadmin_attempts_window_ends_idx ON mxadmin_attempts (window_ends_ts)",
    NULL,
};

static const char *const transactions[] = {
    "CREATE TABLE mxadmin_transactions (token_hash BLOB NOT NULL, transaction_id TEXT NOT NULL,"
    " event_id TEXT NOT NULL, created_ts BIGINT NOT NULL, PRIMARY KEY (token_hash, transaction_id))",
    "CREATE INDEX mxadmin_transactions_created_idx ON mxadmin_transactions (created_ts)",
    NULL,
};

/* AUTOINCREMENT: an operator who cancels a change by its id never meets another one. */
static const char *const deferred[] = {
    "CREATE TABLE mxadmin_deferred (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,"
    " target TEXT NOT NULL, parameters TEXT NOT NULL, actor TEXT NOT NULL, created_ts BIGINT NOT NULL,"
    " UNIQUE (kind, target))",
    NULL,
};

/* An index for each filter of the list, in its order; AUTOINCREMENT: a number is never given out again. */
static const char *const audit[] = {
    "CREATE TABLE mxadmin_audit (id INTEGER PRIMARY KEY AUTOINCREMENT, ts BIGINT NOT NULL,"
    " admin TEXT NOT NULL, device_id TEXT, address TEXT NOT NULL, method TEXT NOT NULL, route TEXT NOT NULL,"
    " target TEXT NOT NULL, parameters TEXT NOT NULL, outcome BIGINT, request_id TEXT NOT NULL)",
    "CREATE INDEX mxadmin_audit_ts_idx ON mxadmin_audit (ts, id)",
    "CREATE INDEX mxadmin_audit_admin_idx ON mxadmin_audit (admin, ts, id)",
    "CREATE INDEX mxadmin_audit_target_idx ON mxadmin_audit (target, ts, id)",
    "CREATE INDEX mxadmin_audit_route_idx ON mxadmin_audit (route, ts, id)",
    NULL,
};

static const char *const external_ids[] = {
    "CREATE TABLE mxadmin_external_ids (auth_provider TEXT NOT NULL, external_id TEXT NOT NULL,"
    " localpart TEXT NOT NULL, PRIMARY KEY (auth_provider, external_id))",
    "CREATE INDEX mxadmin_external_ids_localpart_idx ON mxadmin_external_ids (localpart)",
    NULL,
};

/* One of a kind a target, as long as it has not ended. */
static const char *const jobs[] = {
    "CREATE TABLE mxadmin_jobs (id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, target TEXT NOT NULL,"
    " parameters TEXT NOT NULL, actor TEXT, status TEXT NOT NULL, cancelling BOOLEAN NOT NULL,"
    " holder BIGINT NOT NULL, turn BIGINT NOT NULL, done BIGINT NOT NULL, total BIGINT NOT NULL,"
    " cursor TEXT NOT NULL, result TEXT, failure BIGINT NOT NULL, error TEXT, attempts BIGINT NOT NULL,"
    " created_ts BIGINT NOT NULL, due_ts BIGINT NOT NULL, started_ts BIGINT NOT NULL,"
    " heartbeat_ts BIGINT NOT NULL, finished_ts BIGINT NOT NULL)",
    "CREATE UNIQUE INDEX mxadmin_jobs_target_idx ON mxadmin_jobs (kind, target) WHERE finished_ts = 0",
    "CREATE INDEX mxadmin_jobs_due_idx ON mxadmin_jobs (due_ts) WHERE finished_ts = 0",
    "CREATE INDEX mxadmin_jobs_turn_idx ON mxadmin_jobs (turn) WHERE finished_ts = 0",
    "CREATE INDEX mxadmin_jobs_holder_idx ON mxadmin_jobs (holder) WHERE holder <> 0",
    "CREATE INDEX mxadmin_jobs_finished_idx ON mxadmin_jobs (finished_ts)",
    "CREATE INDEX mxadmin_jobs_created_idx ON mxadmin_jobs (created_ts, id)",

    "CREATE TABLE mxadmin_job_items (job_id TEXT NOT NULL, position BIGINT NOT NULL, item TEXT NOT NULL,"
    " outcome TEXT, detail TEXT, PRIMARY KEY (job_id, position), UNIQUE (job_id, item))",
    "CREATE INDEX mxadmin_job_items_waiting_idx ON mxadmin_job_items (job_id, position)"
    " WHERE outcome IS NULL",
    NULL,
};

static const char *const user_states[] = {
    "CREATE TABLE mxadmin_user_states (localpart TEXT NOT NULL PRIMARY KEY, locked BOOLEAN NOT NULL,"
    " suspended BOOLEAN NOT NULL, erased BOOLEAN NOT NULL, user_type TEXT)",
    NULL,
};

/*
 * What user lists are made from. Each order has an index that holds all that filters ask for, and one for
 * backwards, because who is equal follows by name forwards all the same. The counts follow by triggers.
 */
#define ORDER_INDEXES(column)                                                                                \
    "CREATE INDEX mxadmin_users_" column "_idx ON mxadmin_users (" column ", localpart, flags, user_type)",  \
        "CREATE INDEX mxadmin_users_" column "_back_idx ON mxadmin_users (" column                           \
        " DESC, localpart, flags, user_type)"
#define COUNT_USER(row, change)                                                                              \
    " INSERT INTO mxadmin_user_counts (flags, user_type, users) VALUES (" row ".flags, " row                 \
    ".user_type, " change ") ON CONFLICT (flags, user_type) DO UPDATE SET users = users + " change ";"
#define RECOUNT_USER COUNT_USER("old", "-1") COUNT_USER("new", "1")
static const char *const user_lists[] = {
    "CREATE TABLE mxadmin_refreshes (name TEXT NOT NULL PRIMARY KEY, refreshed_ts BIGINT NOT NULL,"
    " took_ms BIGINT NOT NULL)",
    "CREATE TABLE mxadmin_users (localpart TEXT NOT NULL PRIMARY KEY, display_name TEXT NOT NULL,"
    " avatar_url TEXT NOT NULL, created_ts BIGINT NOT NULL, last_seen_ts BIGINT NOT NULL,"
    " user_type TEXT NOT NULL, flags BIGINT NOT NULL)",
    "CREATE INDEX mxadmin_users_name_idx ON mxadmin_users (localpart, flags, user_type)",
    ORDER_INDEXES("display_name"),
    ORDER_INDEXES("avatar_url"),
    ORDER_INDEXES("created_ts"),
    ORDER_INDEXES("last_seen_ts"),
    "CREATE INDEX mxadmin_users_user_type_idx ON mxadmin_users (user_type, localpart, flags)",
    "CREATE INDEX mxadmin_users_user_type_back_idx ON mxadmin_users (user_type DESC, localpart, flags)",
    "CREATE TABLE mxadmin_user_counts (flags BIGINT NOT NULL, user_type TEXT NOT NULL, users BIGINT NOT NULL,"
    " PRIMARY KEY (flags, user_type))",
    "CREATE TRIGGER mxadmin_users_inserted AFTER INSERT ON mxadmin_users BEGIN" COUNT_USER("new", "1") " END",
    "CREATE TRIGGER mxadmin_users_deleted AFTER DELETE ON mxadmin_users BEGIN" COUNT_USER("old", "-1") " END",
    "CREATE TRIGGER mxadmin_users_updated AFTER UPDATE OF flags, user_type ON mxadmin_users"
    " BEGIN" RECOUNT_USER " END",
    NULL,
};

static const char *const puppets[] = {
    "CREATE TABLE mxadmin_puppets (localpart TEXT NOT NULL, device_id TEXT NOT NULL, admin TEXT NOT NULL,"
    " valid_until_ts BIGINT NOT NULL, PRIMARY KEY (localpart, device_id))",
    NULL,
};

/*
 * What lists of media are made from, and sums of each user by triggers; sizes that Dendrite did not know are
 * -1. Quarantine is of a file, by its hash, as rows share files. Work is what files have yet to follow.
 */
#define MEDIA_SIZE(row) "CASE WHEN " row ".media_length > 0 THEN " row ".media_length ELSE 0 END"
#define NEW_SIZE        MEDIA_SIZE("new")
#define OLD_SIZE        MEDIA_SIZE("old")
static const char *const media[] = {
    "CREATE TABLE mxadmin_media (media_id TEXT NOT NULL, media_origin TEXT NOT NULL, user_id TEXT NOT NULL,"
    " media_type TEXT NOT NULL, upload_name TEXT NOT NULL, media_length BIGINT NOT NULL,"
    " created_ts BIGINT NOT NULL, base64hash TEXT NOT NULL, PRIMARY KEY (media_id, media_origin))",
    "CREATE INDEX mxadmin_media_user_idx ON mxadmin_media (user_id, created_ts, media_id)",
    "CREATE INDEX mxadmin_media_user_back_idx ON mxadmin_media (user_id, created_ts DESC, media_id)",
    "CREATE INDEX mxadmin_media_created_idx ON mxadmin_media (created_ts)",
    "CREATE INDEX mxadmin_media_hash_idx ON mxadmin_media (base64hash)",
    "CREATE TABLE mxadmin_media_users (user_id TEXT NOT NULL PRIMARY KEY, media_count BIGINT NOT NULL,"
    " media_length BIGINT NOT NULL)",
    "CREATE TRIGGER mxadmin_media_inserted AFTER INSERT ON mxadmin_media WHEN new.user_id <> '' BEGIN"
    " INSERT INTO mxadmin_media_users (user_id, media_count, media_length) VALUES (new.user_id, 1,"
    " " NEW_SIZE ") ON CONFLICT (user_id) DO UPDATE SET media_count = media_count + 1,"
    " media_length = media_length + excluded.media_length; END",
    "CREATE TRIGGER mxadmin_media_deleted AFTER DELETE ON mxadmin_media WHEN old.user_id <> '' BEGIN"
    " UPDATE mxadmin_media_users SET media_count = media_count - 1,"
    " media_length = media_length - " OLD_SIZE " WHERE user_id = old.user_id;"
    " DELETE FROM mxadmin_media_users WHERE user_id = old.user_id AND media_count = 0; END",
    "CREATE TABLE mxadmin_media_quarantine (base64hash TEXT NOT NULL PRIMARY KEY,"
    " quarantined_by TEXT NOT NULL, quarantined_ts BIGINT NOT NULL)",
    "CREATE TABLE mxadmin_media_protection (media_id TEXT NOT NULL PRIMARY KEY,"
    " protected_by TEXT NOT NULL, protected_ts BIGINT NOT NULL)",
    "CREATE TABLE mxadmin_media_changes (id INTEGER PRIMARY KEY AUTOINCREMENT, media_origin TEXT NOT NULL,"
    " media_id TEXT NOT NULL, quarantined BOOLEAN NOT NULL)",
    "CREATE TABLE mxadmin_media_work (base64hash TEXT NOT NULL PRIMARY KEY, due_ts BIGINT NOT NULL)",
    NULL,
};

/*
 * What lists of rooms are made from. One index serves an order both ways, because rooms that are equal follow
 * by their ids in the same direction. The counts follow by triggers. Work is the rooms to be read again.
 */
#define ROOM_INDEX(name, column)                                                                             \
    "CREATE INDEX mxadmin_rooms_" name "_idx ON mxadmin_rooms (" column ", room_id, flags)"
#define COUNT_ROOM(row, change)                                                                              \
    " INSERT INTO mxadmin_room_counts (flags, rooms) VALUES (" row ".flags, " change                         \
    ") ON CONFLICT (flags) DO UPDATE SET rooms = rooms + " change ";"
#define RECOUNT_ROOM COUNT_ROOM("old", "-1") COUNT_ROOM("new", "1")
static const char *const room_lists[] = {
    "CREATE TABLE mxadmin_rooms (room_id TEXT NOT NULL PRIMARY KEY, room_nid BIGINT NOT NULL,"
    " position BIGINT NOT NULL, flags BIGINT NOT NULL, name TEXT NOT NULL, canonical_alias TEXT NOT NULL,"
    " version TEXT NOT NULL, creator TEXT NOT NULL, encryption TEXT NOT NULL, join_rules TEXT NOT NULL,"
    " guest_access TEXT NOT NULL, history_visibility TEXT NOT NULL, room_type TEXT NOT NULL,"
    " joined_members BIGINT NOT NULL, joined_local_members BIGINT NOT NULL, state_events BIGINT NOT NULL)",
    "CREATE INDEX mxadmin_rooms_room_nid_idx ON mxadmin_rooms (room_nid)",
    ROOM_INDEX("name", "name"),
    ROOM_INDEX("canonical_alias", "canonical_alias"),
    ROOM_INDEX("joined_members", "joined_members"),
    ROOM_INDEX("joined_local_members", "joined_local_members"),
    ROOM_INDEX("version", "version"),
    ROOM_INDEX("creator", "creator"),
    ROOM_INDEX("encryption", "encryption"),
    ROOM_INDEX("federatable", "(flags & 4)"),
    ROOM_INDEX("public", "(flags & 1)"),
    ROOM_INDEX("join_rules", "join_rules"),
    ROOM_INDEX("guest_access", "guest_access"),
    ROOM_INDEX("history_visibility", "history_visibility"),
    ROOM_INDEX("state_events", "state_events"),
    "CREATE TABLE mxadmin_room_counts (flags BIGINT NOT NULL PRIMARY KEY, rooms BIGINT NOT NULL)",
    "CREATE TRIGGER mxadmin_rooms_inserted AFTER INSERT ON mxadmin_rooms BEGIN" COUNT_ROOM("new", "1") " END",
    "CREATE TRIGGER mxadmin_rooms_deleted AFTER DELETE ON mxadmin_rooms BEGIN" COUNT_ROOM("old", "-1") " END",
    "CREATE TRIGGER mxadmin_rooms_updated AFTER UPDATE OF flags ON mxadmin_rooms BEGIN" RECOUNT_ROOM " END",
    "CREATE TABLE mxadmin_room_work (room_id TEXT NOT NULL PRIMARY KEY)",
    "CREATE TABLE mxadmin_room_sizes (room_nid BIGINT NOT NULL PRIMARY KEY, bytes BIGINT NOT NULL)",
    "CREATE INDEX mxadmin_room_sizes_bytes_idx ON mxadmin_room_sizes (bytes)",
    "CREATE TABLE mxadmin_room_sizes_seen (event_nid BIGINT NOT NULL PRIMARY KEY)",
    NULL,
};

/* Where a comparison that takes longer than a turn has stopped. */
static const char *const refresh_places[] = {
    "CREATE TABLE mxadmin_refresh_places (name TEXT NOT NULL PRIMARY KEY, first_key TEXT NOT NULL,"
    " second_key TEXT NOT NULL, took_ms BIGINT NOT NULL)",
    NULL,
};

/* Sums of some time are made of the index alone. */
static const char *const media_sums[] = {
    "DROP INDEX mxadmin_media_user_idx",
    "CREATE INDEX mxadmin_media_user_idx ON mxadmin_media (user_id, created_ts, media_id, media_length)",
    NULL,
};

/* The events of a room that are less deep may be gone. */
static const char *const history_purges[] = {
    "CREATE TABLE mxadmin_history_purges (room_id TEXT NOT NULL PRIMARY KEY, depth BIGINT NOT NULL,"
    " purged_ts BIGINT NOT NULL)",
    NULL,
};

static const char *const blocked_rooms[] = {
    "CREATE TABLE mxadmin_blocked_rooms (room_id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL,"
    " blocked_ts BIGINT NOT NULL, event_nid BIGINT NOT NULL, event_position BIGINT NOT NULL,"
    " invite_position BIGINT NOT NULL)",
    NULL,
};

/*
 * Which servers are in which rooms, by either; how many of them a server is in, by triggers; and since when
 * one has failed, for all we know.
 */
static const char *const destinations[] = {
    "CREATE TABLE mxadmin_destination_rooms (room_id TEXT NOT NULL, server_name TEXT NOT NULL,"
    " PRIMARY KEY (room_id, server_name))",
    "CREATE INDEX mxadmin_destination_rooms_server_idx ON mxadmin_destination_rooms (server_name, room_id)",
    "CREATE TABLE mxadmin_destinations (server_name TEXT NOT NULL PRIMARY KEY, rooms BIGINT NOT NULL)",
    "CREATE TRIGGER mxadmin_destination_rooms_inserted AFTER INSERT ON mxadmin_destination_rooms BEGIN"
    " INSERT INTO mxadmin_destinations (server_name, rooms) VALUES (new.server_name, 1)"
    " ON CONFLICT (server_name) DO UPDATE SET rooms = rooms + 1; END",
    "CREATE TRIGGER mxadmin_destination_rooms_deleted AFTER DELETE ON mxadmin_destination_rooms BEGIN"
    " UPDATE mxadmin_destinations SET rooms = rooms - 1 WHERE server_name = old.server_name;"
    " DELETE FROM mxadmin_destinations WHERE server_name = old.server_name AND rooms = 0; END",
    "CREATE TABLE mxadmin_destination_failures (server_name TEXT NOT NULL PRIMARY KEY,"
    " failure_ts BIGINT NOT NULL)",
    NULL,
};

const struct own_migration own_migrations[] = {
    {"settings, nonces, attempts", first_tables},
    {"transactions", transactions},
    {"deferred", deferred},
    {"audit", audit},
    {"external ids", external_ids},
    {"jobs", jobs},
    {"user states", user_states},
    {"user lists", user_lists},
    {"puppets", puppets},
    {"media", media},
    {"room lists", room_lists},
    {"refresh places", refresh_places},
    {"media sums", media_sums},
    {"history purges", history_purges},
    {"blocked rooms", blocked_rooms},
    {"destinations", destinations},
};
const int64_t own_migrations_count = (int64_t)(sizeof own_migrations / sizeof *own_migrations);
