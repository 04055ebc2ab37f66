/* SPDX-License-Identifier: ISC */
#include "homeserver/media.h"
#include "homeserver/standalone/standalone.h"
#include "store/media_rows.h"

static enum err remove_row(struct homeserver *hs, const char *origin, const char *media_id)
{
    return media_rows_delete(hs->db, origin, media_id);
}

enum err standalone_delete_media(struct homeserver *hs, const struct media_deletion *deletion,
                                 struct arena *arena, struct id_list *deleted)
{
    return media_delete(hs, deletion, remove_row, arena, deleted);
}
