/* SPDX-License-Identifier: ISC */
/* An event and those that it names: what came before it, and what authorises it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command/fsck_event.h"
#include "command/fsck_state.h"
#include "matrix/auth_rules.h"
#include "matrix/canonical_json.h"
#include "matrix/event_check.h"
#include "matrix/field.h"

/* Events that were read lately, each at the place that its id hashes to. */
#define CACHE_SIZE 512 /* a power of two */

struct auth_cache {
    struct cached {
        char *id; /* NULL: free */
        struct fsck_link link;
        json_t *json;
    } places[CACHE_SIZE];
};

enum err auth_cache_new(struct auth_cache **cache)
{
    *cache = calloc(1, sizeof **cache);
    return *cache ? ERR_OK : ERR_NOMEM;
}

static void cached_clear(struct cached *cached)
{
    free(cached->id);
    json_decref(cached->json);
    *cached = (struct cached){0};
}

void auth_cache_free(struct auth_cache **cache)
{
    for (size_t i = 0; *cache && i < CACHE_SIZE; i++)
        cached_clear(&(*cache)->places[i]);
    free(*cache);
    *cache = NULL;
}

/* FNV-1a. */
static struct cached *place_of(struct auth_cache *cache, const char *id)
{
    uint32_t hash = 2166136261u;

    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 16777619u;
    return &cache->places[hash & (CACHE_SIZE - 1)];
}

/* Puts the event into its place of the cache. Errors: ERR_NOT_FOUND. */
static enum err read_into(struct fsck *fsck, struct cached *cached, const char *id)
{
    struct buf text = {0};
    enum err e;

    cached_clear(cached);
    e = fsck_find_event(fsck->db, id, &cached->link, &text);
    if (!e && text.length > 0)
        e = canonical_json_read(text.data, text.length, &cached->json);
    if (e == ERR_INVALID) /* it is reported as an event of its own */
        e = ERR_OK;
    if (!e)
        cached->id = strdup(id);
    if (!e && !cached->id)
        e = ERR_NOMEM;
    buf_free(&text);
    return e;
}

/* The id in an element of prev_events or auth_events; NULL when there is none. */
static const char *reference_id(const json_t *element)
{
    return json_string_value(json_is_array(element) ? json_array_get(element, 0) : element);
}

/* Takes the ids from a member of the event; at most `most` of them, which "event-format" holds it to. */
static size_t take_ids(const json_t *event, const char *name, struct relative *relatives, size_t most)
{
    const json_t *list = json_object_get(event, name);
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(list) && count < most; i++) {
        const char *id = reference_id(json_array_get(list, i));

        if (id)
            relatives[count++] = (struct relative){.id = id};
    }
    return count;
}

static enum err meet_previous(struct examined *event)
{
    enum err e = ERR_OK;

    event->previous_count = take_ids(event->json, "prev_events", event->previous, EVENT_PREV_MAX);
    for (size_t i = 0; i < event->previous_count && !e; i++) {
        e = fsck_find_event(event->fsck->db, event->previous[i].id, &event->previous[i].link, NULL);
        event->previous[i].found = !e;
        if (e == ERR_NOT_FOUND)
            e = ERR_OK;
    }
    return e;
}

static enum err meet_auth(struct examined *event)
{
    enum err e = ERR_OK;

    event->auth_count = take_ids(event->json, "auth_events", event->auth, EVENT_AUTH_MAX);
    for (size_t i = 0; i < event->auth_count && !e; i++) {
        struct relative *relative = &event->auth[i];
        struct cached *cached = place_of(event->cache, relative->id);

        if (!cached->id || strcmp(cached->id, relative->id) != 0)
            e = read_into(event->fsck, cached, relative->id);
        relative->found = !e;
        relative->link = cached->link;
        relative->json = e ? NULL : json_incref(cached->json);
        if (e == ERR_NOT_FOUND)
            e = ERR_OK;
    }
    return e;
}

enum err examined_meet(struct examined *event)
{
    enum err e = meet_previous(event);

    return e ? e : meet_auth(event);
}

void examined_forget(struct examined *event)
{
    for (size_t i = 0; i < event->auth_count; i++)
        json_decref(event->auth[i].json);
    event->previous_count = event->auth_count = 0;
}

/* Rejected events, and outliers, which only authorise others, are known without what came before them. */
static bool has_history(const struct examined *event)
{
    return !event->row->rejected && event->row->snapshot_nid != 0;
}

static bool is_create(const struct examined *event)
{
    return event->row->type && strcmp(event->row->type, "m.room.create") == 0;
}

/* What came before an event may have been purged, if that was less deep than where the purge ended. */
static enum err check_missing(struct examined *event, const struct relative *previous)
{
    int64_t purged_depth = 0;
    enum err e;

    if (!event->room->row.local || !has_history(event))
        return ERR_OK;
    e = fsck_purged_depth(event->fsck->db, event->room->row.id, &purged_depth);
    if (!e && event->row->depth > purged_depth)
        examined_report(event, "its previous event %s does not exist", previous->id);
    return e;
}

enum err check_previous(struct examined *event)
{
    enum err e = ERR_OK;

    if (event->previous_count == 0 && has_history(event) && !is_create(event))
        examined_report(event, "it names no previous event");
    for (size_t i = 0; !e && i < event->previous_count; i++) {
        const struct relative *previous = &event->previous[i];

        if (previous->found && previous->link.room_nid != event->row->room_nid)
            examined_report(event, "its previous event %s is of another room", previous->id);
        else if (!previous->found)
            e = check_missing(event, previous);
    }
    return e;
}

enum err check_followers(struct examined *event)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < event->previous_count && !e; i++) {
        bool follows = false;

        e = fsck_follows(event->fsck->db, event->previous[i].id, event->row->nid, &follows);
        if (!e && !follows)
            examined_report(event, "it is not listed as following its previous event %s",
                            event->previous[i].id);
    }
    return e;
}

/* Other servers may say what they like; what is made here is one deeper than what it follows. */
enum err check_depth(struct examined *event)
{
    int64_t most = 0, expected;

    if (!event->room->row.local || !has_history(event))
        return ERR_OK;
    for (size_t i = 0; i < event->previous_count; i++) {
        if (!event->previous[i].found)
            return ERR_OK;
        if (event->previous[i].link.depth > most)
            most = event->previous[i].link.depth;
    }
    expected = event_depth_after(event->version, most);
    if (event->row->depth != expected)
        examined_report(event, "its depth is %" PRId64 ", after its previous events it should be %" PRId64,
                        event->row->depth, expected);
    return ERR_OK;
}

/* Where one event follows one other, the state before it is that before the other, and the other. */
enum err check_state_before(struct examined *event)
{
    const struct fsck_link *previous = &event->previous[0].link;
    struct state_difference difference;
    struct fsck_entry entry;
    enum err e;

    if (event->previous_count != 1 || !event->previous[0].found || !event->room->row.local ||
        !has_history(event) || previous->rejected || !previous->snapshot_nid)
        return ERR_OK;
    entry = (struct fsck_entry){previous->type_nid, previous->state_key_nid, previous->nid};
    e = room_state_compare(event->fsck->db, previous->snapshot_nid, previous->state_key_nid ? &entry : NULL,
                           event->row->snapshot_nid, &difference);
    if (!e && difference.differ)
        examined_report(event,
                        "the state before it, snapshot %" PRId64 ", has event number %" PRId64
                        " where the state after its previous event has %" PRId64,
                        event->row->snapshot_nid, difference.found_nid, difference.expected_nid);
    return e;
}

/* Whether the row lists the number. */
static bool is_listed(const struct nids *list, int64_t nid)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] == nid)
            return true;
    return false;
}

/* Dendrite takes an event although a superfluous auth event cannot be had, and lists no rejected ones. */
enum err check_auth_events(struct examined *event)
{
    size_t listed = 0;
    enum err e = fsck_read_nids(event->auth_nids, event->row->auth_nids);

    if (e == ERR_INVALID)
        examined_report(event, "the list of its auth events cannot be read");
    if (e || event->row->rejected)
        return e == ERR_INVALID ? ERR_OK : e;
    for (size_t i = 0; i < event->auth_count; i++) {
        const struct relative *auth = &event->auth[i];

        if (!auth->found && event->room->row.local)
            examined_report(event, "its auth event %s does not exist", auth->id);
        else if (auth->found && auth->link.room_nid != event->row->room_nid)
            examined_report(event, "its auth event %s is of another room", auth->id);
        else if (auth->found && !auth->link.rejected && !is_listed(event->auth_nids, auth->link.nid))
            examined_report(event, "its auth event %s is not among those that are recorded", auth->id);
        else if (auth->found)
            listed += is_listed(event->auth_nids, auth->link.nid);
    }
    if (listed < event->auth_nids->count)
        examined_report(event, "%zu of its recorded auth events are not named in it",
                        event->auth_nids->count - listed);
    return ERR_OK;
}

/* The state that the auth events make, for the authorisation rules. */
static json_t *auth_state_get(void *context, const char *type, const char *state_key)
{
    const struct examined *event = context;

    for (size_t i = 0; i < event->auth_count; i++) {
        json_t *json = event->auth[i].json;
        const char *its_type = field_string(json, "type"), *its_key = field_string(json, "state_key");

        if (its_type && its_key && strcmp(its_type, type) == 0 && strcmp(its_key, state_key) == 0)
            return json;
    }
    return NULL;
}

/* The keys of other servers are not at hand; that there is a signature has to do. */
static bool auth_state_signed_by(void *context, json_t *json, const char *server_name)
{
    const struct examined *event = context;
    const struct fsck *fsck = event->fsck;

    if (!fsck->key || strcmp(server_name, fsck->server_name) != 0)
        return field_object(field_object(json, "signatures"), server_name) != NULL;
    return event_check_signature(event->version, json, server_name, fsck->key->id, fsck->public) == ERR_OK;
}

/* What other servers name besides what is needed is not held against their events. */
static enum err check_selection(struct examined *event)
{
    json_t *auth[EVENT_AUTH_MAX];
    const char *reason = NULL;
    enum err e;

    if (!event->room->row.local)
        return ERR_OK;
    for (size_t i = 0; i < event->auth_count; i++)
        auth[i] = event->auth[i].json;
    e = auth_rules_check_auth_events(event->version, event->json, auth, event->auth_count, &reason);
    if (e == ERR_DENIED)
        examined_report(event, "its auth events are not those that it should have: %s", reason ? reason : "");
    return e == ERR_DENIED ? ERR_OK : e;
}

enum err check_auth_rules(struct examined *event)
{
    const struct auth_state state = {auth_state_get, auth_state_signed_by, event};
    const char *reason = NULL;
    enum err e;

    if (event->row->rejected)
        return ERR_OK;
    for (size_t i = 0; i < event->auth_count; i++)
        if (!event->auth[i].json) /* the cause, if it is one, is reported otherwise */
            return ERR_OK;
    e = check_selection(event);
    if (!e)
        e = auth_rules_check(event->version, event->json, &state, &reason);
    if (e == ERR_DENIED)
        examined_report(event, "its auth events do not allow it: %s", reason ? reason : "");
    return e == ERR_DENIED ? ERR_OK : e;
}
