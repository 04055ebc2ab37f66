/* SPDX-License-Identifier: ISC */
#include <fastcgi.h>

#include "process/arrival.h"

/* A record, taken apart (FastCGI 1.0 section 3.3). */
struct record {
    int type;
    unsigned request_id;
    const unsigned char *content;
    size_t content_size;
    size_t size; /* with header and padding */
};

/* A name-value pair's length: one byte, or four with the highest bit set (section 3.4). 0 bytes: it is not
 * all there. */
struct length {
    size_t bytes;
    size_t value;
};

static bool record_at(const unsigned char *bytes, size_t size, struct record *record)
{
    if (size < FCGI_HEADER_LEN)
        return false;
    *record = (struct record){.type = bytes[1],
                              .request_id = (unsigned)bytes[2] << 8 | bytes[3],
                              .content = bytes + FCGI_HEADER_LEN,
                              .content_size = (size_t)bytes[4] << 8 | bytes[5]};
    record->size = FCGI_HEADER_LEN + record->content_size + bytes[6];
    return true;
}

/*
 * Walks the pairs over the borders of records. `need` is what is left of the pair being passed over; a length
 * may itself lie on a border, so its bytes are gathered one by one.
 */
struct pairs {
    size_t total;          /* bytes of parameters so far */
    size_t skip;           /* bytes of names and values still to pass over */
    unsigned char head[8]; /* the two lengths, as far as they have come */
    size_t head_size;
};

static struct length length_at(const unsigned char *bytes, size_t size)
{
    if (size == 0)
        return (struct length){0, 0};
    if (bytes[0] < 0x80)
        return (struct length){1, bytes[0]};
    if (size < 4)
        return (struct length){0, 0};
    return (struct length){4, (size_t)(bytes[0] & 0x7f) << 24 | (size_t)bytes[1] << 16 |
                                  (size_t)bytes[2] << 8 | bytes[3]};
}

/* False when the parameters are, or claim to be, larger than `max`. */
static bool pairs_feed(struct pairs *pairs, const unsigned char *bytes, size_t size, size_t max)
{
    pairs->total += size;
    if (pairs->total > max)
        return false;
    while (size > 0) {
        struct length name, value;

        if (pairs->skip > 0) {
            size_t step = pairs->skip < size ? pairs->skip : size;

            pairs->skip -= step;
            bytes += step;
            size -= step;
            continue;
        }
        pairs->head[pairs->head_size++] = *bytes++;
        size--;
        name = length_at(pairs->head, pairs->head_size);
        if (name.bytes == 0)
            continue;
        value = length_at(pairs->head + name.bytes, pairs->head_size - name.bytes);
        if (value.bytes == 0)
            continue;
        if (name.value > max || value.value > max)
            return false;
        pairs->skip = name.value + value.value;
        pairs->head_size = 0;
    }
    return true;
}

/* The first record of a request must begin it; records of no request (management) may come before. */
static enum arrival begin(const struct record *record, struct arrived *arrived)
{
    if (record->request_id == FCGI_NULL_REQUEST_ID)
        return ARRIVAL_READY; /* a question about the application: libfcgi answers it */
    if (record->type != FCGI_BEGIN_REQUEST || record->content_size != sizeof(FCGI_BeginRequestBody))
        return ARRIVAL_FOREIGN;
    arrived->request_id = record->request_id;
    return ARRIVAL_PARTIAL;
}

/* Whether the body ends within the rest of the bytes. */
static bool body_ends(const unsigned char *bytes, size_t size)
{
    struct record record;

    while (record_at(bytes, size, &record) && record.size <= size) {
        if (record.type == FCGI_STDIN && record.content_size == 0)
            return true;
        bytes += record.size;
        size -= record.size;
    }
    return false;
}

/* The empty record after the parameters: `bytes` is what follows it. */
static enum arrival end(const struct pairs *pairs, const unsigned char *bytes, size_t size,
                        struct arrived *arrived)
{
    if (pairs->skip > 0 || pairs->head_size > 0)
        return ARRIVAL_FOREIGN; /* the last pair claims to be longer than it is */
    arrived->whole = body_ends(bytes, size);
    return ARRIVAL_READY;
}

enum arrival arrival_look(const unsigned char *bytes, size_t size, size_t max_parameters,
                          struct arrived *arrived)
{
    const unsigned char *start = bytes;
    struct pairs pairs = {0};
    struct record record;

    *arrived = (struct arrived){0};
    if (size > 0 && bytes[0] != FCGI_VERSION_1)
        return ARRIVAL_FOREIGN;
    while (record_at(bytes, size, &record)) {
        size_t there =
            size - FCGI_HEADER_LEN < record.content_size ? size - FCGI_HEADER_LEN : record.content_size;

        if (bytes[0] != FCGI_VERSION_1)
            return ARRIVAL_FOREIGN;
        if (arrived->request_id == 0) {
            enum arrival first = record.size <= size ? begin(&record, arrived) : ARRIVAL_PARTIAL;

            if (first != ARRIVAL_PARTIAL)
                return first;
        } else if (record.request_id != arrived->request_id) {
            return ARRIVAL_FOREIGN; /* requests are not multiplexed (FCGI_MPXS_CONNS is 0) */
        } else if (record.type == FCGI_ABORT_REQUEST) {
            return ARRIVAL_FOREIGN; /* nothing has been begun that could be ended in order */
        } else if (record.type == FCGI_PARAMS) {
            if (!pairs_feed(&pairs, record.content, there, max_parameters))
                return ARRIVAL_TOO_LARGE;
        }
        if (record.size > size)
            return ARRIVAL_PARTIAL;
        bytes += record.size;
        size -= record.size;
        arrived->end = (size_t)(bytes - start);
        if (record.type == FCGI_PARAMS && record.content_size == 0)
            return end(&pairs, bytes, size, arrived);
    }
    return ARRIVAL_PARTIAL;
}
