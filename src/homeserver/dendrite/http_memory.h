/* SPDX-License-Identifier: ISC */
/* libcurl with memory that is wiped when it is freed: it copies tokens and passwords. */
#ifndef HOMESERVER_DENDRITE_HTTP_MEMORY_H
#define HOMESERVER_DENDRITE_HTTP_MEMORY_H

#include "base/err.h"

/* Initialises libcurl; as often as that succeeds, the caller calls curl_global_cleanup(). Errors: ERR_NOMEM.
 */
MUST_CHECK enum err http_memory_init(void);

#endif
