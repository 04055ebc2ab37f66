/* SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "homeserver/media_upload.h"

#define STALE_S ((time_t)24 * 3600)
/* Whatever the umask: a Dendrite that takes over may be another user of our group. */
#define FILE_MODE   0640
#define FOLDER_MODE 0750

static const char *const folders[] = {"mxadmin", "upload"};

static enum err fail(const struct media_upload *upload, const char *what)
{
    return media_files_failure(&upload->files, what, "of an upload", errno);
}

/* Opens the folder, made where it is not there. */
static enum err open_folder(struct media_upload *upload)
{
    int folder = media_files_folder(upload->files.root, ".");

    for (size_t i = 0; folder >= 0 && i < sizeof folders / sizeof *folders; i++) {
        int next = -1, number;

        if (media_files_make(folder, folders[i], 0700) == 0)
            next = media_files_folder(folder, folders[i]);
        number = errno;
        close(folder);
        errno = number;
        folder = next;
    }
    upload->folder = folder;
    return folder < 0 ? fail(upload, "the folder") : ERR_OK;
}

/* Deletes what was begun long ago, and never ended. What fails is tried again with the next upload. */
static void delete_stale(const struct media_upload *upload)
{
    int folder = media_files_folder(upload->folder, ".");
    DIR *stream = folder >= 0 ? fdopendir(folder) : NULL;
    const time_t now = time(NULL);
    const struct dirent *entry;
    struct stat status;

    if (!stream && folder >= 0)
        close(folder);
    while (stream && (entry = readdir(stream)))
        if (fstatat(upload->folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(status.st_mode) && now - status.st_mtime > STALE_S)
            unlinkat(upload->folder, entry->d_name, 0);
    if (stream)
        closedir(stream);
}

enum err media_upload_begin(struct media_upload *upload, const char *path)
{
    enum err e = media_files_open(&upload->files, path);

    if (!e)
        e = open_folder(upload);
    if (!e)
        e = digesting_begin(&upload->digesting);
    if (!e)
        e = random_token(upload->name);
    if (e)
        return e;
    delete_stale(upload);
    upload->file =
        openat(upload->folder, upload->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    return upload->file < 0 || fchmod(upload->file, FILE_MODE) < 0 ? fail(upload, "the file") : ERR_OK;
}

enum err media_upload_add(struct media_upload *upload, const void *bytes, size_t size)
{
    const char *at = bytes, *end = at + size;

    while (at < end) {
        ssize_t count = write(upload->file, at, (size_t)(end - at));

        if (count < 0 && errno != EINTR)
            return fail(upload, "the file");
        at += count > 0 ? count : 0;
    }
    upload->size += (int64_t)size;
    return digesting_add(upload->digesting, bytes, size);
}

enum err media_upload_end(struct media_upload *upload)
{
    unsigned char digest[DIGEST_SHA256_SIZE];
    enum err e = digesting_end(&upload->digesting, digest);

    if (e)
        return e;
    base64_encode(BASE64_URL, digest, sizeof digest, upload->hash);
    return fsync(upload->file) < 0 ? fail(upload, "the file") : ERR_OK;
}

/* Whether there is such a file; one of another size is a damaged one, which the upload mends. */
static bool is_there(const struct media_upload *upload, int folder)
{
    struct stat status;

    return fstatat(folder, MEDIA_FILES_CONTENT, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(status.st_mode) && status.st_size == upload->size && !media_files_is_block(folder);
}

/* 0, or what errno was. */
static int place_in(struct media_upload *upload, int above, const char *name)
{
    int folder, number = 0;

    if (media_files_make(above, name, FOLDER_MODE) < 0)
        return errno;
    folder = media_files_folder(above, name);
    if (folder < 0)
        return errno;
    if (!is_there(upload, folder)) {
        if (renameat(upload->folder, upload->name, folder, MEDIA_FILES_CONTENT) < 0)
            number = errno;
        else
            *upload->name = '\0';
    }
    if (!number && (fsync(folder) < 0 || fsync(above) < 0))
        number = errno;
    close(folder);
    return number;
}

enum err media_upload_place(struct media_upload *upload)
{
    int above = media_files_above(&upload->files, MEDIA_PLACE, upload->hash, true), number = errno;

    if (above >= 0) {
        number = place_in(upload, above, media_files_name(MEDIA_PLACE, upload->hash));
        close(above);
    }
    return number ? media_files_failure(&upload->files, "the place of", upload->hash, number) : ERR_OK;
}

void media_upload_close(struct media_upload *upload)
{
    digesting_free(&upload->digesting);
    if (upload->file >= 0)
        close(upload->file);
    if (upload->folder >= 0 && *upload->name)
        unlinkat(upload->folder, upload->name, 0);
    if (upload->folder >= 0)
        close(upload->folder);
    media_files_close(&upload->files);
}
