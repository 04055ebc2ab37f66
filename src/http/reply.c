/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <unistd.h>
#include <jansson.h>

#include "http/reply.h"

/* The reason phrases of RFC 9110 section 15, RFC 6585 and RFC 4918, for every status that a reply can have.
 */
static const struct {
    int status;
    const char *text;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {507, "Insufficient Storage"},
};

/* What every answer has, an error too: web clients of another origin can read it. */
static const char fixed_headers[] =
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n"
    "Access-Control-Allow-Headers: X-Requested-With, Content-Type, Authorization, Date\r\n"
    "Access-Control-Expose-Headers: Synapse-Trace-Id, Server\r\n";

/* Nobody keeps an answer. */
static const char unkept[] = "Cache-Control: no-cache, no-store, must-revalidate\r\n";

/*
 * What others have uploaded: it runs nothing in a browser and is not taken for another type (Client-Server
 * API, "Content Repository", "Security considerations"); and whoever keeps it asks each time whether it is
 * still to be shown, since it may have been deleted, or put into quarantine.
 */
static const char file_headers[] =
    "Cache-Control: private, no-cache\r\n"
    "Content-Security-Policy: sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf;"
    " style-src 'unsafe-inline'; media-src 'self'; object-src 'self';\r\n"
    "Cross-Origin-Resource-Policy: cross-origin\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Robots-Tag: noindex, nofollow, noarchive, noimageindex\r\n";

static const char *reason(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "";
}

void reply_json(struct reply *reply, int status, json_t *body)
{
    reply_free(reply);
    reply->status = status;
    reply->body = body;
}

void reply_with_file(struct reply *reply, struct reply_file *file)
{
    reply_free(reply);
    reply->status = file->descriptor < 0 ? 304 : 200;
    reply->file = file;
}

void reply_error(struct reply *reply, enum api_error error, const char *text)
{
    json_t *body = json_pack("{s:s, s:s}", "errcode", api_error_code(error), "error",
                             text ? text : api_error_text(error));

    /* A session lives on through a lock, and through nothing else (Client-Server API, "Soft logout"). */
    if ((error == API_UNKNOWN_TOKEN || error == API_USER_LOCKED) && body &&
        json_object_set_new(body, "soft_logout", json_boolean(error == API_USER_LOCKED))) {
        json_decref(body);
        body = NULL;
    }
    reply_json(reply, api_error_status(error), body);
    reply->error = error;
    if (error == API_UNAVAILABLE || error == API_HOMESERVER_DOWN)
        reply->retry_after_ms = 1000;
}

void reply_limited(struct reply *reply, int64_t retry_after_ms, const char *text)
{
    reply_error(reply, API_LIMIT_EXCEEDED, text);
    reply->retry_after_ms = retry_after_ms;
    if (reply->body && json_object_set_new(reply->body, "retry_after_ms", json_integer(retry_after_ms))) {
        json_decref(reply->body);
        reply->body = NULL;
    }
}

static int append(const char *bytes, size_t size, void *body)
{
    buf_append(body, bytes, size);
    return ((struct buf *)body)->err ? -1 : 0;
}

/* The body's bytes, serialised before anything is written, since its length stands in the header. */
static enum err body_make(const struct reply *reply, struct buf *body)
{
    if (reply->body) {
        if (json_dump_callback(reply->body, append, body, JSON_COMPACT))
            return body->err ? body->err : ERR_NOMEM;
    } else if (reply->status >= 400) {
        buf_printf(body, "{\"errcode\":\"%s\",\"error\":\"%s\"}", api_error_code(reply->error),
                   api_error_text(reply->error));
    }
    return body->err;
}

/* RFC 9110 section 15.4.5: with 304 only what a copy that was kept may need. */
static void write_file_headers(const struct reply_file *file, struct buf *out)
{
    if (file->descriptor >= 0)
        buf_printf(out, "Content-Type: %s\r\nContent-Length: %lld\r\nContent-Disposition: %s\r\n", file->type,
                   (long long)file->size, file->disposition);
    buf_printf(out, "ETag: %s\r\n", file->tag);
    buf_puts(out, file_headers);
}

enum err reply_write(const struct reply *reply, const char *request_id, bool head, struct buf *out)
{
    struct buf body = {0};
    enum err e = body_make(reply, &body);

    if (e)
        goto out;
    buf_printf(out, "Status: %d %s\r\n", reply->status, reason(reply->status));
    if (reply->file)
        write_file_headers(reply->file, out);
    else if (body.length > 0)
        buf_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.length);
    if (!reply->file)
        buf_puts(out, unkept);
    buf_puts(out, fixed_headers);
    if (reply->allow)
        buf_printf(out, "Allow: %s\r\n", reply->allow);
    if (reply->retry_after_ms > 0)
        buf_printf(out, "Retry-After: %lld\r\n", (long long)(reply->retry_after_ms + 999) / 1000);
    buf_printf(out, "X-Request-Id: %s\r\n\r\n", request_id);
    if (!head && body.length > 0)
        buf_append(out, body.data, body.length);
    e = out->err;
    if (e)
        buf_clear(out);
out:
    buf_free(&body);
    return e;
}

void reply_free(struct reply *reply)
{
    json_decref(reply->body);
    if (reply->file && reply->file->descriptor >= 0)
        close(reply->file->descriptor);
    *reply = (struct reply){0};
}
