/* SPDX-License-Identifier: ISC */
/* "file:" URIs (RFC 8089), as Dendrite's configuration has them for databases. */
#ifndef BASE_FILE_URI_H
#define BASE_FILE_URI_H

/*
 * The path that Dendrite finds in a URI that begins with "file:": what follows that, or a host in
 * "file://host/path", without parameters; "%41" is one character in a path that begins with "/" only. It is
 * to be freed, and empty if the URI names no file. NULL: memory is gone.
 */
char *file_uri_path(const char *uri);

#endif
