/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include "base/buf.h"
#include "database.h"

/* Tables of Dendrite's that are its own affair: federation, and what it makes by itself at its first start.
 */
static const char *const not_ours[] = {
    "federationsender_%",
    "keyserver_%",
    "keydb_server_keys",
    "userapi_daily_stats",
    "syncapi_peeks",
    "syncapi_filter",
    "syncapi_send_to_device",
    "syncapi_receipts",
    "syncapi_ignores",
    "syncapi_presence",
    "syncapi_relations",
    "syncapi_notification_data",
    "syncapi_backward_extremities",
};

static void append_rows(struct buf *buf, struct db *db, const char *sql, const char *name, int columns)
{
    struct stmt *stmt;
    bool row;

    assert_int_equal(db_query(db, sql, DB_ARGS(DB_T(name)), &stmt), ERR_OK);
    while (db_step(stmt, &row) == ERR_OK && row) {
        for (int i = 0; i < columns; i++)
            buf_printf(buf, "%s|", db_is_null(stmt, i) ? "NULL" : db_text(stmt, i));
        buf_puts(buf, "\n");
    }
    db_done(&stmt);
}

/* All that makes a table what it is, as text: columns in order, indexes with their columns and conditions. */
static void append_table(struct buf *buf, struct db *db, const char *table)
{
    append_rows(buf, db,
                "SELECT cid, name, type, \"notnull\", dflt_value, pk FROM pragma_table_info(?1) ORDER BY cid",
                table, 6);
    /* Those of UNIQUE and PRIMARY KEY clauses have numbered names: their order in the text does not matter.
     */
    append_rows(
        buf, db,
        "SELECT CASE origin WHEN 'c' THEN l.name ELSE '' END, l.\"unique\", l.origin, l.partial,"
        " (SELECT group_concat(COALESCE(i.name, 'expression'), ',') FROM pragma_index_info(l.name) i),"
        " (SELECT CASE WHEN l.partial OR sql LIKE '%((%'"
        "   THEN replace(replace(replace(substr(sql, instr(sql, '(')), char(9), ''), char(10), ''), ' ', '') "
        "END"
        "   FROM sqlite_master WHERE name = l.name)"
        " FROM pragma_index_list(?1) l ORDER BY 1, 2, 3, 5",
        table, 6);
    append_rows(
        buf, db,
        "SELECT sql LIKE '%AUTOINCREMENT%', sql LIKE '%WITHOUT ROWID%' FROM sqlite_master WHERE name = ?1",
        table, 2);
}

static bool is_ours_to_make(struct db *db, const char *table)
{
    for (size_t i = 0; i < sizeof not_ours / sizeof not_ours[0]; i++) {
        int64_t like = 0;

        assert_int_equal(db_integer(db, "SELECT ?1 LIKE ?2", DB_ARGS(DB_T(table), DB_T(not_ours[i])), &like),
                         ERR_OK);
        if (like)
            return false;
    }
    return true;
}

static void is_like_dendrites(void **state)
{
    struct database *d = *state;
    struct buf theirs = {0}, ours = {0};
    struct db *dendrite;
    struct stmt *stmt;
    char path[128];
    bool row;
    int tables = 0;

    snprintf(path, sizeof path, "%s/dendrite.db", d->folder);
    shell("gzip -dc tests/fixture/dendrite.db.gz > %s", path);
    assert_int_equal(db_open(&dendrite, path), ERR_OK);
    assert_int_equal(
        db_query(dendrite, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
                 DB_NO_ARGS, &stmt),
        ERR_OK);
    while (db_step(stmt, &row) == ERR_OK && row) {
        const char *table = db_text(stmt, 0);

        if (!is_ours_to_make(dendrite, table))
            continue;
        buf_clear(&theirs);
        buf_clear(&ours);
        append_table(&theirs, dendrite, table);
        append_table(&ours, d->db, table);
        if (strcmp(theirs.data, ours.data) != 0)
            fail_msg("%s\nDendrite's:\n%sours:\n%s", table, theirs.data, ours.data);
        tables++;
    }
    db_done(&stmt);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table'"
                                   " AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'mxadmin_%'"),
                     tables);
    db_close(&dendrite);
    buf_free(&theirs);
    buf_free(&ours);
}

/* The rows that a fresh database of Dendrite's has; of the fixture those that it began with. */
static void begins_like_dendrites(void **state)
{
    static const struct {
        const char *sql; /* ?1 is NULL */
        const char *rows;
    } tables[] = {
        {"SELECT event_type_nid, event_type FROM roomserver_event_types WHERE ?1 IS NULL ORDER BY 1",
         "1|m.room.create|\n2|m.room.power_levels|\n3|m.room.join_rules|\n4|m.room.third_party_invite|\n"
         "5|m.room.member|\n6|m.room.redaction|\n7|m.room.history_visibility|\n"},
        {"SELECT event_state_key_nid, event_state_key FROM roomserver_event_state_keys WHERE ?1 IS NULL",
         "1||\n"},
        {"SELECT stream_name, stream_id FROM syncapi_stream_id WHERE ?1 IS NULL ORDER BY rowid",
         "global|0|\nreceipt|0|\naccountdata|0|\ninvite|0|\npresence|0|\nnotification|0|\nrelation|0|\n"},
    };
    struct database *d = *state;

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct buf buf = {0};

        append_rows(&buf, d->db, tables[i].sql, NULL, 2);
        assert_string_equal(buf.data, tables[i].rows);
        buf_free(&buf);
    }
    assert_int_equal(number(d->db, "SELECT MIN(time LIKE '20__-__-__T__:__:__Z') FROM db_migrations"), 1);
}

static void has_dendrites_migrations_in_order(void **state)
{
    static const char sql[] = "SELECT version FROM db_migrations WHERE ?1 IS NULL ORDER BY rowid";
    struct database *d = *state;
    struct buf theirs = {0}, ours = {0};
    struct db *dendrite;
    char path[128];

    snprintf(path, sizeof path, "%s/dendrite.db", d->folder);
    shell("gzip -dc tests/fixture/dendrite.db.gz > %s", path);
    assert_int_equal(db_open(&dendrite, path), ERR_OK);
    append_rows(&theirs, dendrite, sql, NULL, 1);
    append_rows(&ours, d->db, sql, NULL, 1);
    assert_string_equal(ours.data, theirs.data);
    db_close(&dendrite);
    buf_free(&theirs);
    buf_free(&ours);
}

static void is_private_and_durable(void **state)
{
    struct database *d = *state;
    mode_t mask = umask(0);
    struct stat status;

    assert_int_equal(schema_create(d->path, SERVER), ERR_OK);
    umask(mask);
    assert_int_equal(stat(d->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    assert_int_equal(schema_check(d->db, SERVER), ERR_OK);
    assert_int_equal(number(d->db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    assert_int_equal(
        number(d->db, "SELECT value = '" SERVER "' FROM mxadmin_settings WHERE name = 'server_name'"), 1);
}

static void again_keeps_all(void **state)
{
    struct database *d = *state;

    run(d->db, "INSERT INTO mxadmin_nonces (nonce, expires_ts) VALUES ('kept', 1)");
    run(d->db, "UPDATE syncapi_stream_id SET stream_id = 7 WHERE stream_name = 'global'");
    run(d->db, "UPDATE db_migrations SET time = 'then'");
    db_close(&d->db);
    assert_int_equal(schema_create(d->path, SERVER), ERR_OK);
    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM mxadmin_nonces WHERE nonce = 'kept'"), 1);
    assert_int_equal(number(d->db, "SELECT stream_id FROM syncapi_stream_id WHERE stream_name = 'global'"),
                     7);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM db_migrations WHERE time = 'then'"), 20);
}

static void completes_dendrites(void **state)
{
    struct database *d = *state;

    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    assert_int_equal(schema_check(d->db, SERVER), ERR_NOT_FOUND);
    db_close(&d->db);
    assert_int_equal(schema_create(d->path, SERVER), ERR_OK);
    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    assert_int_equal(schema_check(d->db, SERVER), ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_accounts"), 32);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM db_migrations"), 20);
    assert_int_equal(number(d->db, "SELECT stream_id FROM syncapi_stream_id WHERE stream_name = 'global'"),
                     119);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM roomserver_event_types"), 14);
}

/* An empty file is what a creation that failed leaves. */
static void fills_an_empty_file(void **state)
{
    struct database *d = *state;

    shell(": > %s", d->path);
    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    assert_int_equal(schema_check(d->db, SERVER), ERR_NOT_FOUND);
    db_close(&d->db);
    assert_int_equal(schema_create(d->path, SERVER), ERR_OK);
    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    assert_int_equal(schema_check(d->db, SERVER), ERR_OK);
}

/* A file that is refused stays as it is, byte by byte. */
static void expect_refused(struct database *d, const char *server_name)
{
    enum err e;

    shell("cp %s %s.before", d->path, d->path);
    assert_int_equal(schema_create(d->path, server_name), ERR_CORRUPT);
    e = db_open(&d->db, d->path);
    if (!e)
        e = schema_check(d->db, server_name);
    assert_int_equal(e, ERR_CORRUPT);
    db_close(&d->db);
    shell("cmp %s %s.before", d->path, d->path);
}

static void expect_refused_after(struct database *d, const char *sql)
{
    if (!d->db)
        assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    run(d->db, sql);
    db_close(&d->db);
    expect_refused(d, SERVER);
}

static void refuses_a_newer_mxadmin(void **state)
{
    expect_refused_after(*state,
                         "INSERT INTO mxadmin_migrations (version, name, applied_ts) VALUES (99, 'x', 1)");
}

static void refuses_a_newer_dendrite(void **state)
{
    expect_refused_after(*state, "INSERT INTO db_migrations (version, time, dendrite_version)"
                                 " VALUES ('userapi: something new', '2027-01-01T00:00:00Z', '0.16.0')");
}

static void refuses_an_older_dendrite(void **state)
{
    expect_refused_after(*state, "DELETE FROM db_migrations WHERE version = 'userapi: server names'");
}

static void refuses_another_server(void **state)
{
    struct database *d = *state;

    db_close(&d->db);
    expect_refused(d, "example.com");
}

static void refuses_a_stranger(void **state)
{
    struct database *d = *state;

    shell(": > %s", d->path);
    expect_refused_after(d, "CREATE TABLE bookmarks (url TEXT)");
}

static void refuses_the_damaged(void **state)
{
    struct database *d = *state;

    shell("truncate -s 50000 %s", d->path);
    expect_refused(d, SERVER);
    shell("yes nonsense | head -c 40000 > %s", d->path);
    expect_refused(d, SERVER);
}

static int creates(const struct database *d, int i)
{
    (void)i;
    return (int)schema_create(d->path, SERVER);
}

static void many_may_create_at_once(void **state)
{
    struct database *d = *state;
    int results[PROCESSES_MAX];

    at_once(20, creates, d, results);
    assert_int_equal(count_of(results, 20, ERR_OK), 20);
    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    assert_int_equal(schema_check(d->db, SERVER), ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) = MAX(version) FROM mxadmin_migrations"), 1);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM db_migrations"), 20);
}

static int creates_with_little_room(const struct database *d, int i)
{
    const struct rlimit limit = {(rlim_t)i * 20000, (rlim_t)i * 20000};

    signal(SIGXFSZ, SIG_IGN);
    return setrlimit(RLIMIT_FSIZE, &limit) ? 124 : (int)schema_create(d->path, SERVER);
}

/* Wherever the disk fills up, nothing is half made, and the next try succeeds. */
static void is_all_or_nothing(void **state)
{
    struct database *d = *state;
    int result = ERR_FULL, tries = 0;

    while (result != ERR_OK && tries < 100) {
        shell("rm -f %s*", d->path);
        result = apart(creates_with_little_room, d, tries++);
        assert_true(result == ERR_OK || result == ERR_FULL || result == ERR_IO);
        assert_int_equal(db_open(&d->db, d->path), ERR_OK);
        assert_int_equal(number(d->db, "SELECT COUNT(*) > 0 FROM sqlite_master"), result == ERR_OK);
        db_close(&d->db);
        assert_int_equal(schema_create(d->path, SERVER), ERR_OK);
        assert_int_equal(db_open(&d->db, d->path), ERR_OK);
        assert_int_equal(schema_check(d->db, SERVER), ERR_OK);
        db_close(&d->db);
    }
    assert_int_equal(result, ERR_OK);
    assert_true(tries > 5);
}

static void needs_its_folder(void **state)
{
    struct database *d = *state;
    char path[128];

    snprintf(path, sizeof path, "%s/missing/mxadmin.db", d->folder);
    assert_int_equal(schema_create(path, SERVER), ERR_IO);
}

#define FRESH(test)    cmocka_unit_test_setup_teardown(test, database_new, database_end)
#define FOLDER(test)   cmocka_unit_test_setup_teardown(test, database_folder, database_end)
#define DENDRITE(test) cmocka_unit_test_setup_teardown(test, database_of_dendrite, database_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(is_like_dendrites),
        FRESH(begins_like_dendrites),
        FRESH(has_dendrites_migrations_in_order),
        FOLDER(is_private_and_durable),
        FRESH(again_keeps_all),
        DENDRITE(completes_dendrites),
        FOLDER(fills_an_empty_file),
        FRESH(refuses_a_newer_mxadmin),
        {"refuses_a_newer_dendrite, of ours", refuses_a_newer_dendrite, database_new, database_end, NULL},
        DENDRITE(refuses_a_newer_dendrite),
        DENDRITE(refuses_an_older_dendrite),
        {"refuses_another_server, of ours", refuses_another_server, database_new, database_end, NULL},
        DENDRITE(refuses_another_server),
        FOLDER(refuses_a_stranger),
        DENDRITE(refuses_the_damaged),
        FOLDER(many_may_create_at_once),
        FOLDER(is_all_or_nothing),
        FOLDER(needs_its_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
