/* SPDX-License-Identifier: ISC */
/* An event under examination, and its checks by file; nobody but the files of fsck includes it. */
#ifndef COMMAND_FSCK_EVENT_H
#define COMMAND_FSCK_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

#include "command/fsck_check.h"
#include "matrix/event.h"
#include "store/nids.h"

/* An event that the one under examination names. */
struct relative {
    const char *id;
    bool found;
    struct fsck_link link; /* if it was found */
    json_t *json;          /* of an auth event that can be read: a reference; else NULL */
};

struct auth_cache;

/* The texts and the row are borrowed for as long as the event is examined. */
struct examined {
    struct fsck *fsck;
    const char *check; /* the name of the check that runs */
    const struct fsck_event *row;
    const struct checked_room *room;    /* NULL: it does not exist */
    const struct room_version *version; /* NULL: not known */
    json_t *json;                       /* NULL: it cannot be read */
    struct buf essential; /* what its id and its signatures cover; empty if that cannot be said */
    struct relative previous[EVENT_PREV_MAX], auth[EVENT_AUTH_MAX];
    size_t previous_count, auth_count;
    struct auth_cache *cache;
    struct nids *auth_nids; /* of the row, lent by the pass */
};

/* Reports what is wrong with the event. */
void examined_report(struct examined *event, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * An event's relatives: fills `previous` and `auth`. The cache spares reading again the few events that
 * authorise most of a room. examined_forget() gives back what is in `auth`.
 */
MUST_CHECK enum err auth_cache_new(struct auth_cache **cache);
void auth_cache_free(struct auth_cache **cache);
MUST_CHECK enum err examined_meet(struct examined *event);
void examined_forget(struct examined *event);

/* The checks that look at relatives. */
MUST_CHECK enum err check_previous(struct examined *event);
MUST_CHECK enum err check_followers(struct examined *event);
MUST_CHECK enum err check_depth(struct examined *event);
MUST_CHECK enum err check_state_before(struct examined *event);
MUST_CHECK enum err check_auth_events(struct examined *event);
MUST_CHECK enum err check_auth_rules(struct examined *event);

/* Those that look at the event alone. */
MUST_CHECK enum err check_canonical(struct examined *event);
MUST_CHECK enum err check_format(struct examined *event);
MUST_CHECK enum err check_id(struct examined *event);
MUST_CHECK enum err check_hash(struct examined *event);
MUST_CHECK enum err check_signature(struct examined *event);

#endif
