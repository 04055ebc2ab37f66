/* SPDX-License-Identifier: ISC */
/*
 * The option table, and what the parts of the configuration share: config.c reads, config_yaml.c takes the
 * YAML file apart, config_table.c names and checks the options, config_sample.c writes the sample.
 */
#ifndef BASE_CONFIG_TABLE_H
#define BASE_CONFIG_TABLE_H

#include "base/buf.h"
#include "base/config.h"

enum option_type {
    OPTION_TEXT,    /* char * */
    OPTION_SECRET,  /* char *, never shown */
    OPTION_PATH,    /* char *, made absolute */
    OPTION_NUMBER,  /* int64_t */
    OPTION_MODE,    /* int64_t, in octal */
    OPTION_BOOLEAN, /* bool */
    OPTION_WORD,    /* int, the index in `words` */
    OPTION_LIST,    /* struct config_list */
    OPTION_TYPE__MAX
};

struct option {
    const char *key; /* with the section, "log.level" */
    enum option_type type;
    enum { OPTIONAL, REQUIRED } need;
    size_t offset;                           /* of the field in struct config */
    int64_t min, max;                        /* of a number */
    const char *const *words;                /* NULL after the last */
    const char *(*check)(const char *value); /* of a text or an item; NULL, or what is wrong with it */
    const char
        *value; /* the default, as in the file; of a required option, an example; of a list, its items */
    const char *text; /* for the sample */
};

#define CONFIG_OPTIONS 57
extern const struct option *const config_options; /* CONFIG_OPTIONS rows */

/* Where the value of an option was given last. */
struct config_place {
    enum { PLACE_NOWHERE, PLACE_FILE, PLACE_ENVIRONMENT } kind;
    size_t line;     /* in the file; 0: nowhere in particular */
    const char *key; /* what it is called there; NULL: as in the table */
};

/* What lives while a configuration is read. */
struct config_reading {
    const char *path;  /* of the file */
    char *folder;      /* that relative paths start from, absolute */
    FILE *diagnostics; /* NULL: config_fault() says nothing */
    bool faulty;       /* something was written to the diagnostics */
    struct config *config;
    struct config_place places[CONFIG_OPTIONS];
};

/* A value of the file or the environment: one scalar, or the items of a list. */
struct config_scalar {
    const char *text;
    size_t line;
    bool quoted;
};
struct config_value {
    bool list;
    size_t count;
    const struct config_scalar *items;
};

/* The option of that key; NULL: there is none. */
const struct option *config_option(const char *key);

/* The length of the section's name at the start of the option's key, "." included; 0: it is in none. */
size_t config_section(const struct option *option);

/* Writes the words that the option can be, with commas between them. */
#define CONFIG_WORDS_SIZE 128
void config_words(const struct option *option, char text[CONFIG_WORDS_SIZE]);

#define CONFIG_ENVIRONMENT_PREFIX "MXADMIN_"
#define CONFIG_ENVIRONMENT_SIZE   80

/* The variable that overrides the option. */
void config_environment_name(const struct option *option, char name[CONFIG_ENVIRONMENT_SIZE]);

/* Writes "FILE:LINE: KEY: what is wrong" to the diagnostics; line 0 and a NULL key are left out. */
void config_fault(struct config_reading *reading, size_t line, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same about an option, wherever its value was given. */
void config_option_fault(struct config_reading *reading, const struct option *option, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads the whole file, at most `max` bytes, to the end of `content`. Errors: ERR_TOO_LARGE, ERR_NOMEM,
 * ERR_NOT_FOUND and ERR_IO with errno. */
MUST_CHECK enum err config_read_file(const char *path, size_t max, struct buf *content);
#define CONFIG_FILE_SIZE_MAX ((size_t)1 << 20)

/* Why config_read_file() failed, in words; to be called before errno changes. */
const char *config_file_fault(enum err e);

/* Sets an option from text that is not YAML; the items of a list are divided by commas. Otherwise as
 * config_set(). */
MUST_CHECK enum err config_set_plain(struct config_reading *reading, const struct option *option,
                                     const char *text);

/* The absolute form of a path, to be freed; `prefix` bytes at its start are kept as they are. NULL: memory is
 * gone. */
char *config_absolute(const struct config_reading *reading, const char *path, size_t prefix);

/* Whether two configurations have the same value of an option, and moves it from one to the other. Texts,
 * numbers and booleans only. */
bool config_same(const struct config *a, const struct config *b, const struct option *option);
void config_move(struct config *to, struct config *from, const struct option *option);

/* Checks a value and sets the field. A bad value is a fault, and no error. Errors: ERR_NOMEM. */
MUST_CHECK enum err config_set(struct config_reading *reading, const struct option *option,
                               const struct config_value *value);

/* Wipes and frees what the field owns. */
void config_clear(struct config *config, const struct option *option);

/*
 * Takes the text of the file apart and sets what it gives; what is wrong is a fault. Errors: ERR_INVALID (it
 * is not YAML, or not to its end, which is a fault, too), ERR_NOMEM.
 */
MUST_CHECK enum err config_yaml_read(struct config_reading *reading, const struct buf *content);

/*
 * Reads the dendrite.yaml that homeserver.config names, and the registration file of our application service
 * that it names, into the configuration. What is wrong, also what contradicts an option that was given, is a
 * fault. Errors: ERR_INVALID (a file is not YAML, which is a fault, too), ERR_NOMEM.
 */
MUST_CHECK enum err config_dendrite_read(struct config_reading *reading);

/* Makes what it reads beside options empty; wipes and frees it. Errors: ERR_NOMEM. */
MUST_CHECK enum err config_dendrite_start(struct config *config);
void config_dendrite_clear(struct config *config);

#endif
