/* SPDX-License-Identifier: ISC */
/* What Dendrite's configuration has to say so that Dendrite is the homeserver that mxadmin was. */
#include <inttypes.h>
#include <string.h>

#include "base/config_rewrite.h"
#include "command/handover.h"

#define USUAL_MEDIA "/var/lib/dendrite/media"

static void add(struct buf *lines, const char *key, const char *value)
{
    buf_puts(lines, key);
    buf_puts(lines, ": ");
    config_quote(value, lines);
    buf_puts(lines, "\n");
}

/* The same, for an option that may be left out. */
static void add_if(struct buf *lines, const char *key, const char *value)
{
    if (*value)
        add(lines, key, value);
}

/* Every component has to be told: the global database is one of PostgreSQL to Dendrite. */
static const struct {
    const char *section, *key;
} databases[] = {
    {"user_api", "account_database"},
    {"room_server", "database"},
    {"sync_api", "database"},
    {"federation_api", "database"},
    {"key_server", "database"},
    {"relay_api", "database"},
    {"mscs", "database"},
    {"media_api", "database"}, /* the last: more of it follows */
};

/* Appends the path as a "file:" URI (RFC 3986 section 2.1); it begins with "/". */
static void add_uri(struct buf *uri, const char *path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-~+@,=";

    buf_puts(uri, "file:");
    buf_put_percent(uri, path, plain);
}

static void add_databases(struct buf *lines, const char *path)
{
    struct buf uri = {0};

    add_uri(&uri, path);
    if (uri.err)
        lines->err = uri.err;
    for (size_t i = 0; !uri.err && i < sizeof databases / sizeof *databases; i++) {
        buf_printf(lines, "%s:\n  %s:\n", databases[i].section, databases[i].key);
        add(lines, "    connection_string", uri.data);
    }
    buf_free(&uri);
}

void handover_lines(const struct config *config, struct buf *lines)
{
    buf_puts(lines, "global:\n");
    add(lines, "  server_name", config->server_name);
    add(lines, "  private_key", config->signing_key);
    if (config->server_notices.enabled) {
        buf_puts(lines, "  server_notices:\n    enabled: true\n");
        add(lines, "    local_part", config->server_notices.local_part);
        add_if(lines, "    display_name", config->server_notices.display_name);
        add_if(lines, "    avatar_url", config->server_notices.avatar_url);
        add_if(lines, "    room_name", config->server_notices.room_name);
    }
    if (*config->registration_shared_secret) {
        buf_puts(lines, "client_api:\n");
        add(lines, "  registration_shared_secret", config->registration_shared_secret);
    }
    add_databases(lines, config->database);
    add(lines, "  base_path", *config->media_path ? config->media_path : USUAL_MEDIA);
    buf_printf(lines, "  max_file_size_bytes: %" PRId64 "\n", config->max_upload_size);
}
