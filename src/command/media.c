/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "command/console.h"
#include "command/context.h"
#include "command/listing.h"
#include "command/media.h"
#include "command/media_size.h"
#include "homeserver/media.h"
#include "homeserver/upkeep.h"

#define TEXT_SIZE  1024 /* bytes of a column */
#define CHUNK      100  /* media that are deleted between two looks at the bar */
#define LARGER_MAX ((int64_t)1 << 50)

struct media_listing {
    struct listing listing;
    struct arena *arena;
    const char *user_id; /* whose media; NULL: everybody's */
};

/* Type and name are what a client has sent, or another server: valid UTF-8 or not. */
static json_t *json_of(const struct media *media, struct arena *arena)
{
    return json_pack("{s:s, s:s, s:s?, s:s, s:s, s:I, s:I, s:s?, s:b, s:s}", "media_id", media->media_id,
                     "origin", media->origin, "user_id", *media->user_id ? media->user_id : NULL, "type",
                     text_clean(arena, media->type, strlen(media->type)), "upload_name",
                     text_clean(arena, media->upload_name, strlen(media->upload_name)), "size",
                     (json_int_t)media->length, "created_ts", (json_int_t)media->created_ts, "quarantined_by",
                     media->quarantined_by, "protected", media->protected, "hash", media->hash);
}

static void print_media(const struct media *media)
{
    char when[CONSOLE_TIME_SIZE], line[TEXT_SIZE], safe[TEXT_SIZE];

    console_time(media->created_ts, when);
    snprintf(line, sizeof line, "mxc://%s/%s  %s  %" PRId64 "  %s  %s%s%s", media->origin, media->media_id,
             when, media->length, media->type, *media->user_id ? media->user_id : "-",
             media->quarantined_by ? "  quarantined" : "", media->protected ? "  protected" : "");
    console_safe(line, safe, sizeof safe);
    puts(safe);
}

static enum err list_one(const struct media *media, void *context)
{
    struct media_listing *listing = context;

    if (listing->user_id && strcmp(media->user_id, listing->user_id) != 0)
        return ERR_OK;
    if (listing->listing.array)
        return json_array_append_new(listing->listing.array, json_of(media, listing->arena)) < 0 ? ERR_NOMEM
                                                                                                 : ERR_OK;
    print_media(media);
    return ERR_OK;
}

int command_media_list(const struct invocation *invocation)
{
    struct media_listing listing = {0};
    struct context context;
    int code = COMMAND_FAILED;
    const char *user = invocation->value[OPTION_BY];
    enum err e = context_open(&context, invocation);

    if (!e && user && (user = context_local_user(&context, user)))
        listing.user_id = arena_printf(context.arena, "@%s:%s", user, context.config->server_name);
    if (e || (invocation->given[OPTION_BY] && !listing.user_id))
        goto out;
    e = listing_begin(&listing.listing, invocation);
    listing.arena = context.arena;
    if (!e)
        e = upkeep_media_now(&context.homeserver);
    if (!e)
        e = media_list_each(context.db, context.config->server_name, list_one, &listing);
    code = listing_end(&listing.listing, invocation, e);
out:
    context_close(&context);
    return code;
}

/* Deletes in chunks, so that a bar can show how far it is. */
static enum err delete_all(struct context *context, const struct media_rows *media, int64_t *deleted)
{
    struct console_bar bar = console_bar();
    enum err e = ERR_OK;

    *deleted = 0;
    for (size_t i = 0; !e && i < media->count; i += CHUNK) {
        const size_t left = media->count - i, some = left < CHUNK ? left : CHUNK;
        const struct media_deletion deletion = {.media = {media->items + i, some}, .spare = true};
        struct id_list ids = {0};

        e = homeserver_delete_media(&context->homeserver, &deletion, context->arena, &ids);
        *deleted += (int64_t)ids.count;
        if (!e)
            console_bar_draw(&bar, (int64_t)(i + some), (int64_t)media->count);
    }
    return e;
}

static void say(const struct invocation *invocation, int64_t count, int64_t bytes)
{
    bool dry_run = invocation->given[OPTION_DRY_RUN];
    char size[CONSOLE_SIZE_SIZE];

    console_size(bytes, size);
    printf("%" PRId64 " media %s, %s\n", count, dry_run ? "would be deleted" : "deleted", size);
}

/* What the options ask for; false after saying what is wrong. */
static bool read_wish(const struct invocation *invocation, struct media_wish *wish)
{
    *wish = (struct media_wish){.remote = invocation->given[OPTION_REMOTE], .larger_than = -1};
    if (!invocation->given[OPTION_BEFORE]) {
        console_error(invocation, "--before says how old");
        return false;
    }
    return console_moment(invocation, OPTION_BEFORE, &wish->before_ts) &&
           console_number(invocation, OPTION_LARGER, LARGER_MAX, &wish->larger_than);
}

int command_media_purge(const struct invocation *invocation)
{
    struct media_rows media = {0};
    struct media_wish wish;
    struct context context;
    int64_t deleted, bytes = 0;
    int code = COMMAND_FAILED;
    enum err e;

    if (!read_wish(invocation, &wish))
        return COMMAND_USAGE;
    e = context_open(&context, invocation);
    if (e)
        goto out;
    e = media_find_old(&context.homeserver, &wish, !invocation->given[OPTION_AVATARS], context.arena, &media);
    if (!e)
        e = media_size(&context, &media, &bytes);
    deleted = (int64_t)media.count;
    if (!e && !invocation->given[OPTION_DRY_RUN])
        e = delete_all(&context, &media, &deleted);
    if (e) {
        context_failed(&context, NULL, e);
        goto out;
    }
    say(invocation, deleted, bytes);
    code = console_finish(invocation);
out:
    context_close(&context);
    return code;
}
