/* SPDX-License-Identifier: ISC */
/* The FastCGI records of a request, as they lie in a connection, in front of libfcgi. */
#include <stdint.h>
#include <stdlib.h>

#include "process/arrival.h"

#define MAX_PARAMETERS ((size_t)4096)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arrived whole, part;
    enum arrival verdict = arrival_look(data, size, MAX_PARAMETERS, &whole);

    if (verdict == ARRIVAL_READY && (whole.end > size || (whole.request_id != 0 && whole.end == 0)))
        abort();
    /* What is ready stays so when its bytes are all there is, and is not ready before they are all there. */
    if (verdict == ARRIVAL_READY && whole.request_id != 0) {
        if (arrival_look(data, whole.end, MAX_PARAMETERS, &part) != ARRIVAL_READY || part.end != whole.end)
            abort();
        if (arrival_look(data, whole.end - 1, MAX_PARAMETERS, &part) == ARRIVAL_READY)
            abort();
    }
    /* What is partial was partial at every moment before. */
    if (verdict == ARRIVAL_PARTIAL && size > 0 &&
        arrival_look(data, size / 2, MAX_PARAMETERS, &part) != ARRIVAL_PARTIAL)
        abort();
    return 0;
}
