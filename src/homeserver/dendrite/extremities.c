/* SPDX-License-Identifier: ISC */
/*
 * A room whose history ends with many events, as Dendrite's own evacuation leaves it: whatever a user sends
 * to it names twenty of them as those before it. Where no local user is left, mxadmin's own account joins for
 * that and leaves again, if the room is public.
 */
#include "base/clock.h"
#include "homeserver/dendrite/rooms.h"
#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"
#include "homeserver/room_rights.h"
#include "matrix/event.h"
#include "store/rooms.h"
#include "store/settings.h"

/* How often in a row an event may make nothing better: others may send at the same time. */
#define VAIN_MAX 3

struct merging {
    struct homeserver *hs;
    struct arena *arena;
    const char *room_id;
    const char *helper; /* the localpart of our own account; NULL: there is none */
    const char *helper_id;
    struct merging_sender sender;
    bool helping; /* our account is in the room */
    int64_t left; /* events that the history ends with */
};

static enum err find_helper(struct merging *merging)
{
    enum err e = settings_find(merging->hs->db, SETTING_SERVICE_ACCOUNT, merging->arena, &merging->helper);

    if (e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    merging->helper_id = dendrite_user_id(merging->hs, merging->helper, merging->arena);
    return merging->helper_id ? ERR_OK : ERR_NOMEM;
}

static enum err count_extremities(struct merging *merging)
{
    struct room_row row = {0};
    enum err e = rooms_find(merging->hs->db, merging->room_id, merging->arena, &row);

    merging->left = (int64_t)row.latest.count;
    nids_free(&row.latest);
    return e;
}

static enum err choose(struct merging *merging)
{
    struct room_rights rights;
    enum err e = room_rights_begin(&rights, merging->hs, merging->room_id, merging->arena);

    if (e)
        return e;
    e = room_rights_merging(&rights, merging->helper_id, &merging->sender);
    /* Of many, Dendrite has the oldest followed. After these, whoever has joined since is none who may send a
     * message, but may join. */
    if (!e && room_rights_public(&rights))
        merging->sender.by_membership = true;
    return room_rights_end(&rights, e);
}

static enum err look(struct merging *merging)
{
    enum membership membership = MEMBERSHIP_LEAVE;
    enum err e = find_helper(merging);

    if (!e)
        e = count_extremities(merging);
    if (!e && merging->helper)
        e = dendrite_membership(merging->hs, merging->helper_id, merging->room_id, merging->arena,
                                &membership);
    merging->helping = membership == MEMBERSHIP_JOIN;
    if (!e && merging->left > 1)
        e = choose(merging);
    return e;
}

/*
 * The member's own event with something new in it: of an equal one, Dendrite makes none. It is that of the
 * moment, for an older one would have the member leave again.
 */
static enum err member_content(struct merging *merging, json_t **content)
{
    struct room_rights rights;
    enum err e = room_rights_begin(&rights, merging->hs, merging->room_id, merging->arena);

    *content = NULL;
    if (!e)
        e = room_rights_end(&rights, room_rights_member(&rights, merging->sender.user_id, content));
    if (!e && json_object_set_new(*content, "org.mxadmin.merged_ts", json_integer(clock_now_ms())) < 0)
        e = ERR_NOMEM;
    return e;
}

static enum err send_one(struct merging *merging, const char *localpart)
{
    struct question question = {.endpoint = ENDPOINT_SEND, .as_user = localpart};
    const char *transaction_id = arena_printf(merging->arena, "mxadmin-%lld-%lld", (long long)clock_now_ms(),
                                              (long long)merging->left);
    enum err e = transaction_id ? ERR_OK : ERR_NOMEM;

    question.segments[0] = merging->room_id;
    question.segments[1] = MERGING_TYPE;
    question.segments[2] = transaction_id;
    if (!e && merging->sender.by_membership) {
        question.endpoint = ENDPOINT_STATE;
        question.segments[1] = "m.room.member";
        question.segments[2] = merging->sender.user_id;
        e = member_content(merging, &question.body);
    } else if (!e) {
        question.body = json_object();
    }
    if (!e)
        return dendrite_ask(merging->hs, &question, NULL);
    json_decref(question.body);
    return e;
}

static enum err join(struct merging *merging)
{
    enum err e = dendrite_join(merging->hs, merging->helper, merging->room_id);

    if (!e)
        e = count_extremities(merging);
    merging->helping = !e;
    return e;
}

/* Sends until one is left, or those that leaving makes into one, or the time is over. */
static enum err send_all(struct merging *merging, int64_t end_ms)
{
    struct user_id sender;
    int vain = 0;
    enum err e = user_id_parse(merging->sender.user_id, &sender) ? ERR_OK : ERR_CORRUPT;

    do {
        int64_t before = merging->left;

        if (before <= (merging->helping ? EVENT_PREV_MAX : 1))
            break;
        e = send_one(merging, sender.localpart);
        if (e == ERR_GATEWAY) /* so it answers where an event is none that may follow the oldest ones */
            e = ERR_OK;
        if (!e)
            e = count_extremities(merging);
        vain = merging->left < before ? 0 : vain + 1;
        if (!e && vain == VAIN_MAX)
            e = dendrite_fail(merging->hs, ERR_DENIED, "%s can send nothing that follows the oldest of them",
                              merging->sender.user_id);
    } while (!e && clock_monotonic_ms() < end_ms);
    return e;
}

/* One batch. Our account leaves last, and so after a crash as well: it is in no room for another reason. */
static enum err merge_batch(struct merging *merging)
{
    int64_t end_ms = clock_monotonic_ms() + JOB_BATCH_MS;
    enum err e = ERR_OK;

    if (merging->left > 1 && merging->sender.joins)
        e = join(merging);
    if (!e && merging->left > 1)
        e = send_all(merging, end_ms);
    if (e || !merging->helping || merging->left > EVENT_PREV_MAX)
        return e;
    e = dendrite_leave(merging->hs, merging->helper, merging->room_id);
    return e ? e : count_extremities(merging);
}

/* As a job: it may take longer than a request may wait. */
static enum err run(struct homeserver *hs, const char *room_id, struct extremity_merge *merge,
                    struct arena *arena)
{
    const struct job_request request = {.kind = JOB_MERGE_EXTREMITIES, .target = room_id};
    struct job job = {0};
    enum err e = jobs_run(hs, &request, arena, &job);

    if (e)
        return e;
    merge->before = job.total + 1;
    merge->left = merge->before - job.done;
    merge->job_id = job_has_ended(&job) ? NULL : job.id;
    return ERR_OK;
}

enum err dendrite_merge_extremities(struct homeserver *hs, const char *room_id, struct extremity_merge *merge,
                                    struct arena *arena)
{
    struct merging merging = {.hs = hs, .arena = arena, .room_id = room_id};
    enum err e = look(&merging);

    merge->before = merge->left = merging.left;
    merge->job_id = NULL;
    if (e || (merging.left <= 1 && !merging.helping))
        return e;
    e = dendrite_need_service(hs);
    if (!e && merging.left > 1 && !merging.sender.user_id)
        e = dendrite_fail(hs, ERR_DENIED, MERGING_DENIED);
    if (!e && !hs->in_job)
        return run(hs, room_id, merge, arena);
    if (!e)
        e = merge_batch(&merging);
    merge->left = merging.left;
    return e;
}
