/* SPDX-License-Identifier: ISC */
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "homeserver/blocks.h"
#include "homeserver/job_kinds.h"
#include "homeserver/media.h"
#include "homeserver/policies.h"
#include "homeserver/upkeep.h"
#include "store/destinations.h"
#include "store/media_list.h"
#include "store/presence.h"
#include "store/refreshes.h"
#include "store/room_list.h"
#include "store/room_sizes.h"
#include "store/user_list.h"

#define LOOK_MS  1000  /* how often the runner looks whether it is time */
#define ROOMS_MS 30000 /* how often it looks at all rooms */
#define TURN_MS  250   /* in which it gets on with what takes longer: jobs come in between */

/* Our own database is followed by whoever changes it: a comparison is for what came to pass without us. */
static enum err refresh_users(struct homeserver *hs, bool begun)
{
    if (begun && !db_attached(hs->db))
        return ERR_OK;
    return user_list_refresh(hs->db, hs->config->server_name, !begun);
}

enum err upkeep_users(struct homeserver *hs)
{
    bool begun = false, runner = false;
    enum err e = refreshes_begun(hs->db, REFRESHES_USERS, &begun);

    if (!e && begun)
        e = presence_any_runner(hs->presence, &runner);
    if (e || runner)
        return e;
    return refresh_users(hs, begun);
}

/*
 * Sees to it that there is a list of media, which takes a while the first time: the runner makes it, or,
 * where there is none, who wants it.
 */
static enum err begin_media(struct homeserver *hs, bool *runner)
{
    const struct timespec nap = {.tv_nsec = 20000000};
    const int64_t wait_ms = hs->in_job ? JOB_BATCH_MS : hs->config->homeserver.wait * 1000;
    const int64_t end_ms = clock_monotonic_ms() + wait_ms;
    bool begun = false, over, late = false;
    enum err e = presence_any_runner(hs->presence, runner);

    while (!e) {
        e = refreshes_begun(hs->db, REFRESHES_MEDIA, &begun);
        if (e || begun)
            return e;
        if (late) {
            homeserver_reason(hs, "The list of media is being made for the first time; try again");
            return ERR_BUSY;
        }
        if (*runner && !hs->in_job)
            nanosleep(&nap, NULL);
        else
            e = media_list_refresh_for(hs->db, TURN_MS, &over);
        late = clock_monotonic_ms() >= end_ms;
    }
    return e;
}

enum err upkeep_media(struct homeserver *hs)
{
    bool runner = false, over = false;
    enum err e = begin_media(hs, &runner);

    while (!e && !runner && !over)
        e = media_list_refresh_for(hs->db, TURN_MS, &over);
    return e;
}

enum err upkeep_media_now(struct homeserver *hs)
{
    bool runner;
    enum err e = begin_media(hs, &runner);

    return e ? e : media_list_refresh(hs->db);
}

static enum err compare_rooms(struct homeserver *hs)
{
    bool begun = false;
    enum err e = refreshes_begun(hs->db, REFRESHES_ROOMS, &begun);

    return e || (begun && !db_attached(hs->db)) ? e : room_list_compare(hs->db, !begun);
}

/*
 * To compare rooms is a matter of some ms, so whoever lists them does not wait for the runner to come to it:
 * a room that has just been left, or purged, is to be seen so.
 */
enum err upkeep_rooms(struct homeserver *hs)
{
    bool over;
    enum err e = compare_rooms(hs);

    return e ? e : room_list_read(hs->db, INT64_MAX, &over);
}

enum err upkeep_room_sizes(struct homeserver *hs)
{
    bool over;
    enum err e = upkeep_rooms(hs);

    return e ? e : room_sizes_refresh(hs->db, INT64_MAX, &over);
}

enum err upkeep_destinations(struct homeserver *hs)
{
    bool runner = false;
    enum err e;

    if (!db_attached(hs->db))
        return ERR_OK;
    e = presence_any_runner(hs->presence, &runner);
    return e ? e : destinations_refresh(hs->db, hs->config->server_name, runner);
}

static enum err turn_destinations(struct homeserver *hs)
{
    return db_attached(hs->db) ? destinations_refresh(hs->db, hs->config->server_name, false) : ERR_OK;
}

/* Now and then, so that whoever lists rooms after a long time does not have to read many again. */
static enum err turn_rooms(struct homeserver *hs, bool *over)
{
    bool lately = false;
    enum err e = refreshes_done_within(hs->db, REFRESHES_ROOMS, ROOMS_MS, &lately);

    if (!e && !lately)
        e = compare_rooms(hs);
    if (!e)
        e = room_list_doubt(hs->db);
    return e ? e : room_list_read(hs->db, TURN_MS, over);
}

static enum err turn_room_sizes(struct homeserver *hs, bool *over)
{
    return room_sizes_refresh(hs->db, TURN_MS, over);
}

static enum err turn_users(struct homeserver *hs)
{
    bool begun = false;
    enum err e = refreshes_begun(hs->db, REFRESHES_USERS, &begun);

    return e ? e : refresh_users(hs, begun);
}

static enum err turn_media(struct homeserver *hs, bool *over)
{
    return media_list_refresh_for(hs->db, TURN_MS, over);
}

/* The work of the runner, whole or a part of it that says whether it is over, and what it is told as when it
 * fails. */
static const struct {
    const char *what;
    enum err (*whole)(struct homeserver *hs);
    enum err (*part)(struct homeserver *hs, bool *over);
} turns[] = {
    {.what = "the list of users could not be brought up to date", .whole = turn_users},
    {.what = "the list of rooms could not be brought up to date", .part = turn_rooms},
    {.what = "the sizes of rooms could not be brought up to date", .part = turn_room_sizes},
    {.what = "the list of media could not be brought up to date", .part = turn_media},
    {.what = "the list of destinations could not be brought up to date", .whole = turn_destinations},
    {.what = "the policies could not be planned", .whole = policies_turn},
    {.what = "not all that was decided of media is done", .whole = media_sweep},
};

void upkeep_urgent(struct homeserver *hs)
{
    enum err e = blocks_look(hs);

    if (e && e != ERR_UNREACHABLE)
        log_warning("not all who have come to blocked rooms could be found: %s", err_text(e));
}

void upkeep_turn(struct homeserver *hs, int64_t *pause_ms)
{
    bool all_over = true, failed = false;

    upkeep_urgent(hs);
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        bool over = true;
        enum err e = turns[i].part ? turns[i].part(hs, &over) : turns[i].whole(hs);

        failed = failed || e;
        all_over = all_over && over;
        if (e && e != ERR_UNREACHABLE)
            log_warning("%s: %s", turns[i].what, err_text(e));
    }
    if (db_attached(hs->db) && *pause_ms > LOOK_MS)
        *pause_ms = LOOK_MS;
    if (!failed && !all_over)
        *pause_ms = 0;
}
