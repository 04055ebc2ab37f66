/* SPDX-License-Identifier: ISC */
#include "command/check_test.h"
#include "homeserver/media_files.h"

void check_media(struct check *check)
{
    const char *path = check->config->media_path;
    struct media_files files = {.root = -1};
    enum err e = *path ? media_files_open(&files, path) : ERR_OK;

    if (!e && *path)
        e = media_files_writable(&files);
    media_files_close(&files);
    if (!*path)
        check_report(check, LEVEL_OK, "there is none");
    else if (e == ERR_NOT_FOUND)
        check_report(
            check, LEVEL_WARNING,
            "%s: it is not there, so that no media can be deleted: a homeserver makes it with the first"
            " upload, otherwise correct media_path",
            path);
    else if (e == ERR_DENIED)
        check_report(
            check, LEVEL_WARNING,
            "%s: this user may not write to it, so that no media can be deleted or put into quarantine:"
            " let the user be in its group, and chmod -R g+rwX it; Dendrite keeps to that with UMask=0007",
            path);
    else if (e)
        check_report(check, LEVEL_WARNING, "%s: see what is said above", path);
    else
        check_report(check, LEVEL_OK, "%s", path);
}
