/* SPDX-License-Identifier: ISC */
/*
 * The one seam: every change to the homeserver goes through this table of acts, and handlers never ask which
 * implementation is behind it. One call is one transaction: either all of it happened or nothing. An act that
 * a mode cannot do is an empty entry; the wrappers below answer it with ERR_UNSUPPORTED, in one place.
 */
#ifndef HOMESERVER_HOMESERVER_H
#define HOMESERVER_HOMESERVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/err.h"
#include "crypto/gate.h"
#include "homeserver/upload.h"
#include "homeserver/room_acts.h"
#include "store/accounts.h"
#include "store/db.h"
#include "store/identities.h"
#include "store/media_list.h"
#include "store/registration_tokens.h"
#include "store/transactions.h"

struct homeserver;

/* What a client is told, and remembered of it, when it signs in. */
struct client {
    const char *device_id;    /* NULL: make a new one */
    const char *display_name; /* of the device; NULL: none */
    const char *address;
    const char *user_agent;
};

/* A session that was begun; the texts live in the arena that was given. */
struct session {
    const char *user_id;
    const char *access_token;
    const char *device_id;
};

struct new_account {
    const char *localpart;
    const char *password;     /* NULL: none, nobody can sign in with one */
    const char *display_name; /* NULL: none */
    enum account_type type;
};

/* A notice to a user. Everything is borrowed. */
struct notice {
    const char *localpart; /* of the recipient */
    const char *type;
    const char *state_key; /* NULL: it is no state event */
    json_t *content;
    struct transaction transaction; /* its `id` NULL: none */
};

/* Whether something is to be changed, and to what. */
enum choice { CHOICE_STAY, CHOICE_NO, CHOICE_YES };

struct identity_list {
    const struct identity *identities;
    size_t count;
};

/*
 * What an account is to become. What is NULL or CHOICE_STAY stays as it is, and "" takes a text away.
 * Everything is borrowed.
 */
struct account_change {
    const char *password;
    bool end_sessions; /* with a new password, all but that of `except_token` (NULL: all) */
    const char *except_token;
    const char *display_name; /* this and the next are also shown to the rooms */
    const char *avatar_url;
    const struct identity_list *threepids;    /* all that the user is to have; others lose them */
    const struct identity_list *external_ids; /* likewise, but others keep theirs */
    const char *user_type;
    enum choice admin;
    enum choice active; /* CHOICE_NO deactivates, as the act does; CHOICE_YES makes a new start of it */
    enum choice locked;
    enum choice suspended;
    enum choice erased;
};

/* Media to be deleted. */
struct media_deletion {
    struct media_rows media;
    bool spare; /* what has been protected or put into quarantine meanwhile */
};

/*
 * The acts. `localpart` is that of a local user. Beside what each names, all can fail with ERR_NOMEM, ERR_IO,
 * ERR_BUSY, ERR_FULL, ERR_CORRUPT, ERR_UNSUPPORTED, and where another homeserver does the work with
 * ERR_UNREACHABLE, ERR_GATEWAY, ERR_LIMITED, and ERR_DENIED or ERR_INVALID for what it refuses. Some set
 * hs->reason.
 */
struct homeserver_acts {
    /*
     * Creates an account and, unless `client` is NULL, a session of it. ERR_EXISTS: the name is taken;
     * ERR_TOO_LARGE: the password is longer than the configured hash takes.
     */
    enum err (*create_account)(struct homeserver *hs, const struct new_account *account,
                               const struct client *client, struct arena *arena, struct session *session);

    /*
     * Checks the password and begins a session; a known device id gets a new token. ERR_DENIED: no such user
     * or a wrong password, in the same time; ERR_DEACTIVATED: the right password of a deactivated account;
     * ERR_LOCKED: of a locked one.
     */
    enum err (*sign_in)(struct homeserver *hs, const char *localpart, const char *password,
                        const struct client *client, struct arena *arena, struct session *session);

    /*
     * Passes a request to sign in on as it came, with the token that came with it (NULL: none), or, with
     * `request` NULL, the question which ways to sign in there are: for the ways that are the homeserver's
     * own. `*status` and `*answer`, an object for the caller to end with json_forget(), are what it said.
     * ERR_LOCKED as above; ERR_UNSUPPORTED: there are no ways but sign_in().
     */
    enum err (*pass_sign_in)(struct homeserver *hs, json_t *request, const char *token,
                             const struct client *client, struct arena *arena, int *status, json_t **answer);

    /* Begins a session without a password, for `mxadmin account token`. ERR_NOT_FOUND, ERR_DEACTIVATED. */
    enum err (*begin_session)(struct homeserver *hs, const char *localpart, const struct client *client,
                              struct arena *arena, struct session *session);

    /*
     * Sets a password; with `end_sessions` also ends every session of the user but that of `except_token`
     * (NULL: all). ERR_NOT_FOUND; ERR_TOO_LARGE as above.
     */
    enum err (*set_password)(struct homeserver *hs, const char *localpart, const char *password,
                             bool end_sessions, const char *except_token);

    /* Ends one session, or all of a user. ERR_NOT_FOUND only from the first. */
    enum err (*end_session)(struct homeserver *hs, const char *localpart, const char *device_id);
    enum err (*end_sessions)(struct homeserver *hs, const char *localpart);

    /* Ends those of a user's sessions that are named; ids of none are passed over. */
    enum err (*end_some_sessions)(struct homeserver *hs, const char *localpart,
                                  const struct id_list *device_ids);

    /* Adds a device without a session, unless there is one of this id. */
    enum err (*create_device)(struct homeserver *hs, const char *localpart, const char *device_id);

    /* Names a device; `display_name` "": not at all. ERR_NOT_FOUND: there is none of this id. */
    enum err (*rename_device)(struct homeserver *hs, const char *localpart, const char *device_id,
                              const char *display_name);

    /* Makes a user an admin, or an admin a user. ERR_NOT_FOUND; ERR_INVALID: a guest or an application
     * service. */
    enum err (*set_admin)(struct homeserver *hs, const char *localpart, bool admin);

    /*
     * Changes an account, all of it or nothing; only a user in very many rooms is shown to some of them
     * before a failure. ERR_NOT_FOUND; ERR_EXISTS and ERR_INVALID as of account_change_check();
     * ERR_TOO_LARGE as above. What has to wait, and is asked of deferred_list(), is no failure.
     */
    enum err (*change_account)(struct homeserver *hs, const char *localpart,
                               const struct account_change *change);

    /* Deactivates an account for good: it leaves its rooms, and its sessions end; again is fine.
     * ERR_NOT_FOUND. */
    enum err (*deactivate)(struct homeserver *hs, const char *localpart);

    /*
     * Makes a deactivated account one that can sign in again, with another password (NULL: as it was; of an
     * account that we deactivated, nobody knows it); fine for one that is active. ERR_NOT_FOUND;
     * ERR_TOO_LARGE as above.
     */
    enum err (*reactivate)(struct homeserver *hs, const char *localpart, const char *password);

    /* Replaces the third-party ids of a user by the `count` at `identities`; those of others move here.
     * ERR_NOT_FOUND. */
    enum err (*set_threepids)(struct homeserver *hs, const char *localpart, const struct identity *identities,
                              size_t count);

    /*
     * All local users who are joined leave the room; `*affected` is they, in the order of their joins. A
     * large room takes several transactions; after a failure between them the call can be repeated. Where
     * that takes longer than a request may wait, they are those who have left by then. With `dry_run` nothing
     * is changed. ERR_NOT_FOUND: there is no such room; ERR_INVALID: its version is not
     * known.
     */
    enum err (*evacuate_room)(struct homeserver *hs, const char *room_id, bool dry_run, struct arena *arena,
                              struct id_list *affected);

    /*
     * The user leaves every room, rejects every invitation and takes back every knock; `*affected` is the
     * rooms, in this order. Otherwise as above. ERR_NOT_FOUND: there is no such user.
     */
    enum err (*evacuate_user)(struct homeserver *hs, const char *localpart, bool dry_run, struct arena *arena,
                              struct id_list *affected);

    /*
     * Sends an event of the notice user to the room that the recipient has for that, which is made when there
     * is none; `*event_id` lives in the arena. The same transaction again gives the same event.
     * ERR_NOT_FOUND: there is no such user; ERR_INVALID: the content is not what an event may have, or the
     * recipient is the sender; ERR_TOO_LARGE; ERR_DENIED: nobody may send such an event.
     */
    enum err (*send_notice)(struct homeserver *hs, const struct notice *notice, struct arena *arena,
                            const char **event_id);

    /*
     * The user makes a room, whose id lives in the arena; joins one, which is fine who is joined; leaves one.
     * ERR_NOT_FOUND: there is no such user or room; ERR_DEACTIVATED; ERR_DENIED: the room does not let the
     * user; ERR_INVALID: the room's version is not known, or a text is not what an event may have.
     */
    enum err (*create_room)(struct homeserver *hs, const struct new_room *room, struct arena *arena,
                            const char **room_id);
    enum err (*join)(struct homeserver *hs, const char *localpart, const char *room_id);
    enum err (*leave)(struct homeserver *hs, const char *localpart, const char *room_id);

    /* Shows a room in the room directory, or no more. ERR_NOT_FOUND: there is no such room. */
    enum err (*set_published)(struct homeserver *hs, const char *room_id, bool published);

    /*
     * The user joins a room, and where that is not public, is invited first by the inviter, unless there is
     * an invitation; `*room_id` is the room, in the arena or borrowed. Errors as above; ERR_NOT_FOUND is also
     * an inviter who is not there.
     */
    enum err (*add_member)(struct homeserver *hs, const struct new_member *member, struct arena *arena,
                           const char **room_id);

    /*
     * Gives a user, by the ID, the power that the strongest local user in the room has, in whose name that is
     * done, and invites the user to a room that is not public. ERR_NOT_FOUND: there is no such room;
     * ERR_INVALID: nobody of this server has the power for that, or, without a reason, the room's version is
     * not known; ERR_DENIED: the user cannot be invited.
     */
    enum err (*make_admin)(struct homeserver *hs, const char *room_id, const char *user_id);

    /*
     * Has a room's history end with one event. ERR_NOT_FOUND: there is no such room; ERR_INVALID: its version
     * is not known; ERR_DENIED, with a reason: nobody of this server can send anything to it.
     */
    enum err (*merge_extremities)(struct homeserver *hs, const char *room_id, struct extremity_merge *merge,
                                  struct arena *arena);

    /*
     * A user redacts events, in their order, as many as a step of a job has the time for, one at least:
     * `*done` is how many of them have been looked at, also after a failure. What is redacted already is left
     * as it is. ERR_NOT_FOUND: there is no such room; ERR_INVALID: its version is not known. Of an event:
     * ERR_NOT_FOUND: the room has no such event; ERR_DENIED: the user is not in the room, or may not redact
     * it.
     */
    enum err (*redact)(struct homeserver *hs, const struct redaction *redaction, struct arena *arena,
                       size_t *done);

    /*
     * Removes the next old events of a room, as many as one step of a job has the time for, and sets
     * purge->cursor, in `arena`, to where it goes on. State events stay, and the newest message. Done again
     * from the same cursor it has the same effect. ERR_NOT_FOUND: there is no such room.
     */
    enum err (*purge_history)(struct homeserver *hs, struct history_purge *purge, struct arena *arena);

    /*
     * Some users leave a room, or reject the invitation to it, or take back the knock, and forget it; who is
     * joined joins the other room first. Who has left already is passed over, so that it can be repeated.
     * What only keeps one of them back does not keep the others. ERR_NOT_FOUND: there is no such room.
     */
    enum err (*move_members)(struct homeserver *hs, struct room_move *move, struct arena *arena);

    /* Sends a message as a user. ERR_NOT_FOUND, ERR_DEACTIVATED, ERR_DENIED, ERR_INVALID and ERR_TOO_LARGE as
     * above. */
    enum err (*send_message)(struct homeserver *hs, const struct new_message *message);

    /*
     * Has aliases lead to another room; one that leads elsewhere already stays, as does one that the
     * homeserver does not let go. Again is fine.
     */
    enum err (*move_aliases)(struct homeserver *hs, const struct alias_move *move, struct arena *arena);

    /* Has a new alias of this server lead to a room; has one lead nowhere any more. ERR_EXISTS;
     * ERR_NOT_FOUND: there is no such room, or alias. */
    enum err (*add_alias)(struct homeserver *hs, const char *alias, const char *room_id, const char *creator);
    enum err (*delete_alias)(struct homeserver *hs, const char *alias);

    /*
     * Removes all that is stored of a room but its media. ERR_NOT_FOUND: there is no such room; ERR_INVALID:
     * local users are joined, and there is no `force`.
     */
    enum err (*purge_room)(struct homeserver *hs, const char *room_id, bool force);

    /*
     * Whether all users can be had to leave a room, and, with `purge`, the room be purged, so that none is
     * emptied in vain; an empty entry: it is so. ERR_UNSUPPORTED, with hs->reason.
     */
    enum err (*can_delete_room)(struct homeserver *hs, bool purge);

    /*
     * Adds a registration token; changes how often and until when one can be used; removes one. ERR_EXISTS,
     * ERR_NOT_FOUND. ERR_DENIED: registration does not ask for tokens, so that there are none.
     */
    enum err (*add_registration_token)(struct homeserver *hs, const struct registration_token *token);
    enum err (*set_registration_token)(struct homeserver *hs, const struct registration_token *token);
    enum err (*delete_registration_token)(struct homeserver *hs, const char *token);

    /* Keeps data of a type, a JSON object as text, for a user's clients, in place of what was there. */
    enum err (*set_account_data)(struct homeserver *hs, const char *localpart, const char *type,
                                 const char *content);

    /* Forgets the report of an event. ERR_NOT_FOUND. */
    enum err (*delete_event_report)(struct homeserver *hs, int64_t id);

    /*
     * Fetches a remote user's devices, or the state of a room from another server, again, and makes the index
     * of the full-text search anew: for homeservers that federate, and search. ERR_NOT_FOUND.
     */
    enum err (*refresh_devices)(struct homeserver *hs, const char *user_id);
    enum err (*download_state)(struct homeserver *hs, const char *server_name, const char *room_id);
    enum err (*reindex)(struct homeserver *hs);

    /*
     * Stores what a user uploads; of the same content there is one file. ERR_TOO_LARGE; ERR_INVALID: it broke
     * off; ERR_EXISTS: the media id is taken.
     */
    enum err (*upload_media)(struct homeserver *hs, const struct upload *upload);

    /*
     * Deletes media, with its thumbnails; what there is not is passed over. A file that other media share
     * goes with the last of them. `*deleted` is the ids of those that there were. After a failure the call
     * can be repeated.
     */
    enum err (*delete_media)(struct homeserver *hs, const struct media_deletion *deletion,
                             struct arena *arena, struct id_list *deleted);

    /*
     * Puts media into quarantine, or releases it, together with all that share its file; not where one of
     * them is protected. `*changed` is how many media that concerns.
     */
    enum err (*quarantine_media)(struct homeserver *hs, const struct media_rows *media, bool quarantined,
                                 int64_t *changed);

    /* Protects media of this server from quarantine and from being deleted with others, or no more; what
     * there is not is passed over. */
    enum err (*protect_media)(struct homeserver *hs, const char *media_id, bool protected);

    /*
     * Has the homeserver try again at once to reach another server. `*waits`: that is done when it is started
     * the next time. ERR_NOT_FOUND: it sends nothing to such a server; ERR_INVALID: it can reach it.
     */
    enum err (*reset_destination)(struct homeserver *hs, const char *name, bool *waits);

    /* Makes up users, who have no passwords, and rooms, in many transactions; what is there already stays. */
    enum err (*populate)(struct homeserver *hs, const struct population *population);
};

/* Who asks for an act; everything is borrowed. */
struct actor {
    const char *localpart; /* of a local user */
    const char *device_id; /* NULL: none */
    const char *token;     /* the access token that was presented */
    const char *address;   /* "" when it is not known */
};

struct audit;
struct dendrite;
struct presence;

#define HOMESERVER_REASON_SIZE 512

/* A copy may be made for a request, with its own `actor`, `audit` and `reason`; it ends no later than the
 * original. */
struct homeserver {
    const struct homeserver_acts *acts;
    const struct config *config; /* borrowed */
    struct db *db;               /* borrowed */
    struct gate *gate;           /* borrowed: password hashing goes through it */
    struct dendrite *dendrite;   /* the connection to the Dendrite that is behind it; NULL: standalone */
    const struct actor *actor;   /* borrowed; NULL: nobody, as in a job or a command */
    struct presence *presence;   /* of this process among those that do jobs */
    bool in_job;                 /* this is the step of a job: it does what it is for, and starts no other */
    struct audit *audit;         /* borrowed; NULL: what is done leaves no row, as in a job */
    /* Why the last act failed, in a sentence for whoever asked, until the next act; NULL: there is nothing to
     * add to the error. */
    const char *reason;
    int64_t retry_after_ms;                   /* after ERR_LIMITED: until it can be tried again */
    char reason_text[HOMESERVER_REASON_SIZE]; /* of homeserver_reason() */
};

/*
 * The implementation for `config`, on `db` and `gate`, all of which outlive it. The caller ends it with
 * homeserver_close(), also after a failure. Errors: ERR_NOMEM.
 */
MUST_CHECK enum err homeserver_open(struct homeserver *hs, const struct config *config, struct db *db,
                                    struct gate *gate);
void homeserver_close(struct homeserver *hs);

/* Makes a formatted sentence the reason of the act that fails, where it has no arena. */
void homeserver_reason(struct homeserver *hs, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * A homeserver that makes changes for others as well lets us have so many turns at once: an act takes one
 * when it needs it, and waits for it. Who would rather not wait takes one before, if there is one at once,
 * and ends it after the act; somebody who waits is announced, so that jobs let others go first. Where there
 * are no turns there is always one.
 */
bool homeserver_has_turns(const struct homeserver *hs);
bool homeserver_turn_try(struct homeserver *hs);
void homeserver_turn_end(struct homeserver *hs);
void homeserver_turn_announce(struct homeserver *hs, bool waiting);

/* Passwords that may be set, in characters (Dendrite's bounds). */
#define PASSWORD_LENGTH_MIN 8
#define PASSWORD_LENGTH_MAX 512

/* One wrapper an act, in the order of the table. With an admin's sessions end those that the admin was given
 * of others (homeserver/puppets.h). */
MUST_CHECK enum err homeserver_create_account(struct homeserver *hs, const struct new_account *account,
                                              const struct client *client, struct arena *arena,
                                              struct session *session);
MUST_CHECK enum err homeserver_sign_in(struct homeserver *hs, const char *localpart, const char *password,
                                       const struct client *client, struct arena *arena,
                                       struct session *session);
MUST_CHECK enum err homeserver_pass_sign_in(struct homeserver *hs, json_t *request, const char *token,
                                            const struct client *client, struct arena *arena, int *status,
                                            json_t **answer);
MUST_CHECK enum err homeserver_begin_session(struct homeserver *hs, const char *localpart,
                                             const struct client *client, struct arena *arena,
                                             struct session *session);
MUST_CHECK enum err homeserver_set_password(struct homeserver *hs, const char *localpart,
                                            const char *password, bool end_sessions,
                                            const char *except_token);
MUST_CHECK enum err homeserver_end_session(struct homeserver *hs, const char *localpart,
                                           const char *device_id);
MUST_CHECK enum err homeserver_end_sessions(struct homeserver *hs, const char *localpart);
MUST_CHECK enum err homeserver_end_some_sessions(struct homeserver *hs, const char *localpart,
                                                 const struct id_list *device_ids);
MUST_CHECK enum err homeserver_create_device(struct homeserver *hs, const char *localpart,
                                             const char *device_id);
MUST_CHECK enum err homeserver_rename_device(struct homeserver *hs, const char *localpart,
                                             const char *device_id, const char *display_name);
MUST_CHECK enum err homeserver_set_admin(struct homeserver *hs, const char *localpart, bool admin);
MUST_CHECK enum err homeserver_change_account(struct homeserver *hs, const char *localpart,
                                              const struct account_change *change);
MUST_CHECK enum err homeserver_deactivate(struct homeserver *hs, const char *localpart);
MUST_CHECK enum err homeserver_reactivate(struct homeserver *hs, const char *localpart, const char *password);
MUST_CHECK enum err homeserver_set_threepids(struct homeserver *hs, const char *localpart,
                                             const struct identity *identities, size_t count);
MUST_CHECK enum err homeserver_evacuate_room(struct homeserver *hs, const char *room_id, bool dry_run,
                                             struct arena *arena, struct id_list *affected);
MUST_CHECK enum err homeserver_evacuate_user(struct homeserver *hs, const char *localpart, bool dry_run,
                                             struct arena *arena, struct id_list *affected);
MUST_CHECK enum err homeserver_send_notice(struct homeserver *hs, const struct notice *notice,
                                           struct arena *arena, const char **event_id);
MUST_CHECK enum err homeserver_create_room(struct homeserver *hs, const struct new_room *room,
                                           struct arena *arena, const char **room_id);
MUST_CHECK enum err homeserver_join(struct homeserver *hs, const char *localpart, const char *room_id);
MUST_CHECK enum err homeserver_leave(struct homeserver *hs, const char *localpart, const char *room_id);
MUST_CHECK enum err homeserver_set_published(struct homeserver *hs, const char *room_id, bool published);
MUST_CHECK enum err homeserver_add_member(struct homeserver *hs, const struct new_member *member,
                                          struct arena *arena, const char **room_id);
MUST_CHECK enum err homeserver_make_admin(struct homeserver *hs, const char *room_id, const char *user_id);
MUST_CHECK enum err homeserver_merge_extremities(struct homeserver *hs, const char *room_id,
                                                 struct extremity_merge *merge, struct arena *arena);
MUST_CHECK enum err homeserver_redact(struct homeserver *hs, const struct redaction *redaction,
                                      struct arena *arena, size_t *done);
MUST_CHECK enum err homeserver_purge_history(struct homeserver *hs, struct history_purge *purge,
                                             struct arena *arena);
MUST_CHECK enum err homeserver_move_members(struct homeserver *hs, struct room_move *move,
                                            struct arena *arena);
MUST_CHECK enum err homeserver_send_message(struct homeserver *hs, const struct new_message *message);
MUST_CHECK enum err homeserver_move_aliases(struct homeserver *hs, const struct alias_move *move,
                                            struct arena *arena);
MUST_CHECK enum err homeserver_add_alias(struct homeserver *hs, const char *alias, const char *room_id,
                                         const char *creator);
MUST_CHECK enum err homeserver_delete_alias(struct homeserver *hs, const char *alias);
MUST_CHECK enum err homeserver_purge_room(struct homeserver *hs, const char *room_id, bool force);
MUST_CHECK enum err homeserver_can_delete_room(struct homeserver *hs, bool purge);
MUST_CHECK enum err homeserver_add_registration_token(struct homeserver *hs,
                                                      const struct registration_token *token);
MUST_CHECK enum err homeserver_set_registration_token(struct homeserver *hs,
                                                      const struct registration_token *token);
MUST_CHECK enum err homeserver_delete_registration_token(struct homeserver *hs, const char *token);
MUST_CHECK enum err homeserver_set_account_data(struct homeserver *hs, const char *localpart,
                                                const char *type, const char *content);
MUST_CHECK enum err homeserver_delete_event_report(struct homeserver *hs, int64_t id);
MUST_CHECK enum err homeserver_refresh_devices(struct homeserver *hs, const char *user_id);
MUST_CHECK enum err homeserver_download_state(struct homeserver *hs, const char *server_name,
                                              const char *room_id);
MUST_CHECK enum err homeserver_reindex(struct homeserver *hs);
MUST_CHECK enum err homeserver_upload_media(struct homeserver *hs, const struct upload *upload);
MUST_CHECK enum err homeserver_delete_media(struct homeserver *hs, const struct media_deletion *deletion,
                                            struct arena *arena, struct id_list *deleted);
MUST_CHECK enum err homeserver_quarantine_media(struct homeserver *hs, const struct media_rows *media,
                                                bool quarantined, int64_t *changed);
MUST_CHECK enum err homeserver_protect_media(struct homeserver *hs, const char *media_id, bool protected);
MUST_CHECK enum err homeserver_reset_destination(struct homeserver *hs, const char *name, bool *waits);
MUST_CHECK enum err homeserver_populate(struct homeserver *hs, const struct population *population);

#endif
