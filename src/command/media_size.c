/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "command/media_size.h"
#include "homeserver/media_files.h"

static int by_hash(const void *a, const void *b)
{
    return strcmp(((const struct media *)a)->hash, ((const struct media *)b)->hash);
}

/* Adds what a file has, if the `count` media of it are all there are. */
static enum err add_size(struct context *context, struct media_files *files, const char *hash, size_t count,
                         int64_t *bytes)
{
    struct arena *arena = arena_new();
    struct media_rows sharing = {0};
    struct media_file file = {0};
    enum err e = arena ? media_list_sharing(context->db, context->config->server_name, hash, arena, &sharing)
                       : ERR_NOMEM;

    if (!e && sharing.count == count)
        e = media_files_look(files, hash, MEDIA_PLACE, &file);
    *bytes += file.total_size;
    arena_free(&arena);
    return e;
}

enum err media_size(struct context *context, struct media_rows *media, int64_t *bytes)
{
    struct media_files files = {.root = -1};
    enum err e = ERR_OK;

    *bytes = 0;
    if (media->count == 0 || !*context->config->media_path)
        return ERR_OK;
    qsort(media->items, media->count, sizeof *media->items, by_hash);
    e = media_files_open(&files, context->config->media_path);
    for (size_t i = 0, next; !e && i < media->count; i = next) {
        for (next = i + 1; next < media->count && by_hash(&media->items[i], &media->items[next]) == 0;)
            next++;
        e = add_size(context, &files, media->items[i].hash, next - i, bytes);
    }
    media_files_close(&files);
    return e;
}
