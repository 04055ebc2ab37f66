/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include "alloc.h"
#include "config_file.h"
#include "base/file_uri.h"

#define OURS "homeserver: {kind: dendrite, config: dendrite.yaml, url: \"http://127.0.0.1:8008\"}\n"
#define GLOBAL                                                                                               \
    "global:\n"                                                                                              \
    "  server_name: example.org\n"                                                                           \
    "  private_key: matrix_key.pem\n"
#define DATABASE "  database: {connection_string: file:dendrite.db, max_open_conns: 90}\n"
#define MEDIA    "media_api: {base_path: ./media}\n"
#define GOOD     GLOBAL DATABASE MEDIA

#define NOBODY 65534 /* somebody who is not root */

/* Their own files, which tear_down() does not know. */
static int clean_up(void **state)
{
    unlink("dendrite.yaml");
    unlink("other.yaml");
    unlink("mxadmin-registration.yaml");
    return tear_down(state);
}

static void write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
}

static struct config *read_with(const char *ours, const char *dendrite)
{
    write_text("dendrite.yaml", dendrite);
    return read_good(ours);
}

/* Whether `path` is `name` in the folder of the tests. */
static void assert_in_folder(const char *path, const char *name)
{
    char expected[128];

    snprintf(expected, sizeof expected, "%s/%s", folder, name);
    assert_string_equal(path, expected);
}

static void test_the_least(void **state)
{
    struct config *config = read_with(OURS, GOOD);

    (void)state;
    assert_int_equal(config->homeserver.kind, CONFIG_HOMESERVER_DENDRITE);
    assert_in_folder(config->homeserver.config, "dendrite.yaml");
    assert_string_equal(config->homeserver.url, "http://127.0.0.1:8008");
    assert_int_equal(config->homeserver.wait, 50);
    assert_string_equal(config->database, "/var/lib/mxadmin/mxadmin.db");
    assert_string_equal(config->server_name, "example.org");
    assert_in_folder(config->signing_key, "matrix_key.pem");
    assert_in_folder(config->media_path, "./media");
    assert_string_equal(config->registration_shared_secret, "");
    assert_false(config->server_notices.enabled);
    assert_false(config->dendrite.registration_tokens);
    assert_string_equal(config->dendrite.service_token, "");
    assert_int_equal(config->dendrite.databases.count, 1);
    assert_in_folder(config->dendrite.databases.items[0], "dendrite.db");
    config_free(&config);
}

static void test_all_of_it(void **state)
{
    static const char ours[] = OURS "database: own.db\n"
                                    "server_name: example.org # the same is no contradiction\n"
                                    "server_notices: {enabled: true}\n";
    static const char dendrite[] = "version: 2\n"
                                   "global:\n"
                                   "  server_name: example.org\n"
                                   "  private_key: /keys/matrix_key.pem\n"
                                   "  well_known_server_name: \"\" # as all else that we do not read\n"
                                   "  server_notices:\n"
                                   "    enabled: Yes\n"
                                   "    local_part: notices\n"
                                   "    display_name: Notices\n"
                                   "    avatar_url: mxc://example.org/abc\n"
                                   "    room_name:\n"
                                   "client_api:\n"
                                   "  registration_shared_secret: 12345\n"
                                   "  registration_requires_token: true\n"
                                   "media_api: {base_path: /media, max_file_size_bytes: 20971520, database: "
                                   "{connection_string: \"file:///db/media.db?x=y\"}}\n"
                                   "user_api:\n"
                                   "  account_database: &all\n"
                                   "    connection_string: file:all.db\n"
                                   "room_server: {database: {<<: [{max_open_conns: 5}, {<<: *all}, {"
                                   "connection_string: file:x.db}]}}\n"
                                   "sync_api: {database: {<<: *all, max_open_conns: 5}}\n"
                                   "federation_api: {database: *all}\n"
                                   "key_server: {database: *all}\n"
                                   "relay_api: {database: *all}\n"
                                   "mscs: {database: {connection_string: \"file:./mscs.db\"}}\n"
                                   "app_service_api:\n"
                                   "  config_files: [other.yaml, mxadmin-registration.yaml]\n"
                                   "logging: [{type: file, level: info}]\n";
    struct config *config;

    (void)state;
    write_text("other.yaml", "id: bridge\nas_token: not this one\n");
    write_text("mxadmin-registration.yaml", "as_token: s3cret\nid: mxadmin\nurl: \"\"\n");
    config = read_with(ours, dendrite);
    assert_in_folder(config->database, "own.db");
    assert_string_equal(config->signing_key, "/keys/matrix_key.pem");
    assert_string_equal(config->media_path, "/media");
    assert_int_equal(config->max_upload_size, 20971520);
    assert_string_equal(config->registration_shared_secret, "12345");
    assert_true(config->dendrite.registration_tokens);
    assert_string_equal(config->dendrite.service_token, "s3cret");
    assert_in_folder(config->dendrite.registration, "mxadmin-registration.yaml");
    assert_true(config->server_notices.enabled);
    assert_string_equal(config->server_notices.local_part, "notices");
    assert_string_equal(config->server_notices.display_name, "Notices");
    assert_string_equal(config->server_notices.avatar_url, "mxc://example.org/abc");
    assert_string_equal(config->server_notices.room_name, "Server Alert");
    assert_int_equal(config->dendrite.databases.count, 2);
    assert_in_folder(config->dendrite.databases.items[0], "all.db");
    assert_string_equal(config->dendrite.databases.items[1], "/db/media.db");
    assert_int_equal(config->dendrite.idle.count, 2);
    assert_in_folder(config->dendrite.idle.items[0], "all.db");
    assert_in_folder(config->dendrite.idle.items[1], "./mscs.db");
    config_free(&config);
}

/* A component without a database of its own is in the global one. */
static void test_both_forms_of_databases(void **state)
{
    struct config *config = read_with(
        OURS, GOOD "sync_api: {database: {connection_string: file:sync.db}}\nuser_api:\n  bcrypt_cost: 10\n");

    (void)state;
    assert_int_equal(config->dendrite.databases.count, 2);
    assert_in_folder(config->dendrite.databases.items[0], "sync.db");
    assert_in_folder(config->dendrite.databases.items[1], "dendrite.db");
    config_free(&config);
}

/* Dendrite makes the files of some components only if it is told to use them. */
static void test_files_that_need_not_be_there(void **state)
{
    static const char component[] = "{database: {connection_string: file:dendrite.db}}\n";
    char dendrite[1024];
    struct config *config;

    (void)state;
    snprintf(dendrite, sizeof dendrite,
             GLOBAL "  database: {connection_string: file:global.db}\n"
                    "media_api: {base_path: media, database: {connection_string: file:dendrite.db}}\n"
                    "user_api: {account_database: {connection_string: file:dendrite.db}}\n"
                    "room_server: %ssync_api: %sfederation_api: %skey_server: %s"
                    "relay_api: {database: {connection_string: file:relay.db}}\n",
             component, component, component, component);
    config = read_with(OURS, dendrite);
    assert_int_equal(config->dendrite.databases.count, 1);
    assert_in_folder(config->dendrite.databases.items[0], "dendrite.db");
    assert_int_equal(config->dendrite.idle.count, 2);
    assert_in_folder(config->dendrite.idle.items[0], "relay.db");
    assert_in_folder(config->dendrite.idle.items[1], "global.db"); /* that of mscs */
    config_free(&config);
    write_text("dendrite.yaml", dendrite);
    check_faults(OURS "database: relay.db\n", strlen(OURS "database: relay.db\n"),
                 "c.yaml:2: database: is a database of Dendrite's; mxadmin keeps its own in another file\n");
}

static void test_the_folder_that_dendrite_works_in(void **state)
{
    struct config *config;

    (void)state;
    config = read_with("homeserver: {kind: dendrite, config: dendrite.yaml, url: \"http://[::1]:8008\","
                       " directory: /srv/dendrite}\n",
                       GOOD);
    assert_string_equal(config->signing_key, "/srv/dendrite/matrix_key.pem");
    assert_string_equal(config->dendrite.databases.items[0], "/srv/dendrite/dendrite.db");
    assert_string_equal(config->media_path, "/srv/dendrite/./media");
    config_free(&config);
}

/* What is wrong in mxadmin.yaml itself. */
static void test_our_faults(void **state)
{
    static const struct {
        const char *ours, *faults;
    } rows[] = {
        {"homeserver: {kind: dendrite}\n",
         "c.yaml: homeserver.config: is required with homeserver.kind dendrite, and is not given\n"
         "c.yaml: homeserver.url: is required with homeserver.kind dendrite, and is not given\n"},
        {REQUIRED_LINES "homeserver: {config: dendrite.yaml, directory: x}\n",
         "c.yaml:4: homeserver.config: means nothing without homeserver.kind dendrite\n"
         "c.yaml:4: homeserver.directory: means nothing without homeserver.kind dendrite\n"},
        {"homeserver: {kind: dendrite, config: /nonexistent/d.yaml, url: \"http://127.0.0.1:8008\"}\n",
         "c.yaml:1: homeserver.config: /nonexistent/d.yaml: cannot be read: No such file or directory\n"},
        {"homeserver: {kind: dendrite, config: dendrite.yaml, url: \"127.0.0.1:8008\"}\n",
         "c.yaml:1: homeserver.url: \"127.0.0.1:8008\" is not a URL of https or http\n"
         "c.yaml:1: homeserver.url: is required with homeserver.kind dendrite, and is not given\n"},
        {OURS "homeserver:\n", "c.yaml:2: homeserver: is given twice, first in line 1\n"},
        {OURS "database: dendrite.db\n", "c.yaml:2: database: is a database of Dendrite's; mxadmin keeps its "
                                         "own in another file\n"},
        {OURS "server_name: \"a b\"\ndatabase: \"\"\n",
         "c.yaml:2: server_name: \"a b\" is not a host, or host:port\n"
         "c.yaml:3: database: \"\" is not enough: the option is required\n"},
    };

    (void)state;
    write_text("dendrite.yaml", GOOD);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_faults(rows[i].ours, strlen(rows[i].ours), rows[i].faults);
}

static void test_contradictions(void **state)
{
    static const struct {
        const char *line, *key, *theirs;
    } rows[] = {
        {"server_name: example.com", "server_name", "global.server_name"},
        {"signing_key: other.pem", "signing_key", "global.private_key"},
        {"media_path: other", "media_path", "media_api.base_path"},
        {"max_upload_size: 1", "max_upload_size", "media_api.max_file_size_bytes"},
        {"registration_shared_secret: s3cret", "registration_shared_secret",
         "client_api.registration_shared_secret"},
        {"server_notices: {enabled: true}", "server_notices.enabled", "global.server_notices.enabled"},
        {"server_notices: {local_part: x}", "server_notices.local_part", "global.server_notices.local_part"},
    };
    char yaml[512], faults[512];

    (void)state;
    write_text("dendrite.yaml", GOOD);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(yaml, sizeof yaml, OURS "%s\n", rows[i].line);
        snprintf(faults, sizeof faults,
                 "c.yaml:2: %s: contradicts %s in %s/dendrite.yaml; leave it out here\n", rows[i].key,
                 rows[i].theirs, folder);
        check_faults(yaml, strlen(yaml), faults);
    }
    setenv("MXADMIN_SERVER_NAME", "example.com", 1);
    snprintf(faults, sizeof faults,
             "MXADMIN_SERVER_NAME: contradicts global.server_name in %s/dendrite.yaml; leave it out here\n",
             folder);
    check_faults(OURS, strlen(OURS), faults);
    unsetenv("MXADMIN_SERVER_NAME");
}

#define POSTGRES "PostgreSQL is not supported yet: a database has to be SQLite, as \"file:PATH\""

/* What is wrong in Dendrite's files; `faults` lack the folder in front. */
static void test_their_faults(void **state)
{
    static const struct {
        const char *dendrite, *faults[4];
    } rows[] = {
        {"",
         {"dendrite.yaml: global.server_name: is required, and is not given",
          "dendrite.yaml: global.private_key: is required, and is not given",
          "dendrite.yaml: media_api.base_path: is required, and is not given",
          "dendrite.yaml: mscs.database.connection_string is required, and is not given, nor is "
          "global.database.connection_string"}},
        {"global: &a {<<: [*a, *a, *a]}\n" MEDIA,
         {"dendrite.yaml: global.server_name: is required, and is not given",
          "dendrite.yaml: global.private_key: is required, and is not given",
          "dendrite.yaml: mscs.database.connection_string is required, and is not given, nor is "
          "global.database.connection_string"}},
        {"global: [\n", {NULL}},
        {"- a\n" GOOD, {NULL}},
        {GLOBAL "  database: {connection_string: \"postgres://u:s3cret@db/dendrite\"}\n" MEDIA,
         {"dendrite.yaml:4: global.database.connection_string: " POSTGRES}},
        {GLOBAL
         "  database: {connection_string: \"postgresql://u:s3cret@db/dendrite?sslmode=disable\"}\n" MEDIA
         "user_api: {account_database: {connection_string: \"user=u password=s3cret\"}}\n",
         {"dendrite.yaml:6: user_api.account_database.connection_string: " POSTGRES,
          "dendrite.yaml:4: global.database.connection_string: " POSTGRES}},
        {GLOBAL "  database: {connection_string: \"file:?x=y\"}\n" MEDIA,
         {"dendrite.yaml:4: global.database.connection_string: names no file"}},
        {GLOBAL "  database: {connection_string: [file:x.db]}\n" MEDIA,
         {"dendrite.yaml:4: global.database.connection_string: has a list or a section where a value "
          "belongs"}},
        {"global: {server_name: \"a b\", private_key: k}\n" MEDIA
         "user_api: {account_database: {connection_string: file:x.db}}\n",
         {"dendrite.yaml:1: global.server_name: \"a b\" is not a host, or host:port",
          "dendrite.yaml: mscs.database.connection_string is required, and is not given, nor is "
          "global.database.connection_string"}},
        {GOOD "client_api: {registration_requires_token: maybe}\n",
         {"dendrite.yaml:6: client_api.registration_requires_token: \"maybe\" is neither true nor false"}},
        {GLOBAL DATABASE "  server_notices: {enabled: 1, local_part: \"A\"}\n" MEDIA,
         {"dendrite.yaml:5: global.server_notices.enabled: \"1\" is neither true nor false",
          "dendrite.yaml:5: global.server_notices.local_part: \"A\" is not a localpart of a-z, 0-9 and "
          "._=-/+"}},
        {GOOD "app_service_api: {config_files: mxadmin-registration.yaml}\n",
         {"dendrite.yaml:6: app_service_api.config_files: is not a list"}},
        {GOOD "app_service_api: {config_files: [/nonexistent/r.yaml]}\n",
         {"dendrite.yaml:6: app_service_api.config_files: /nonexistent/r.yaml: cannot be read: No such file "
          "or directory"}},
        {GOOD "app_service_api: {config_files: [other.yaml]}\n",
         {"other.yaml:2: as_token: is required, and is not given"}},
    };

    (void)state;
    write_text("c.yaml", OURS);
    write_text("other.yaml", "url: \"\"\nid: mxadmin\nas_token: \"\"\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char expected[1024];
        size_t length = 0;

        *expected = '\0';
        for (size_t j = 0; j < 4 && rows[i].faults[j]; j++)
            length += (size_t)snprintf(expected + length, sizeof expected - length, "%s/%s\n", folder,
                                       rows[i].faults[j]);
        write_text("dendrite.yaml", rows[i].dendrite);
        if (length > 0) {
            check_faults(OURS, strlen(OURS), expected);
        } else { /* the words for what is not YAML are libyaml's */
            struct config *config = NULL;
            char *diagnostics;

            assert_int_equal(read_it(&config, &diagnostics), ERR_INVALID);
            assert_non_null(strstr(diagnostics, "/dendrite.yaml:"));
            free(diagnostics);
        }
    }
}

/* The registration of another service need not be ours to read. */
static void test_registration_of_others(void **state)
{
    const bool root_tests = geteuid() == 0; /* who may read everything */
    struct config *config = NULL;
    char *diagnostics;
    enum err e;

    (void)state;
    write_text("c.yaml", OURS);
    write_text("dendrite.yaml", GOOD "app_service_api: {config_files: [other.yaml]}\n");
    write_text("other.yaml", "id: bridge\n");
    assert_int_equal(chmod("other.yaml", 0), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    if (root_tests)
        assert_int_equal(seteuid(NOBODY), 0);
    e = read_it(&config, &diagnostics);
    if (root_tests)
        assert_int_equal(seteuid(0), 0);
    assert_string_equal(diagnostics, "");
    assert_int_equal(e, ERR_OK);
    assert_string_equal(config->dendrite.service_token, "");
    assert_int_equal(config->dendrite.unread.count, 1);
    assert_in_folder(config->dendrite.unread.items[0], "other.yaml");
    free(diagnostics);
    config_free(&config);
}

static void test_nothing_but_theirs(void **state)
{
    struct config *config = NULL;
    char *diagnostics;
    size_t size;
    FILE *out = open_memstream(&diagnostics, &size);

    (void)state;
    assert_non_null(out);
    write_text("dendrite.yaml", GOOD);
    assert_int_equal(config_read_dendrite("dendrite.yaml", &config, out), ERR_OK);
    assert_string_equal(config->server_name, "example.org");
    assert_in_folder(config->homeserver.config, "dendrite.yaml");
    assert_in_folder(config->dendrite.databases.items[0], "dendrite.db");
    config_free(&config);
    write_text("dendrite.yaml", GLOBAL);
    assert_int_equal(config_read_dendrite("dendrite.yaml", &config, out), ERR_INVALID);
    assert_int_equal(config_read_dendrite("/nonexistent/dendrite.yaml", &config, out), ERR_NOT_FOUND);
    assert_null(config);
    fclose(out);
    assert_non_null(strstr(diagnostics, "dendrite.yaml: media_api.base_path: is required"));
    assert_non_null(
        strstr(diagnostics, "/nonexistent/dendrite.yaml: cannot be read: No such file or directory"));
    free(diagnostics);
}

static void test_file_uris(void **state)
{
    static const struct {
        const char *uri, *path;
    } rows[] = {
        {"file:x.db", "x.db"},
        {"file:./a/x.db", "./a/x.db"},
        {"file:/a/x.db", "/a/x.db"},
        {"file:///a/x.db", "/a/x.db"},
        {"file://localhost/a/x.db", "/a/x.db"},
        {"file:x.db?cache=shared&_journal=WAL", "x.db"},
        {"file:///a/x.db?cache=shared#part", "/a/x.db"},
        {"file:a%20b.db", "a%20b.db"}, /* Dendrite decodes paths from the root only */
        {"file:///a%20b/%C3%a4.db", "/a b/\xc3\xa4.db"},
        {"file:///a%2/%zz", "/a%2/%zz"},
        {"file:", ""},
        {"file://", ""},
        {"file:?a", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *path = file_uri_path(rows[i].uri);

        assert_string_equal(path, rows[i].path);
        free(path);
    }
}

static void test_memory_is_gone(void **state)
{
    static const char dendrite[] = GOOD "app_service_api: {config_files: [mxadmin-registration.yaml]}\n"
                                        "client_api: {registration_shared_secret: s3cret}\n"
                                        "sync_api: {database: {connection_string: file:sync.db}}\n";
    struct config *config = NULL;
    FILE *nowhere = fopen("/dev/null", "w");
    enum err e;

    (void)state;
    assert_non_null(nowhere);
    write_text("mxadmin-registration.yaml", "id: mxadmin\nas_token: s3cret\n");
    write_text("dendrite.yaml", dendrite);
    write_text("c.yaml", OURS);
    for (int n = 1; alloc_fail(n), e = config_read("c.yaml", &config, nowhere), alloc_failed(); n++) {
        if (e != ERR_NOMEM)
            fail_msg("allocation %d: %s", n, err_text(e));
        assert_null(config);
    }
    assert_int_equal(e, ERR_OK);
    assert_string_equal(config->dendrite.service_token, "s3cret");
    assert_int_equal(config->dendrite.databases.count, 2);
    config_free(&config);
    fclose(nowhere);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_least),
        cmocka_unit_test(test_all_of_it),
        cmocka_unit_test(test_both_forms_of_databases),
        cmocka_unit_test(test_files_that_need_not_be_there),
        cmocka_unit_test(test_the_folder_that_dendrite_works_in),
        cmocka_unit_test(test_our_faults),
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_their_faults),
        cmocka_unit_test(test_registration_of_others),
        cmocka_unit_test(test_nothing_but_theirs),
        cmocka_unit_test(test_file_uris),
        cmocka_unit_test(test_memory_is_gone),
    };

    return cmocka_run_group_tests(tests, set_up, clean_up);
}
