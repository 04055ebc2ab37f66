/* SPDX-License-Identifier: ISC */
#include "store/media_statistics.h"
#include "store/pattern.h"

/*
 * ?1 is our server's name, ?2 the pattern, ?3 and ?4 the times. Of some time everybody's sums are made
 * anyway, so that how many there are is had with them.
 */
#define ALWAYS "mxadmin_media_users"
#define MEANWHILE                                                                                            \
    "(SELECT user_id, COUNT(*) AS media_count, SUM(CASE WHEN media_length > 0 THEN media_length ELSE 0 END)" \
    " AS media_length FROM mxadmin_media WHERE user_id > '' AND created_ts >= ?3 AND created_ts <= ?4"       \
    " GROUP BY user_id)"
#define USERS(source)                                                                                        \
    " FROM " source " s LEFT JOIN mxadmin_users u"                                                           \
    " ON u.localpart = substr(s.user_id, 2, length(s.user_id) - length(?1) - 2)"                             \
    " AND s.user_id = '@' || u.localpart || ':' || ?1"                                                       \
    " WHERE (CAST(?2 AS TEXT) IS NULL OR s.user_id LIKE ?2 ESCAPE '\\'"                                      \
    " OR u.display_name LIKE ?2 ESCAPE '\\') AND (?3 <= ?4)"
#define PAGE(source, total, order)                                                                           \
    "SELECT s.user_id, NULLIF(u.display_name, ''), s.media_count, s.media_length, " total USERS(             \
        source) " ORDER BY " order " LIMIT ?6 OFFSET ?5"
#define PAGES(source, total, column)                                                                         \
    {                                                                                                        \
        PAGE(source, total, column ", s.user_id"), PAGE(source, total, column " DESC, s.user_id")            \
    }
#define STATEMENTS(source, total)                                                                            \
    {                                                                                                        \
        .count = "SELECT COUNT(*)" USERS(source), .pages = {                                                 \
            [MEDIA_USER_ORDER_ID] = {PAGE(source, total, "s.user_id"),                                       \
                                     PAGE(source, total, "s.user_id DESC")},                                 \
            [MEDIA_USER_ORDER_DISPLAY_NAME] = PAGES(source, total, "NULLIF(u.display_name, '')"),            \
            [MEDIA_USER_ORDER_LENGTH] = PAGES(source, total, "s.media_length"),                              \
            [MEDIA_USER_ORDER_COUNT] = PAGES(source, total, "s.media_count"),                                \
        }                                                                                                    \
    }

/* Of all times, and of some time; pages forwards and backwards. */
static const struct {
    const char *count;
    const char *pages[MEDIA_USER_ORDER__MAX][2];
} statements[] = {STATEMENTS(ALWAYS, "0"), STATEMENTS(MEANWHILE, "COUNT(*) OVER ()")};

static const char sql_count_all[] =
    "SELECT COUNT(*) FROM mxadmin_media_users"; /* with nothing to be looked up */

#define ARGS       6
#define COUNT_ARGS 4

static enum err list(struct db *db, const char *sql, const struct db_value *args,
                     enum err (*each)(const struct media_user *user, void *context), void *context,
                     int64_t *total)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql, args, ARGS, &stmt);

    *total = 0;
    while (db_next(stmt, &e)) {
        const struct media_user user = {
            .user_id = db_text(stmt, 0),
            .display_name = db_text(stmt, 1),
            .count = db_int(stmt, 2),
            .length = db_int(stmt, 3),
        };

        *total = db_int(stmt, 4);
        e = each(&user, context);
    }
    db_done(&stmt);
    return e;
}

enum err media_statistics_users(struct db *db, const char *server_name, const struct media_user_page *page,
                                struct arena *arena,
                                enum err (*each)(const struct media_user *user, void *context), void *context,
                                int64_t *total)
{
    const bool timed = page->from_ts > 0 || page->until_ts < INT64_MAX;
    const char *pattern = page->search ? pattern_of(page->search, arena) : NULL;
    const struct db_value args[ARGS] = {DB_T(server_name),    DB_T(pattern),    DB_I(page->from_ts),
                                        DB_I(page->until_ts), DB_I(page->from), DB_I(page->limit)};
    int64_t had = 0;
    enum err e;

    if (page->search && !pattern)
        return ERR_NOMEM;
    e = list(db, statements[timed].pages[page->order][page->backwards], args, each, context, &had);
    *total = had;
    if (e || had > 0)
        return e;
    if (timed || pattern)
        return db_integer(db, statements[timed].count, args, COUNT_ARGS, total);
    return db_integer(db, sql_count_all, DB_NO_ARGS, total);
}
