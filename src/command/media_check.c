/* SPDX-License-Identifier: ISC */
/* mxadmin media check: rows and files have to agree. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "command/console.h"
#include "command/context.h"
#include "command/media.h"
#include "homeserver/media_files.h"
#include "homeserver/upkeep.h"

#define LINE_SIZE 1024

/* What is known of a file. */
struct known {
    const char *hash;
    const char *uri; /* of one of its media */
    int64_t size;    /* negative: not known */
    bool quarantined;
};

struct comparison {
    struct context *context;
    struct media_files files;
    struct list known;           /* struct known, in the order of hashes once all are there */
    enum media_area area;        /* of the walk */
    int64_t media, there, bytes; /* how many media and files, and the bytes of files */
    struct list wrong;           /* const char *: a line for each thing; a bar is drawn meanwhile */
    int64_t orphans, orphaned_bytes;
};

static enum err __attribute__((format(printf, 2, 3))) report(struct comparison *c, const char *format, ...)
{
    char line[LINE_SIZE], safe[LINE_SIZE];
    const char **item = list_add(&c->wrong);
    va_list arguments;

    if (!item)
        return ERR_NOMEM;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    console_safe(line, safe, sizeof safe);
    *item = arena_strdup(c->wrong.arena, safe);
    return *item ? ERR_OK : ERR_NOMEM;
}

static int by_hash(const void *a, const void *b)
{
    return strcmp(((const struct known *)a)->hash, ((const struct known *)b)->hash);
}

static enum err learn(const struct media *media, void *context)
{
    struct comparison *c = context;
    struct known *known = list_add(&c->known);

    if (!known)
        return ERR_NOMEM;
    c->media++;
    *known = (struct known){
        .hash = arena_strdup(c->context->arena, media->hash),
        .uri = arena_printf(c->context->arena, "mxc://%s/%s", media->origin, media->media_id),
        .size = media->length,
        .quarantined = media->quarantined_by != NULL,
    };
    return known->hash && known->uri ? ERR_OK : ERR_NOMEM;
}

/* Compares what is known of a file with the file. */
static enum err compare(struct comparison *c, const struct known *known)
{
    const enum media_area wanted = known->quarantined ? MEDIA_QUARANTINE : MEDIA_PLACE;
    struct media_file files[MEDIA_AREA__MAX] = {0};
    enum err e = ERR_OK;

    for (int area = MEDIA_PLACE; !e && area <= MEDIA_QUARANTINE; area++)
        e = media_files_look(&c->files, known->hash, (enum media_area)area, &files[area]);
    if (e)
        return e;
    c->there += files[wanted].there;
    c->bytes += files[wanted].total_size;
    if (known->quarantined && files[MEDIA_PLACE].there)
        e = report(c, "%s: is in quarantine, and its file %s is where the homeserver serves it", known->uri,
                   known->hash);
    else if (!known->quarantined && files[MEDIA_QUARANTINE].there)
        e = report(c, "%s: is not in quarantine, and its file %s is", known->uri, known->hash);
    else if (!files[wanted].there)
        e = report(c, "%s: its file %s is missing", known->uri, known->hash);
    else if (known->size >= 0 && files[wanted].size != known->size)
        e = report(c, "%s: its file %s has %" PRId64 " bytes instead of %" PRId64, known->uri, known->hash,
                   files[wanted].size, known->size);
    return e;
}

static enum err compare_all(struct comparison *c)
{
    const struct known *known = c->known.items;
    struct console_bar bar = console_bar();
    enum err e = ERR_OK;

    if (c->known.count > 0)
        qsort(c->known.items, c->known.count, sizeof *known, by_hash);
    for (size_t i = 0; !e && i < c->known.count; i++) {
        if (i == 0 || by_hash(&known[i - 1], &known[i]) != 0)
            e = compare(c, &known[i]);
        console_bar_draw(&bar, (int64_t)i + 1, (int64_t)c->known.count);
    }
    return e;
}

/* A folder of the store that nothing knows. */
static enum err find_orphan(const char *hash, void *context)
{
    static const char *const places[] = {"", "mxadmin/quarantine/", "mxadmin/trash/"};
    struct comparison *c = context;
    const struct known key = {.hash = hash};
    struct media_file file;
    enum err e;

    if (c->area != MEDIA_TRASH && c->known.count > 0 &&
        bsearch(&key, c->known.items, c->known.count, sizeof key, by_hash))
        return ERR_OK;
    e = media_files_look(&c->files, hash, c->area, &file);
    if (e)
        return e;
    c->orphans++;
    c->orphaned_bytes += file.total_size;
    return report(c, "%s%s: no media has this file", places[c->area], hash);
}

static enum err compare_store(struct comparison *c)
{
    enum err e = upkeep_media_now(&c->context->homeserver);

    if (!e)
        e = media_list_each(c->context->db, c->context->config->server_name, learn, c);
    if (!e)
        e = media_files_open(&c->files, c->context->config->media_path);
    if (!e)
        e = compare_all(c);
    for (int area = 0; !e && area < MEDIA_AREA__MAX; area++) {
        c->area = (enum media_area)area;
        e = media_files_each(&c->files, c->area, find_orphan, c);
    }
    media_files_close(&c->files);
    return e;
}

/* Prints what is wrong, and a sum. */
static void sum_up(const struct comparison *c)
{
    char size[CONSOLE_SIZE_SIZE], orphaned[CONSOLE_SIZE_SIZE];

    for (size_t i = 0; i < c->wrong.count; i++)
        puts(((const char *const *)c->wrong.items)[i]);
    console_size(c->bytes, size);
    console_size(c->orphaned_bytes, orphaned);
    printf("%" PRId64 " media, %" PRId64 " files, %s; orphaned: %" PRId64 " files, %s\n", c->media, c->there,
           size, c->orphans, orphaned);
}

int command_media_check(const struct invocation *invocation)
{
    struct context context;
    struct comparison comparison = {
        .context = &context,
        .files = {.root = -1},
        .known = {.item_size = sizeof(struct known)},
        .wrong = {.item_size = sizeof(const char *)},
    };
    int code = COMMAND_FAILED;
    enum err e = context_open(&context, invocation);

    if (e)
        goto out;
    comparison.known.arena = comparison.wrong.arena = context.arena;
    if (!*context.config->media_path) {
        console_error(invocation, "there is no media store: media_path is empty");
        goto out;
    }
    e = compare_store(&comparison);
    if (e) {
        console_error(invocation, "%s", err_text(e));
        goto out;
    }
    sum_up(&comparison);
    code = console_finish(invocation);
    if (!code && comparison.wrong.count > 0)
        code = COMMAND_FAILED;
out:
    context_close(&context);
    return code;
}
