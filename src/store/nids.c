/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "store/nids.h"

void nids_free(struct nids *nids)
{
    free(nids->items);
    *nids = (struct nids){0};
}

enum err nids_add(struct nids *nids, int64_t nid)
{
    int64_t *items = array_room(nids->items, nids->count, &nids->size, sizeof *items);

    if (!items)
        return ERR_NOMEM;
    nids->items = items;
    nids->items[nids->count++] = nid;
    return ERR_OK;
}

static enum err corrupt(const char *text)
{
    log_error("database: \"%.40s\" is not a list of numbers", text);
    return ERR_CORRUPT;
}

enum err nids_read(const char *text, struct nids *nids)
{
    const char *at = text + (*text == '[');
    enum err e = ERR_OK;
    char *end;

    while (!e && *at && *at != ']') {
        errno = 0;
        e = nids_add(nids, strtoll(at, &end, 10));
        if (end == at || errno || (*end != ',' && *end != ']' && *end))
            return corrupt(text);
        at = end + (*end == ',');
    }
    if (!e && strcmp(at, *text == '[' ? "]" : "") != 0)
        return corrupt(text);
    return e;
}

void nids_write(const int64_t *items, size_t count, struct buf *out)
{
    buf_putc(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_putc(out, ',');
        buf_put_integer(out, items[i]);
    }
    buf_putc(out, ']');
}
