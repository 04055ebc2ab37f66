/* SPDX-License-Identifier: ISC */
/*
 * The layout that Dendrite 0.15 gives its SQLite database: tables, columns, types, defaults and indexes by
 * the names and in the order that Dendrite has them, so that either program can take over the other's file.
 * What only federation needs is left to Dendrite, which makes it at its first start.
 */
#include <stddef.h>

#include "store/schema_dendrite.h"

const char *const dendrite_statements[] = {
    "CREATE TABLE IF NOT EXISTS db_migrations ("
    " version TEXT NOT NULL PRIMARY KEY, time TEXT NOT NULL, dendrite_version TEXT NOT NULL)",

    "CREATE TABLE IF NOT EXISTS userapi_accounts ("
    " localpart TEXT NOT NULL PRIMARY KEY, server_name TEXT NOT NULL, created_ts BIGINT NOT NULL,"
    " password_hash TEXT, appservice_id TEXT, is_deactivated BOOLEAN DEFAULT 0,"
    " account_type INTEGER NOT NULL)",

    "CREATE TABLE IF NOT EXISTS userapi_profiles ("
    " localpart TEXT NOT NULL, server_name TEXT NOT NULL, display_name TEXT, avatar_url TEXT)",
    "CREATE UNIQUE INDEX IF NOT EXISTS userapi_profiles_idx"
    " ON userapi_profiles (localpart, server_name)",

    "CREATE TABLE IF NOT EXISTS userapi_devices ("
    " access_token TEXT PRIMARY KEY, session_id INTEGER, device_id TEXT, localpart TEXT,"
    " server_name TEXT NOT NULL, created_ts BIGINT, display_name TEXT, last_seen_ts BIGINT, ip TEXT,"
    " user_agent TEXT, UNIQUE (localpart, device_id))",

    "CREATE TABLE IF NOT EXISTS userapi_account_datas ("
    " localpart TEXT NOT NULL, server_name TEXT NOT NULL, room_id TEXT, type TEXT NOT NULL,"
    " content TEXT NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS userapi_account_datas_idx"
    " ON userapi_account_datas (localpart, server_name, room_id, type)",

    "CREATE TABLE IF NOT EXISTS userapi_registration_tokens ("
    " token TEXT PRIMARY KEY, pending BIGINT, completed BIGINT, uses_allowed BIGINT,"
    " expiry_time BIGINT)",

    "CREATE TABLE IF NOT EXISTS userapi_threepids ("
    " threepid TEXT NOT NULL, medium TEXT NOT NULL DEFAULT 'email', localpart TEXT NOT NULL,"
    " server_name TEXT NOT NULL, PRIMARY KEY (threepid, medium))",
    "CREATE INDEX IF NOT EXISTS account_threepid_localpart"
    " ON userapi_threepids (localpart, server_name)",

    "CREATE TABLE IF NOT EXISTS userapi_pushers ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, localpart TEXT NOT NULL, server_name TEXT NOT NULL,"
    " session_id BIGINT DEFAULT NULL, profile_tag TEXT, kind TEXT NOT NULL, app_id TEXT NOT NULL,"
    " app_display_name TEXT NOT NULL, device_display_name TEXT NOT NULL, pushkey TEXT NOT NULL,"
    " pushkey_ts_ms BIGINT NOT NULL DEFAULT 0, lang TEXT NOT NULL, data TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS userapi_pusher_app_id_pushkey_idx"
    " ON userapi_pushers (app_id, pushkey)",
    "CREATE INDEX IF NOT EXISTS userapi_pusher_localpart_idx"
    " ON userapi_pushers (localpart, server_name)",
    "CREATE UNIQUE INDEX IF NOT EXISTS userapi_pusher_app_id_pushkey_localpart_idx"
    " ON userapi_pushers (app_id, pushkey, localpart, server_name)",

    "CREATE TABLE IF NOT EXISTS userapi_openid_tokens ("
    " token TEXT NOT NULL PRIMARY KEY, localpart TEXT NOT NULL, server_name TEXT NOT NULL,"
    " token_expires_at_ms BIGINT NOT NULL)",

    "CREATE TABLE IF NOT EXISTS userapi_login_tokens ("
    " token TEXT NOT NULL PRIMARY KEY, token_expires_at TIMESTAMP NOT NULL, user_id TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS login_tokens_expiration_idx"
    " ON userapi_login_tokens (token_expires_at)",

    "CREATE TABLE IF NOT EXISTS userapi_key_backup_versions ("
    " user_id TEXT NOT NULL, version INTEGER PRIMARY KEY AUTOINCREMENT, algorithm TEXT NOT NULL,"
    " auth_data TEXT NOT NULL, etag TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0)",
    "CREATE UNIQUE INDEX IF NOT EXISTS userapi_key_backup_versions_idx"
    " ON userapi_key_backup_versions (user_id, version)",

    "CREATE TABLE IF NOT EXISTS userapi_key_backups ("
    " user_id TEXT NOT NULL, room_id TEXT NOT NULL, session_id TEXT NOT NULL, version TEXT NOT NULL,"
    " first_message_index INTEGER NOT NULL, forwarded_count INTEGER NOT NULL,"
    " is_verified BOOLEAN NOT NULL, session_data TEXT NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS e2e_room_keys_idx"
    " ON userapi_key_backups (user_id, room_id, session_id, version)",
    "CREATE INDEX IF NOT EXISTS e2e_room_keys_versions_idx ON userapi_key_backups (user_id, version)",

    "CREATE TABLE IF NOT EXISTS userapi_notifications ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, localpart TEXT NOT NULL, server_name TEXT NOT NULL,"
    " room_id TEXT NOT NULL, event_id TEXT NOT NULL, stream_pos BIGINT NOT NULL,"
    " ts_ms BIGINT NOT NULL, highlight BOOLEAN NOT NULL, notification_json TEXT NOT NULL,"
    " read BOOLEAN NOT NULL DEFAULT FALSE)",
    "CREATE INDEX IF NOT EXISTS userapi_notification_localpart_room_id_event_id_idx"
    " ON userapi_notifications (localpart, server_name, room_id, event_id)",
    "CREATE INDEX IF NOT EXISTS userapi_notification_localpart_room_id_id_idx"
    " ON userapi_notifications (localpart, server_name, room_id, id)",
    "CREATE INDEX IF NOT EXISTS userapi_notification_localpart_id_idx"
    " ON userapi_notifications (localpart, server_name, id)",

    "CREATE TABLE IF NOT EXISTS userapi_daily_visits ("
    " localpart TEXT NOT NULL, device_id TEXT NOT NULL, timestamp BIGINT NOT NULL, user_agent TEXT)",
    "CREATE UNIQUE INDEX IF NOT EXISTS userapi_daily_visits_localpart_device_timestamp_idx"
    " ON userapi_daily_visits (localpart, device_id, timestamp)",
    "CREATE INDEX IF NOT EXISTS userapi_daily_visits_timestamp_idx"
    " ON userapi_daily_visits (timestamp)",
    "CREATE INDEX IF NOT EXISTS userapi_daily_visits_localpart_timestamp_idx"
    " ON userapi_daily_visits (localpart, timestamp)",

    "CREATE TABLE IF NOT EXISTS roomserver_event_types ("
    " event_type_nid INTEGER PRIMARY KEY AUTOINCREMENT, event_type TEXT NOT NULL,"
    " UNIQUE (event_type))",

    "CREATE TABLE IF NOT EXISTS roomserver_event_state_keys ("
    " event_state_key_nid INTEGER PRIMARY KEY AUTOINCREMENT, event_state_key TEXT NOT NULL,"
    " UNIQUE (event_state_key))",

    "CREATE TABLE IF NOT EXISTS roomserver_rooms ("
    " room_nid INTEGER PRIMARY KEY AUTOINCREMENT, room_id TEXT NOT NULL,"
    " latest_event_nids TEXT NOT NULL DEFAULT '[]', last_event_sent_nid INTEGER NOT NULL DEFAULT 0,"
    " state_snapshot_nid INTEGER NOT NULL DEFAULT 0, room_version TEXT NOT NULL, UNIQUE (room_id))",

    "CREATE TABLE IF NOT EXISTS roomserver_events ("
    " event_nid INTEGER PRIMARY KEY AUTOINCREMENT, room_nid INTEGER NOT NULL,"
    " event_type_nid INTEGER NOT NULL, event_state_key_nid INTEGER NOT NULL,"
    " sent_to_output BOOLEAN NOT NULL DEFAULT FALSE, state_snapshot_nid INTEGER NOT NULL DEFAULT 0,"
    " depth INTEGER NOT NULL, event_id TEXT NOT NULL, auth_event_nids TEXT NOT NULL DEFAULT '[]',"
    " is_rejected BOOLEAN NOT NULL DEFAULT FALSE, UNIQUE (event_id))",
    "CREATE INDEX IF NOT EXISTS roomserver_events_memberships_idx"
    " ON roomserver_events (room_nid, event_state_key_nid) WHERE (event_type_nid = 5)",
    "CREATE INDEX IF NOT EXISTS roomserver_event_event_type_nid_idx"
    " ON roomserver_events (event_type_nid)",
    "CREATE INDEX IF NOT EXISTS roomserver_event_state_key_nid_idx"
    " ON roomserver_events (event_state_key_nid)",

    "CREATE TABLE IF NOT EXISTS roomserver_event_json ("
    " event_nid INTEGER NOT NULL PRIMARY KEY, event_json TEXT NOT NULL)",

    "CREATE TABLE IF NOT EXISTS roomserver_previous_events ("
    " previous_event_id TEXT NOT NULL, event_nids TEXT NOT NULL, UNIQUE (previous_event_id))",

    "CREATE TABLE IF NOT EXISTS roomserver_state_block ("
    " state_block_nid INTEGER PRIMARY KEY AUTOINCREMENT, state_block_hash BLOB,"
    " event_nids TEXT NOT NULL DEFAULT '[]', UNIQUE (state_block_hash))",

    "CREATE TABLE IF NOT EXISTS roomserver_state_snapshots ("
    " state_snapshot_nid INTEGER PRIMARY KEY AUTOINCREMENT, state_snapshot_hash BLOB,"
    " room_nid INTEGER NOT NULL, state_block_nids TEXT NOT NULL DEFAULT '[]',"
    " UNIQUE (state_snapshot_hash))",

    "CREATE TABLE IF NOT EXISTS roomserver_membership ("
    " room_nid INTEGER NOT NULL, target_nid INTEGER NOT NULL, sender_nid INTEGER NOT NULL DEFAULT 0,"
    " membership_nid INTEGER NOT NULL DEFAULT 1, event_nid INTEGER NOT NULL DEFAULT 0,"
    " target_local BOOLEAN NOT NULL DEFAULT false, forgotten BOOLEAN NOT NULL DEFAULT false,"
    " UNIQUE (room_nid, target_nid))",

    "CREATE TABLE IF NOT EXISTS roomserver_invites ("
    " invite_event_id TEXT PRIMARY KEY, room_nid INTEGER NOT NULL, target_nid INTEGER NOT NULL,"
    " sender_nid INTEGER NOT NULL DEFAULT 0, retired BOOLEAN NOT NULL DEFAULT FALSE,"
    " invite_event_json TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS roomserver_invites_active_idx"
    " ON roomserver_invites (target_nid, room_nid) WHERE NOT retired",

    "CREATE TABLE IF NOT EXISTS roomserver_room_aliases ("
    " alias TEXT NOT NULL PRIMARY KEY, room_id TEXT NOT NULL, creator_id TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS roomserver_room_id_idx ON roomserver_room_aliases (room_id)",

    "CREATE TABLE IF NOT EXISTS roomserver_published ("
    " room_id TEXT NOT NULL, appservice_id TEXT NOT NULL DEFAULT '',"
    " network_id TEXT NOT NULL DEFAULT '', published BOOLEAN NOT NULL DEFAULT false,"
    " PRIMARY KEY (room_id, appservice_id, network_id))",

    "CREATE TABLE IF NOT EXISTS roomserver_redactions ("
    " redaction_event_id TEXT PRIMARY KEY, redacts_event_id TEXT NOT NULL,"
    " validated BOOLEAN NOT NULL)",

    "CREATE TABLE IF NOT EXISTS roomserver_reported_events ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, room_nid INTEGER NOT NULL, event_nid INTEGER NOT NULL,"
    " reporting_user_nid INTEGER NOT NULL, event_sender_nid INTEGER NOT NULL, reason TEXT,"
    " score INTEGER, received_ts INTEGER NOT NULL)",

    "CREATE TABLE IF NOT EXISTS roomserver_user_room_keys ("
    " user_nid INTEGER NOT NULL, room_nid INTEGER NOT NULL, pseudo_id_key TEXT,"
    " pseudo_id_pub_key TEXT NOT NULL, PRIMARY KEY (user_nid, room_nid))",

    "CREATE TABLE IF NOT EXISTS syncapi_stream_id ("
    " stream_name TEXT NOT NULL PRIMARY KEY, stream_id INT DEFAULT 0)",

    "CREATE TABLE IF NOT EXISTS syncapi_output_room_events ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, room_id TEXT NOT NULL,"
    " headered_event_json TEXT NOT NULL, type TEXT NOT NULL, sender TEXT NOT NULL,"
    " contains_url BOOL NOT NULL, add_state_ids TEXT, remove_state_ids TEXT, session_id BIGINT,"
    " transaction_id TEXT, exclude_from_sync BOOL NOT NULL DEFAULT FALSE,"
    " history_visibility SMALLINT NOT NULL DEFAULT 2, UNIQUE (event_id))",
    "CREATE INDEX IF NOT EXISTS syncapi_output_room_events_type_idx"
    " ON syncapi_output_room_events (type)",
    "CREATE INDEX IF NOT EXISTS syncapi_output_room_events_sender_idx"
    " ON syncapi_output_room_events (sender)",
    "CREATE INDEX IF NOT EXISTS syncapi_output_room_events_room_id_idx"
    " ON syncapi_output_room_events (room_id)",
    "CREATE INDEX IF NOT EXISTS syncapi_output_room_events_exclude_from_sync_idx"
    " ON syncapi_output_room_events (exclude_from_sync)",
    "CREATE INDEX IF NOT EXISTS syncapi_output_room_events_add_state_ids_idx"
    " ON syncapi_output_room_events ((add_state_ids IS NOT NULL))",
    "CREATE INDEX IF NOT EXISTS syncapi_output_room_events_remove_state_ids_idx"
    " ON syncapi_output_room_events ((remove_state_ids IS NOT NULL))",

    "CREATE TABLE IF NOT EXISTS syncapi_output_room_events_topology ("
    " event_id TEXT PRIMARY KEY, topological_position BIGINT NOT NULL,"
    " stream_position BIGINT NOT NULL, room_id TEXT NOT NULL,"
    " UNIQUE (topological_position, room_id, stream_position))",

    "CREATE TABLE IF NOT EXISTS syncapi_current_room_state ("
    " room_id TEXT NOT NULL, event_id TEXT NOT NULL, type TEXT NOT NULL, sender TEXT NOT NULL,"
    " contains_url BOOL NOT NULL DEFAULT false, state_key TEXT NOT NULL,"
    " headered_event_json TEXT NOT NULL, membership TEXT, added_at BIGINT,"
    " history_visibility SMALLINT NOT NULL DEFAULT 2, UNIQUE (room_id, type, state_key))",
    "CREATE UNIQUE INDEX IF NOT EXISTS syncapi_event_id_idx"
    " ON syncapi_current_room_state (event_id, room_id, type, sender, contains_url)",
    "CREATE UNIQUE INDEX IF NOT EXISTS syncapi_current_room_state_eventid_idx"
    " ON syncapi_current_room_state (event_id)",
    "CREATE INDEX IF NOT EXISTS syncapi_current_room_state_type_state_key_idx"
    " ON syncapi_current_room_state (type, state_key)",

    "CREATE TABLE IF NOT EXISTS syncapi_memberships ("
    " room_id TEXT NOT NULL, user_id TEXT NOT NULL, membership TEXT NOT NULL,"
    " event_id TEXT NOT NULL, stream_pos BIGINT NOT NULL, topological_pos BIGINT NOT NULL,"
    " UNIQUE (room_id, user_id, membership))",

    "CREATE TABLE IF NOT EXISTS syncapi_invite_events ("
    " id INTEGER PRIMARY KEY, event_id TEXT NOT NULL, room_id TEXT NOT NULL,"
    " target_user_id TEXT NOT NULL, headered_event_json TEXT NOT NULL, deleted BOOL NOT NULL)",
    "CREATE INDEX IF NOT EXISTS syncapi_invites_target_user_id_idx"
    " ON syncapi_invite_events (target_user_id, id)",
    "CREATE INDEX IF NOT EXISTS syncapi_invites_event_id_idx ON syncapi_invite_events (event_id)",

    "CREATE TABLE IF NOT EXISTS syncapi_account_data_type ("
    " id INTEGER PRIMARY KEY, user_id TEXT NOT NULL, room_id TEXT NOT NULL, type TEXT NOT NULL,"
    " UNIQUE (user_id, room_id, type))",

    "CREATE TABLE IF NOT EXISTS mediaapi_media_repository ("
    " media_id TEXT NOT NULL, media_origin TEXT NOT NULL, content_type TEXT NOT NULL,"
    " file_size_bytes INTEGER NOT NULL, creation_ts INTEGER NOT NULL, upload_name TEXT NOT NULL,"
    " base64hash TEXT NOT NULL, user_id TEXT NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS mediaapi_media_repository_index"
    " ON mediaapi_media_repository (media_id, media_origin)",

    "CREATE TABLE IF NOT EXISTS mediaapi_thumbnail ("
    " media_id TEXT NOT NULL, media_origin TEXT NOT NULL, content_type TEXT NOT NULL,"
    " file_size_bytes INTEGER NOT NULL, creation_ts INTEGER NOT NULL, width INTEGER NOT NULL,"
    " height INTEGER NOT NULL, resize_method TEXT NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS mediaapi_thumbnail_index"
    " ON mediaapi_thumbnail (media_id, media_origin, width, height, resize_method)",

    /* The numbers that Dendrite has fixed; later types and keys get the next ones as they are met. */
    "INSERT INTO roomserver_event_types (event_type_nid, event_type) VALUES"
    " (1, 'm.room.create'), (2, 'm.room.power_levels'), (3, 'm.room.join_rules'),"
    " (4, 'm.room.third_party_invite'), (5, 'm.room.member'), (6, 'm.room.redaction'),"
    " (7, 'm.room.history_visibility') ON CONFLICT DO NOTHING",
    "INSERT INTO roomserver_event_state_keys (event_state_key_nid, event_state_key) VALUES (1, '')"
    " ON CONFLICT DO NOTHING",
    "INSERT INTO syncapi_stream_id (stream_name, stream_id) VALUES"
    " ('global', 0), ('receipt', 0), ('accountdata', 0), ('invite', 0), ('presence', 0),"
    " ('notification', 0), ('relation', 0) ON CONFLICT DO NOTHING",
};
const size_t dendrite_statements_count = sizeof dendrite_statements / sizeof dendrite_statements[0];

/* Without them Dendrite would run its old migrations on tables that are already new, and stop with an error.
 */
const char *const dendrite_migrations[] = {
    "roomserver: drop column reference_sha from roomserver_events",
    "roomserver: drop column reference_sha from roomserver_prev_events",
    "roomserver: add forgotten column",
    "roomserver: published appservice",
    "roomserver: state blocks refactor",
    "federationapi: add expiresat column",
    "federationsender: drop federationsender_rooms",
    "userapi: rename tables",
    "userapi: server names",
    "userapi: add is active",
    "userapi: add account type",
    "userapi: add last_seen_ts",
    "userapi: server names populate",
    "keyserver: refactor key changes",
    "keyserver: cross signing signature indexes",
    "syncapi: add history visibility column (output_room_events)",
    "syncapi: add history visibility column (current_room_state)",
    "syncapi: drop sent_by_token",
    "syncapi: fix sequences",
    "syncapi: set history visibility for existing events",
};
const size_t dendrite_migrations_count = sizeof dendrite_migrations / sizeof dendrite_migrations[0];
