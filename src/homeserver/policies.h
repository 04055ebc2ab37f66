/* SPDX-License-Identifier: ISC */
/*
 * What the configuration has the job runner do once a day, each policy as a job of the kind JOB_POLICY whose
 * target is the policy's name. It begins at policies.hour; one that was missed, because nothing ran then,
 * begins as soon as something does. One that is switched on waits for that hour, so that there is time to
 * look at what it would do.
 */
#ifndef HOMESERVER_POLICIES_H
#define HOMESERVER_POLICIES_H

#include "homeserver/media_purge.h"
#include "homeserver/walk.h"

struct policy {
    const char *name;
    const char *things;  /* what it is about, for people: "media" */
    const char *outcome; /* what becomes of them: "deleted" */
    size_t days;         /* offset in struct config of how old they get, an int64_t, 0: for ever; */
    size_t on;           /* or, where age is no matter, of a bool; that of the other is 0 */
    struct walk_kind walk;
    /* Fills what the walk's context is; NULL: the walk has none. */
    void (*prepare)(const struct config *config, struct media_purge *purge);
};

#define POLICY_EMPTY_ROOMS "empty_rooms"

extern const struct policy policies[];
extern const size_t policies_count;

/* NULL: there is none of this name. */
const struct policy *policies_find(const char *name);

/* Whether the configuration asks for it. */
bool policy_is_on(const struct policy *policy, const struct config *config);

/* Days; 0: age is no matter, or it is off. */
int64_t policy_days(const struct policy *policy, const struct config *config);

/* Calls `each` for all that the policy would act on now, borrowed, and stops at its first error. */
MUST_CHECK enum err policies_foresee(struct homeserver *hs, const struct policy *policy,
                                     enum err (*each)(const struct found *found, void *context),
                                     void *context);

/* When the hour is next, after `now_ms`. */
int64_t policies_next_ts(int64_t now_ms, int64_t hour);

/* The part of the runner: sees to it that each policy that is on has a job for its next time. */
MUST_CHECK enum err policies_turn(struct homeserver *hs);

#endif
