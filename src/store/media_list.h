/* SPDX-License-Identifier: ISC */
/*
 * Lists of media. Dendrite's table has no index but that of ids, and gets none from us: mxadmin_media keeps
 * its rows, less those whose deletion waits for Dendrite to be down, with indexes by user, age and hash. It
 * is followed by comparing, media_list_refresh(), which reads in slices of some ms; the lists themselves then
 * hold nobody up.
 */
#ifndef STORE_MEDIA_LIST_H
#define STORE_MEDIA_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/collect.h"
#include "store/db.h"

struct media {
    const char *media_id;
    const char *origin;  /* the server where it was uploaded */
    const char *user_id; /* who uploaded it; "" of another server's */
    const char *type;
    const char *upload_name; /* as Dendrite keeps it: percent-encoded if it is ours; "": none */
    int64_t length;          /* bytes; negative: not known */
    int64_t created_ts;
    const char *hash;           /* SHA-256, URL-safe unpadded base64: the name of the file */
    const char *quarantined_by; /* a user ID, or a program's name; NULL: it is not */
    bool protected;
};

enum media_order {
    MEDIA_ORDER_ID,
    MEDIA_ORDER_UPLOAD_NAME,
    MEDIA_ORDER_CREATED,
    MEDIA_ORDER_LAST_ACCESS, /* of which Dendrite keeps nothing */
    MEDIA_ORDER_LENGTH,
    MEDIA_ORDER_TYPE,
    MEDIA_ORDER_QUARANTINED_BY,
    MEDIA_ORDER_PROTECTED,
    MEDIA_ORDER__MAX
};

struct media_page {
    enum media_order order; /* what is equal in it follows by id, forwards */
    bool backwards;
    int64_t from, limit;
};

/* Some media, in the arena that was given. */
struct media_rows {
    struct media *items;
    size_t count;
};

/* A page of what a user uploaded to `server_name`, and how many there are in all. In the transaction that is
 * open, or none; as all that read here. */
MUST_CHECK enum err media_list_page(struct db *db, const char *server_name, const char *user_id,
                                    const struct media_page *page, struct arena *arena,
                                    struct media_rows *rows, int64_t *total);

/* Takes one from a row that has its members in their order. */
collect_item media_list_take;

/* One of them; ERR_NOT_FOUND. */
MUST_CHECK enum err media_list_find(struct db *db, const char *server_name, const char *origin,
                                    const char *media_id, struct arena *arena, struct media *media);

/* All that share the file `hash`. */
MUST_CHECK enum err media_list_sharing(struct db *db, const char *server_name, const char *hash,
                                       struct arena *arena, struct media_rows *rows);

/* What has grown old: neither quarantined nor protected, created before `before_ts`, larger than
 * `larger_than` bytes (negative: of any size), of our own server or of others. The oldest first. */
struct media_wish {
    bool remote;
    int64_t before_ts;
    int64_t larger_than;
    const struct media *after; /* of which no more is read than what orders them; NULL: from the oldest on */
    int64_t limit;             /* 0: all */
};
MUST_CHECK enum err media_list_old(struct db *db, const char *server_name, const struct media_wish *wish,
                                   struct arena *arena, struct media_rows *rows);

/* Calls `each` for all media, in no order that matters, in slices; no transaction is open. The texts are
 * borrowed. It stops at the first error. */
MUST_CHECK enum err media_list_each(struct db *db, const char *server_name,
                                    enum err (*each)(const struct media *media, void *context),
                                    void *context);

/* A row has gone from Dendrite's table, or is to go: in the transaction in which that is decided. */
MUST_CHECK enum err media_list_remove(struct db *db, const char *origin, const char *media_id);

/*
 * Compares all that there is with what is kept, in transactions of some ms, no transaction being open; a
 * first time takes much longer than others. As Dendrite only ever adds rows, and what `mxadmin apply` has
 * deleted is kept no more, as many as are kept are the same ones.
 */
MUST_CHECK enum err media_list_refresh(struct db *db);

/*
 * The same for about `ms` only, and if it is due: if it was not done so lately that more than a twentieth of
 * the time goes into it. Another call goes on where one has stopped; `*over`: there is no more to do.
 */
MUST_CHECK enum err media_list_refresh_for(struct db *db, int64_t ms, bool *over);

#endif
