/* SPDX-License-Identifier: ISC */
/*
 * Reading a whole database to find what is wrong with it. Nothing here writes. A damaged database is read
 * too: numbers may name rows that do not exist, lists may not be lists, and texts may be NULL.
 */
#ifndef STORE_FSCK_H
#define STORE_FSCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/db.h"

/* A check that is one statement: every row of it is something wrong. */
struct fsck_statement {
    const char *name; /* of the check; several statements may share one */
    const char *finds;
    bool warning;      /* what it finds does no harm yet */
    bool takes_server; /* its ?1 is the name of this server */
    const char *sql;   /* columns: room id, event id (each NULL where there is none), what is wrong */
};

extern const struct fsck_statement fsck_room_statements[], fsck_sync_statements[], fsck_account_statements[];
extern const size_t fsck_room_statements_count, fsck_sync_statements_count, fsck_account_statements_count;

/* Called for each thing that is wrong; another result than ERR_OK ends the reading and is its result. */
typedef enum err (*fsck_found)(void *context, const char *room_id, const char *event_id, const char *what);

/* Calls `found` for each thing that the statement finds. */
MUST_CHECK enum err fsck_run(struct db *db, const struct fsck_statement *statement, const char *server_name,
                             fsck_found found, void *context);

/* What the engine itself finds wrong with its file. */
MUST_CHECK enum err fsck_integrity(struct db *db, fsck_found found, void *context);

struct fsck_room {
    int64_t nid, snapshot_nid;
    const char *id, *version, *latest; /* the last: a JSON array of event numbers */
    bool local;    /* nobody of another server was ever a member: all its events were made here, in order */
    bool resident; /* somebody of this server is joined: its state is kept up to date */
};

/* An event with all that says something of it. */
struct fsck_event {
    int64_t nid, room_nid, type_nid, state_key_nid, snapshot_nid, depth;
    bool rejected, sent; /* sent: it has been handed on to the sync tables */
    const char *id, *auth_nids, *type, *state_key, *json;
    int64_t sync_id; /* its row in syncapi_output_room_events; 0: none */
    const char *sync_room_id, *sync_type, *sync_sender, *sync_json;
};

/* The part of it that other events look at. */
struct fsck_link {
    int64_t nid, room_nid, type_nid, state_key_nid, snapshot_nid, depth;
    bool rejected;
};

struct fsck_membership {
    int64_t event_nid, target_nid;
    const char *user_id; /* NULL: the number names nobody */
    bool invited;
};

/* A row of syncapi_current_room_state, and the event that it names. */
struct fsck_current {
    const char *event_id, *type, *state_key, *sender, *membership, *sync_json;
    int64_t nid, type_nid, state_key_nid; /* nid 0: there is no such event */
    const char *json;
};

/* One entry of the state of a room. */
struct fsck_entry {
    int64_t type_nid, state_key_nid, event_nid;
};

/* Read all rows of a kind in the order of their numbers. Texts are borrowed until the callback returns. */
typedef enum err (*fsck_room_row)(void *context, const struct fsck_room *room);
typedef enum err (*fsck_event_row)(void *context, const struct fsck_event *event);
typedef enum err (*fsck_snapshot_row)(void *context, int64_t nid, int64_t room_nid, const char *block_nids);
typedef enum err (*fsck_block_row)(void *context, int64_t nid,
                                   int64_t room_nid); /* of its first event, or 0 */
typedef enum err (*fsck_membership_row)(void *context, const struct fsck_membership *membership);
typedef enum err (*fsck_current_row)(void *context, const struct fsck_current *current);
typedef enum err (*fsck_entry_row)(void *context, const struct fsck_entry *entry);

/* Each calls `each` for all that there are, in the order of their numbers; stops at its first error and
 * returns it. What it is given is borrowed. */
MUST_CHECK enum err fsck_each_room(struct db *db, fsck_room_row each, void *context);
MUST_CHECK enum err fsck_each_event(struct db *db, fsck_event_row each, void *context);
MUST_CHECK enum err fsck_each_snapshot(struct db *db, fsck_snapshot_row each, void *context);
MUST_CHECK enum err fsck_each_block(struct db *db, fsck_block_row each, void *context);

/* The same, in any order: those of one room, and the entries of one block. */
MUST_CHECK enum err fsck_each_membership(struct db *db, int64_t room_nid, fsck_membership_row each,
                                         void *context);
MUST_CHECK enum err fsck_each_current(struct db *db, const char *room_id, fsck_current_row each,
                                      void *context);
MUST_CHECK enum err fsck_each_entry(struct db *db, int64_t block_nid, fsck_entry_row each, void *context);

MUST_CHECK enum err fsck_count_events(struct db *db, int64_t *count);

/* An event by its id, and its JSON unless `json` is NULL. Errors: ERR_NOT_FOUND. */
MUST_CHECK enum err fsck_find_event(struct db *db, const char *id, struct fsck_link *link, struct buf *json);

/* What names an event to a person, for its number; empty where there is no such event. */
MUST_CHECK enum err fsck_event_id(struct db *db, int64_t nid, struct buf *id);

/* The JSON array of the numbers of a snapshot's blocks. Errors: ERR_NOT_FOUND. */
MUST_CHECK enum err fsck_blocks_of(struct db *db, int64_t snapshot_nid, struct buf *block_nids);

/* Whether roomserver_previous_events says that the event `nid` follows the event `id`. */
MUST_CHECK enum err fsck_follows(struct db *db, const char *id, int64_t nid, bool *follows);

/* The events of a room that are less deep than this may have been purged; 0: none were. */
MUST_CHECK enum err fsck_purged_depth(struct db *db, const char *room_id, int64_t *depth);

/* Whether an event was redacted, as roomserver_redactions has it; `redaction_id`: by which event, or NULL. */
MUST_CHECK enum err fsck_is_redacted(struct db *db, const char *id, const char *redaction_id, bool *redacted);

#endif
