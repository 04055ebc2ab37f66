/* SPDX-License-Identifier: ISC */
/*
 * The homeserver that is a running Dendrite: its files are read, and every change is asked of it over its
 * HTTP API, as the admin who called, or as the user concerned by way of our application service. An act is as
 * many requests as it takes; each of them leaves the homeserver as if a user had asked for it, and an act
 * that is cut off between two can be repeated.
 */
#ifndef HOMESERVER_DENDRITE_DENDRITE_H
#define HOMESERVER_DENDRITE_DENDRITE_H

#include "base/config.h"
#include "base/err.h"
#include "homeserver/homeserver.h"

extern const struct homeserver_acts dendrite_acts;

/*
 * Prepares the one connection that this process keeps to the Dendrite of `config`, which outlives it; nothing
 * is sent yet. The caller ends it with dendrite_close(). Errors: ERR_NOMEM.
 */
MUST_CHECK enum err dendrite_open(struct dendrite **dendrite, const struct config *config);

/* Closes the connection and sets to NULL. NULL inside is allowed. */
void dendrite_close(struct dendrite **dendrite);

/*
 * The admin account that mxadmin has at Dendrite, for what nobody asks for, or somebody whom only mxadmin
 * takes for an admin. It is made with the shared secret, or found again, and remembered. Errors, with
 * hs->reason: ERR_EXISTS (somebody else has the name), and those of the act create_account.
 */
#define DENDRITE_SERVICE_ACCOUNT "mxadmin-service"
MUST_CHECK enum err dendrite_make_service_account(struct homeserver *hs, struct arena *arena);

/* The acts; contracts as in struct homeserver_acts. accounts.c: */
MUST_CHECK enum err dendrite_create_account(struct homeserver *hs, const struct new_account *account,
                                            const struct client *client, struct arena *arena,
                                            struct session *session);
MUST_CHECK enum err dendrite_set_password(struct homeserver *hs, const char *localpart, const char *password,
                                          bool end_sessions, const char *except_token);

/* deactivate.c: */
MUST_CHECK enum err dendrite_deactivate(struct homeserver *hs, const char *localpart);

/* change.c: */
MUST_CHECK enum err dendrite_change_account(struct homeserver *hs, const char *localpart,
                                            const struct account_change *change);

/* sessions.c: */
MUST_CHECK enum err dendrite_pass_sign_in(struct homeserver *hs, json_t *request, const char *token,
                                          const struct client *client, struct arena *arena, int *status,
                                          json_t **answer); /* pass_sign_in.c */
MUST_CHECK enum err dendrite_sign_in(struct homeserver *hs, const char *localpart, const char *password,
                                     const struct client *client, struct arena *arena,
                                     struct session *session);
MUST_CHECK enum err dendrite_begin_session(struct homeserver *hs, const char *localpart,
                                           const struct client *client, struct arena *arena,
                                           struct session *session);
MUST_CHECK enum err dendrite_end_session(struct homeserver *hs, const char *localpart, const char *device_id);
MUST_CHECK enum err dendrite_end_sessions(struct homeserver *hs, const char *localpart);

/* devices.c: */
MUST_CHECK enum err dendrite_end_some_sessions(struct homeserver *hs, const char *localpart,
                                               const struct id_list *device_ids);
MUST_CHECK enum err dendrite_create_device(struct homeserver *hs, const char *localpart,
                                           const char *device_id);
MUST_CHECK enum err dendrite_rename_device(struct homeserver *hs, const char *localpart,
                                           const char *device_id, const char *display_name);

/* create_room.c: */
MUST_CHECK enum err dendrite_create_room(struct homeserver *hs, const struct new_room *new,
                                         struct arena *arena, const char **room_id);

/* move.c: */
MUST_CHECK enum err dendrite_move_members(struct homeserver *hs, struct room_move *move, struct arena *arena);
MUST_CHECK enum err dendrite_move_aliases(struct homeserver *hs, const struct alias_move *move,
                                          struct arena *arena);
MUST_CHECK enum err dendrite_send_message(struct homeserver *hs, const struct new_message *message);

/* rooms.c: */
MUST_CHECK enum err dendrite_join(struct homeserver *hs, const char *localpart, const char *room_id);
MUST_CHECK enum err dendrite_leave(struct homeserver *hs, const char *localpart, const char *room_id);
MUST_CHECK enum err dendrite_add_member(struct homeserver *hs, const struct new_member *member,
                                        struct arena *arena, const char **room_id);
MUST_CHECK enum err dendrite_purge_room(struct homeserver *hs, const char *room_id, bool force);
MUST_CHECK enum err dendrite_can_delete_room(struct homeserver *hs, bool purge);

/* room_admin.c: */
MUST_CHECK enum err dendrite_make_admin(struct homeserver *hs, const char *room_id, const char *user_id);

/* room_directory.c: */
MUST_CHECK enum err dendrite_set_published(struct homeserver *hs, const char *room_id, bool published);

/* extremities.c: */
MUST_CHECK enum err dendrite_merge_extremities(struct homeserver *hs, const char *room_id,
                                               struct extremity_merge *merge, struct arena *arena);

/* evacuate.c: */
MUST_CHECK enum err dendrite_evacuate_user(struct homeserver *hs, const char *localpart, bool dry_run,
                                           struct arena *arena, struct id_list *affected);

/* notice.c: */
MUST_CHECK enum err dendrite_send_notice(struct homeserver *hs, const struct notice *notice,
                                         struct arena *arena, const char **event_id);

/* redact.c: */
MUST_CHECK enum err dendrite_redact(struct homeserver *hs, const struct redaction *redaction,
                                    struct arena *arena, size_t *done);

/* registration_tokens.c: */
MUST_CHECK enum err dendrite_add_registration_token(struct homeserver *hs,
                                                    const struct registration_token *token);
MUST_CHECK enum err dendrite_set_registration_token(struct homeserver *hs,
                                                    const struct registration_token *token);
MUST_CHECK enum err dendrite_delete_registration_token(struct homeserver *hs, const char *token);

/* media.c: */
MUST_CHECK enum err dendrite_delete_media(struct homeserver *hs, const struct media_deletion *deletion,
                                          struct arena *arena, struct id_list *deleted);

/* upkeep.c: */
MUST_CHECK enum err dendrite_delete_event_report(struct homeserver *hs, int64_t id);
MUST_CHECK enum err dendrite_refresh_devices(struct homeserver *hs, const char *user_id);
MUST_CHECK enum err dendrite_download_state(struct homeserver *hs, const char *server_name,
                                            const char *room_id);
MUST_CHECK enum err dendrite_reindex(struct homeserver *hs);

#endif
