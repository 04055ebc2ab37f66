/* SPDX-License-Identifier: ISC */
/* Whatever parses has a canonical encoding that parses to the same value and encodes to the same bytes again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "matrix/canonical_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A fault that the fuzzer reports. */
static void require(int holds)
{
    if (!holds)
        abort();
}

static void check(json_t *value, enum canonical_json numbers)
{
    struct buf once = {0}, twice = {0};
    json_t *again = NULL;

    if (canonical_json_write(value, numbers, &once) == ERR_OK) {
        require(canonical_json_read(once.data, once.length, &again) == ERR_OK);
        /* A lenient encoding makes integers of floats. */
        require(numbers == CANONICAL_JSON_LENIENT || json_equal(value, again));
        require(canonical_json_write(again, numbers, &twice) == ERR_OK);
        require(once.length == twice.length && memcmp(once.data, twice.data, once.length) == 0);
    }
    json_decref(again);
    buf_free(&once);
    buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *value;

    if (canonical_json_read((const char *)data, size, &value))
        return 0;
    check(value, CANONICAL_JSON_STRICT);
    check(value, CANONICAL_JSON_LENIENT);
    json_decref(value);
    return 0;
}
