/* SPDX-License-Identifier: ISC */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "homeserver/dendrite/http_memory.h"

static void release(void *memory)
{
    if (memory)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

/* realloc() could leave a copy behind. */
static void *resize(void *memory, size_t size)
{
    size_t old = memory ? malloc_usable_size(memory) : 0;
    void *larger;

    if (memory && size <= old)
        return memory;
    larger = malloc(size);
    if (larger && memory) {
        memcpy(larger, memory, old);
        release(memory);
    }
    return larger;
}

enum err http_memory_init(void)
{
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, release, resize, strdup, calloc) ? ERR_NOMEM
                                                                                              : ERR_OK;
}
