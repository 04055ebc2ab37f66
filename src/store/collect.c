/* SPDX-License-Identifier: ISC */
#include "store/collect.h"

enum err collect(struct db *db, const char *sql, const struct db_value *args, size_t count, struct list *list,
                 collect_item *take)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql, args, count, &stmt);

    while (db_next(stmt, &e)) {
        void *item = list_add(list);

        if (item)
            take(stmt, list->arena, item, &e);
        else
            e = ERR_NOMEM;
    }
    db_done(&stmt);
    return e;
}

void collect_text(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    *(const char **)item = db_copy(stmt, 0, arena, e);
}
