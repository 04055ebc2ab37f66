/* SPDX-License-Identifier: ISC */
#ifndef HOMESERVER_JOB_JSON_H
#define HOMESERVER_JOB_JSON_H

#include <jansson.h>

#include "store/jobs.h"

/* A job as an object, with null for what there is not. New; NULL when memory is gone. */
json_t *job_json(const struct job *job);

/*
 * The same, `*json`, with its items in the result: an array for each outcome, or, where there is more to say
 * of each item, an object of that. Errors: ERR_NOMEM and those of job_items_list().
 */
MUST_CHECK enum err job_json_whole(struct db *db, const struct job *job, json_t **json);

#endif
