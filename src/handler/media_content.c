/* SPDX-License-Identifier: ISC */
/* Media as clients show it (Client-Server API, "Content Repository"): the files themselves, and thumbnails.
 */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "handler/handlers.h"
#include "handler/media.h"
#include "handler/parameters.h"
#include "homeserver/media_content.h"

#define TYPE_UNKNOWN "application/octet-stream"
/* What a token has (RFC 9110 section 5.6.2), and an ext-value without an escape (RFC 8187 section 3.2.1). */
#define ATTRIBUTE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&+-.^_`|~"

/* What a browser may show without harm: what the specification lists, and no more ("Serving inline content").
 */
static const char *const inline_types[] = {
    "text/css",     "text/plain", "text/csv",    "application/json", "application/ld+json",
    "image/jpeg",   "image/gif",  "image/png",   "image/apng",       "image/webp",
    "image/avif",   "video/mp4",  "video/webm",  "video/ogg",        "video/quicktime",
    "audio/mp4",    "audio/webm", "audio/aac",   "audio/mpeg",       "audio/ogg",
    "audio/wave",   "audio/wav",  "audio/x-wav", "audio/x-pn-wav",   "audio/flac",
    "audio/x-flac",
};

/* What a client is to get. */
struct wanted {
    struct media_path path;
    const char *file_name; /* in place of the one it was uploaded with; NULL: none is given */
    const struct thumbnail *thumbnail;
    bool from_quarantine;
};

/* The type as it can stand in a header. */
static const char *safe_type(const char *type)
{
    for (const char *c = type; *c; c++)
        if (*c < ' ' || *c > '~')
            return TYPE_UNKNOWN;
    return *type ? type : TYPE_UNKNOWN;
}

/* Whether the type, less its parameters, is one of those. */
static bool is_inline(const char *type)
{
    const size_t length = strcspn(type, "; ");

    for (size_t i = 0; i < sizeof inline_types / sizeof *inline_types; i++)
        if (strncasecmp(type, inline_types[i], length) == 0 && !inline_types[i][length])
            return true;
    return false;
}

/* A text is in UTF-8 unless its type says otherwise. */
static const char *type_of(struct call *call, const char *type)
{
    static const char *const beginnings[] = {"text/", "application/json", "application/ld+json"};

    type = safe_type(type);
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strncasecmp(type, beginnings[i], strlen(beginnings[i])) == 0 && !strchr(type, ';'))
            return arena_printf(call->arena, "%s; charset=UTF-8", type);
    return type;
}

/* RFC 6266: how it is shown, and what it is called when it is saved. A name that is no token is encoded. */
static const char *disposition_of(struct call *call, const char *type, const char *name)
{
    struct buf text = {0};
    const char *copy;

    buf_puts(&text, is_inline(type) ? "inline" : "attachment");
    if (name && *name && name[strspn(name, ATTRIBUTE)])
        buf_puts(&text, "; filename*=utf-8''");
    else if (name && *name)
        buf_puts(&text, "; filename=");
    if (name)
        buf_put_percent(&text, name, ATTRIBUTE);
    copy = text.err ? NULL : arena_strdup(call->arena, text.data);
    buf_free(&text);
    return copy;
}

/* A tag for each file; thumbnails have the hash of what they show. */
static const char *tag_of(struct call *call, const struct media *media, const struct thumbnail *thumbnail)
{
    if (!thumbnail)
        return arena_printf(call->arena, "\"%s\"", media->hash);
    return arena_printf(call->arena, "\"%s-%lldx%lld-%s\"", media->hash, (long long)thumbnail->width,
                        (long long)thumbnail->height, thumbnail->method);
}

/* Whether the client has said that it has what has this tag. */
static bool has_already(const struct call *call, const char *tag)
{
    return strstr(call->request.if_none_match, tag) || strcmp(call->request.if_none_match, "*") == 0;
}

/* Answers with the open file, which is taken over. */
static json_t *answer(struct call *call, const struct wanted *wanted, const struct media *media,
                      int descriptor, int64_t size)
{
    const struct thumbnail *thumbnail = wanted->thumbnail;
    const char *type = thumbnail ? thumbnail->type : media->type;
    const char *name = wanted->file_name ? wanted->file_name : media_upload_name(call, media);
    struct reply_file *file = arena_alloc(call->arena, sizeof *file);

    if (file)
        *file = (struct reply_file){
            .descriptor = descriptor,
            .size = size,
            .type = type_of(call, type),
            .disposition = disposition_of(call, safe_type(type), thumbnail ? NULL : name),
            .tag = tag_of(call, media, thumbnail),
        };
    if (!file || !file->type || !file->disposition || !file->tag) {
        close(descriptor);
        return NULL;
    }
    if (has_already(call, file->tag)) {
        close(descriptor);
        file->descriptor = -1;
    }
    reply_with_file(&call->reply, file);
    return NULL;
}

/* Opens the thumbnail that fits; where there is none, or its file is gone, what it would show. */
static enum err open_wanted(struct call *call, struct wanted *wanted, const struct media *media, int *file,
                            int64_t *size)
{
    const struct config *config = call->app->config;
    struct thumbnail *found = wanted->thumbnail ? arena_alloc(call->arena, sizeof *found) : NULL;
    enum err e = ERR_NOT_FOUND;

    if (wanted->thumbnail && !found)
        return ERR_NOMEM;
    if (found)
        e = media_rows_thumbnail(call->app->db, media->origin, media->media_id, wanted->thumbnail,
                                 call->arena, found);
    if (!e)
        e = media_content_open(config, media, found, file, size);
    wanted->thumbnail = e ? NULL : found;
    return e == ERR_NOT_FOUND ? media_content_open(config, media, NULL, file, size) : e;
}

static json_t *send_media(struct call *call, struct wanted *wanted)
{
    struct media media;
    int file = -1;
    int64_t size = 0;
    enum err e = media_rows_find(call->app->db, call->app->config->server_name, wanted->path.server,
                                 wanted->path.media_id, call->arena, &media);

    if (!e && media.quarantined_by && !wanted->from_quarantine)
        e = ERR_NOT_FOUND;
    if (!e)
        e = open_wanted(call, wanted, &media, &file, &size);
    return e ? call_fail_err(call, e) : answer(call, wanted, &media, file, size);
}

/* Ketesa always asks for it, admins being whom it is for. */
static bool read_bypass(struct call *call, struct wanted *wanted)
{
    const char *text = query_get(&call->request.query, "admin_unsafely_bypass_quarantine");

    wanted->from_quarantine = text && strcmp(text, "true") == 0;
    if (!wanted->from_quarantine || call->caller.owner.type == ACCOUNT_ADMIN)
        return true;
    call_fail(call, API_BAD_REQUEST, "Must be a server admin to bypass quarantine");
    return false;
}

/* The path without a token never shows what is in quarantine. */
static json_t *download(struct call *call, const char *file_name)
{
    struct wanted wanted = {.file_name = file_name && *file_name ? file_name : NULL};

    if ((call->caller.user_id && !read_bypass(call, &wanted)) ||
        !media_path_read(call, 0, false, &wanted.path))
        return NULL;
    return send_media(call, &wanted);
}

json_t *media_download_get(struct call *call)
{
    return download(call, NULL);
}

json_t *media_download_named_get(struct call *call)
{
    return download(call, call->parameters[2]);
}

json_t *media_thumbnail_get(struct call *call)
{
    static const char *const methods[] = {"scale", "crop"};
    struct thumbnail thumbnail = {0};
    struct wanted wanted = {.thumbnail = &thumbnail};
    size_t method = 0;

    if (!parameter_required_integer(call, "width", &thumbnail.width) ||
        !parameter_required_integer(call, "height", &thumbnail.height) ||
        !parameter_word(call, "method", methods, sizeof methods / sizeof *methods, &method) ||
        !media_path_read(call, 0, false, &wanted.path))
        return NULL;
    thumbnail.method = methods[method];
    return send_media(call, &wanted);
}
