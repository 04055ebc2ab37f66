/* SPDX-License-Identifier: ISC */
/* A folder for a configuration file, and what comes of reading it; for the tests of the configuration. */
#ifndef TEST_CONFIG_FILE_H
#define TEST_CONFIG_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/config.h"

#define REQUIRED_LINES "server_name: example.org\ndatabase: data/x.db\nsigning_key: /keys/k.pem\n"

/* The tests work in a folder of their own; the tree they came from is `root`. */
static char *root;
static char folder[] = "/tmp/test_config.XXXXXX";

static inline int set_up(void **state)
{
    (void)state;
    root = getcwd(NULL, 0);
    return !root || !mkdtemp(folder) || chdir(folder) < 0;
}

static inline int tear_down(void **state)
{
    int failed;

    (void)state;
    unlink("c.yaml");
    unlink("secret");
    failed = chdir(root) < 0 || rmdir(folder) < 0;
    free(root);
    return failed;
}

static inline void write_file(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Reads c.yaml; `*diagnostics` is to be freed. */
static inline enum err read_it(struct config **config, char **diagnostics)
{
    size_t size;
    FILE *out = open_memstream(diagnostics, &size);
    enum err e;

    assert_non_null(out);
    e = config_read("c.yaml", config, out);
    assert_int_equal(fclose(out), 0);
    return e;
}

static inline struct config *read_good(const char *yaml)
{
    struct config *config = NULL;
    char *diagnostics;
    enum err e;

    write_file("c.yaml", yaml, strlen(yaml));
    e = read_it(&config, &diagnostics);
    assert_string_equal(diagnostics, "");
    assert_int_equal(e, ERR_OK);
    assert_non_null(config);
    free(diagnostics);
    return config;
}

static inline void check_faults(const char *yaml, size_t size, const char *expected)
{
    struct config *config = NULL;
    char *diagnostics;
    enum err e;

    write_file("c.yaml", yaml, size);
    e = read_it(&config, &diagnostics);
    assert_string_equal(diagnostics, expected);
    assert_int_equal(e, ERR_INVALID);
    assert_null(config);
    free(diagnostics);
}

#endif
