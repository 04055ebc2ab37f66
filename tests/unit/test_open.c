/* SPDX-License-Identifier: ISC */
#include <limits.h>

#include "database.h"
#include "store/accounts.h"
#include "store/open.h"

/* d->path is a real Dendrite's file, and ours stands beside it. */
struct beside {
    struct database *d;
    char own[PATH_MAX];
    char server_name[64];
    char *files[2];
    struct config config;
};

static int set_up(void **state)
{
    struct beside *b = calloc(1, sizeof *b);
    void *database;

    if (!b)
        abort();
    database_of_dendrite(&database);
    b->d = database;
    snprintf(b->own, sizeof b->own, "%s/own.db", b->d->folder);
    b->files[0] = b->d->path;
    strcpy(b->server_name, SERVER);
    b->config.server_name = b->server_name;
    b->config.database = b->own;
    b->config.homeserver.kind = CONFIG_HOMESERVER_DENDRITE;
    b->config.dendrite.databases = (struct config_list){.count = 1, .items = b->files};
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct beside *b = *state;
    void *database = b->d;

    database_end(&database);
    free(b);
    return 0;
}

/* Has Dendrite's file changed by one statement, in another process. */
static int change(const struct database *d, const char *sql)
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        struct db *db;

        _exit(db_open(&db, d->path) || db_run(db, sql, DB_NO_ARGS, NULL));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

static void test_our_own_file(void **state)
{
    struct beside *b = *state;
    struct account account;
    struct stat status;

    for (int i = 0; i < 2; i++) { /* made, and found */
        assert_int_equal(store_open(&b->d->db, &b->config), ERR_OK);
        assert_true(db_attached(b->d->db));
        assert_string_equal(db_path(b->d->db), b->own);
        assert_int_equal(accounts_find(b->d->db, "admin", SERVER, b->d->arena, &account), ERR_OK);
        assert_int_equal(account.type, ACCOUNT_ADMIN);
        assert_int_equal(number(b->d->db, "SELECT COUNT(*) FROM main.sqlite_master"
                                          " WHERE type = 'table' AND name NOT LIKE 'mxadmin\\_%' ESCAPE '\\'"
                                          " AND name NOT LIKE 'sqlite%'"),
                         0);
        db_close(&b->d->db);
    }
    assert_int_equal(stat(b->own, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void test_components_apart(void **state)
{
    struct beside *b = *state;
    char second[PATH_MAX];
    struct account account;

    snprintf(second, sizeof second, "%s/second.db", b->d->folder);
    shell("cp %s %s", b->d->path, second);
    b->files[1] = second;
    b->config.dendrite.databases.count = 2;
    /* Each has some of the migrations, as with a file a component, and one of them the accounts. */
    assert_int_equal(change(b->d, "DELETE FROM db_migrations WHERE version LIKE 'userapi%'"), 0);
    assert_int_equal(change(b->d, "DROP TABLE userapi_accounts"), 0);
    assert_int_equal(store_open(&b->d->db, &b->config), ERR_OK);
    assert_int_equal(accounts_find(b->d->db, "admin", SERVER, b->d->arena, &account), ERR_OK);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *sql; /* NULL: nothing */
        const char *server_name;
        enum err e;
    } rows[] = {
        {NULL, SERVER, ERR_OK},
        {NULL, "example.com", ERR_CORRUPT},
        {"INSERT INTO db_migrations VALUES ('userapi: a thing of tomorrow', '', '')", SERVER, ERR_OK},
        {"DELETE FROM db_migrations WHERE version = 'userapi: server names populate'", SERVER, ERR_CORRUPT},
        {"DROP TABLE db_migrations", SERVER, ERR_CORRUPT},
    };
    struct beside *b = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum err e;

        if (rows[i].sql)
            assert_int_equal(change(b->d, rows[i].sql), 0);
        strcpy(b->server_name, rows[i].server_name);
        shell("rm -f %s*", b->own);
        e = store_open(&b->d->db, &b->config);
        if (e != rows[i].e)
            fail_msg("row %zu: %s", i, err_text(e));
        assert_true(e ? b->d->db == NULL : b->d->db != NULL);
        db_close(&b->d->db);
    }
}

static void test_unknown_migration(void **state)
{
    struct beside *b = *state;
    const char *const paths[] = {b->d->path};
    char *unknown;

    assert_int_equal(change(b->d, "INSERT INTO db_migrations VALUES ('userapi: tomorrow', '', '')"), 0);
    assert_int_equal(schema_open_beside(&b->d->db, b->own, SERVER), ERR_OK);
    assert_int_equal(db_attach(b->d->db, paths, 1), ERR_OK);
    assert_int_equal(schema_check_foreign(b->d->db, SERVER, &unknown), ERR_OK);
    assert_string_equal(unknown, "userapi: tomorrow");
    free(unknown);
}

/* Whose the file is that is to be ours. */
static void test_files_that_are_not_ours(void **state)
{
    struct beside *b = *state;

    assert_int_equal(schema_create(b->own, SERVER), ERR_OK); /* a homeserver of its own */
    assert_int_equal(store_open(&b->d->db, &b->config), ERR_CORRUPT);
    shell("rm %s; seq 10000 > %s", b->own, b->own);
    assert_int_equal(store_open(&b->d->db, &b->config), ERR_CORRUPT);
    shell("rm %s", b->own);
    b->config.database = b->d->path;
    assert_int_equal(store_open(&b->d->db, &b->config), ERR_CORRUPT);
    assert_null(b->d->db);
    b->config.database = b->own;
    assert_int_equal(store_open(&b->d->db, &b->config), ERR_OK);
    db_close(&b->d->db);
    b->config.homeserver.kind = CONFIG_HOMESERVER_STANDALONE; /* and the other way round */
    assert_int_equal(store_open(&b->d->db, &b->config), ERR_CORRUPT);
    assert_int_equal(schema_create(b->own, SERVER), ERR_CORRUPT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(test_our_own_file),      TEST(test_components_apart),        TEST(test_refusals),
        TEST(test_unknown_migration), TEST(test_files_that_are_not_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
