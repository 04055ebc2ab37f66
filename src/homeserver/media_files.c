/* SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "homeserver/media_files.h"

#define CONTENT    MEDIA_FILES_CONTENT
#define HASH_MAX   255 /* as Dendrite has it */
#define FOLDER     (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define LETTERS    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#define LEVELS_MAX 2

/* The folders above that of a hash; "": one of its letters. */
static const char *const levels[MEDIA_AREA__MAX][LEVELS_MAX] = {
    [MEDIA_PLACE] = {"", ""},
    [MEDIA_QUARANTINE] = {"mxadmin", "quarantine"},
    [MEDIA_TRASH] = {"mxadmin", "trash"},
};
static const char *const names[MEDIA_AREA__MAX] = {
    [MEDIA_PLACE] = "its place", [MEDIA_QUARANTINE] = "mxadmin/quarantine", [MEDIA_TRASH] = "mxadmin/trash"};

enum err media_files_failure(const struct media_files *files, const char *what, const char *hash, int number)
{
    log_error("%s: %s %s: %s", files->path, what, hash, strerror(number));
    if (number == EACCES || number == EPERM || number == EROFS)
        return ERR_DENIED;
    if (number == ENOSPC || number == EDQUOT)
        return ERR_FULL;
    return number == ELOOP || number == ENOTDIR || number == EISDIR ? ERR_CORRUPT : ERR_IO;
}

enum err media_files_open(struct media_files *files, const char *path)
{
    files->path = path;
    files->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* its own path is the operator's */
    if (files->root >= 0)
        return ERR_OK;
    log_error("the media store %s: %s", path, strerror(errno));
    return errno == ENOENT ? ERR_NOT_FOUND : errno == EACCES ? ERR_DENIED : ERR_IO;
}

void media_files_close(struct media_files *files)
{
    if (files->root >= 0)
        close(files->root);
    files->root = -1;
}

bool media_files_is_hash(const char *hash)
{
    size_t length = strlen(hash);

    return length >= 3 && length <= HASH_MAX && strspn(hash, LETTERS) == length;
}

/* The name of one of the folders above that of a hash. */
static const char *level_name(enum media_area area, size_t level, const char *hash, char letter[2])
{
    if (*levels[area][level])
        return levels[area][level];
    letter[0] = hash[level];
    letter[1] = '\0';
    return letter;
}

const char *media_files_name(enum media_area area, const char *hash)
{
    return area == MEDIA_PLACE ? hash + LEVELS_MAX : hash;
}

int media_files_folder(int above, const char *name)
{
    return openat(above, name, FOLDER);
}

int media_files_make(int above, const char *name, mode_t mode)
{
    if (mkdirat(above, name, mode) == 0)
        return fchmodat(above, name, mode, 0) == 0 ? fsync(above) : -1; /* whatever the umask */
    return errno == EEXIST ? 0 : -1;
}

int media_files_above(const struct media_files *files, enum media_area area, const char *hash, bool make)
{
    int folder = openat(files->root, ".", FOLDER);

    for (size_t i = 0; folder >= 0 && i < LEVELS_MAX; i++) {
        char letter[2];
        const char *name = level_name(area, i, hash, letter);
        int next = -1, number;

        /* What is aside is not for others to see; where Dendrite is to make folders it has to be able to. */
        if (!make || media_files_make(folder, name, area == MEDIA_PLACE ? 0770 : 0700) == 0)
            next = openat(folder, name, FOLDER);
        number = errno;
        close(folder);
        errno = number;
        folder = next;
    }
    return folder;
}

bool media_files_is_block(int folder)
{
    struct stat status;

    return fstatat(folder, CONTENT, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
           status.st_size == 0 && (status.st_mode & 0777) == 0;
}

/* Opens the folder of a hash for reading; NULL with errno. */
static DIR *open_folder(int above, const char *name)
{
    int folder = openat(above, name, FOLDER), number;
    DIR *stream = folder >= 0 ? fdopendir(folder) : NULL;

    if (!stream && folder >= 0) {
        number = errno;
        close(folder);
        errno = number;
    }
    return stream;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Deletes a folder with the files in it; 0, or what errno was. One that is not there is fine. */
static int delete_folder(int above, const char *name)
{
    DIR *stream = open_folder(above, name);
    const struct dirent *entry;
    int number = 0;

    if (!stream)
        return errno == ENOENT ? 0 : errno;
    while (!number && (errno = 0, entry = readdir(stream)))
        if (!is_dots(entry->d_name) && unlinkat(dirfd(stream), entry->d_name, 0) < 0 && errno != ENOENT)
            number = errno;
    if (!number)
        number = errno == ENOENT ? 0 : errno;
    closedir(stream);
    if (!number && unlinkat(above, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        number = errno;
    return number;
}

/* Leaves the empty file; 0, or what errno was. */
static int block(int above, const char *name)
{
    int folder, file = -1, number = 0;

    if (mkdirat(above, name, 0755) < 0 && errno != EEXIST)
        return errno;
    folder = openat(above, name, FOLDER);
    if (folder < 0)
        return errno;
    /* Whatever the umask: Dendrite panics where it may not look for the file. */
    if (fchmod(folder, 0755) < 0 ||
        (file = openat(folder, CONTENT, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0)) < 0 ||
        fsync(folder) < 0)
        number = errno;
    if (file >= 0)
        close(file);
    close(folder);
    return number;
}

/* What there is of a hash in one area. */
struct spot {
    int above; /* -1: not even the folder above */
    const char *name;
    enum {
        SPOT_EMPTY,
        SPOT_BLOCK,  /* what is left in place of a file in quarantine */
        SPOT_HOLLOW, /* a folder without the content */
        SPOT_FILE
    } found;
};

static int look_at(const struct media_files *files, enum media_area area, const char *hash, bool make,
                   struct spot *spot)
{
    int folder;

    *spot = (struct spot){.above = media_files_above(files, area, hash, make),
                          .name = media_files_name(area, hash)};
    if (spot->above < 0)
        return errno == ENOENT ? 0 : errno;
    folder = openat(spot->above, spot->name, FOLDER);
    if (folder < 0)
        return errno == ENOENT ? 0 : errno;
    if (media_files_is_block(folder))
        spot->found = SPOT_BLOCK;
    else
        spot->found = faccessat(folder, CONTENT, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? SPOT_FILE : SPOT_HOLLOW;
    close(folder);
    return 0;
}

static int clear(struct spot *spot)
{
    int number = spot->found == SPOT_EMPTY ? 0 : delete_folder(spot->above, spot->name);

    if (!number)
        spot->found = SPOT_EMPTY;
    return number;
}

/* Moves the file from one spot to the other. Both have the same content, so that one of two is not missed. */
static int bring(struct spot *from, struct spot *to)
{
    int number = to->found == SPOT_FILE ? clear(from) : clear(to);

    if (!number && from->found == SPOT_FILE && renameat(from->above, from->name, to->above, to->name) < 0)
        number = errno;
    if (!number && (fsync(from->above) < 0 || fsync(to->above) < 0))
        number = errno;
    if (!number) {
        from->found = SPOT_EMPTY;
        to->found = SPOT_FILE;
    }
    return number;
}

/*
 * Sees to what is left where Dendrite looks: the block if the file is in quarantine, else none. A hollow
 * folder there may be one that Dendrite is about to fill. Where there is no folder above, none is made, which
 * could not be Dendrite's own.
 */
static int leave(struct spot *place, enum media_area area)
{
    int number = 0;

    if (place->above < 0)
        return 0;
    if (area == MEDIA_PLACE ? place->found == SPOT_BLOCK : place->found == SPOT_HOLLOW)
        number = clear(place);
    if (!number && area == MEDIA_QUARANTINE && place->found == SPOT_EMPTY)
        number = block(place->above, place->name);
    else if (!number && area == MEDIA_TRASH)
        number = clear(place);
    if (!number && fsync(place->above) < 0)
        number = errno;
    return number;
}

enum err media_files_move(struct media_files *files, const char *hash, enum media_area area)
{
    struct spot spots[MEDIA_AREA__MAX] = {{.above = -1}, {.above = -1}, {.above = -1}};
    int number = 0;

    if (!media_files_is_hash(hash))
        return ERR_OK;
    for (int i = 0; !number && i < MEDIA_AREA__MAX; i++)
        number = look_at(files, (enum media_area)i, hash, false, &spots[i]);
    for (int i = 0; !number && i < MEDIA_AREA__MAX; i++) {
        if (i == (int)area)
            continue;
        if (spots[i].found == SPOT_FILE && spots[area].above < 0)
            number = look_at(files, area, hash, true, &spots[area]);
        if (!number && spots[i].found == SPOT_FILE)
            number = bring(&spots[i], &spots[area]);
        else if (!number && i != MEDIA_PLACE)
            number = clear(&spots[i]);
    }
    if (!number)
        number = leave(&spots[MEDIA_PLACE], area);
    for (int i = 0; i < MEDIA_AREA__MAX; i++)
        if (spots[i].above >= 0)
            close(spots[i].above);
    return number ? media_files_failure(files, names[area], hash, number) : ERR_OK;
}

enum err media_files_empty(struct media_files *files, const char *hash)
{
    int above, number;

    if (!media_files_is_hash(hash))
        return ERR_OK;
    above = media_files_above(files, MEDIA_TRASH, hash, false);
    if (above < 0)
        return errno == ENOENT ? ERR_OK : media_files_failure(files, names[MEDIA_TRASH], hash, errno);
    number = delete_folder(above, hash);
    if (!number && fsync(above) < 0)
        number = errno;
    close(above);
    return number ? media_files_failure(files, names[MEDIA_TRASH], hash, number) : ERR_OK;
}

/* Adds up the files in a folder. */
static int measure(DIR *stream, struct media_file *file)
{
    const struct dirent *entry;

    while ((errno = 0, entry = readdir(stream))) {
        struct stat status;

        if (is_dots(entry->d_name) ||
            fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISREG(status.st_mode))
            continue;
        file->total_size += status.st_size;
        if (strcmp(entry->d_name, CONTENT) == 0) {
            file->there = true;
            file->size = status.st_size;
        }
    }
    return errno;
}

enum err media_files_look(struct media_files *files, const char *hash, enum media_area area,
                          struct media_file *file)
{
    int above, number = 0;
    DIR *stream;

    *file = (struct media_file){0};
    if (!media_files_is_hash(hash))
        return ERR_OK;
    above = media_files_above(files, area, hash, false);
    if (above < 0)
        return errno == ENOENT ? ERR_OK : media_files_failure(files, names[area], hash, errno);
    stream = open_folder(above, media_files_name(area, hash));
    if (!stream)
        number = errno == ENOENT ? 0 : errno;
    else if (!media_files_is_block(dirfd(stream)))
        number = measure(stream, file);
    if (stream)
        closedir(stream);
    close(above);
    return number ? media_files_failure(files, names[area], hash, number) : ERR_OK;
}

/* A walk through the folders of an area; `hash` is what of one is known so far. */
struct walk {
    struct media_files *files;
    enum media_area area;
    char hash[HASH_MAX + 1];
    enum err (*each)(const char *hash, void *context);
    void *context;
};

/* Whether a name can be that of a folder on this level, less the dots. */
static bool belongs(const struct walk *walk, size_t level, const char *name)
{
    size_t room = sizeof walk->hash - strlen(walk->hash);

    if (level == LEVELS_MAX || walk->area != MEDIA_PLACE)
        return strspn(name, LETTERS) == strlen(name) && strlen(name) < room;
    return name[0] && !name[1] && strchr(LETTERS, name[0]);
}

static enum err go(struct walk *walk, int above, size_t level);

static enum err go_down(struct walk *walk, int above, size_t level, const char *name)
{
    size_t length = strlen(walk->hash);
    int folder = openat(above, name, FOLDER);
    enum err e = ERR_OK;

    if (folder < 0) /* what is no folder is none of Dendrite's, and what has gone is no more */
        return errno == ENOTDIR || errno == ELOOP || errno == ENOENT
                   ? ERR_OK
                   : media_files_failure(walk->files, names[walk->area], walk->hash, errno);
    if (level == LEVELS_MAX || walk->area == MEDIA_PLACE)
        strcpy(walk->hash + length, name); /* belongs() has seen to the room */
    if (level < LEVELS_MAX)
        e = go(walk, folder, level + 1);
    else if (!media_files_is_block(folder) && media_files_is_hash(walk->hash))
        e = walk->each(walk->hash, walk->context);
    walk->hash[length] = '\0';
    close(folder);
    return e;
}

static enum err go(struct walk *walk, int above, size_t level)
{
    const char *fixed = level < LEVELS_MAX ? levels[walk->area][level] : "";
    const struct dirent *entry;
    DIR *stream;
    enum err e = ERR_OK;

    if (*fixed)
        return go_down(walk, above, level, fixed);
    stream = open_folder(above, ".");
    if (!stream)
        return media_files_failure(walk->files, names[walk->area], walk->hash, errno);
    while (!e && (errno = 0, entry = readdir(stream)))
        if (!is_dots(entry->d_name) && belongs(walk, level, entry->d_name))
            e = go_down(walk, above, level, entry->d_name);
    if (!e && errno)
        e = media_files_failure(walk->files, names[walk->area], walk->hash, errno);
    closedir(stream);
    return e;
}

enum err media_files_each(struct media_files *files, enum media_area area,
                          enum err (*each)(const char *hash, void *context), void *context)
{
    struct walk walk = {.files = files, .area = area, .each = each, .context = context};

    return go(&walk, files->root, 0);
}

/* Whether one that is there can be moved: its own folder has to let that be, too, as its parent changes. */
static enum err try_one(const char *hash, void *context)
{
    const struct media_files *files = context;
    char path[HASH_MAX + 8];

    snprintf(path, sizeof path, "%c/%c/%s", hash[0], hash[1], hash + LEVELS_MAX);
    if (faccessat(files->root, path, W_OK | X_OK, AT_EACCESS) < 0 && errno != ENOENT)
        return ERR_DENIED;
    path[3] = '\0';
    return faccessat(files->root, path, W_OK | X_OK, AT_EACCESS) < 0 ? ERR_DENIED : ERR_EXISTS;
}

enum err media_files_writable(struct media_files *files)
{
    enum err e;

    if (faccessat(files->root, ".", W_OK | X_OK, AT_EACCESS) < 0)
        return ERR_DENIED;
    e = media_files_each(files, MEDIA_PLACE, try_one, files);
    return e == ERR_EXISTS ? ERR_OK : e; /* one is enough */
}
