/* SPDX-License-Identifier: ISC */
/*
 * Dendrite has no way to delete media. Its file goes at once, so that Dendrite answers 404; its row waits
 * until Dendrite is down, and is out of our own lists until then.
 */
#include <stdio.h>

#include "base/clock.h"
#include "homeserver/dendrite/dendrite.h"
#include "homeserver/media.h"
#include "store/deferred.h"

#define TARGET_SIZE 1024 /* the ids are at most 255 bytes each */

static enum err defer_row(struct homeserver *hs, const char *origin, const char *media_id)
{
    char target[TARGET_SIZE];
    const struct deferred_change change = {
        .kind = DEFERRED_DELETE_MEDIA,
        .target = target,
        .parameters = DEFERRED_NOTHING,
        .actor = hs->actor ? hs->actor->localpart : "",
        .created_ts = clock_now_ms(),
    };
    int length = snprintf(target, sizeof target, "%s/%s", origin, media_id);

    return length < TARGET_SIZE ? deferred_put(hs->db, &change) : ERR_TOO_LARGE;
}

enum err dendrite_delete_media(struct homeserver *hs, const struct media_deletion *deletion,
                               struct arena *arena, struct id_list *deleted)
{
    return media_delete(hs, deletion, defer_row, arena, deleted);
}
