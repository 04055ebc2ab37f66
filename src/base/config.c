/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/config_table.h"

#define SECRET_SIZE_MAX ((size_t)4096)

/* Names the file itself on the command line and is no option. */
#define ENVIRONMENT_FILE CONFIG_ENVIRONMENT_PREFIX "CONFIG"

enum err config_read_file(const char *path, size_t max, struct buf *content)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char part[4096];
    ssize_t got = 1;
    int saved;

    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    while (got > 0 && content->length <= max && !content->err) {
        do
            got = read(fd, part, sizeof part);
        while (got < 0 && errno == EINTR);
        if (got > 0)
            buf_append(content, part, (size_t)got);
    }
    saved = errno;
    explicit_bzero(part, sizeof part);
    close(fd);
    errno = saved;
    if (got < 0)
        return ERR_IO;
    return content->err ? content->err : content->length > max ? ERR_TOO_LARGE : ERR_OK;
}

enum err config_set_plain(struct config_reading *reading, const struct option *option, const char *text)
{
    struct config_scalar *items;
    struct config_value value = {.list = option->type == OPTION_LIST};
    char *copy = strdup(text), *rest = copy, *item;
    enum err e = ERR_NOMEM;

    items = calloc(strlen(text) + 1, sizeof *items);
    if (!copy || !items)
        goto out;
    value.items = items;
    if (!value.list)
        items[value.count++].text = text;
    while (value.list && *text && (item = strsep(&rest, ",")))
        items[value.count++].text = item;
    e = config_set(reading, option, &value);
out:
    if (copy)
        explicit_bzero(copy, strlen(text));
    free(copy);
    free(items);
    return e;
}

static enum err set_defaults(struct config_reading *reading)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < CONFIG_OPTIONS && !e; i++) {
        if (config_options[i].need != REQUIRED)
            e = config_set_plain(reading, &config_options[i], config_options[i].value);
    }
    return e;
}

const char *config_file_fault(enum err e)
{
    return e == ERR_TOO_LARGE ? "the file is too large" : strerror(errno);
}

static enum err read_yaml(struct config_reading *reading)
{
    struct buf content = {0};
    enum err e = config_read_file(reading->path, CONFIG_FILE_SIZE_MAX, &content);

    if (e && e != ERR_NOMEM)
        config_fault(reading, 0, NULL, "cannot be read: %s", config_file_fault(e));
    if (e == ERR_TOO_LARGE)
        e = ERR_INVALID;
    if (!e)
        e = config_yaml_read(reading, &content);
    buf_free(&content);
    return e;
}

/* Applies one "MXADMIN_X=value" of the environment. */
static enum err read_variable(struct config_reading *reading, const char *variable)
{
    size_t length = strcspn(variable, "=");
    char name[CONFIG_ENVIRONMENT_SIZE];

    if (length == strlen(ENVIRONMENT_FILE) && strncmp(variable, ENVIRONMENT_FILE, length) == 0)
        return ERR_OK;
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        config_environment_name(&config_options[i], name);
        if (length == strlen(name) && strncmp(variable, name, length) == 0 && variable[length] == '=') {
            reading->places[i] = (struct config_place){.kind = PLACE_ENVIRONMENT};
            return config_set_plain(reading, &config_options[i], variable + length + 1);
        }
    }
    reading->faulty = true;
    fprintf(reading->diagnostics, "%.*s: there is no such option\n", (int)length, variable);
    return ERR_OK;
}

static enum err read_environment(struct config_reading *reading)
{
    enum err e = ERR_OK;

    for (char **variable = environ; *variable && !e; variable++)
        if (strncmp(*variable, CONFIG_ENVIRONMENT_PREFIX, strlen(CONFIG_ENVIRONMENT_PREFIX)) == 0)
            e = read_variable(reading, *variable);
    return e;
}

static void check_required(struct config_reading *reading)
{
    for (size_t i = 0; i < CONFIG_OPTIONS; i++)
        if (config_options[i].need == REQUIRED && reading->places[i].kind == PLACE_NOWHERE)
            config_option_fault(reading, &config_options[i], "is required, and is not given");
}

/* What is wrong with the content of the secret's file, whose line end is taken off; NULL: nothing. */
static const char *secret_fault(struct buf *content)
{
    size_t length = content->length;

    if (length > 0 && content->data[length - 1] == '\n')
        length--;
    if (length > 0 && content->data[length - 1] == '\r')
        length--;
    if (length == 0)
        return "the file is empty";
    content->data[length] = '\0';
    return strcspn(content->data, "\r\n") == length ? NULL : "the file has more than one line, or a NUL";
}

/* Takes the shared secret from its file. */
static enum err read_secret(struct config_reading *reading)
{
    const struct option *path = config_option("registration_shared_secret_path");
    const struct option *secret = config_option("registration_shared_secret");
    const struct config *config = reading->config;
    struct buf content = {0};
    const char *fault;
    enum err e = ERR_OK;

    if (!*config->registration_shared_secret_path)
        return ERR_OK;
    if (*config->registration_shared_secret) {
        config_option_fault(reading, path, "%s is given as well; only one of them can be", secret->key);
        return ERR_OK;
    }
    e = config_read_file(config->registration_shared_secret_path, SECRET_SIZE_MAX, &content);
    if (e == ERR_NOMEM)
        goto out;
    fault = e ? config_file_fault(e) : secret_fault(&content);
    if (fault)
        config_option_fault(reading, path, "%s: %s", config->registration_shared_secret_path, fault);
    e = fault ? ERR_OK : config_set_plain(reading, secret, content.data);
out:
    buf_free(&content);
    return e;
}

/* Finds the folder of the file, and makes an empty configuration. */
static enum err start(struct config_reading *reading)
{
    char *copy = strdup(reading->path);
    enum err e = ERR_OK;

    reading->config = calloc(1, sizeof *reading->config);
    if (!copy || !reading->config || config_dendrite_start(reading->config))
        e = ERR_NOMEM;
    else if (!(reading->folder = realpath(dirname(copy), NULL))) {
        e = errno == ENOMEM ? ERR_NOMEM : errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
        config_fault(reading, 0, NULL, "cannot be read: %s", strerror(errno));
    }
    free(copy);
    return e;
}

/* What has to be given, and what cannot be, with the kind of the homeserver. */
static void check_kind(struct config_reading *reading)
{
    const struct config *config = reading->config;
    const bool dendrite = config->homeserver.kind == CONFIG_HOMESERVER_DENDRITE;
    const struct {
        const char *key, *value;
        bool needed;
    } rows[] = {
        {"homeserver.config", config->homeserver.config, true},
        {"homeserver.url", config->homeserver.url, true},
        {"homeserver.directory", config->homeserver.directory, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (dendrite && rows[i].needed && !*rows[i].value)
            config_option_fault(reading, config_option(rows[i].key),
                                "is required with homeserver.kind dendrite, and is not given");
        else if (!dendrite && *rows[i].value)
            config_option_fault(reading, config_option(rows[i].key),
                                "means nothing without homeserver.kind dendrite");
    }
}

/* Completes what the file and the environment gave. */
static enum err complete(struct config_reading *reading)
{
    const struct option *database = config_option("database");
    enum err e = ERR_OK;

    check_kind(reading);
    if (reading->config->homeserver.kind == CONFIG_HOMESERVER_STANDALONE) {
        check_required(reading);
        return ERR_OK;
    }
    if (reading->places[database - config_options].kind == PLACE_NOWHERE)
        e = config_set_plain(reading, database, database->value);
    if (!e && *reading->config->homeserver.config)
        e = config_dendrite_read(reading);
    return e;
}

static enum err read_all(struct config_reading *reading)
{
    bool parsed = false;
    enum err e = start(reading);

    if (!e)
        e = set_defaults(reading);
    if (!e) {
        e = read_yaml(reading);
        parsed = !e;
    }
    if (!e || e == ERR_INVALID)
        e = read_environment(reading);
    if (e)
        return e;
    e = read_secret(reading);
    return !e && parsed ? complete(reading) : e;
}

/* Ends a reading that came to `e`: the configuration is the caller's. */
static enum err finish(struct config_reading *reading, enum err e, struct config **config)
{
    if (!e && reading->faulty)
        e = ERR_INVALID;
    if (e == ERR_NOMEM)
        config_fault(reading, 0, NULL, "%s", err_text(e));
    if (e)
        config_free(&reading->config);
    free(reading->folder);
    *config = reading->config;
    return e;
}

enum err config_read(const char *path, struct config **config, FILE *diagnostics)
{
    struct config_reading reading = {.path = path, .diagnostics = diagnostics};

    return finish(&reading, read_all(&reading), config);
}

enum err config_read_dendrite(const char *path, struct config **config, FILE *diagnostics)
{
    struct config_reading reading = {.path = path, .diagnostics = diagnostics};
    char *real = realpath(path, NULL);
    enum err e = start(&reading);

    if (!e)
        e = set_defaults(&reading);
    if (!e)
        e = config_set_plain(&reading, config_option("homeserver.config"), real ? real : path);
    if (!e)
        e = config_set_plain(&reading, config_option("database"), config_option("database")->value);
    if (!e) {
        reading.config->homeserver.kind = CONFIG_HOMESERVER_DENDRITE;
        e = config_dendrite_read(&reading);
    }
    free(real);
    return finish(&reading, e, config);
}

void config_free(struct config **config)
{
    if (!*config)
        return;
    for (size_t i = 0; i < CONFIG_OPTIONS; i++)
        config_clear(*config, &config_options[i]);
    config_dendrite_clear(*config);
    free(*config);
    *config = NULL;
}

static int processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count > 0 && count <= INT_MAX ? (int)count : 1;
}

int config_workers(const struct config *config)
{
    if (config->workers > 0)
        return (int)config->workers;
    return processors() > 4 ? processors() : 4;
}

int config_hash_slots(const struct config *config)
{
    if (config->hash_concurrency > 0)
        return (int)config->hash_concurrency;
    return processors() > 2 ? processors() / 2 : 1;
}

bool config_names_user(const struct config_list *list, const char *localpart, const char *server_name)
{
    const size_t length = strlen(localpart);

    for (size_t i = 0; i < list->count; i++) {
        const char *item = list->items[i];

        if (strcmp(item, localpart) == 0)
            return true;
        if (*item == '@' && strncmp(item + 1, localpart, length) == 0 && item[1 + length] == ':' &&
            strcmp(item + length + 2, server_name) == 0)
            return true;
    }
    return false;
}
