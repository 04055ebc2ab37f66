/* SPDX-License-Identifier: ISC */
/* How policies find what they act on, and act; each in the file of its name. */
#ifndef HOMESERVER_POLICY_WALKS_H
#define HOMESERVER_POLICY_WALKS_H

#include "homeserver/walk.h"

/* The items are "localpart:device_id". */
enum err policy_sessions_find(struct walk *walk, struct list *found, bool *over);
enum err policy_sessions_act(struct walk *walk, struct job_item *items, size_t count);
#define POLICY_SESSIONS_ENDED "ended"

/* The items are registration tokens. */
enum err policy_tokens_find(struct walk *walk, struct list *found, bool *over);
enum err policy_tokens_act(struct walk *walk, struct job_item *items, size_t count);
#define POLICY_TOKENS_DELETED "deleted"

/* The items are room IDs. */
enum err policy_rooms_find(struct walk *walk, struct list *found, bool *over);
enum err policy_rooms_act(struct walk *walk, struct job_item *items, size_t count);
#define POLICY_ROOMS_PURGED "purged"

#endif
