/* SPDX-License-Identifier: ISC */
/* Every handler, under the name of the file that has it. What each answers stands there. */
#ifndef HANDLER_HANDLERS_H
#define HANDLER_HANDLERS_H

#include "handler/call.h"

/* account_data.c */
handler user_account_data_get;
handler own_account_data_get;
handler own_account_data_put;

/* audit.c */
handler audit_get;

/* background_updates.c */
handler background_enabled_get;
handler background_enabled_post;
handler background_status_get;
handler background_job_post;

/* devices.c */
handler devices_get;
handler devices_post;
handler devices_delete_post;
handler device_get;
handler device_put;
handler device_delete;

/* empty_rooms.c */
handler empty_rooms_get;

/* evacuate.c */
handler evacuate_room;
handler evacuate_user;

/* event_reports.c */
handler event_reports_get;
handler event_report_get;
handler event_report_delete;

/* federation.c */
handler destinations_get;
handler destination_get;
handler destination_rooms_get;
handler destination_reset_post;
/* extremities.c */
handler extremities_get;
handler extremities_delete;

/* health.c */
handler health_get;

/* identities.c */
handler threepid_user_get;
handler external_id_user_get;

/* jobs.c */
handler jobs_get;
handler job_get;
handler job_delete;

/* login.c */
handler login_flows;
handler login_post;

/* logout.c */
handler logout_post;
handler logout_all_post;

/* maintenance.c */
handler devices_refresh;
handler state_download;
handler fulltext_reindex;

/* media.c */
handler media_get;
handler media_delete_one;

/* media_content.c */
handler media_download_get;
handler media_download_named_get;
handler media_thumbnail_get;

/* media_marks.c */
handler media_quarantine_post;
handler media_unquarantine_post;
handler media_protect_post;
handler media_unprotect_post;
handler media_quarantine_changes_get;
handler user_media_quarantine;
handler room_media_get;
handler room_media_quarantine;

/* media_old.c */
handler media_delete_old;
handler media_delete_old_of_server;
handler media_purge_cache;

/* media_statistics.c */
handler media_statistics_get;

/* media_upload.c */
handler media_upload_post;
handler media_config_get;

/* media_user.c */
handler user_media_get;
handler user_media_delete;

/* notice.c */
handler notice_post;
handler notice_put;

/* password.c */
handler password_reset;

/* profile.c */
handler profile_get;
handler profile_display_name_get;
handler profile_avatar_url_get;

/* pushers.c */
handler user_pushers_get;

/* purge.c */
handler purge_room;

/* purge_history.c */
handler purge_history_post;
handler purge_history_status_get;

/* redact.c */
handler user_redact_post;
handler user_redact_status_get;

/* register.c */
handler register_nonce;
handler register_post;

/* registration_tokens.c */
handler registration_tokens_post;
handler registration_tokens_get;
handler registration_token_get;
handler registration_token_put;
handler registration_token_delete;

/* room_aliases.c */
handler room_alias_get;
handler room_alias_put;
handler room_alias_delete;
handler room_aliases_get;

/* room_context.c */
handler room_context_get;
handler room_time_get;
handler event_get;

/* room_hierarchy.c */
handler room_hierarchy_get;

/* room_messages.c */
handler room_messages_get;

/* room_block.c */
handler room_block_get;
handler room_block_put;

/* room_delete.c */
handler room_delete_v1;
handler room_delete_v2;
handler room_delete_status_get;
handler delete_status_get;

/* room_state.c */
handler room_members_get;
handler room_state_get;

/* room_details.c */
handler room_get;

/* room_directory.c */
handler public_rooms_get;
handler room_visibility_get;
handler room_visibility_put;
/* room_admin.c */
handler room_admin_post;

/* room_details.c */
handler room_get;

/* room_join.c */
handler room_join_post;

/* room_list.c */
handler rooms_get;

/* room_sizes.c */
handler room_sizes_get;

/* server_key.c */
handler server_key_get;

/* scheduled_tasks.c */
handler scheduled_tasks_get;

/* unsupported.c */
handler ratelimit_get;
handler ratelimit_unsupported;
handler experimental_features_get;
handler experimental_features_unsupported;
handler shadow_ban_unsupported;
handler account_validity_unsupported;

/* user_login.c */
handler user_login_post;

/* users.c */
handler user_get;
handler user_admin_get;

/* users_change.c */
handler user_admin_put;
handler user_password_post;
handler user_deactivate_post;
handler user_suspend_put;

/* users_put.c */
handler user_put;

/* user_list.c */
handler users_v2_get;
handler users_v3_get;

/* user_rooms.c */
handler user_joined_rooms_get;
handler user_memberships_get;
handler user_invite_count_get;
handler user_joined_count_get;

/* user_reports.c */
handler user_reports_get;
handler user_report_absent;

/* username.c */
handler username_available;

/* versions.c */
handler server_version_get;
handler client_versions_get;
handler well_known_client_get;
handler well_known_server_get;

/* whoami.c */
handler whoami_get;

/* whois.c */
handler whois_get;
handler whois_synapse_get;

#endif
