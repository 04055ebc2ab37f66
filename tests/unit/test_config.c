/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <string.h>

#include "alloc.h"
#include "config_file.h"
#include "base/config.h"
#include "base/config_table.h"
#include "base/log.h"

#define SAMPLE "conf/mxadmin.yaml"

static void test_defaults(void **state)
{
    struct config *config = read_good(REQUIRED_LINES);
    char path[128];

    (void)state;
    assert_string_equal(config->server_name, "example.org");
    snprintf(path, sizeof path, "%s/data/x.db", folder);
    assert_string_equal(config->database, path);
    assert_string_equal(config->signing_key, "/keys/k.pem");
    assert_int_equal(config->homeserver.kind, CONFIG_HOMESERVER_STANDALONE);
    assert_string_equal(config->listen, "unix:/run/mxadmin/mxadmin.sock");
    assert_string_equal(config->listen_owner, "");
    assert_string_equal(config->listen_group, "");
    assert_int_equal(config->listen_mode, 0660);
    assert_string_equal(config->user, "");
    assert_string_equal(config->group, "");
    assert_string_equal(config->mount, "");
    assert_int_equal(config->workers, 0);
    assert_int_equal(config->max_requests, 0);
    assert_int_equal(config->request_timeout, 10);
    assert_int_equal(config->stop_timeout, 30);
    assert_int_equal(config->max_parameters, 65536);
    assert_int_equal(config->trusted_proxies.count, 0);
    assert_string_equal(config->registration_shared_secret, "");
    assert_string_equal(config->registration_shared_secret_path, "");
    assert_false(config->allow_query_token);
    assert_string_equal(config->public_baseurl, "");
    assert_string_equal(config->server_version, "mxadmin " MXADMIN_VERSION);
    assert_int_equal(config->password_hash, CONFIG_PASSWORD_SCRYPT);
    assert_int_equal(config->scrypt_log2_n, 15);
    assert_int_equal(config->scrypt_r, 8);
    assert_int_equal(config->scrypt_p, 1);
    assert_int_equal(config->bcrypt_cost, 10);
    assert_int_equal(config->hash_concurrency, 0);
    assert_int_equal(config->rate_limit.per_account, 10);
    assert_int_equal(config->rate_limit.per_address, 50);
    assert_int_equal(config->rate_limit.window, 300);
    assert_int_equal(config->log.target, LOG_TARGET_STDERR);
    assert_int_equal(config->log.format, LOG_FORMAT_TEXT);
    assert_int_equal(config->log.level, LOG_LEVEL_INFO);
    assert_true(config_workers(config) >= 4);
    assert_true(config_hash_slots(config) >= 1);
    config_free(&config);
    assert_null(config);
    config_free(&config);
}

static void test_values(void **state)
{
    struct config *config = read_good("---\n"
                                      "server_name: \"[2001:db8::1]:8448\" # with a comment\n"
                                      "database: './x.db'\n"
                                      "signing_key: keys/../k.pem\n"
                                      "listen: unix:run/s.sock\n"
                                      "listen_mode: 0o600\n"
                                      "mount: /homeserver\n"
                                      "workers: 12\n"
                                      "hash_concurrency: 3\n"
                                      "trusted_proxies:\n  - 127.0.0.1\n  - \"2001:db8::/32\"\n"
                                      "registration_shared_secret: \"s\\u00e9cret: # \\\"\"\n"
                                      "allow_query_token: true\n"
                                      "public_baseurl: https://matrix.example.org:8448/x\n"
                                      "server_version: 1.140.0 # a text, though it looks like a number\n"
                                      "password_hash: bcrypt\n"
                                      "rate_limit: {per_account: 0, window: 60}\n"
                                      "log:\n    target: syslog\n    format: json\n    level: debug\n"
                                      "homeserver:\n");
    char path[128];

    (void)state;
    assert_string_equal(config->server_name, "[2001:db8::1]:8448");
    snprintf(path, sizeof path, "unix:%s/run/s.sock", folder);
    assert_string_equal(config->listen, path);
    assert_int_equal(config->listen_mode, 0600);
    assert_string_equal(config->mount, "/homeserver");
    assert_int_equal(config_workers(config), 12);
    assert_int_equal(config_hash_slots(config), 3);
    assert_int_equal(config->trusted_proxies.count, 2);
    assert_string_equal(config->trusted_proxies.items[0], "127.0.0.1");
    assert_string_equal(config->trusted_proxies.items[1], "2001:db8::/32");
    assert_string_equal(config->registration_shared_secret, "s\xc3\xa9"
                                                            "cret: # \"");
    assert_true(config->allow_query_token);
    assert_string_equal(config->public_baseurl, "https://matrix.example.org:8448/x");
    assert_string_equal(config->server_version, "1.140.0");
    assert_int_equal(config->password_hash, CONFIG_PASSWORD_BCRYPT);
    assert_int_equal(config->rate_limit.per_account, 0);
    assert_int_equal(config->rate_limit.per_address, 50);
    assert_int_equal(config->rate_limit.window, 60);
    assert_int_equal(config->log.target, LOG_TARGET_SYSLOG);
    assert_int_equal(config->log.format, LOG_FORMAT_JSON);
    assert_int_equal(config->log.level, LOG_LEVEL_DEBUG);
    config_free(&config);
}

static void test_unreadable(void **state)
{
    static const struct {
        const char *path;
        enum err e;
        const char *fault;
    } rows[] = {
        {"missing.yaml", ERR_NOT_FOUND, "missing.yaml: cannot be read: No such file or directory\n"},
        {"missing/c.yaml", ERR_NOT_FOUND, "missing/c.yaml: cannot be read: No such file or directory\n"},
        {"/", ERR_IO, "/: cannot be read: Is a directory\n"},
        {"c.yaml/x", ERR_IO, "c.yaml/x: cannot be read: Not a directory\n"},
    };

    (void)state;
    write_file("c.yaml", "", 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct config *config = NULL;
        char *diagnostics;
        size_t size;
        FILE *out = open_memstream(&diagnostics, &size);

        assert_non_null(out);
        assert_int_equal(config_read(rows[i].path, &config, out), rows[i].e);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(diagnostics, rows[i].fault);
        assert_null(config);
        free(diagnostics);
    }
}

static void test_environment(void **state)
{
    struct config *config;

    (void)state;
    setenv("MXADMIN_CONFIG", "whatever", 1);
    setenv("MXADMIN_SERVER_NAME", "other.example", 1);
    setenv("MXADMIN_DATABASE", "e.db", 1);
    setenv("MXADMIN_SIGNING_KEY", "/e.pem", 1);
    setenv("MXADMIN_LOG_LEVEL", "debug", 1);
    setenv("MXADMIN_RATE_LIMIT_PER_ACCOUNT", "7", 1);
    setenv("MXADMIN_TRUSTED_PROXIES", "10.0.0.0/8,::1", 1);
    config = read_good("server_name: example.org\nlog: {level: error, format: json}\n"
                       "trusted_proxies: [1.2.3.4, 1.2.3.5, 1.2.3.6]\n");
    assert_string_equal(config->server_name, "other.example");
    assert_int_equal(strncmp(config->database, folder, strlen(folder)), 0);
    assert_int_equal(config->log.level, LOG_LEVEL_DEBUG);
    assert_int_equal(config->log.format, LOG_FORMAT_JSON);
    assert_int_equal(config->rate_limit.per_account, 7);
    assert_int_equal(config->trusted_proxies.count, 2);
    assert_string_equal(config->trusted_proxies.items[1], "::1");
    config_free(&config);

    setenv("MXADMIN_TRUSTED_PROXIES", "", 1);
    config = read_good("trusted_proxies: [1.2.3.4]\n");
    assert_int_equal(config->trusted_proxies.count, 0);
    config_free(&config);
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        char name[CONFIG_ENVIRONMENT_SIZE];

        config_environment_name(&config_options[i], name);
        unsetenv(name);
    }
    unsetenv("MXADMIN_CONFIG");
}

static void test_faults_of_the_environment(void **state)
{
    static const struct {
        const char *name, *value, *fault;
    } rows[] = {
        {"MXADMIN_LOG_LEVL", "info", "MXADMIN_LOG_LEVL: there is no such option\n"},
        {"MXADMIN_", "x", "MXADMIN_: there is no such option\n"},
        {"MXADMIN_SERVER_NAM", "x", "MXADMIN_SERVER_NAM: there is no such option\n"},
        {"MXADMIN_CONFIGS", "x", "MXADMIN_CONFIGS: there is no such option\n"},
        {"MXADMIN_SERVER_NAME", "a b", "MXADMIN_SERVER_NAME: \"a b\" is not a host, or host:port\n"},
        {"MXADMIN_SERVER_NAME", "", "MXADMIN_SERVER_NAME: \"\" is not enough: the option is required\n"},
        {"MXADMIN_WORKERS", "", "MXADMIN_WORKERS: \"\" is not a number from 0 to 1024\n"},
        {"MXADMIN_TRUSTED_PROXIES", "::1,", "MXADMIN_TRUSTED_PROXIES: has an empty item\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        setenv(rows[i].name, rows[i].value, 1);
        check_faults(REQUIRED_LINES, strlen(REQUIRED_LINES), rows[i].fault);
        unsetenv(rows[i].name);
    }
}

static void test_secret_file(void **state)
{
    static const struct {
        const char *content;
        size_t size;
        const char *secret; /* NULL: it is refused */
    } rows[] = {
        {"s3cret\n", 7, "s3cret"}, {"s3cret", 6, "s3cret"}, {"two words\r\n", 11, "two words"},
        {"[x]: #\n", 7, "[x]: #"}, {"", 0, NULL},           {"\n", 1, NULL},
        {"a\nb\n", 4, NULL},       {"s3cret\n\n", 8, NULL}, {"a\0b\n", 4, NULL},
    };
    static const char yaml[] = REQUIRED_LINES "registration_shared_secret_path: secret\n";

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct config *config = NULL;
        char *diagnostics;

        write_file("secret", rows[i].content, rows[i].size);
        write_file("c.yaml", yaml, strlen(yaml));
        assert_int_equal(read_it(&config, &diagnostics), rows[i].secret ? ERR_OK : ERR_INVALID);
        if (rows[i].secret)
            assert_string_equal(config->registration_shared_secret, rows[i].secret);
        else
            assert_non_null(strstr(diagnostics, "c.yaml:4: registration_shared_secret_path: "));
        assert_null(strstr(diagnostics, "s3cret"));
        free(diagnostics);
        config_free(&config);
    }
}

static void test_secret_file_is_not_to_be_had(void **state)
{
    static const char both[] =
        REQUIRED_LINES "registration_shared_secret_path: secret\nregistration_shared_secret: s3cret\n";
    static const char missing[] = REQUIRED_LINES "registration_shared_secret_path: /nonexistent/secret\n";

    (void)state;
    write_file("secret", "x", 1);
    check_faults(
        both, strlen(both),
        "c.yaml:4: registration_shared_secret_path: registration_shared_secret is given as well; only one of "
        "them can be\n");
    check_faults(
        missing, strlen(missing),
        "c.yaml:4: registration_shared_secret_path: /nonexistent/secret: No such file or directory\n");
}

static void test_memory_is_gone(void **state)
{
    static const char yaml[] = REQUIRED_LINES "listen: unix:x.sock\nlog: {level: debug}\n"
                                              "trusted_proxies: [10.0.0.0/8, \"::1\"]\n"
                                              "registration_shared_secret_path: secret\n";
    struct config *config = NULL;
    FILE *nowhere = fopen("/dev/null", "w");
    enum err e;

    (void)state;
    assert_non_null(nowhere);
    setenv("MXADMIN_USER", "nobody", 1);
    write_file("secret", "s3cret\n", 7);
    write_file("c.yaml", yaml, strlen(yaml));
    for (int n = 1; alloc_fail(n), e = config_read("c.yaml", &config, nowhere), alloc_failed(); n++) {
        if (e != ERR_NOMEM)
            fail_msg("allocation %d: %s", n, err_text(e));
        assert_null(config);
    }
    assert_int_equal(e, ERR_OK);
    assert_int_equal(config->trusted_proxies.count, 2);
    assert_string_equal(config->user, "nobody");
    config_free(&config);
    unsetenv("MXADMIN_USER");
    fclose(nowhere);
}

static char *make_sample(void)
{
    char *sample;
    size_t size;
    FILE *out = open_memstream(&sample, &size);

    assert_non_null(out);
    config_write_sample(out);
    assert_int_equal(fclose(out), 0);
    return sample;
}

static void test_sample_is_committed(void **state)
{
    char *sample = make_sample(), *committed, path[4096];
    FILE *file;

    (void)state;
    snprintf(path, sizeof path, "%s/" SAMPLE, root);
    file = fopen(path, "r");
    assert_non_null(file);
    committed = calloc(1, strlen(sample) + 2);
    assert_non_null(committed);
    assert_true(fread(committed, 1, strlen(sample) + 1, file) > 0);
    fclose(file);
    assert_string_equal(committed, sample); /* or else: make sample */
    free(committed);
    free(sample);
}

/* The sample as it is gives the defaults, and so does the sample with each option's "#" taken off. */
static void test_sample_is_a_configuration(void **state)
{
    char *sample = make_sample();
    struct config *config = read_good(sample);
    size_t uncommented = 0;

    (void)state;
    assert_string_equal(config->server_name, "example.org");
    config_free(&config);
    for (char *line = sample; (line = strchr(line, '#')); line++)
        if (isalpha((unsigned char)line[1])) {
            memmove(line, line + 1, strlen(line));
            uncommented++;
        }
    assert_int_equal(uncommented, CONFIG_OPTIONS - 3);
    config = read_good(sample);
    assert_string_equal(config->listen, "unix:/run/mxadmin/mxadmin.sock");
    assert_string_equal(config->server_version, "mxadmin " MXADMIN_VERSION);
    assert_int_equal(config->rate_limit.window, 300);
    config_free(&config);
    free(sample);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_faults_of_the_environment),
        cmocka_unit_test(test_secret_file),
        cmocka_unit_test(test_secret_file_is_not_to_be_had),
        cmocka_unit_test(test_memory_is_gone),
        cmocka_unit_test(test_sample_is_committed),
        cmocka_unit_test(test_sample_is_a_configuration),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
