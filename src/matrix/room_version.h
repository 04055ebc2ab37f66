/* SPDX-License-Identifier: ISC */
/* What each room version changes ("Room Versions" of the Matrix specification): one table, and everything
 * asks it. */
#ifndef MATRIX_ROOM_VERSION_H
#define MATRIX_ROOM_VERSION_H

#include <stdbool.h>

#include "matrix/canonical_json.h"

/* How an event comes to its id ("Event IDs"). */
enum event_id_format {
    EVENT_ID_STORED, /* "$opaque:server", a member of the event; references to events carry their hash too */
    EVENT_ID_BASE64, /* "$" and the reference hash in base64 */
    EVENT_ID_BASE64_URL /* the same in the URL-safe alphabet */
};

/* What a power level may be written as ("Deprecated event content schemas"). */
enum power_level_format {
    POWER_LEVEL_ANY_NUMBER, /* integers, strings that hold an integer, and floats, which are cut off */
    POWER_LEVEL_STRING,     /* integers, and strings that hold one */
    POWER_LEVEL_INTEGER     /* integers; an event with anything else is refused */
};

struct room_version {
    const char *name; /* as in the content of m.room.create */
    int number;       /* the same, for ranges */
    enum event_id_format event_id;
    enum canonical_json json;
    enum power_level_format power_levels;
    bool aliases_authorised;    /* authorisation rule 4 of version 1: m.room.aliases */
    bool redactions_authorised; /* rule 11 of version 1: m.room.redaction */
    bool notification_levels;   /* changes of `notifications` are checked as those of `events` */
    bool knock;                 /* join rule and membership */
    bool restricted;            /* join rule, and join_authorised_via_users_server */
    bool knock_restricted;      /* join rule */
    bool creator_is_sender;     /* m.room.create has no `creator` */
    bool redacts_in_content;    /* m.room.redaction has `redacts` in its content */
    bool creators_privileged;   /* creators, of whom there can be several, are above all power levels */
};

/*
 * The row of `name`; NULL when we can make no events of that version. NULL as name is version 1
 * ("m.room.create").
 */
const struct room_version *room_version_find(const char *name);

/* The same of versions whose events we read, and leave to another homeserver to make, too. */
const struct room_version *room_version_known(const char *name);

#endif
