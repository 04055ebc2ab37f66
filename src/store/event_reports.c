/* SPDX-License-Identifier: ISC */
#include "store/event_reports.h"
#include "store/sql_json.h"

#define NAME  SQL_MEMBER("n.headered_event_json", "$.content.name")
#define ALIAS SQL_MEMBER("a.headered_event_json", "$.content.alias")
#define COLUMNS                                                                                              \
    "p.id, p.received_ts, COALESCE(r.room_id, ''), COALESCE(e.event_id, ''),"                                \
    " COALESCE(u.event_state_key, ''), COALESCE(s.event_state_key, ''), p.reason, p.score, " NAME ", " ALIAS
#define REPORTS                                                                                              \
    " FROM roomserver_reported_events p"                                                                     \
    " LEFT JOIN roomserver_rooms r ON r.room_nid = p.room_nid"                                               \
    " LEFT JOIN roomserver_events e ON e.event_nid = p.event_nid"                                            \
    " LEFT JOIN roomserver_event_state_keys u ON u.event_state_key_nid = p.reporting_user_nid"               \
    " LEFT JOIN roomserver_event_state_keys s ON s.event_state_key_nid = p.event_sender_nid"
#define NAMES                                                                                                \
    " LEFT JOIN syncapi_current_room_state n"                                                                \
    " ON n.room_id = r.room_id AND n.type = 'm.room.name' AND n.state_key = ''"                              \
    " LEFT JOIN syncapi_current_room_state a"                                                                \
    " ON a.room_id = r.room_id AND a.type = 'm.room.canonical_alias' AND a.state_key = ''"
#define FILTER                                                                                               \
    " WHERE instr(COALESCE(u.event_state_key, ''), ?1) > 0 AND instr(COALESCE(r.room_id, ''), ?2) > 0"       \
    " AND (?3 = '' OR s.event_state_key = ?3)"

static const char sql_count[] = "SELECT COUNT(*)" REPORTS FILTER;
static const char sql_list_newest[] =
    "SELECT " COLUMNS REPORTS NAMES FILTER " ORDER BY p.received_ts DESC, p.id DESC LIMIT ?4 OFFSET ?5";
static const char sql_list_oldest[] =
    "SELECT " COLUMNS REPORTS NAMES FILTER " ORDER BY p.received_ts, p.id LIMIT ?4 OFFSET ?5";
static const char sql_find[] = "SELECT " COLUMNS ", j.event_json" REPORTS NAMES
                               " LEFT JOIN roomserver_event_json j ON j.event_nid = p.event_nid"
                               " WHERE p.id = ?1";
static const char sql_delete[] = "DELETE FROM roomserver_reported_events WHERE id = ?1";

/* The report in the current row; the texts are borrowed. */
static struct event_report current(struct stmt *stmt)
{
    return (struct event_report){
        .id = db_int(stmt, 0),
        .received_ts = db_int(stmt, 1),
        .room_id = db_text(stmt, 2),
        .event_id = db_text(stmt, 3),
        .user_id = db_text(stmt, 4),
        .sender = db_text(stmt, 5),
        .reason = db_text(stmt, 6),
        .has_score = !db_is_null(stmt, 7),
        .score = db_int(stmt, 7),
        .name = db_text(stmt, 8),
        .canonical_alias = db_text(stmt, 9),
    };
}

enum err event_reports_count(struct db *db, const struct event_report_filter *filter, int64_t *count)
{
    return db_integer(db, sql_count,
                      DB_ARGS(DB_T(filter->user_id), DB_T(filter->room_id), DB_T(filter->sender)), count);
}

enum err event_reports_list(struct db *db, const struct event_report_filter *filter,
                            const struct event_report_page *page,
                            enum err (*each)(const struct event_report *report, void *context), void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, page->backwards ? sql_list_newest : sql_list_oldest,
                          DB_ARGS(DB_T(filter->user_id), DB_T(filter->room_id), DB_T(filter->sender),
                                  DB_I(page->limit), DB_I(page->from)),
                          &stmt);

    while (db_next(stmt, &e)) {
        const struct event_report report = current(stmt);

        e = each(&report, context);
    }
    db_done(&stmt);
    return e;
}

enum err event_reports_find(struct db *db, int64_t id, struct arena *arena, struct event_report *report,
                            const char **event_json)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql_find, DB_ARGS(DB_I(id)), &stmt);

    if (!e) {
        *report = current(stmt);
        report->room_id = db_copy(stmt, 2, arena, &e);
        report->event_id = db_copy(stmt, 3, arena, &e);
        report->user_id = db_copy(stmt, 4, arena, &e);
        report->sender = db_copy(stmt, 5, arena, &e);
        report->reason = db_copy(stmt, 6, arena, &e);
        report->name = db_copy(stmt, 8, arena, &e);
        report->canonical_alias = db_copy(stmt, 9, arena, &e);
        *event_json = db_copy(stmt, 10, arena, &e);
    }
    db_done(&stmt);
    return e;
}

enum err event_reports_delete(struct db *db, int64_t id)
{
    int64_t changes = 0;
    enum err e = db_run(db, sql_delete, DB_ARGS(DB_I(id)), &changes);

    return !e && changes == 0 ? ERR_NOT_FOUND : e;
}
