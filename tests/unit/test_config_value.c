/* SPDX-License-Identifier: ISC */
#include "config_file.h"

/* Each stands in line 4, after the required options. */
static void test_faults(void **state)
{
    static const struct {
        const char *yaml, *fault;
    } rows[] = {
        {"colour: red", "colour: there is no such option"},
        {"log: {colour: red}", "log.colour: there is no such option"},
        {"log: {log: {level: info}}", "log.log: there is no such option"},
        {"log: &x {log: *x}", "log.log: there is no such option"},
        {"log.level: info", "log.level: there is no such option"},
        {"server_name: x.org", "server_name: is given twice, first in line 1"},
        {"log: {level: info, level: debug}", "log.level: is given twice, first in line 4"},
        {"? [a]\n: b", "this is not the name of an option"},
        {"workers: x", "workers: \"x\" is not a number from 0 to 1024"},
        {"workers: -1", "workers: \"-1\" is not a number from 0 to 1024"},
        {"workers: 1025", "workers: \"1025\" is not a number from 0 to 1024"},
        {"workers: 1.5", "workers: \"1.5\" is not a number from 0 to 1024"},
        {"workers: 010", "workers: \"010\" is not a number from 0 to 1024"},
        {"workers: 0x10", "workers: \"0x10\" is not a number from 0 to 1024"},
        {"workers: 99999999999999999999", "workers: \"99999999999999999999\" is not a number from 0 to 1024"},
        {"workers: \"4\"", "workers: takes a number, not a text in quotes"},
        {"workers: [4]", "workers: takes one value, not a list"},
        {"workers: {a: b}", "workers: has a list or a section where a value belongs"},
        {"workers:", "workers: has no value; an empty one is \"\""},
        {"workers: ~", "workers: has no value; an empty one is \"\""},
        {"user: null", "user: has no value; an empty one is \"\""},
        {"user: \"a\\0b\"", "user: contains a NUL"},
        {"user: !!int 5", "user: has a tag; no tag is known here"},
        {"request_timeout: 0", "request_timeout: \"0\" is not a number from 1 to 3600"},
        {"max_parameters: 4095", "max_parameters: \"4095\" is not a number from 4096 to 131072"},
        {"scrypt_log2_n: 14", "scrypt_log2_n: \"14\" is not a number from 15 to 24"},
        {"bcrypt_cost: 32", "bcrypt_cost: \"32\" is not a number from 4 to 31"},
        {"listen_mode: 660", "listen_mode: \"660\" is not octal permission bits such as 0660"},
        {"listen_mode: 0680", "listen_mode: \"0680\" is not octal permission bits such as 0660"},
        {"listen_mode: 01777", "listen_mode: \"01777\" is not octal permission bits such as 0660"},
        {"listen_mode: 0o", "listen_mode: \"0o\" is not octal permission bits such as 0660"},
        {"allow_query_token: yes", "allow_query_token: \"yes\" is neither true nor false"},
        {"allow_query_token: \"true\"", "allow_query_token: takes true or false, not a text in quotes"},
        {"password_hash: md5", "password_hash: \"md5\" is not one of: scrypt, bcrypt"},
        {"log: {level: loud}", "log.level: \"loud\" is not one of: error, warning, info, debug"},
        {"log: info", "log: is a section; its options belong below it, indented"},
        {"listen: /run/x.sock",
         "listen: \"/run/x.sock\" is not unix:/path, address:port, [address]:port or systemd"},
        {"listen: \"unix:\"", "listen: \"unix:\" is not unix:/path, address:port, [address]:port or systemd"},
        {"listen: 127.0.0.1",
         "listen: \"127.0.0.1\" is not unix:/path, address:port, [address]:port or systemd"},
        {"listen: \"::1:80\"",
         "listen: \"::1:80\" is not unix:/path, address:port, [address]:port or systemd"},
        {"listen: a:0", "listen: \"a:0\" is not unix:/path, address:port, [address]:port or systemd"},
        {"listen: a:65536", "listen: \"a:65536\" is not unix:/path, address:port, [address]:port or systemd"},
        {"mount: x", "mount: \"x\" does not begin with \"/\", or ends with it"},
        {"mount: /", "mount: \"/\" does not begin with \"/\", or ends with it"},
        {"public_baseurl: example.org", "public_baseurl: \"example.org\" is not a URL of https or http"},
        {"public_baseurl: https://", "public_baseurl: \"https://\" is not a URL of https or http"},
        {"trusted_proxies: 127.0.0.1", "trusted_proxies: is not a list"},
        {"trusted_proxies: [localhost]",
         "trusted_proxies: \"localhost\" is not an IP address, or one with a prefix length"},
        {"trusted_proxies: [\"\"]", "trusted_proxies: has an empty item"},
        {"trusted_proxies: [[a]]", "trusted_proxies: an item has a list or a section where a value belongs"},
        {"registration_shared_secret: [s3cret]", "registration_shared_secret: takes one value, not a list"},
        {"workers: [", NULL},
        {"\tworkers: 4", NULL},
        {"workers: 4: 5", NULL},
        {"user: *nobody", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct config *config = NULL;
        char yaml[512], expected[256], *diagnostics;

        snprintf(yaml, sizeof yaml, REQUIRED_LINES "%s\n", rows[i].yaml);
        snprintf(expected, sizeof expected, "c.yaml:4: %s\n", rows[i].fault ? rows[i].fault : "");
        if (rows[i].fault) {
            check_faults(yaml, strlen(yaml), expected);
            continue;
        }
        /* The words for what is not YAML are libyaml's; one line with a place is ours. */
        write_file("c.yaml", yaml, strlen(yaml));
        assert_int_equal(read_it(&config, &diagnostics), ERR_INVALID);
        assert_memory_equal(diagnostics, "c.yaml:", strlen("c.yaml:"));
        assert_in_range(diagnostics[strlen("c.yaml:")], '4', '5');
        assert_ptr_equal(strchr(diagnostics, '\n'), diagnostics + strlen(diagnostics) - 1);
        free(diagnostics);
    }
}

static void test_server_names(void **state)
{
    static const struct {
        const char *name;
        bool valid;
    } rows[] = {
        {"example.org", true},
        {"Example.ORG:8448", true},
        {"1.2.3.4", true},
        {"1.2.3.4:1", true},
        {"[::1]", true},
        {"[::1]:65535", true},
        {"localhost", true},
        {"a:65536", false},
        {"a:0", false},
        {"a:", false},
        {":80", false},
        {"a b", false},
        {"a_b", false},
        {"[::1", false},
        {"[1.2.3.4]", false},
        {"[::1]x", false},
        {"::1", false},
        {"@a:b", false},
        {"a/b", false},
        {"b\xc3\xbc"
         "cher.example",
         false},
        {"a:123456", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct config *config = NULL;
        char yaml[256], *diagnostics;

        snprintf(yaml, sizeof yaml, "server_name: \"%s\"\ndatabase: d\nsigning_key: k\n", rows[i].name);
        write_file("c.yaml", yaml, strlen(yaml));
        if (read_it(&config, &diagnostics) != (rows[i].valid ? ERR_OK : ERR_INVALID))
            fail_msg("\"%s\": %s", rows[i].name, diagnostics);
        free(diagnostics);
        config_free(&config);
    }
}

static void test_all_faults_are_told(void **state)
{
    static const struct {
        const char *yaml;
        size_t size;
        const char *faults;
    } rows[] = {
        {"", 0,
         "c.yaml: server_name: is required, and is not given\n"
         "c.yaml: database: is required, and is not given\n"
         "c.yaml: signing_key: is required, and is not given\n"},
        {"server_name: \"\"\ndatabase: d\nsigning_key:\nworkers: x\nlog:\n  level: x\n  levle: y\n"
         "trusted_proxies:\n- x\n- 10.0.0.1\n- [z]\nuser: [a, b]\n",
         SIZE_MAX,
         "c.yaml:1: server_name: \"\" is not enough: the option is required\n"
         "c.yaml:3: signing_key: has no value; an empty one is \"\"\n"
         "c.yaml:4: workers: \"x\" is not a number from 0 to 1024\n"
         "c.yaml:6: log.level: \"x\" is not one of: error, warning, info, debug\n"
         "c.yaml:7: log.levle: there is no such option\n"
         "c.yaml:11: trusted_proxies: an item has a list or a section where a value belongs\n"
         "c.yaml:9: trusted_proxies: \"x\" is not an IP address, or one with a prefix length\n"
         "c.yaml:12: user: takes one value, not a list\n"},
        {"- a\n", SIZE_MAX,
         "c.yaml:1: the file is not a mapping of options to values\n"
         "c.yaml: server_name: is required, and is not given\n"
         "c.yaml: database: is required, and is not given\n"
         "c.yaml: signing_key: is required, and is not given\n"},
        {REQUIRED_LINES "---\nuser: x\n", SIZE_MAX,
         "c.yaml:5: a second document begins here; a configuration is one\n"},
        {"user: a\nuser: \"\x01\"\n", SIZE_MAX, "c.yaml:2: control characters are not allowed\n"},
        {"user: a\nuser: \"\xff\"\n", SIZE_MAX, "c.yaml:2: invalid leading UTF-8 octet\n"},
        {"user: a\n\0\n", 10, "c.yaml:2: control characters are not allowed\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_faults(rows[i].yaml, rows[i].size == SIZE_MAX ? strlen(rows[i].yaml) : rows[i].size,
                     rows[i].faults);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_server_names),
        cmocka_unit_test(test_all_faults_are_told),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
