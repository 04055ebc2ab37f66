/* SPDX-License-Identifier: ISC */
#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "homeserver/dendrite/running.h"

#define CONNECT_TIMEOUT_MS 3000L
#define PROC_SIZE          64 /* of a path below /proc/PID */

/* The inode of the PID namespace of the machine itself, PROC_PID_INIT_INO: from another one, as in a
 * container, not all processes can be seen. */
#define FIRST_PID_NAMESPACE 0xEFFFFFFCU

/* A file of Dendrite's, by what a descriptor of it has, too. */
struct file {
    const char *path;
    dev_t device;
    ino_t inode;
};

struct search {
    struct arena *arena;
    struct signs *signs;
    struct file *files;
    size_t count;
    const char *own_name;
};

/* What libcurl says when nobody listens; what else it says, somebody has answered, or may yet. */
static bool is_silence(CURLcode code)
{
    return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST;
}

static enum err look_at_url(const char *url, struct arena *arena, struct signs *signs)
{
    CURL *curl = curl_easy_init();
    CURLcode code;

    if (!curl)
        return ERR_NOMEM;
    if (curl_easy_setopt(curl, CURLOPT_URL, url) || curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L) ||
        curl_easy_setopt(curl, CURLOPT_PROXY, "") || curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) ||
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS))
        code = CURLE_OUT_OF_MEMORY;
    else
        code = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    if (code == CURLE_OUT_OF_MEMORY)
        return ERR_NOMEM;
    if (!is_silence(code) && !(signs->runs = arena_printf(arena, "%s takes connections: stop Dendrite", url)))
        return ERR_NOMEM;
    return ERR_OK;
}

static enum err find_files(const struct config_list *paths, struct search *search)
{
    struct stat status;

    search->files = arena_alloc(search->arena, (paths->count + 1) * sizeof *search->files);
    if (!search->files)
        return ERR_NOMEM;
    for (size_t i = 0; i < paths->count; i++) {
        if (stat(paths->items[i], &status) < 0) {
            log_error("Dendrite's database %s: %s", paths->items[i], strerror(errno));
            return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
        }
        search->files[search->count++] = (struct file){paths->items[i], status.st_dev, status.st_ino};
    }
    return ERR_OK;
}

/* The name of the file that a process runs, in `path`, also of one that was replaced since; "" when it cannot
 * be read. */
static const char *name_of(const char *pid, char path[PATH_MAX])
{
    static const char deleted[] = " (deleted)"; /* proc(5) */
    char link[PROC_SIZE], *slash, *end;
    ssize_t length;

    snprintf(link, sizeof link, "/proc/%.32s/exe", pid);
    length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = '\0';
    slash = strrchr(path, '/');
    end = strstr(path, deleted);
    if (end && strcmp(end, deleted) == 0)
        *end = '\0';
    return slash ? slash + 1 : path;
}

/* The path of the one of the files that the descriptors in `folder` are of; NULL: of none. */
static const char *file_of(const struct search *search, DIR *folder)
{
    struct dirent *entry;
    struct stat status;

    while ((entry = readdir(folder))) {
        if (fstatat(dirfd(folder), entry->d_name, &status, 0) < 0)
            continue;
        for (size_t i = 0; i < search->count; i++)
            if (search->files[i].device == status.st_dev && search->files[i].inode == status.st_ino)
                return search->files[i].path;
    }
    return NULL;
}

/* Looks at one process. Workers of mxadmin only read, and are no sign of Dendrite. */
static enum err look_at_process(struct search *search, const char *pid)
{
    struct signs *signs = search->signs;
    char path[PROC_SIZE], program[PATH_MAX];
    const char *open, *name;
    DIR *folder;

    snprintf(path, sizeof path, "/proc/%.32s/fd", pid);
    folder = opendir(path);
    if (!folder) {
        signs->complete = signs->complete && (errno == ENOENT || errno == ESRCH); /* it has ended */
        return ERR_OK;
    }
    open = file_of(search, folder);
    closedir(folder);
    if (!open)
        return ERR_OK;
    name = name_of(pid, program);
    if (*name && strcmp(name, search->own_name) == 0)
        return ERR_OK;
    signs->runs = arena_printf(search->arena, "process %s, %s, has %s open: end it", pid,
                               *name ? name : "whose program cannot be told", open);
    return signs->runs ? ERR_OK : ERR_NOMEM;
}

/* Whether this process could see every other. */
static bool sees_all(void)
{
    struct stat status;

    return geteuid() == 0 && stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == FIRST_PID_NAMESPACE;
}

static enum err look_at_processes(struct search *search)
{
    DIR *folder = opendir("/proc");
    struct dirent *entry;
    enum err e = ERR_OK;

    search->signs->complete = folder && sees_all();
    if (!folder)
        return ERR_OK;
    while (!e && !search->signs->runs && (entry = readdir(folder)))
        if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name))
            e = look_at_process(search, entry->d_name);
    closedir(folder);
    return e;
}

enum err running_signs(const struct config *config, struct arena *arena, struct signs *signs)
{
    char program[PATH_MAX];
    struct search search = {.arena = arena, .signs = signs, .own_name = name_of("self", program)};
    enum err e;

    *signs = (struct signs){0};
    e = find_files(&config->dendrite.databases, &search);
    if (!e)
        e = look_at_url(config->homeserver.url, arena, signs);
    if (!e && !signs->runs)
        e = look_at_processes(&search);
    return e;
}
