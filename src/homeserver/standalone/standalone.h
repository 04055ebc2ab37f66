/* SPDX-License-Identifier: ISC */
/*
 * The homeserver that is nothing but the database: every act is one transaction in it. Passwords are hashed
 * before the transaction, inside the gate, so that nobody waits for a lock while a hash is made.
 */
#ifndef HOMESERVER_STANDALONE_STANDALONE_H
#define HOMESERVER_STANDALONE_STANDALONE_H

#include "crypto/password.h"
#include "homeserver/homeserver.h"

extern const struct homeserver_acts standalone_acts; /* acts.c */

/* accounts.c; contracts as in struct homeserver_acts. */
MUST_CHECK enum err standalone_create_account(struct homeserver *hs, const struct new_account *account,
                                              const struct client *client, struct arena *arena,
                                              struct session *session);
MUST_CHECK enum err standalone_set_password(struct homeserver *hs, const char *localpart,
                                            const char *password, bool end_sessions,
                                            const char *except_token);
MUST_CHECK enum err standalone_set_admin(struct homeserver *hs, const char *localpart, bool admin);
MUST_CHECK enum err standalone_deactivate(struct homeserver *hs, const char *localpart);
MUST_CHECK enum err standalone_reactivate(struct homeserver *hs, const char *localpart, const char *password);
MUST_CHECK enum err standalone_set_threepids(struct homeserver *hs, const char *localpart,
                                             const struct identity *identities, size_t count);

/* change.c; likewise. */
MUST_CHECK enum err standalone_change_account(struct homeserver *hs, const char *localpart,
                                              const struct account_change *change);

/* sessions.c; likewise. */
MUST_CHECK enum err standalone_sign_in(struct homeserver *hs, const char *localpart, const char *password,
                                       const struct client *client, struct arena *arena,
                                       struct session *session);
MUST_CHECK enum err standalone_begin_session(struct homeserver *hs, const char *localpart,
                                             const struct client *client, struct arena *arena,
                                             struct session *session);
MUST_CHECK enum err standalone_end_session(struct homeserver *hs, const char *localpart,
                                           const char *device_id);
MUST_CHECK enum err standalone_end_sessions(struct homeserver *hs, const char *localpart);

/* devices.c; likewise. */
MUST_CHECK enum err standalone_end_some_sessions(struct homeserver *hs, const char *localpart,
                                                 const struct id_list *device_ids);
MUST_CHECK enum err standalone_create_device(struct homeserver *hs, const char *localpart,
                                             const char *device_id);
MUST_CHECK enum err standalone_rename_device(struct homeserver *hs, const char *localpart,
                                             const char *device_id, const char *display_name);

/* evacuate.c; likewise. */
MUST_CHECK enum err standalone_evacuate_room(struct homeserver *hs, const char *room_id, bool dry_run,
                                             struct arena *arena, struct id_list *affected);
MUST_CHECK enum err standalone_evacuate_user(struct homeserver *hs, const char *localpart, bool dry_run,
                                             struct arena *arena, struct id_list *affected);

/* evacuate.c: forgets the invitation of a user to a room of another server, which we know nothing else of. In
 * the transaction that is open. */
MUST_CHECK enum err standalone_forget_invitation(struct db *db, int64_t room_nid, int64_t user_nid,
                                                 struct arena *arena);

/* notice.c; likewise. */
MUST_CHECK enum err standalone_send_notice(struct homeserver *hs, const struct notice *notice,
                                           struct arena *arena, const char **event_id);

/* rooms.c; likewise. */
MUST_CHECK enum err standalone_create_room(struct homeserver *hs, const struct new_room *new,
                                           struct arena *arena, const char **room_id);
MUST_CHECK enum err standalone_join(struct homeserver *hs, const char *localpart, const char *room_id);
MUST_CHECK enum err standalone_leave(struct homeserver *hs, const char *localpart, const char *room_id);
MUST_CHECK enum err standalone_add_member(struct homeserver *hs, const struct new_member *member,
                                          struct arena *arena, const char **room_id);
MUST_CHECK enum err standalone_set_published(struct homeserver *hs, const char *room_id, bool published);

MUST_CHECK enum err standalone_send_message(struct homeserver *hs, const struct new_message *message);

/* move.c; likewise. */
MUST_CHECK enum err standalone_move_members(struct homeserver *hs, struct room_move *move,
                                            struct arena *arena);
MUST_CHECK enum err standalone_move_aliases(struct homeserver *hs, const struct alias_move *move,
                                            struct arena *arena);

/* room_admin.c; likewise. */
MUST_CHECK enum err standalone_make_admin(struct homeserver *hs, const char *room_id, const char *user_id);

/* extremities.c; likewise. */
MUST_CHECK enum err standalone_merge_extremities(struct homeserver *hs, const char *room_id,
                                                 struct extremity_merge *merge, struct arena *arena);

/* absent.c; likewise: ERR_UNSUPPORTED, with a reason. */
MUST_CHECK enum err standalone_refresh_devices(struct homeserver *hs, const char *user_id);
MUST_CHECK enum err standalone_download_state(struct homeserver *hs, const char *server_name,
                                              const char *room_id);
MUST_CHECK enum err standalone_reindex(struct homeserver *hs);

/* account_data.c; likewise. */
MUST_CHECK enum err standalone_set_account_data(struct homeserver *hs, const char *localpart,
                                                const char *type, const char *content);

/* room_aliases.c; likewise. */
MUST_CHECK enum err standalone_add_alias(struct homeserver *hs, const char *alias, const char *room_id,
                                         const char *creator);
MUST_CHECK enum err standalone_delete_alias(struct homeserver *hs, const char *alias);

/* event_reports.c; likewise. */
MUST_CHECK enum err standalone_delete_event_report(struct homeserver *hs, int64_t id);

/* purge_history.c; likewise. */
MUST_CHECK enum err standalone_purge_history(struct homeserver *hs, struct history_purge *purge,
                                             struct arena *arena);

/* purge.c; likewise. */
MUST_CHECK enum err standalone_purge_room(struct homeserver *hs, const char *room_id, bool force);

/* profile.c: shows every room that the user has joined another profile; again is fine. */
MUST_CHECK enum err standalone_show_profile(struct homeserver *hs, const char *localpart,
                                            const struct profile *profile);

/* redact.c; likewise. */
MUST_CHECK enum err standalone_redact(struct homeserver *hs, const struct redaction *redaction,
                                      struct arena *arena, size_t *done);

/* registration_tokens.c; likewise. */
MUST_CHECK enum err standalone_add_registration_token(struct homeserver *hs,
                                                      const struct registration_token *token);
MUST_CHECK enum err standalone_set_registration_token(struct homeserver *hs,
                                                      const struct registration_token *token);
MUST_CHECK enum err standalone_delete_registration_token(struct homeserver *hs, const char *token);

/* media.c; likewise. */
MUST_CHECK enum err standalone_upload_media(struct homeserver *hs, const struct upload *upload);
MUST_CHECK enum err standalone_delete_media(struct homeserver *hs, const struct media_deletion *deletion,
                                            struct arena *arena, struct id_list *deleted);

/* populate.c; likewise. */
MUST_CHECK enum err standalone_populate(struct homeserver *hs, const struct population *population);

/* The version that the configuration wants new rooms to have. */
const char *standalone_room_version(const struct config *config);

/* Adds a session of `localpart` inside the transaction that is open; the texts of `session` live in `arena`.
 */
MUST_CHECK enum err standalone_add_session(struct homeserver *hs, const char *localpart,
                                           const struct client *client, struct arena *arena,
                                           struct session *session);

/* How the configuration wants new hashes made. */
struct password_cost standalone_cost(const struct config *config);

/* Hashes `password` inside the gate; no transaction may be open. The caller wipes `hash`. */
MUST_CHECK enum err standalone_hash(struct homeserver *hs, const char *password,
                                    char hash[PASSWORD_HASH_SIZE]);

#endif
