/* SPDX-License-Identifier: ISC */
#include "config_file.h"
#include "base/config_rewrite.h"

static const struct config_edit edits[] = {{"server_name", NULL},
                                           {"server_notices", NULL},
                                           {"database", "database: new.db\n"},
                                           {"homeserver", "homeserver:\n  kind: dendrite\n"}};
#define EDITS (sizeof edits / sizeof edits[0])

static enum err rewrite(const char *text, struct buf *out, char **diagnostics)
{
    size_t size;
    FILE *told = open_memstream(diagnostics, &size);
    enum err e;

    assert_non_null(told);
    write_file("c.yaml", text, strlen(text));
    e = config_rewrite("c.yaml", edits, EDITS, out, told);
    assert_int_equal(fclose(told), 0);
    return e;
}

static void keeps_what_it_is_not_told_of(void **state)
{
    static const struct {
        const char *before, *after;
    } rows[] = {
        {"", "database: new.db\nhomeserver:\n  kind: dendrite\n"},
        {"# Only a comment", "# Only a comment\ndatabase: new.db\nhomeserver:\n  kind: dendrite\n"},
        {"database: old.db # where\nhomeserver: {kind: standalone}\nworkers: 3\n",
         "database: new.db\nhomeserver:\n  kind: dendrite\nworkers: 3\n"},
        {"# One\n\nserver_name: example.org\n# Two\nworkers: 3 # three\n",
         "# One\n\n#server_name: example.org\n# Two\nworkers: 3 # three\ndatabase: new.db\n"
         "homeserver:\n  kind: dendrite\n"},
        {"---\nhomeserver:\n  # Why\n  kind: standalone\n\n# Then\nserver_notices:\n  enabled: true\n  # x\n"
         "  room_name: >\n    A\n    # B\ndatabase:\n  old.db\nlog: {level: info}\n...\n",
         "---\nhomeserver:\n  kind: dendrite\n  # Why\n\n# Then\n#server_notices:\n#  enabled: true\n  # x\n"
         "#  room_name: >\n#    A\n    # B\ndatabase: new.db\nlog: {level: info}\n...\n"},
        {"\"server_name\": a\r\nworkers: 1\r\ndatabase: x\r\nhomeserver:\r\n  kind: standalone\r\n",
         "#\"server_name\": a\r\nworkers: 1\r\ndatabase: new.db\nhomeserver:\n  kind: dendrite\n"},
        {"log:\n  database: x\ndatabase: y\nhomeserver:\n",
         "log:\n  database: x\ndatabase: new.db\nhomeserver:\n"
         "  kind: dendrite\n"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out = {0};
        char *diagnostics;

        assert_int_equal(rewrite(rows[i].before, &out, &diagnostics), ERR_OK);
        assert_string_equal(diagnostics, "");
        assert_string_equal(out.data, rows[i].after);
        buf_free(&out);
        free(diagnostics);
    }
}

static void refuses_what_it_cannot_change(void **state)
{
    static const struct {
        const char *text, *said;
    } rows[] = {
        {"{database: x, workers: 3}\n", "c.yaml:1: is not written as one option a line\n"},
        {"- database\n", "c.yaml:1: is not written as one option a line\n"},
        {"server_name: &name a\npublic_baseurl: *name\n", "c.yaml:"}, /* what it refers to would be gone */
        {"database: [\n", "c.yaml:"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out = {0};
        char *diagnostics;

        assert_int_equal(rewrite(rows[i].text, &out, &diagnostics), ERR_INVALID);
        assert_int_equal(strncmp(diagnostics, rows[i].said, strlen(rows[i].said)), 0);
        buf_free(&out);
        free(diagnostics);
    }
}

static void there_is_no_file(void **state)
{
    struct buf out = {0};
    char *diagnostics;
    size_t size;
    FILE *told = open_memstream(&diagnostics, &size);

    (void)state;
    assert_int_equal(config_rewrite("missing.yaml", edits, EDITS, &out, told), ERR_NOT_FOUND);
    assert_int_equal(fclose(told), 0);
    assert_string_equal(diagnostics, "missing.yaml: cannot be read: No such file or directory\n");
    assert_null(out.data);
    free(diagnostics);
}

static void finds_what_an_option_is(void **state)
{
    static const struct {
        const char *text;
        bool has;
    } rows[] = {
        {"database: /a/own.db\n", true},
        {"wrkers: 3\n\"database\": \"/a/own.db\" # here\n", true},
        {"database: /a/other.db\n", false},
        {"log: {database: /a/own.db}\n", false},
        {"database: [/a/own.db]\n", false},
        {"database: /a/own.db\nworkers: [\n", false},
        {"", false},
    };
    bool has = true;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_file("c.yaml", rows[i].text, strlen(rows[i].text));
        assert_int_equal(config_has("c.yaml", "database", "/a/own.db", &has), ERR_OK);
        assert_int_equal(has, rows[i].has);
    }
    has = true;
    assert_int_equal(config_has("missing.yaml", "database", "/a/own.db", &has), ERR_OK);
    assert_false(has);
}

/* What is quoted is read as it was. */
static void quotes_a_path(void **state)
{
    static const char path[] = "/a \"b\"/c\\d/e#f: g\t\x01/ä.db";
    struct buf yaml = {0};
    struct config *config;

    (void)state;
    buf_puts(&yaml, "server_name: a\nsigning_key: k\ndatabase: ");
    config_quote(path, &yaml);
    config = read_good(yaml.data);
    assert_string_equal(config->database, path);
    config_free(&config);
    buf_free(&yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_it_is_not_told_of),
        cmocka_unit_test(refuses_what_it_cannot_change),
        cmocka_unit_test(there_is_no_file),
        cmocka_unit_test(finds_what_an_option_is),
        cmocka_unit_test(quotes_a_path),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
