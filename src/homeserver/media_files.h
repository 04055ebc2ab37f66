/* SPDX-License-Identifier: ISC */
/*
 * The media store: a folder for each file, which is named by the hash of its content and holds the file and
 * its thumbnails. Dendrite looks for the hash "abcdef" in a/b/cdef, and nowhere below a folder whose name is
 * longer than one character, so that what we set aside is in mxadmin/. A whole folder moves by one
 * rename(2); no symbolic link is followed below the store's own path, and no name is made of anything but the
 * letters of a hash.
 *
 * Where something in quarantine has been, an empty file that nobody may read is left: Dendrite answers 404
 * for it, and refuses the same content when it is uploaded again.
 */
#ifndef HOMESERVER_MEDIA_FILES_H
#define HOMESERVER_MEDIA_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum media_area {
    MEDIA_PLACE,      /* where Dendrite looks for it */
    MEDIA_QUARANTINE, /* mxadmin/quarantine */
    MEDIA_TRASH,      /* mxadmin/trash: about to be deleted */
    MEDIA_AREA__MAX
};

/* The store at one path; initialise with {.root = -1}. */
struct media_files {
    const char *path; /* borrowed */
    int root;         /* its descriptor */
};

/*
 * Opens the store at `path`, which the caller ends with media_files_close(). Errors, logged: ERR_NOT_FOUND,
 * ERR_DENIED (this user may not), ERR_IO.
 */
MUST_CHECK enum err media_files_open(struct media_files *files, const char *path);
void media_files_close(struct media_files *files);

/* Whether it is a name that Dendrite may have made of a hash; what is not has no file. */
bool media_files_is_hash(const char *hash);

/*
 * For who reads and writes single files: opens the folder above that of a hash, made where it is not there
 * with `make`; -1 with errno. And the name of the hash's own in it.
 */
int media_files_above(const struct media_files *files, enum media_area area, const char *hash, bool make);
const char *media_files_name(enum media_area area, const char *hash);

/* Opens a folder without following a symbolic link; -1 with errno. */
int media_files_folder(int above, const char *name);

/* Makes a folder of just this mode, for good; 0, also if it is there, or -1 with errno. */
int media_files_make(int above, const char *name, mode_t mode);

/* The name of the content in the folder of a hash. */
#define MEDIA_FILES_CONTENT "file"

/* Whether the folder is what is left in place of a file in quarantine. */
bool media_files_is_block(int folder);

/* Logs what failed with `number`, an errno, and says what error it is. */
MUST_CHECK enum err media_files_failure(const struct media_files *files, const char *what, const char *hash,
                                        int number);

/*
 * Sees to it that the file is in `area` and in no other, wherever it is now; that there is none is fine. It
 * can be cut off anywhere, and done again. With ERR_OK it is on the disk. Errors, logged: ERR_DENIED (this
 * user may not), ERR_FULL, ERR_CORRUPT (something is in the way that is none of Dendrite's or ours), ERR_IO.
 */
MUST_CHECK enum err media_files_move(struct media_files *files, const char *hash, enum media_area area);

/* Deletes what is in the trash of this hash. */
MUST_CHECK enum err media_files_empty(struct media_files *files, const char *hash);

/* What there is of a file in an area: its bytes, with its thumbnails. A folder that we left empty is none. */
struct media_file {
    bool there;
    int64_t size;       /* bytes of the content */
    int64_t total_size; /* and of the thumbnails */
};
MUST_CHECK enum err media_files_look(struct media_files *files, const char *hash, enum media_area area,
                                     struct media_file *file);

/* Calls `each` with the hash of every folder in an area, and stops at its first error. */
MUST_CHECK enum err media_files_each(struct media_files *files, enum media_area area,
                                     enum err (*each)(const char *hash, void *context), void *context);

/* Whether we may move what is in it, as one of its files shows: ERR_DENIED; also other errors of the above.
 */
MUST_CHECK enum err media_files_writable(struct media_files *files);

#endif
