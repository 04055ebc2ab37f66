/* SPDX-License-Identifier: ISC */
/*
 * The job goes through phases, one batch at a time, and its cursor says which one is next: the name of the
 * phase, and a space and where in it, if it takes several. What a phase has found out is in the result, and
 * on the disk, before a later one acts on it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "homeserver/blocks.h"
#include "homeserver/delete_room.h"
#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"
#include "matrix/field.h"
#include "matrix/id.h"
#include "store/events.h"
#include "store/memberships.h"
#include "store/room_aliases.h"
#include "store/rooms.h"

#define KICKED   "kicked_users"
#define FAILED   "failed_to_kick_users"
#define ALIASES  "local_aliases"
#define NEW_ROOM "new_room_id"

#define SLICE      500 /* users that are read at once: little enough for a short transaction */
#define ROUNDS_MAX 10  /* in which those leave who came, or came back, meanwhile */
/* Users who leave in one batch: to open a large room takes as long as some hundred leaves. */
#define BATCH_MAX 500

/* A job at its step. */
struct deleting {
    struct homeserver *hs;
    struct job *job;
    struct arena *arena;
    json_t *parameters;
    struct room_deletion wish; /* borrowed from those */
    struct user_id owner;      /* of the new room, if there is to be one */
    json_t *result;
    const char *place; /* in the phase; "": at its beginning */
    bool over;         /* the phase is */
    bool unknown;      /* there is no such room, and nothing left to do */
};

static json_t *parameters_of(const struct room_deletion *deletion)
{
    return json_pack("{s:s?, s:s, s:s, s:b, s:b, s:b}", "new_room_user_id", deletion->new_room_user_id,
                     "room_name", deletion->room_name, "message", deletion->message, "block", deletion->block,
                     "purge", deletion->purge, "force_purge", deletion->force_purge);
}

static struct room_deletion deletion_of(const json_t *parameters)
{
    return (struct room_deletion){
        .new_room_user_id = field_string(parameters, "new_room_user_id"),
        .room_name = field_string(parameters, "room_name"),
        .message = field_string(parameters, "message"),
        .block = json_is_true(json_object_get(parameters, "block")),
        .purge = json_is_true(json_object_get(parameters, "purge")),
        .force_purge = json_is_true(json_object_get(parameters, "force_purge")),
    };
}

/* Whether it can be done by the runner, for whom nobody acts. */
static enum err check(struct homeserver *hs, const struct room_deletion *deletion)
{
    const struct actor *actor = hs->actor;
    enum err e;

    hs->actor = NULL;
    e = homeserver_can_delete_room(hs, deletion->purge);
    hs->actor = actor;
    return e;
}

enum err delete_room_start(struct homeserver *hs, const char *room_id, const struct room_deletion *deletion,
                           char id[JOBS_ID_SIZE])
{
    json_t *parameters = parameters_of(deletion);
    char *text = parameters ? json_dumps(parameters, JSON_COMPACT) : NULL;
    const struct job_request request = {
        .kind = JOB_DELETE_ROOM, .target = room_id, .parameters = text, .alone = true};
    enum err e = text ? check(hs, deletion) : ERR_NOMEM;

    if (!e)
        e = jobs_start(hs, &request, id);
    free(text);
    json_decref(parameters);
    return e;
}

/* The room that users go to; NULL: there is none. */
static const char *new_room(const struct deleting *d)
{
    return field_string(d->result, NEW_ROOM);
}

static enum err keep(struct deleting *d, const char *name, json_t *value)
{
    return json_object_set_new(d->result, name, value) < 0 ? ERR_NOMEM : ERR_OK;
}

static enum err find_room(struct deleting *d, int64_t *nid)
{
    struct room_row row = {0};
    enum err e = rooms_find(d->hs->db, d->job->target, d->arena, &row);

    *nid = row.nid;
    nids_free(&row.latest);
    return e;
}

/* The first phase. A room that is not here can be blocked all the same. */
static enum err block(struct deleting *d)
{
    int64_t nid;
    enum err e = ERR_OK;

    if (d->wish.block)
        e = blocks_set(d->hs, d->job->target, d->job->actor ? d->job->actor : "");
    if (!e)
        e = find_room(d, &nid);
    d->unknown = e == ERR_NOT_FOUND;
    return d->unknown ? ERR_OK : e;
}

/* Before the new room is made, it is noted after which event that may have been. */
static enum err note_events(struct deleting *d)
{
    int64_t last = 0;
    enum err e = events_last(d->hs->db, &last);

    if (!e)
        d->place = arena_printf(d->arena, "%lld", (long long)last);
    d->over = false;
    return e || d->place ? e : ERR_NOMEM;
}

static enum err make_room(struct deleting *d)
{
    const struct new_room room = {
        .creator = d->owner.localpart,
        .name = d->wish.room_name,
        .is_open = true,
        .is_silent = true,
        .key = d->job->id,
        .since = strtoll(d->place, NULL, 10),
    };
    const char *room_id;
    enum err e;

    if (!d->wish.new_room_user_id)
        return ERR_OK;
    if (!*d->place)
        return note_events(d);
    e = homeserver_create_room(d->hs, &room, d->arena, &room_id);
    if (e == ERR_NOT_FOUND)
        homeserver_reason(d->hs, "There is no user %s", d->wish.new_room_user_id);
    return e ? e : keep(d, NEW_ROOM, json_string(room_id));
}

/* Which aliases there are is noted before they move: then nobody could tell any more. */
static enum err note_aliases(struct deleting *d)
{
    json_t *noted = json_array();
    const char **aliases = NULL;
    size_t count = 0;
    enum err e = keep(d, ALIASES, noted);

    if (!e && new_room(d))
        e = room_aliases_list(d->hs->db, d->job->target, d->arena, &aliases, &count);
    for (size_t i = 0; !e && i < count; i++)
        if (json_array_append_new(noted, json_string(aliases[i])) < 0)
            e = ERR_NOMEM;
    return e;
}

static enum err move_aliases(struct deleting *d)
{
    const json_t *noted = json_object_get(d->result, ALIASES);
    struct alias_move move = {.localpart = d->owner.localpart,
                              .from = d->job->target,
                              .to = new_room(d),
                              .count = json_array_size(noted)};
    const char **aliases;

    if (!move.to || move.count == 0)
        return ERR_OK;
    aliases = arena_alloc(d->arena, move.count * sizeof *aliases);
    if (!aliases)
        return ERR_NOMEM;
    for (size_t i = 0; i < move.count; i++)
        aliases[i] = json_string_value(json_array_get(noted, i));
    move.aliases = aliases;
    return homeserver_move_aliases(d->hs, &move, d->arena);
}

/* Where the members' phase is: how often it has gone through all of them, and the last one it has noted. */
struct members_place {
    int64_t round, after;
};

static struct members_place members_place_of(const char *text)
{
    struct members_place place = {0};
    char *end;

    place.round = strtoll(text, &end, 10);
    place.after = strtoll(end, NULL, 10);
    return place;
}

static enum err read_involved(struct deleting *d, int64_t after, struct involved **users, size_t *count)
{
    int64_t nid;
    enum err e = db_begin(d->hs->db, DB_READ);

    if (e)
        return e;
    e = find_room(d, &nid);
    if (!e)
        e = memberships_involved(d->hs->db, nid, after, SLICE, d->arena, users, count);
    e = db_end(d->hs->db, e);
    return e == ERR_NOT_FOUND ? ERR_OK : e; /* somebody else has purged the room */
}

/*
 * Notes the next users as to leave. At the end it begins again, until there is nobody left but who could not
 * leave: who joins while others leave, perhaps again, is to leave as well.
 */
static enum err plan(struct deleting *d)
{
    struct members_place place = members_place_of(d->place);
    struct involved *users = NULL;
    size_t count = 0;
    enum err e = read_involved(d, place.after, &users, &count);

    d->over = count == 0 && (place.after == 0 || place.round + 1 == ROUNDS_MAX);
    if (e || d->over)
        return e;
    e = db_begin(d->hs->db, DB_NOTE);
    if (e)
        return e;
    for (size_t i = 0; !e && i < count; i++)
        e = job_items_add_again(d->hs->db, d->job->id, users[i].user_id, KICKED);
    e = db_end(d->hs->db, e);
    if (place.round == 0)
        d->job->total += (int64_t)count;
    d->place = count > 0 ? arena_printf(d->arena, "%lld %lld", (long long)place.round,
                                        (long long)users[count - 1].nid)
                         : arena_printf(d->arena, "%lld", (long long)place.round + 1);
    return e || d->place ? e : ERR_NOMEM;
}

/* Writes down what has become of those whom it has been tried for. */
static enum err settle(struct deleting *d, const struct room_move *move, struct job_item *items)
{
    enum err e = move->done > 0 ? db_begin(d->hs->db, DB_NOTE) : ERR_OK;

    if (e || move->done == 0)
        return e;
    for (size_t i = 0; !e && i < move->done; i++) {
        items[i].outcome = move->movers[i].failed ? FAILED : KICKED;
        items[i].detail = move->movers[i].failed;
        e = job_items_settle(d->hs->db, d->job->id, &items[i]);
    }
    e = db_end(d->hs->db, e);
    if (!e && d->job->done < items[move->done - 1].position)
        d->job->done = items[move->done - 1].position;
    if (d->job->total < d->job->done)
        d->job->total = d->job->done;
    return e;
}

static enum err move_noted(struct deleting *d, struct job_item *items, size_t count)
{
    struct room_move move = {
        .from = d->job->target,
        .to = new_room(d),
        .movers = arena_alloc(d->arena, count * sizeof *move.movers),
        .count = count,
        .end_ms = clock_monotonic_ms() + JOB_BATCH_MS,
    };
    enum err e, settled;

    if (!move.movers)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        move.movers[i] = (struct mover){.user_id = items[i].item};
    e = homeserver_move_members(d->hs, &move, d->arena);
    if (e == ERR_NOT_FOUND) { /* somebody else has purged the room */
        move.done = count;
        e = ERR_OK;
    }
    settled = settle(d, &move, items);
    return e ? e : settled;
}

/* Those who were noted leave; when there are none, others are noted. */
static enum err move_members(struct deleting *d)
{
    struct job_item *items = NULL;
    size_t count = 0;
    enum err e = job_items_waiting(d->hs->db, d->job->id, BATCH_MAX, d->arena, &items, &count);

    if (e || count == 0)
        return e ? e : plan(d);
    d->over = false;
    return move_noted(d, items, count);
}

/* Whether an error is about what was asked for: it would be the same again. */
static bool is_final(enum err e)
{
    return e == ERR_DENIED || e == ERR_INVALID || e == ERR_TOO_LARGE || e == ERR_NOT_FOUND ||
           e == ERR_DEACTIVATED;
}

/* A room that cannot be told why is deleted all the same. */
static enum err send_message(struct deleting *d)
{
    const struct new_message message = {
        .localpart = d->owner.localpart,
        .room_id = new_room(d),
        .text = d->wish.message,
        .key = d->job->id,
    };
    enum err e = message.room_id ? homeserver_send_message(d->hs, &message) : ERR_OK;

    if (!is_final(e))
        return e;
    log_warning("room %s is not told why it is there: %s", message.room_id,
                d->hs->reason ? d->hs->reason : err_text(e));
    d->hs->reason = NULL;
    return ERR_OK;
}

static enum err purge(struct deleting *d)
{
    enum err e = d->wish.purge ? homeserver_purge_room(d->hs, d->job->target, d->wish.force_purge) : ERR_OK;

    if (e == ERR_INVALID)
        homeserver_reason(d->hs, "Users are still joined to this room");
    return e == ERR_NOT_FOUND ? ERR_OK : e; /* it was done before, and could not be noted */
}

/*
 * Aliases move while their makers are still in the room, where a homeserver may ask for that. Those that it
 * did not let go are free after the purge, and then move as well.
 */
static const struct phase {
    const char *name;
    enum err (*run)(struct deleting *d);
} phases[] = {
    {"block", block},          {"room", make_room},
    {"aliases", note_aliases}, {"move-aliases", move_aliases},
    {"members", move_members}, {"message", send_message},
    {"purge", purge},          {"move-other-aliases", move_aliases},
};
#define PHASES (sizeof phases / sizeof *phases)

/* Where the cursor points to; NULL: to nothing that this version knows. */
static const struct phase *find_phase(struct deleting *d)
{
    const char *cursor = *d->job->cursor ? d->job->cursor : phases[0].name;
    size_t length = strcspn(cursor, " ");

    d->place = cursor[length] ? cursor + length + 1 : "";
    for (size_t i = 0; i < PHASES; i++)
        if (strlen(phases[i].name) == length && strncmp(phases[i].name, cursor, length) == 0)
            return &phases[i];
    return NULL;
}

/* Writes down where it goes on after a phase. */
static enum err go_on(struct deleting *d, const struct phase *phase)
{
    char *result;

    if (d->unknown || (d->over && phase + 1 == phases + PHASES))
        d->job->status = JOB_COMPLETE;
    else if (d->over)
        d->job->cursor = phase[1].name;
    else
        d->job->cursor = arena_printf(d->arena, "%s %s", phase->name, d->place);
    result = json_dumps(d->result, JSON_COMPACT);
    d->job->result = arena_strdup(d->arena, result);
    free(result);
    return d->job->cursor && d->job->result ? ERR_OK : ERR_NOMEM;
}

static enum err run(struct deleting *d)
{
    const struct phase *phase = find_phase(d);
    enum err e;

    if (!phase || !d->parameters || !d->result)
        return phase ? ERR_NOMEM : ERR_CORRUPT;
    d->wish = deletion_of(d->parameters);
    if (d->wish.new_room_user_id && !user_id_parse(d->wish.new_room_user_id, &d->owner))
        return ERR_CORRUPT;
    e = phase->run(d);
    return e ? e : go_on(d, phase);
}

enum err job_delete_room(struct homeserver *hs, struct job *job, struct arena *arena)
{
    struct deleting d = {
        .hs = hs,
        .job = job,
        .arena = arena,
        .parameters = json_loads(job->parameters, 0, NULL),
        .result = job->result ? json_loads(job->result, 0, NULL) : json_object(),
        .over = true,
    };
    enum err e = run(&d);

    json_decref(d.parameters);
    json_decref(d.result);
    return e;
}

static enum err add_user(const struct job_item *item, void *context)
{
    json_t *list = json_object_get(context, item->outcome);

    return json_array_append_new(list, json_string(item->item)) < 0 ? ERR_NOMEM : ERR_OK;
}

enum err delete_room_result(struct db *db, const struct job *job, json_t **result)
{
    json_t *kept = job->result ? json_loads(job->result, 0, NULL) : NULL;
    enum err e = ERR_NOMEM;

    *result = json_pack("{s:[], s:[], s:[], s:n}", KICKED, FAILED, ALIASES, NEW_ROOM);
    if (*result && (!kept || json_object_update(*result, kept) == 0))
        e = job_items_list(db, job->id, add_user, *result);
    json_decref(kept);
    if (e) {
        json_decref(*result);
        *result = NULL;
    }
    return e;
}
