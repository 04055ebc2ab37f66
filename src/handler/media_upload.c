/* SPDX-License-Identifier: ISC */
/* Uploads, and how large they may be (Client-Server API, "Content Repository"). */
#include <string.h>

#include "crypto/base64.h"
#include "crypto/random.h"
#include "handler/handlers.h"

#define ID_BYTES     32 /* of which Dendrite's media ids are, in hexadecimal */
#define TYPE_MAX     255
#define TYPE_UNKNOWN "application/octet-stream"

/* The body on its way to the store. */
struct arriving {
    const struct request *request;
    long long taken;
};

static long read_next(void *context, char *bytes, size_t size)
{
    struct arriving *arriving = context;

    return request_next(arriving->request, &arriving->taken, bytes, size);
}

/* A type that cannot stand in a header again tells nothing. */
static const char *type_of(const struct call *call)
{
    const char *type = call->request.content_type;
    const size_t length = strlen(type);

    for (size_t i = 0; i < length; i++)
        if (type[i] < ' ' || type[i] > '~')
            return TYPE_UNKNOWN;
    return length > 0 && length <= TYPE_MAX ? type : TYPE_UNKNOWN;
}

static json_t *fail(struct call *call, enum err e)
{
    if (e == ERR_TOO_LARGE)
        return call_fail(call, API_TOO_LARGE, NULL);
    if (e == ERR_INVALID)
        return call_fail(call, API_TIMEOUT, NULL);
    return call_fail_err(call, e);
}

json_t *media_upload_post(struct call *call)
{
    struct arriving arriving = {.request = &call->request};
    const char *name = query_get(&call->request.query, "filename"), *uri;
    unsigned char bytes[ID_BYTES];
    char media_id[2 * ID_BYTES + 1];
    const struct upload upload = {
        .localpart = call->caller.owner.localpart,
        .media_id = media_id,
        .type = type_of(call),
        .name = name ? name : "",
        .size_max = call->app->config->max_upload_size,
        .read = read_next,
        .context = &arriving,
    };
    enum err e = random_bytes(bytes, sizeof bytes);

    if (e)
        return call_fail_err(call, e);
    hex_encode(bytes, sizeof bytes, media_id);
    uri = arena_printf(call->arena, "mxc://%s/%s", call->app->config->server_name, media_id);
    if (!uri)
        return NULL;
    call->audit.row.target = uri;
    e = homeserver_upload_media(&call->homeserver, &upload);
    return e ? fail(call, e) : json_pack("{s:s}", "content_uri", uri);
}

json_t *media_config_get(struct call *call)
{
    const int64_t size = call->app->config->max_upload_size;

    return size > 0 ? json_pack("{s:I}", "m.upload.size", (json_int_t)size) : json_object();
}
