/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beside.h"

#define FLAGS (O_RDWR | O_CLOEXEC | O_NOFOLLOW)

/* Gives the file to the owner of the database, where there is one. */
static bool give(int fd, const char *database)
{
    struct stat status;

    if (geteuid() != 0 || stat(database, &status) < 0)
        return true;
    return fchown(fd, status.st_uid, status.st_gid) == 0;
}

/* Only what was not there before is given away: it might be a link that others made to a file of root's. */
static int make(const char *path, const char *database)
{
    int fd = open(path, FLAGS | O_CREAT | O_EXCL, 0600);
    int saved;

    if (fd < 0 || give(fd, database))
        return fd;
    saved = errno;
    unlink(path);
    close(fd);
    errno = saved;
    return -1;
}

int beside_open(const char *path, const char *database, bool create)
{
    int fd = open(path, FLAGS);

    if (fd >= 0 || errno != ENOENT || !create)
        return fd;
    fd = make(path, database);
    return fd < 0 && errno == EEXIST ? open(path, FLAGS) : fd; /* another process was faster */
}
