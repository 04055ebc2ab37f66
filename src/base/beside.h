/* SPDX-License-Identifier: ISC */
/* Files that lie beside a database, and are for the same users as it is. */
#ifndef BASE_BESIDE_H
#define BASE_BESIDE_H

#include <stdbool.h>

/*
 * Opens the file `path` for reading and writing. With `create` it is made with mode 600 where it is absent;
 * if it is root who does that, it is given to the owner of the file `database`, or else those who serve could
 * not come to it. No symbolic link is followed. Returns a descriptor for the caller to close, or -1 with
 * errno.
 */
int beside_open(const char *path, const char *database, bool create);

#endif
