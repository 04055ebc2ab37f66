/* SPDX-License-Identifier: ISC */
/* What the acts on rooms (homeserver/homeserver.h) are told. Everything is borrowed. */
#ifndef HOMESERVER_ROOM_ACTS_H
#define HOMESERVER_ROOM_ACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct new_room {
    const char *creator; /* a localpart */
    const char *name;    /* NULL or "": none */
    const char *topic;   /* likewise */
    bool is_public;      /* anybody can join, and find it in the directory */
    bool is_open;        /* anybody can join who knows of it */
    bool is_silent;      /* who joins may only read */
    /* Of a room that is made once, however often the act is repeated; NULL: another one each time. */
    const char *key;
    int64_t since; /* with `key`: an event number of before the first attempt, events_last() */
};

/* Ids of users or rooms; all in the arena that was given. */
struct id_list {
    const char **ids;
    size_t count;
    const char *job_id; /* of the job that goes on with the rest; NULL: these are all */
};

/* A user who is to join a room. */
struct new_member {
    const char *localpart;
    const char *room_id;    /* or an alias of another server, where the homeserver is one that asks others */
    const char *inviter;    /* another local user */
    struct id_list servers; /* which can be asked for the room, if it is not here; none: that of its name */
};

/* A message of a user. */
struct new_message {
    const char *localpart;
    const char *room_id;
    const char *text;
    const char *key; /* it is sent once, however often the act is repeated with this */
};

/* Aliases that are to lead to another room. */
struct alias_move {
    const char *localpart; /* of a user in the other room, whose they become */
    const char *from, *to; /* room ids */
    const char *const *aliases;
    size_t count;
};

/* A local user who is to leave a room, and what has become of that. */
struct mover {
    const char *user_id;
    const char *failed; /* why the user is still there, or not in the other room; NULL: neither */
};

/* Users who are to leave a room, some at a time. */
struct room_move {
    const char *from;
    const char *to; /* who is joined joins this one; NULL: none */
    struct mover *movers;
    size_t count;
    size_t done;    /* how many of them, the first ones, it has been tried for */
    int64_t end_ms; /* on the monotonic clock: where one leaves after the other, no further one after this */
};

/*
 * The events that a room's history ends with, of which each new event makes some into one. Where nobody of
 * this server is in the room, `helper` joins for that, if the room lets everybody in, and leaves again.
 */
struct extremity_merge {
    const char *helper; /* a localpart; NULL: nobody, or whom a homeserver has for that */
    int64_t before;     /* how many there were */
    int64_t left;       /* how many there are now; 1 when it is done */
    const char *job_id; /* in the arena; of the job that goes on with it, NULL: none does */
};

/* Users and rooms to be made up. */
struct population {
    int64_t users;
    int64_t rooms;
    int64_t members; /* of the largest room */
    int64_t seed;    /* another one makes up others */
    /* Called after each step, with `context`; NULL: nobody wants to know. */
    void (*progress)(void *context, int64_t done, int64_t total);
    void *context;
};

/* An event that is to be redacted, and what becomes of it. */
struct redaction_target {
    const char *event_id;
    const char *transaction_id; /* its own, the same when it is tried again */
    enum err err;               /* ERR_OK: it is redacted */
    const char *reason;         /* why it is not, in the arena; NULL: there is nothing to add to the error */
};

/* Events of one room to be redacted. Everything is borrowed. */
struct redaction {
    const char *room_id;
    const char *localpart; /* of the local user who redacts them */
    const char *reason;    /* NULL: none is given */
    struct redaction_target *targets;
    size_t count;
};

/* Old events of a room to be removed, and how far that has come. */
struct history_purge {
    const char *room_id; /* borrowed, as is `cursor` */
    int64_t depth;       /* of the event that is the first to stay, with those that are as deep */
    bool local_too;      /* also what users of this server have sent */
    bool dry_run;        /* only counts, to the end */
    const char *cursor;  /* "" at the beginning */
    int64_t removed;     /* events; it is added to */
    bool done;
};

#endif
