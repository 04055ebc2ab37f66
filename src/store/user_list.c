/* SPDX-License-Identifier: ISC */
#include "store/pattern.h"
#include "store/collect.h"
#include "store/user_list.h"
#include "store/user_list_rows.h"

/*
 * Of a user's flags those in ?1 have to be as in ?2. Types that are left out are ?3 to ?11, NULL: no type;
 * the ordinary user's is ''. A walk along an index asks that of every row, so there are statements without
 * it.
 */
#define FLAGS " (flags & ?1) = ?2"
#define TYPES                                                                                                \
    " AND user_type NOT IN (COALESCE(?3, ' '), COALESCE(?4, ' '), COALESCE(?5, ' '), COALESCE(?6, ' '),"     \
    " COALESCE(?7, ' '), COALESCE(?8, ' '), COALESCE(?9, ' '), COALESCE(?10, ' '), COALESCE(?11, ' '))"
#define NO_TYPES " AND COALESCE(?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) IS NULL"

#define WALK(types, order)                                                                                   \
    "SELECT localpart FROM mxadmin_users WHERE" FLAGS types " ORDER BY " order " LIMIT ?13 OFFSET ?12"
#define COUNT(types) "SELECT COALESCE(SUM(users), 0) FROM mxadmin_user_counts WHERE" FLAGS types

/* By column: forwards, and backwards, where who is equal still follows by name forwards. */
#define WALKS(types, column)                                                                                 \
    {                                                                                                        \
        WALK(types, column ", localpart"), WALK(types, column " DESC, localpart")                            \
    }

enum column { BY_NAME, BY_DISPLAY_NAME, BY_AVATAR_URL, BY_CREATED, BY_LAST_SEEN, BY_TYPE, BY__MAX };

#define STATEMENTS(types)                                                                                    \
    {                                                                                                        \
        .count = COUNT(types), .walks = {                                                                    \
            [BY_NAME] = {WALK(types, "localpart"), WALK(types, "localpart DESC")},                           \
            [BY_DISPLAY_NAME] = WALKS(types, "display_name"),                                                \
            [BY_AVATAR_URL] = WALKS(types, "avatar_url"),                                                    \
            [BY_CREATED] = WALKS(types, "created_ts"),                                                       \
            [BY_LAST_SEEN] = WALKS(types, "last_seen_ts"),                                                   \
            [BY_TYPE] = WALKS(types, "user_type"),                                                           \
        }                                                                                                    \
    }

static const struct {
    const char *count;
    const char *walks[BY__MAX][2];                          /* forwards, backwards */
} statements[] = {STATEMENTS(NO_TYPES), STATEMENTS(TYPES)}; /* without and with types that are left out */

/*
 * A search looks at every user. ?12 and ?13 are patterns for the name and for the id, of the server ?14. ?15
 * is the column, or BY__MAX for the flag ?16.
 */
#define SEARCHED                                                                                             \
    " FROM mxadmin_users WHERE" FLAGS " AND (CAST(?12 AS TEXT) IS NULL"                                      \
    " OR localpart LIKE ?12 ESCAPE '\\' OR display_name LIKE ?12 ESCAPE '\\')"                               \
    " AND (CAST(?13 AS TEXT) IS NULL OR '@' || localpart || ':' || ?14 LIKE ?13 ESCAPE '\\')" TYPES
#define SEARCH(direction)                                                                                    \
    "SELECT localpart" SEARCHED " ORDER BY CASE ?15 WHEN 0 THEN localpart WHEN 1 THEN display_name"          \
    " WHEN 2 THEN avatar_url WHEN 3 THEN created_ts WHEN 4 THEN last_seen_ts WHEN 5 THEN user_type"          \
    " ELSE (flags & ?16) <> 0 END" direction ", localpart LIMIT ?18 OFFSET ?17"
static const char *const sql_search[] = {SEARCH(""), SEARCH(" DESC")};
static const char sql_search_count[] = "SELECT COUNT(*)" SEARCHED;
_Static_assert(BY_NAME == 0 && BY_DISPLAY_NAME == 1 && BY_AVATAR_URL == 2 && BY_CREATED == 3 &&
                   BY_LAST_SEEN == 4 && BY_TYPE == 5,
               "the statement has these numbers");

/* What an order goes by: a column, or else a flag. */
static const struct {
    enum column column;
    int64_t flag;
} orders[] = {
    [USER_ORDER_NAME] = {.column = BY_NAME},
    [USER_ORDER_DISPLAY_NAME] = {.column = BY_DISPLAY_NAME},
    [USER_ORDER_AVATAR_URL] = {.column = BY_AVATAR_URL},
    [USER_ORDER_CREATED] = {.column = BY_CREATED},
    [USER_ORDER_LAST_SEEN] = {.column = BY_LAST_SEEN},
    [USER_ORDER_USER_TYPE] = {.column = BY_TYPE},
    [USER_ORDER_ADMIN] = {BY__MAX, USER_ADMIN},
    [USER_ORDER_GUEST] = {BY__MAX, USER_GUEST},
    [USER_ORDER_DEACTIVATED] = {BY__MAX, USER_DEACTIVATED},
    [USER_ORDER_LOCKED] = {BY__MAX, USER_LOCKED},
    [USER_ORDER_SUSPENDED] = {BY__MAX, USER_SUSPENDED},
    [USER_ORDER_ERASED] = {BY__MAX, USER_ERASED},
    [USER_ORDER_SHADOW_BANNED] = {BY__MAX, USER_SHADOW_BANNED},
};
_Static_assert(sizeof orders / sizeof *orders == USER_ORDER__MAX, "every order has its row");

/* Arguments ?1 to ?11 of all statements, and room for more. */
#define ARGS_FIRST 11
#define ARGS_MAX   18
struct args {
    struct db_value values[ARGS_MAX];
    int64_t mask, wanted; /* of the flags */
    bool types;           /* some are left out */
    bool nobody;          /* a flag is wanted both ways */
};

static void want(struct args *args, int64_t flag, bool set)
{
    args->nobody |= (args->mask & flag) && ((args->wanted & flag) != 0) != set;
    args->mask |= flag;
    args->wanted |= set ? flag : 0;
    args->values[0] = DB_I(args->mask);
    args->values[1] = DB_I(args->wanted);
}

static struct args args_of(const struct user_filter *filter)
{
    const struct {
        enum user_flag wanted;
        int64_t flag;
    } flags[] = {{filter->admin, USER_ADMIN},
                 {filter->guest, USER_GUEST},
                 {filter->deactivated, USER_DEACTIVATED},
                 {filter->locked, USER_LOCKED},
                 {filter->suspended, USER_SUSPENDED},
                 {filter->shadow_banned, USER_SHADOW_BANNED}};
    struct args args = {.values = {DB_I(0), DB_I(0)}, .types = filter->no_ordinary || filter->not_types[0]};

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].wanted != USER_FLAG_ANY)
            want(&args, flags[i].flag, flags[i].wanted == USER_FLAG_SET);
    args.values[2] = DB_T(filter->no_ordinary ? "" : NULL);
    for (size_t i = 0; i < USER_TYPES_MAX && filter->not_types[i]; i++)
        args.values[3 + i] = DB_T(filter->not_types[i]);
    return args;
}

/* A list is one walk along an index, or by a flag two: of those without it, and of those who have it. */
struct walk {
    struct args args;
    const char *sql;
};

static size_t walks_of(const struct args *args, const struct user_page *page, struct walk walks[2])
{
    enum column column = orders[page->order].column;

    if (column != BY__MAX) {
        walks[0] = (struct walk){*args, statements[args->types].walks[column][page->backwards]};
        return 1;
    }
    for (size_t i = 0; i < 2; i++) {
        walks[i] = (struct walk){*args, statements[args->types].walks[BY_NAME][0]};
        want(&walks[i].args, orders[page->order].flag, (i == 1) != page->backwards);
    }
    return 2;
}

/* The users of the walk that belong to the page, `from` and `limit` of which are what is left to skip, and to
 * take. */
static enum err go(struct db *db, struct walk *walk, int64_t *from, int64_t *limit, struct list *localparts,
                   int64_t *total)
{
    size_t before = localparts->count;
    int64_t users = 0;
    enum err e = db_integer(db, statements[walk->args.types].count, walk->args.values, ARGS_FIRST, &users);

    if (e)
        return e;
    *total += users;
    if (*from<users && * limit> 0) {
        walk->args.values[ARGS_FIRST] = DB_I(*from);
        walk->args.values[ARGS_FIRST + 1] = DB_I(*limit);
        e = collect(db, walk->sql, walk->args.values, ARGS_FIRST + 2, localparts, collect_text);
    }
    *limit -= (int64_t)(localparts->count - before);
    *from = *from > users ? *from - users : 0;
    return e;
}

static enum err list(struct db *db, const struct args *args, const struct user_page *page,
                     struct list *localparts, int64_t *total)
{
    struct walk walks[2];
    size_t count = walks_of(args, page, walks);
    int64_t from = page->from, limit = page->limit;
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < count; i++)
        if (!walks[i].args.nobody)
            e = go(db, &walks[i], &from, &limit, localparts, total);
    return e;
}

static enum err search(struct db *db, const char *server_name, const struct user_filter *filter,
                       const struct user_page *page, struct args *args, struct list *localparts,
                       int64_t *total)
{
    const char *name = filter->name ? pattern_of(filter->name, localparts->arena) : NULL;
    const char *id = filter->id ? pattern_of(filter->id, localparts->arena) : NULL;
    enum err e;

    if ((filter->name && !name) || (filter->id && !id))
        return ERR_NOMEM;
    args->values[11] = DB_T(name);
    args->values[12] = DB_T(id);
    args->values[13] = DB_T(server_name);
    args->values[14] = DB_I(orders[page->order].column);
    args->values[15] = DB_I(orders[page->order].flag);
    args->values[16] = DB_I(page->from);
    args->values[17] = DB_I(page->limit);
    e = db_integer(db, sql_search_count, args->values, 14, total);
    return e ? e : collect(db, sql_search[page->backwards], args->values, ARGS_MAX, localparts, collect_text);
}

enum err user_list_page(struct db *db, const char *server_name, const struct user_filter *filter,
                        const struct user_page *page, struct arena *arena, const char ***localparts,
                        size_t *count, int64_t *total)
{
    struct list found = {.arena = arena, .item_size = sizeof(const char *)};
    struct args args = args_of(filter);
    enum err e;

    *total = 0;
    if (filter->name || filter->id)
        e = search(db, server_name, filter, page, &args, &found, total);
    else
        e = list(db, &args, page, &found, total);
    *localparts = found.items;
    *count = found.count;
    return e;
}
