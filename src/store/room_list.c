/* SPDX-License-Identifier: ISC */
#include "store/collect.h"
#include "store/pattern.h"
#include "store/room_list.h"
#include "store/room_list_rows.h"

/* A text that the room does not have is kept as "", so that it comes first in every engine's order. */
#define COLUMNS                                                                                              \
    "room_id, NULLIF(name, ''), NULLIF(canonical_alias, ''), NULLIF(version, ''), NULLIF(creator, ''),"      \
    " NULLIF(encryption, ''), NULLIF(join_rules, ''), NULLIF(guest_access, ''),"                             \
    " NULLIF(history_visibility, ''), NULLIF(room_type, ''), flags, joined_members, joined_local_members,"   \
    " state_events, COALESCE((SELECT s.bytes FROM mxadmin_room_sizes s"                                      \
    " WHERE s.room_nid = mxadmin_rooms.room_nid), -1)"

/* Of a room's flags those in ?1 have to be as in ?2. */
#define FLAGS " FROM mxadmin_rooms WHERE (flags & ?1) = ?2"

/* A list is a walk along one index, whose entries have all that it asks for but what is shown. */
#define WALK(column, direction)                                                                              \
    "SELECT " COLUMNS FLAGS " ORDER BY " column direction ", room_id" direction " LIMIT ?4 OFFSET ?3"
#define ORDER(column)                                                                                        \
    {                                                                                                        \
        WALK(column, ""), WALK(column, " DESC")                                                              \
    }
static const char *const walks[][2] = {
    [ROOM_ORDER_NAME] = ORDER("name"),
    [ROOM_ORDER_CANONICAL_ALIAS] = ORDER("canonical_alias"),
    [ROOM_ORDER_JOINED_MEMBERS] = ORDER("joined_members"),
    [ROOM_ORDER_JOINED_LOCAL_MEMBERS] = ORDER("joined_local_members"),
    [ROOM_ORDER_VERSION] = ORDER("version"),
    [ROOM_ORDER_CREATOR] = ORDER("creator"),
    [ROOM_ORDER_ENCRYPTION] = ORDER("encryption"),
    [ROOM_ORDER_FEDERATABLE] = ORDER("(flags & 4)"),
    [ROOM_ORDER_PUBLIC] = ORDER("(flags & 1)"),
    [ROOM_ORDER_JOIN_RULES] = ORDER("join_rules"),
    [ROOM_ORDER_GUEST_ACCESS] = ORDER("guest_access"),
    [ROOM_ORDER_HISTORY_VISIBILITY] = ORDER("history_visibility"),
    [ROOM_ORDER_STATE_EVENTS] = ORDER("state_events"),
};
_Static_assert(sizeof walks / sizeof *walks == ROOM_ORDER__MAX, "every order has its row");
_Static_assert(ROOM_PUBLIC == 1 && ROOM_FEDERATABLE == 4, "the statements have these numbers");
static const char sql_count[] =
    "SELECT COALESCE(SUM(rooms), 0) FROM mxadmin_room_counts WHERE (flags & ?1) = ?2";

/* A search looks at every room. ?3 is the id, ?4 and ?5 are patterns for the name and the alias; ?6 is the
 * order. */
#define SEARCHED                                                                                             \
    FLAGS " AND (room_id = ?3 OR name LIKE ?4 ESCAPE '\\' OR canonical_alias LIKE ?5 ESCAPE '\\')"
#define SEARCH(direction)                                                                                    \
    "SELECT " COLUMNS SEARCHED " ORDER BY CASE ?6 WHEN 0 THEN name WHEN 1 THEN canonical_alias"              \
    " WHEN 2 THEN joined_members WHEN 3 THEN joined_local_members WHEN 4 THEN version WHEN 5 THEN creator"   \
    " WHEN 6 THEN encryption WHEN 7 THEN flags & 4 WHEN 8 THEN flags & 1 WHEN 9 THEN join_rules"             \
    " WHEN 10 THEN guest_access WHEN 11 THEN history_visibility ELSE state_events END" direction             \
    ", room_id" direction " LIMIT ?8 OFFSET ?7"
static const char *const sql_search[] = {SEARCH(""), SEARCH(" DESC")};
static const char sql_search_count[] = "SELECT COUNT(*)" SEARCHED;
_Static_assert(ROOM_ORDER_NAME == 0 && ROOM_ORDER_JOINED_MEMBERS == 2 && ROOM_ORDER_ENCRYPTION == 6 &&
                   ROOM_ORDER_PUBLIC == 8 && ROOM_ORDER_HISTORY_VISIBILITY == 11 &&
                   ROOM_ORDER_STATE_EVENTS == 12,
               "the statement has these numbers");

static void take_room(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    struct listed_room *room = item;
    int64_t flags = db_int(stmt, 10);

    *room = (struct listed_room){
        .id = db_copy(stmt, 0, arena, e),
        .name = db_copy(stmt, 1, arena, e),
        .canonical_alias = db_copy(stmt, 2, arena, e),
        .version = db_copy(stmt, 3, arena, e),
        .creator = db_copy(stmt, 4, arena, e),
        .encryption = db_copy(stmt, 5, arena, e),
        .join_rules = db_copy(stmt, 6, arena, e),
        .guest_access = db_copy(stmt, 7, arena, e),
        .history_visibility = db_copy(stmt, 8, arena, e),
        .room_type = db_copy(stmt, 9, arena, e),
        .federatable = (flags & ROOM_FEDERATABLE) != 0,
        .is_public = (flags & ROOM_PUBLIC) != 0,
        .joined_members = db_int(stmt, 11),
        .joined_local_members = db_int(stmt, 12),
        .state_events = db_int(stmt, 13),
        .estimated_size = db_int(stmt, 14),
    };
}

static void want(enum room_flag wanted, int64_t flag, int64_t *mask, int64_t *bits)
{
    if (wanted != ROOM_FLAG_ANY)
        *mask |= flag;
    if (wanted == ROOM_FLAG_SET)
        *bits |= flag;
}

static enum err search(struct db *db, const struct room_filter *filter, const struct room_page *page,
                       const struct db_value flags[2], struct list *rooms, int64_t *total)
{
    const char *name = pattern_of(filter->search, rooms->arena);
    const char *alias = name ? arena_printf(rooms->arena, "#%s:%%", name) : NULL;
    const struct db_value args[] = {flags[0],    flags[1],          DB_T(filter->search), DB_T(name),
                                    DB_T(alias), DB_I(page->order), DB_I(page->from),     DB_I(page->limit)};
    enum err e = alias ? db_integer(db, sql_search_count, args, 5, total) : ERR_NOMEM;

    return e ? e
             : collect(db, sql_search[page->descending], args, sizeof args / sizeof *args, rooms, take_room);
}

enum err room_list_page(struct db *db, const struct room_filter *filter, const struct room_page *page,
                        struct arena *arena, struct listed_room **rooms, size_t *count, int64_t *total)
{
    struct list found = {.arena = arena, .item_size = sizeof **rooms};
    int64_t mask = 0, bits = 0;
    enum err e;

    want(filter->is_public, ROOM_PUBLIC, &mask, &bits);
    want(filter->empty, ROOM_EMPTY, &mask, &bits);
    if (filter->search) {
        e = search(db, filter, page, (const struct db_value[]){DB_I(mask), DB_I(bits)}, &found, total);
    } else {
        e = db_integer(db, sql_count, DB_ARGS(DB_I(mask), DB_I(bits)), total);
        if (!e)
            e = collect(db, walks[page->order][page->descending],
                        DB_ARGS(DB_I(mask), DB_I(bits), DB_I(page->from), DB_I(page->limit)), &found,
                        take_room);
    }
    *rooms = found.items;
    *count = found.count;
    return e;
}
