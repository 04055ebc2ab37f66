/* SPDX-License-Identifier: ISC */
/* Media that has grown old goes, as a job of its own or of a policy. */
#ifndef HOMESERVER_MEDIA_PURGE_H
#define HOMESERVER_MEDIA_PURGE_H

#include "homeserver/walk.h"
#include "store/media_uses.h"

/* What is to go. Initialise the rest with zeros. */
struct media_purge {
    struct media_wish wish;                /* without `after` and `limit` */
    bool keep_avatars;                     /* of users and rooms */
    const struct config_list *spare_users; /* whose uploads stay; NULL: nobody's */
    struct media_avatars avatars;          /* once they were read */
    bool avatars_read;
};

/* The items are "origin/media_id"; the walk's context is a struct media_purge, whose wish says how old. */
enum err media_purge_find(struct walk *walk, struct list *found, bool *over);
enum err media_purge_act(struct walk *walk, struct job_item *items, size_t count);
#define MEDIA_PURGE_BATCH   100
#define MEDIA_PURGE_DELETED "deleted"

/*
 * Deletes it in a job that is waited for; where there is nothing, there is no job. `*deleted` is the ids of
 * the media that has gone, in `arena`; deleted->job_id names the job when it has not ended in time. Errors as
 * jobs_wait().
 */
MUST_CHECK enum err media_purge_run(struct homeserver *hs, const struct media_purge *purge,
                                    struct arena *arena, struct id_list *deleted);

#endif
