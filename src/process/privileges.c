/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "process/privileges.h"

enum err privileges_drop(const struct config *config)
{
    const struct passwd *user;
    gid_t group;
    uid_t owner;

    if (geteuid() != 0 || !*config->user)
        return ERR_OK;
    user = getpwnam(config->user);
    if (!user) {
        log_error("user: there is no user %s", config->user);
        return ERR_INVALID;
    }
    owner = user->pw_uid;
    group = user->pw_gid;
    if (*config->group) {
        const struct group *entry = getgrnam(config->group);

        if (!entry) {
            log_error("group: there is no group %s", config->group);
            return ERR_INVALID;
        }
        group = entry->gr_gid;
    }
    /* The groups first: after setuid() there is no right to change them any more. */
    if (initgroups(config->user, group) < 0 || setgid(group) < 0 || setuid(owner) < 0) {
        log_error("cannot become %s: %s", config->user, strerror(errno));
        return ERR_IO;
    }
    return ERR_OK;
}
