/* SPDX-License-Identifier: ISC */
/* What the tests of jobs share: a homeserver whose acts fail and dawdle as a test wants. */
#ifndef TESTS_UNIT_JOB_PLAY_H
#define TESTS_UNIT_JOB_PLAY_H

#include <time.h>

#include "world.h"

#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"
#include "homeserver/standalone/standalone.h"

#define BATCH_MS (JOB_BATCH_MS + 10)

/* How the acts of a test behave. */
static struct {
    enum err err;
    const char *reason;
    int good; /* calls before the first that fails with `err` */
    int calls;
    bool slow;                 /* one call fills a batch */
    const struct actor *actor; /* of the last call */
    struct partner partner;    /* whom a call tells of itself, and then waits for */
} play;

static inline enum err act(struct homeserver *hs)
{
    const struct timespec batch = {.tv_nsec = BATCH_MS * 1000000L};

    assert_true(hs->in_job);
    play.actor = hs->actor;
    if (play.slow)
        nanosleep(&batch, NULL);
    if (play.partner.to) {
        partner_tell(&play.partner);
        partner_wait(&play.partner);
    }
    if (play.calls++ < play.good || !play.err)
        return ERR_OK;
    hs->reason = play.reason;
    return play.err;
}

static inline enum err play_deactivate(struct homeserver *hs, const char *localpart)
{
    (void)localpart;
    return act(hs);
}

/* Leaves, even if the answer to that is lost. */
static inline enum err play_leave(struct homeserver *hs, const char *localpart, const char *room_id)
{
    enum err e = act(hs), left = ERR_OK;

    if (e != ERR_DENIED)
        left = standalone_acts.leave(hs, localpart, room_id);
    return e ? e : left;
}

static const struct homeserver_acts acts = {.deactivate = play_deactivate, .leave = play_leave};

static inline int begin(void **state)
{
    struct world *w;

    memset(&play, 0, sizeof play);
    world_of_dendrite(state);
    w = *state;
    /* Standalone, a deactivated user does not leave alone. */
    run(w->d->db, "UPDATE userapi_accounts SET is_deactivated = 0");
    w->hs.acts = &acts;
    w->config.homeserver.wait = 60;
    return 0;
}

static inline const char *start(struct world *w, const char *kind, const char *target)
{
    const struct job_request request = {.kind = kind, .target = target};
    char id[JOBS_ID_SIZE];

    assert_int_equal(jobs_start(&w->hs, &request, id), ERR_OK);
    return arena_strdup(w->d->arena, id);
}

static inline struct job find(struct world *w, const char *id)
{
    struct job job;

    assert_int_equal(jobs_find(w->d->db, id, w->d->arena, &job), ERR_OK);
    return job;
}

/* A runner's turn; what it says of the pause. */
static inline int64_t turn(struct world *w)
{
    int64_t pause_ms = -1;

    assert_int_equal(jobs_turn(&w->hs, true, &pause_ms), ERR_OK);
    return pause_ms;
}

#endif
