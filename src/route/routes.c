/* SPDX-License-Identifier: ISC */
#include "handler/handlers.h"
#include "route/route.h"

/* Spellings of one and the same: clients of every age are in use. */
#define MATRIX   "/_matrix/client"
#define CLIENT   MATRIX "/r0|v1|v3"
#define MEDIA    "/_matrix/media/r0|v1|v3"
#define SYNAPSE  "/_synapse/admin/v1"
#define SYNAPSE2 "/_synapse/admin/v2"
#define SYNAPSE3 "/_synapse/admin/v3"
#define DENDRITE "/_dendrite/admin"

/* One row, one line. */
/* clang-format off */
const struct route routes[] = {
    /* Accounts */
    {METHOD_GET,  SYNAPSE "/register", register_nonce, .access = ACCESS_ANYONE},
    {METHOD_POST, SYNAPSE "/register", register_post, .access = ACCESS_ANYONE, .hashes = true, .changes = true},
    {METHOD_GET,  SYNAPSE "/username_available", username_available, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_POST, DENDRITE "/resetPassword/{user}", password_reset, .access = ACCESS_ADMIN, .hashes = true, .changes = true},
    {METHOD_GET,  CLIENT "/profile/{user_id}", profile_get, .access = ACCESS_ANYONE, .reads = true},
    {METHOD_GET,  CLIENT "/profile/{user_id}/displayname", profile_display_name_get, .access = ACCESS_ANYONE, .reads = true},
    {METHOD_GET,  CLIENT "/profile/{user_id}/avatar_url", profile_avatar_url_get, .access = ACCESS_ANYONE, .reads = true},

    /* Users */
    {METHOD_GET,  SYNAPSE2 "/users", users_v2_get, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE3 "/users", users_v3_get, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE2 "/users/{user_id}", user_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_PUT,  SYNAPSE2 "/users/{user_id}", user_put, .access = ACCESS_ADMIN, .hashes = true, .changes = true},
    {METHOD_GET,  SYNAPSE "/users/{user_id}/admin", user_admin_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_PUT,  SYNAPSE "/users/{user_id}/admin", user_admin_put, .access = ACCESS_ADMIN},
    {METHOD_POST, SYNAPSE "/reset_password/{user_id}", user_password_post, .access = ACCESS_ADMIN, .hashes = true, .changes = true},
    {METHOD_POST, SYNAPSE "/deactivate/{user_id}", user_deactivate_post, .access = ACCESS_ADMIN, .changes = true, .slow = true},
    {METHOD_PUT,  SYNAPSE "/suspend/{user_id}", user_suspend_put, .access = ACCESS_ADMIN},
    {METHOD_POST, SYNAPSE "/users/{user_id}/login", user_login_post, .access = ACCESS_ADMIN, .changes = true},
    {METHOD_POST, SYNAPSE "/users/{user_id}/shadow_ban", shadow_ban_unsupported, .access = ACCESS_ADMIN},
    {METHOD_DELETE, SYNAPSE "/users/{user_id}/shadow_ban", shadow_ban_unsupported, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE "/users/{user_id}/override_ratelimit", ratelimit_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_POST, SYNAPSE "/users/{user_id}/override_ratelimit", ratelimit_unsupported, .access = ACCESS_ADMIN},
    {METHOD_DELETE, SYNAPSE "/users/{user_id}/override_ratelimit", ratelimit_unsupported, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE "/experimental_features/{user_id}", experimental_features_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_PUT,  SYNAPSE "/experimental_features/{user_id}", experimental_features_unsupported, .access = ACCESS_ADMIN},
    {METHOD_POST, SYNAPSE "/account_validity/validity", account_validity_unsupported, .access = ACCESS_ADMIN},
    {METHOD_GET,  CLIENT "/user/{user_id}/account_data/{type}", own_account_data_get, .access = ACCESS_USER, .reads = true},
    {METHOD_PUT,  CLIENT "/user/{user_id}/account_data/{type}", own_account_data_put, .access = ACCESS_USER},

    /* A user, by others */
    {METHOD_GET,  SYNAPSE "/users/{user_id}/joined_rooms", user_joined_rooms_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_GET,  SYNAPSE "/users/{user_id}/memberships", user_memberships_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_GET,  SYNAPSE "/users/{user_id}/sent_invite_count", user_invite_count_get, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE "/users/{user_id}/cumulative_joined_room_count", user_joined_count_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_GET,  SYNAPSE "/users/{user_id}/pushers", user_pushers_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_GET,  SYNAPSE "/users/{user_id}/accountdata", user_account_data_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_POST, SYNAPSE "/user/{user_id}/redact", user_redact_post, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE "/user/redact_status/{redact_id}", user_redact_status_get, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE "/threepid/{medium}/users/{address}", threepid_user_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_GET,  SYNAPSE "/auth_providers/{provider}/users/{external_id}", external_id_user_get, .access = ACCESS_ADMIN, .reads = true},

    /* Devices */
    {METHOD_GET,  SYNAPSE2 "/users/{user_id}/devices", devices_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_POST, SYNAPSE2 "/users/{user_id}/devices", devices_post, .access = ACCESS_ADMIN, .changes = true},
    {METHOD_POST, SYNAPSE2 "/users/{user_id}/delete_devices", devices_delete_post, .access = ACCESS_ADMIN, .changes = true},
    {METHOD_GET,  SYNAPSE2 "/users/{user_id}/devices/{device_id}", device_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_PUT,  SYNAPSE2 "/users/{user_id}/devices/{device_id}", device_put, .access = ACCESS_ADMIN, .changes = true},
    {METHOD_DELETE, SYNAPSE2 "/users/{user_id}/devices/{device_id}", device_delete, .access = ACCESS_ADMIN, .changes = true},

    /* Rooms */
    {METHOD_GET,  SYNAPSE "/rooms/{room_id}/members", room_members_get, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_GET,  SYNAPSE "/rooms/{room_id}/state", room_state_get, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_GET,  SYNAPSE "/rooms/{room_id}/messages", room_messages_get, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_GET,  SYNAPSE "/rooms/{room_id}/context/{event_id}", room_context_get, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_GET,  SYNAPSE "/rooms/{room_id}/timestamp_to_event", room_time_get, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_GET,  SYNAPSE "/rooms/{room_id}/hierarchy", room_hierarchy_get, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_GET,  SYNAPSE "/fetch_event/{event_id}", event_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_GET,  SYNAPSE "/rooms", rooms_get, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE "/statistics/database/rooms", room_sizes_get, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE "/rooms/{room_id}", room_get, .access = ACCESS_ADMIN},
    {METHOD_GET,  CLIENT "/publicRooms", public_rooms_get, .access = ACCESS_GUEST},
    {METHOD_GET,  CLIENT "/directory/room/{room_alias}", room_alias_get, .access = ACCESS_ANYONE, .reads = true},
    {METHOD_PUT,  CLIENT "/directory/room/{room_alias}", room_alias_put, .access = ACCESS_USER, .speaks = true, .changes = true},
    {METHOD_DELETE, CLIENT "/directory/room/{room_alias}", room_alias_delete, .access = ACCESS_USER, .speaks = true, .changes = true},
    {METHOD_GET,  CLIENT "/rooms/{room_id}/aliases", room_aliases_get, .access = ACCESS_USER, .reads = true},
    {METHOD_GET,  CLIENT "/directory/list/room/{room_id}", room_visibility_get, .access = ACCESS_ANYONE, .reads = true},
    {METHOD_PUT,  CLIENT "/directory/list/room/{room_id}", room_visibility_put, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE "/rooms/{room_id}/block", room_block_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_PUT,  SYNAPSE "/rooms/{room_id}/block", room_block_put, .access = ACCESS_ADMIN},
    {METHOD_DELETE, SYNAPSE "/rooms/{room_id}", room_delete_v1, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_DELETE, SYNAPSE2 "/rooms/{room_id}", room_delete_v2, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE2 "/rooms/{room_id}/delete_status", room_delete_status_get, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE2 "/rooms/delete_status/{delete_id}", delete_status_get, .access = ACCESS_ADMIN},
    {METHOD_POST, SYNAPSE "/join/{room_id_or_alias}", room_join_post, .access = ACCESS_ADMIN, .changes = true},
    {METHOD_POST, SYNAPSE "/rooms/{room_id_or_alias}/make_room_admin", room_admin_post, .access = ACCESS_ADMIN, .changes = true},
    {METHOD_GET,  SYNAPSE "/rooms/{room_id_or_alias}/forward_extremities", extremities_get, .access = ACCESS_ADMIN},
    {METHOD_DELETE, SYNAPSE "/rooms/{room_id_or_alias}/forward_extremities", extremities_delete, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_POST, DENDRITE "/evacuateRoom/{room_id}", evacuate_room, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_GET,  DENDRITE "/evacuateRoom/{room_id}", evacuate_room, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_POST, DENDRITE "/evacuateUser/{user_id}", evacuate_user, .access = ACCESS_ADMIN, .changes = true, .slow = true},
    {METHOD_GET,  DENDRITE "/evacuateUser/{user_id}", evacuate_user, .access = ACCESS_ADMIN, .changes = true, .slow = true},
    {METHOD_GET,  DENDRITE "/emptyRooms", empty_rooms_get, .access = ACCESS_ADMIN},
    {METHOD_POST, DENDRITE "/purgeRoom/{room_id}", purge_room, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_POST, SYNAPSE "/purge_history/{room_id}", purge_history_post, .access = ACCESS_ADMIN},
    {METHOD_POST, SYNAPSE "/purge_history/{room_id}/{event_id}", purge_history_post, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE "/purge_history_status/{purge_id}", purge_history_status_get, .access = ACCESS_ADMIN},

    /* Media */
    {METHOD_GET,    SYNAPSE "/users/{user_id}/media", user_media_get, .access = ACCESS_ADMIN},
    {METHOD_DELETE, SYNAPSE "/users/{user_id}/media", user_media_delete, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_POST,   SYNAPSE "/user/{user_id}/media/quarantine", user_media_quarantine, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_GET,    SYNAPSE "/room/{room_id}/media", room_media_get, .access = ACCESS_ADMIN},
    {METHOD_POST,   SYNAPSE "/room/{room_id}/media/quarantine", room_media_quarantine, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_POST,   SYNAPSE "/quarantine_media/{room_id}", room_media_quarantine, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_GET,    SYNAPSE "/media/quarantine_changes", media_quarantine_changes_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_POST,   SYNAPSE "/media/quarantine/{server_name}/{media_id}", media_quarantine_post, .access = ACCESS_ADMIN},
    {METHOD_POST,   SYNAPSE "/media/unquarantine/{server_name}/{media_id}", media_unquarantine_post, .access = ACCESS_ADMIN},
    {METHOD_POST,   SYNAPSE "/media/delete", media_delete_old, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_POST,   SYNAPSE "/media/{server_name}/delete", media_delete_old_of_server, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_POST,   SYNAPSE "/media/protect/{media_id}", media_protect_post, .access = ACCESS_ADMIN},
    {METHOD_POST,   SYNAPSE "/media/unprotect/{media_id}", media_unprotect_post, .access = ACCESS_ADMIN},
    {METHOD_GET,    SYNAPSE "/media/{server_name}/{media_id}", media_get, .access = ACCESS_ADMIN},
    {METHOD_DELETE, SYNAPSE "/media/{server_name}/{media_id}", media_delete_one, .access = ACCESS_ADMIN},
    {METHOD_POST,   SYNAPSE "/purge_media_cache", media_purge_cache, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_GET,    SYNAPSE "/statistics/users/media", media_statistics_get, .access = ACCESS_ADMIN},

    /* Media for clients */
    {METHOD_GET,  MATRIX "/v1/media/download/{server_name}/{media_id}", media_download_get, .access = ACCESS_GUEST, .reads = true},
    {METHOD_GET,  MATRIX "/v1/media/download/{server_name}/{media_id}/{file_name}", media_download_named_get, .access = ACCESS_GUEST, .reads = true},
    {METHOD_GET,  MATRIX "/v1/media/thumbnail/{server_name}/{media_id}", media_thumbnail_get, .access = ACCESS_GUEST, .reads = true},
    {METHOD_GET,  MATRIX "/v1/media/config", media_config_get, .access = ACCESS_USER, .reads = true},
    {METHOD_GET,  MEDIA "/download/{server_name}/{media_id}", media_download_get, .access = ACCESS_ANYONE, .reads = true},
    {METHOD_GET,  MEDIA "/download/{server_name}/{media_id}/{file_name}", media_download_named_get, .access = ACCESS_ANYONE, .reads = true},
    {METHOD_GET,  MEDIA "/thumbnail/{server_name}/{media_id}", media_thumbnail_get, .access = ACCESS_ANYONE, .reads = true},
    {METHOD_GET,  MEDIA "/config", media_config_get, .access = ACCESS_USER, .reads = true},
    {METHOD_POST, MEDIA "/upload", media_upload_post, .access = ACCESS_USER, .speaks = true, .takes_body = true},

    /* What takes longer than a request */
    {METHOD_GET,  SYNAPSE "/scheduled_tasks", scheduled_tasks_get, .access = ACCESS_ADMIN, .reads = true},

    /* Server notices */
    {METHOD_POST, SYNAPSE "/send_server_notice", notice_post, .access = ACCESS_ADMIN, .changes = true},
    {METHOD_PUT,  SYNAPSE "/send_server_notice/{transaction_id}", notice_put, .access = ACCESS_ADMIN, .changes = true},

    /* What a homeserver does again */
    {METHOD_POST, DENDRITE "/refreshDevices/{user_id}", devices_refresh, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_GET,  DENDRITE "/downloadState/{server_name}/{room_id}", state_download, .access = ACCESS_ADMIN, .slow = true},
    {METHOD_GET,  DENDRITE "/fulltext/reindex", fulltext_reindex, .access = ACCESS_ADMIN, .slow = true},

    /* Reports */
    {METHOD_GET,    SYNAPSE "/event_reports", event_reports_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_GET,    SYNAPSE "/event_reports/{report_id}", event_report_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_DELETE, SYNAPSE "/event_reports/{report_id}", event_report_delete, .access = ACCESS_ADMIN, .changes = true},
    {METHOD_GET,    SYNAPSE "/user_reports", user_reports_get, .access = ACCESS_ADMIN},
    {METHOD_GET,    SYNAPSE "/user_reports/{report_id}", user_report_absent, .access = ACCESS_ADMIN},
    {METHOD_DELETE, SYNAPSE "/user_reports/{report_id}", user_report_absent, .access = ACCESS_ADMIN},

    /* Federation */
    {METHOD_GET,  SYNAPSE "/federation/destinations", destinations_get, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE "/federation/destinations/{destination}", destination_get, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE "/federation/destinations/{destination}/rooms", destination_rooms_get, .access = ACCESS_ADMIN},
    {METHOD_POST, SYNAPSE "/federation/destinations/{destination}/reset_connection", destination_reset_post, .access = ACCESS_ADMIN},

    /* Registration tokens */
    {METHOD_POST,   SYNAPSE "/registration_tokens/new", registration_tokens_post, .access = ACCESS_ADMIN, .changes = true},
    {METHOD_GET,    SYNAPSE "/registration_tokens", registration_tokens_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_GET,    SYNAPSE "/registration_tokens/{token}", registration_token_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_PUT,    SYNAPSE "/registration_tokens/{token}", registration_token_put, .access = ACCESS_ADMIN, .changes = true},
    {METHOD_DELETE, SYNAPSE "/registration_tokens/{token}", registration_token_delete, .access = ACCESS_ADMIN, .changes = true},
    {METHOD_POST,   DENDRITE "/registrationTokens/new", registration_tokens_post, .access = ACCESS_ADMIN, .changes = true},
    {METHOD_GET,    DENDRITE "/registrationTokens", registration_tokens_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_GET,    DENDRITE "/registrationTokens/{token}", registration_token_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_PUT,    DENDRITE "/registrationTokens/{token}", registration_token_put, .access = ACCESS_ADMIN, .changes = true},
    {METHOD_DELETE, DENDRITE "/registrationTokens/{token}", registration_token_delete, .access = ACCESS_ADMIN, .changes = true},

    /* Sessions */
    {METHOD_GET,  CLIENT "/login", login_flows, .access = ACCESS_ANYONE},
    {METHOD_POST, CLIENT "/login", login_post, .access = ACCESS_ANYONE, .hashes = true},
    {METHOD_POST, CLIENT "/logout", logout_post, .access = ACCESS_GUEST, .changes = true},
    {METHOD_POST, CLIENT "/logout/all", logout_all_post, .access = ACCESS_GUEST, .changes = true},
    {METHOD_GET,  CLIENT "/account/whoami", whoami_get, .access = ACCESS_GUEST, .reads = true},
    {METHOD_GET,  SYNAPSE "/whois/{user_id}", whois_synapse_get, .access = ACCESS_USER, .reads = true},
    {METHOD_GET,  MATRIX "/r0|v1|v3|unstable/admin/whois/{user_id}", whois_get, .access = ACCESS_USER, .reads = true},
    {METHOD_GET,  MATRIX "/api/v1/admin/whois/{user_id}", whois_get, .access = ACCESS_USER, .reads = true},

    /* The server */
    {METHOD_GET,  SYNAPSE "/server_version", server_version_get, .access = ACCESS_ANYONE},
    {METHOD_GET,  MATRIX "/versions", client_versions_get, .access = ACCESS_ANYONE},
    {METHOD_GET,  "/_matrix/key/v2/server", server_key_get, .access = ACCESS_ANYONE},
    {METHOD_GET,  SYNAPSE "/background_updates/enabled", background_enabled_get, .access = ACCESS_ADMIN},
    {METHOD_POST, SYNAPSE "/background_updates/enabled", background_enabled_post, .access = ACCESS_ADMIN},
    {METHOD_GET,  SYNAPSE "/background_updates/status", background_status_get, .access = ACCESS_ADMIN},
    {METHOD_POST, SYNAPSE "/background_updates/start_job", background_job_post, .access = ACCESS_ADMIN},
    {METHOD_GET,  "/.well-known/matrix/client", well_known_client_get, .access = ACCESS_ANYONE},
    {METHOD_GET,  "/.well-known/matrix/server", well_known_server_get, .access = ACCESS_ANYONE},
    {METHOD_GET,  "/_mxadmin/health", health_get, .access = ACCESS_ANYONE},
    {METHOD_GET,  "/_mxadmin/v1/audit", audit_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_GET,    "/_mxadmin/v1/jobs", jobs_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_GET,    "/_mxadmin/v1/jobs/{job_id}", job_get, .access = ACCESS_ADMIN, .reads = true},
    {METHOD_DELETE, "/_mxadmin/v1/jobs/{job_id}", job_delete, .access = ACCESS_ADMIN},
};
/* clang-format on */
const size_t routes_count = sizeof routes / sizeof *routes;
