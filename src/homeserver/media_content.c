/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "homeserver/media_content.h"
#include "homeserver/media_files.h"

#define NAME_SIZE 64
/* What is no regular file is not waited for, nor followed anywhere else. */
#define FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* Where a file can be: the likeliest first. Work that was decided on may not be done yet. */
static const enum media_area areas[][2] = {
    {MEDIA_PLACE, MEDIA_QUARANTINE},
    {MEDIA_QUARANTINE, MEDIA_PLACE},
};

/* The name of the file in the folder of its hash, as Dendrite names thumbnails; false: none could have it. */
static bool name_of(const struct thumbnail *thumbnail, char name[NAME_SIZE])
{
    int length = !thumbnail ? snprintf(name, NAME_SIZE, "%s", MEDIA_FILES_CONTENT)
                            : snprintf(name, NAME_SIZE, "thumbnail-%" PRId64 "x%" PRId64 "-%s",
                                       thumbnail->width, thumbnail->height, thumbnail->method);

    return length < NAME_SIZE && !strchr(name, '/');
}

/* Opens the file; -1 with errno, which is ENOENT for what is left in place of one in quarantine. */
static int open_in(const struct media_files *files, enum media_area area, const char *hash, const char *name)
{
    int above = media_files_above(files, area, hash, false), folder = -1, file = -1, number;

    if (above >= 0)
        folder = media_files_folder(above, media_files_name(area, hash));
    if (folder >= 0 && media_files_is_block(folder))
        errno = ENOENT;
    else if (folder >= 0)
        file = openat(folder, name, FLAGS);
    number = errno;
    if (folder >= 0)
        close(folder);
    if (above >= 0)
        close(above);
    errno = number;
    return file;
}

/* Whether the open file is one of `size` bytes; negative: of any size. */
static enum err check(const struct media_files *files, const char *hash, int file, int64_t wanted,
                      int64_t *size)
{
    struct stat status;

    if (fstat(file, &status) < 0)
        return media_files_failure(files, "the content of", hash, errno);
    *size = status.st_size;
    if (S_ISREG(status.st_mode) && (wanted < 0 || wanted == status.st_size))
        return ERR_OK;
    log_error("%s: %s is not the file of %" PRId64 " bytes that it was", files->path, hash, wanted);
    return ERR_NOT_FOUND;
}

static enum err open_file(const struct media_files *files, const struct media *media,
                          const struct thumbnail *thumbnail, int *file, int64_t *size)
{
    const enum media_area *places = areas[media->quarantined_by != NULL];
    char name[NAME_SIZE];
    enum err e;

    if (!media_files_is_hash(media->hash) || !name_of(thumbnail, name))
        return ERR_NOT_FOUND;
    *file = open_in(files, places[0], media->hash, name);
    if (*file < 0 && errno == ENOENT)
        *file = open_in(files, places[1], media->hash, name);
    if (*file < 0)
        return errno == ENOENT ? ERR_NOT_FOUND
                               : media_files_failure(files, "the content of", media->hash, errno);
    e = check(files, media->hash, *file, thumbnail ? thumbnail->length : media->length, size);
    if (e) {
        close(*file);
        *file = -1;
    }
    return e;
}

enum err media_content_open(const struct config *config, const struct media *media,
                            const struct thumbnail *thumbnail, int *file, int64_t *size)
{
    struct media_files files = {.root = -1};
    enum err e = ERR_NOT_FOUND;

    *file = -1;
    if (*config->media_path)
        e = media_files_open(&files, config->media_path);
    if (!e)
        e = open_file(&files, media, thumbnail, file, size);
    media_files_close(&files);
    return e;
}
