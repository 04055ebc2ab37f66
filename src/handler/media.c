/* SPDX-License-Identifier: ISC */
/* One piece of media: Synapse's information on it, and its deletion. */
#include <string.h>

#include "base/text.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "handler/handlers.h"
#include "handler/media.h"
#include "http/path.h"
#include "store/media_rows.h"

bool media_path_read(struct call *call, size_t first, bool local, struct media_path *path)
{
    path->server = local ? call->app->config->server_name : call->parameters[first];
    path->media_id = call->parameters[local ? first : first + 1];
    call->audit.row.target = arena_printf(call->arena, "mxc://%s/%s", path->server, path->media_id);
    if (!call->audit.row.target)
        call_fail(call, API_INTERNAL, NULL);
    return call->audit.row.target != NULL;
}

/* Dendrite keeps the name of what is uploaded here percent-encoded, and that of others as it came. */
const char *media_upload_name(struct call *call, const struct media *media)
{
    const char *name = media->upload_name;

    if (strcmp(media->origin, call->app->config->server_name) == 0 &&
        percent_decode(media->upload_name, strlen(media->upload_name), false, call->arena, &name))
        name = media->upload_name;
    return *name ? text_clean(call->arena, name, strlen(name)) : NULL;
}

/* The digest as Synapse writes it; NULL where the name of the file is none. */
static const char *sha256_of(struct call *call, const struct media *media)
{
    unsigned char digest[DIGEST_SHA256_SIZE];
    size_t size = sizeof digest;
    char *text;

    if (base64_decode(media->hash, digest, &size) || size != sizeof digest)
        return NULL;
    text = arena_alloc(call->arena, 2 * sizeof digest + 1);
    if (text)
        hex_encode(digest, sizeof digest, text);
    return text;
}

json_t *media_row_json(struct call *call, const struct media *media)
{
    return json_pack("{s:s, s:s, s:o, s:s?, s:I, s:n, s:n, s:s?, s:s?, s:b, s:s?}", "media_id",
                     media->media_id, "media_type", text_clean(call->arena, media->type, strlen(media->type)),
                     "media_length", media->length >= 0 ? json_integer(media->length) : json_null(),
                     "upload_name", media_upload_name(call, media), "created_ts",
                     (json_int_t)media->created_ts, "url_cache", "last_access_ts", "quarantined_by",
                     media->quarantined_by, "user_id", *media->user_id ? media->user_id : NULL,
                     "authenticated", 0, "sha256", sha256_of(call, media));
}

/* The same and what only one of them is told with; what is said of media of our own server alone is null for
 * that of others. */
static json_t *info_of(struct call *call, const struct media *media)
{
    const bool local = strcmp(media->origin, call->app->config->server_name) == 0;
    json_t *info = media_row_json(call, media);

    if (info &&
        json_object_set_new(info, "media_origin", local ? json_null() : json_string(media->origin)) == 0 &&
        json_object_set_new(info, "filesystem_id", local ? json_null() : json_string(media->hash)) == 0 &&
        json_object_set_new(info, "safe_from_quarantine",
                            local ? json_boolean(media->protected) : json_null()) == 0)
        return json_pack("{s:o}", "media_info", info);
    json_decref(info);
    return NULL;
}

/* Finds the media of the path. False after the answer has become an error. */
static bool find(struct call *call, const struct media_path *path, struct media *media)
{
    enum err e = media_rows_find(call->app->db, call->app->config->server_name, path->server, path->media_id,
                                 call->arena, media);

    if (e)
        call_fail_absent(call, e, "Unknown media");
    return e == ERR_OK;
}

json_t *media_get(struct call *call)
{
    struct media_path path;
    struct media media;

    if (!media_path_read(call, 0, false, &path) || !find(call, &path, &media))
        return NULL;
    return info_of(call, &media);
}

json_t *media_deleted(const struct id_list *deleted)
{
    return json_pack("{s:o, s:I, s:s*}", "deleted_media", call_ids(deleted), "total",
                     (json_int_t)deleted->count, "job_id", deleted->job_id);
}

json_t *media_delete_answer(struct call *call, const struct media_deletion *deletion)
{
    struct id_list deleted = {0};
    enum err e = homeserver_delete_media(&call->homeserver, deletion, call->arena, &deleted);

    return e ? call_fail_err(call, e) : media_deleted(&deleted);
}

json_t *media_delete_one(struct call *call)
{
    struct media_path path;
    struct media media;

    if (!media_path_read(call, 0, false, &path))
        return NULL;
    if (strcmp(path.server, call->app->config->server_name) != 0)
        return call_fail(call, API_BAD_REQUEST, "Can only delete local media");
    if (!find(call, &path, &media))
        return NULL;
    return media_delete_answer(call, &(struct media_deletion){.media = {.items = &media, .count = 1}});
}
