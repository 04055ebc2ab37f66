/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "base/config_document.h"
#include "base/file_uri.h"

#define SERVICE_ID "mxadmin" /* of our application service */
#define KEY_SIZE   64        /* longer than any key that is looked for here */

/* The options that dendrite.yaml gives in place of ours. What it leaves out has our default, as its own. */
static const struct {
    const char *key;
    const char *option;
    bool required;
} taken[] = {
    {"global.server_name", "server_name", true},
    {"global.private_key", "signing_key", true},
    {"client_api.registration_shared_secret", "registration_shared_secret", false},
    {"media_api.base_path", "media_path", true},
    {"media_api.max_file_size_bytes", "max_upload_size", false},
    {"global.server_notices.enabled", "server_notices.enabled", false},
    {"global.server_notices.local_part", "server_notices.local_part", false},
    {"global.server_notices.display_name", "server_notices.display_name", false},
    {"global.server_notices.avatar_url", "server_notices.avatar_url", false},
    {"global.server_notices.room_name", "server_notices.room_name", false},
};

/*
 * Where the components of Dendrite have their databases, if not all in the global one. Nothing is read of the
 * idle ones, and Dendrite itself makes their files only if it is told to use them.
 */
#define GLOBAL_DATABASE "global.database"
static const struct {
    const char *section;
    bool idle;
} databases[] = {
    {"user_api.account_database", false}, {"room_server.database", false},
    {"sync_api.database", false},         {"media_api.database", false},
    {"federation_api.database", false},   {"key_server.database", false},
    {"relay_api.database", true},         {"mscs.database", true},
};
#define REGISTRATIONS "app_service_api.config_files"
#define DATABASES     (sizeof databases / sizeof *databases)

/* dendrite.yaml while it is read. */
struct source {
    struct config_reading reading; /* of it; its `config` holds what it gives */
    struct config_document document;
    const yaml_node_t *root;
};

static const yaml_node_t *find(struct source *source, const char *key)
{
    return config_document_find(&source->document, source->root, key);
}

/* The text at `key`; NULL after a fault, and when there is none. */
static const char *text_at(struct source *source, const char *key, size_t *line)
{
    const yaml_node_t *node = find(source, key);
    const char *fault = node ? config_node_fault(node) : NULL;

    *line = node ? config_node_line(node) : 0;
    if (fault)
        config_fault(&source->reading, *line, key, "%s", fault);
    return node && !fault ? config_node_text(node) : NULL;
}

/* Dendrite's YAML has the booleans of YAML 1.1 (tag:yaml.org,2002:bool); ours only two of them. */
static const char *boolean(const char *text)
{
    static const struct {
        const char *word, *meaning;
    } words[] = {
        {"yes", "true"}, {"no", "false"}, {"on", "true"},   {"off", "false"},
        {"y", "true"},   {"n", "false"},  {"true", "true"}, {"false", "false"},
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(words[i].word, text) == 0)
            return words[i].meaning;
    return text;
}

/* Sets the option in the configuration of `source`; a fault leaves it as it was. */
static enum err set_theirs(struct source *source, size_t i, const struct option *option)
{
    struct config_place *place = &source->reading.places[option - config_options];
    const char *text;

    *place = (struct config_place){.kind = PLACE_FILE, .key = taken[i].key};
    text = text_at(source, taken[i].key, &place->line);
    if (!text && taken[i].required && place->line == 0)
        config_option_fault(&source->reading, option, "is required, and is not given");
    if (!text && taken[i].required)
        return ERR_OK;
    if (!text)
        text = option->value;
    return config_set_plain(&source->reading, option, option->type == OPTION_BOOLEAN ? boolean(text) : text);
}

/* Takes one option over from `source`, unless what was given for it in our own file says otherwise. */
static enum err take(struct config_reading *reading, struct source *source, size_t i)
{
    const struct option *option = config_option(taken[i].option);
    const struct config_place *ours = &reading->places[option - config_options];
    enum err e;

    e = set_theirs(source, i, option);
    if (e || source->reading.faulty) /* nobody will see it */
        return e;
    if (ours->kind != PLACE_NOWHERE && !config_same(reading->config, source->reading.config, option))
        config_option_fault(reading, option, "contradicts %s in %s; leave it out here", taken[i].key,
                            source->reading.path);
    else
        config_move(reading->config, source->reading.config, option);
    return ERR_OK;
}

static bool has_path(const struct config_list *list, const char *path)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], path) == 0)
            return true;
    return false;
}

/* Adds a path to the list, if it is not there; takes the path over, of which NULL means no memory. */
static enum err add_path(struct config_list *list, char *path)
{
    bool known = path && has_path(list, path);
    char **items = path && !known ? reallocarray(list->items, list->count + 1, sizeof *items) : NULL;

    if (items) {
        list->items = items;
        items[list->count++] = path;
        return ERR_OK;
    }
    free(path);
    return known ? ERR_OK : ERR_NOMEM;
}

/* Takes the database that `section` names into `list`; `*found`: it names one. */
static enum err take_database(struct source *source, const char *section, struct config_list *list,
                              bool *found)
{
    char key[KEY_SIZE], *path, *absolute;
    const char *uri;
    size_t line;

    snprintf(key, sizeof key, "%s.connection_string", section);
    uri = text_at(source, key, &line);
    *found = uri ? *uri : line > 0;
    if (!uri || !*uri)
        return ERR_OK;
    if (strncmp(uri, "file:", strlen("file:")) != 0) { /* it may hold a password: it is not shown */
        config_fault(&source->reading, line, key,
                     "PostgreSQL is not supported yet: a database has to be SQLite, as \"file:PATH\"");
        return ERR_OK;
    }
    path = file_uri_path(uri);
    if (!path)
        return ERR_NOMEM;
    if (!*path) {
        config_fault(&source->reading, line, key, "names no file");
        free(path);
        return ERR_OK;
    }
    absolute = config_absolute(&source->reading, path, 0);
    free(path);
    return add_path(list, absolute);
}

/* Each component has its own, or the global one. */
static enum err take_databases(struct config_reading *reading, struct source *source)
{
    struct config_list *busy = &reading->config->dendrite.databases, *idle = &reading->config->dendrite.idle;
    struct config_list *in_global = idle;
    const char *lacking = NULL;
    bool found = false;
    enum err e = ERR_OK;

    for (size_t i = 0; i < DATABASES && !e; i++) {
        struct config_list *list = databases[i].idle ? idle : busy;

        e = take_database(source, databases[i].section, list, &found);
        if (e || found)
            continue;
        lacking = databases[i].section;
        if (list == busy)
            in_global = busy;
    }
    if (!e && lacking)
        e = take_database(source, GLOBAL_DATABASE, in_global, &found);
    if (!e && lacking && !found)
        config_fault(&source->reading, 0, NULL,
                     "%s.connection_string is required, and is not given, nor is " GLOBAL_DATABASE
                     ".connection_string",
                     lacking);
    return e;
}

static enum err take_registration_tokens(struct config_reading *reading, struct source *source)
{
    static const char key[] = "client_api.registration_requires_token";
    size_t line;
    const char *text = text_at(source, key, &line);

    text = boolean(text ? text : "false");
    reading->config->dendrite.registration_tokens = strcmp(text, "true") == 0;
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        config_fault(&source->reading, line, key, "\"%s\" is neither true nor false", text);
    return ERR_OK;
}

/* Replaces a text of the configuration, which may be a secret, by a copy. */
static enum err replace(char **field, const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        return ERR_NOMEM;
    if (*field)
        explicit_bzero(*field, strlen(*field));
    free(*field);
    *field = copy;
    return ERR_OK;
}

/* Takes the token from a registration file, if it is that of our application service. */
static enum err take_service(struct config_reading *reading, struct source *source)
{
    const yaml_node_t *id = find(source, "id"), *token = find(source, "as_token");
    enum err e;

    if (!id || config_node_fault(id) || strcmp(config_node_text(id), SERVICE_ID) != 0)
        return ERR_OK;
    if (!token || config_node_fault(token) || !*config_node_text(token)) {
        config_fault(&source->reading, config_node_line(id), "as_token", "is required, and is not given");
        return ERR_OK;
    }
    e = replace(&reading->config->dendrite.service_token, config_node_text(token));
    return e ? e : replace(&reading->config->dendrite.registration, source->reading.path);
}

typedef enum err visit(struct config_reading *reading, struct source *source);

/* Reads a file of Dendrite's, and has `visit` take from it what there is. */
static enum err read_source(struct config_reading *reading, struct source *source, const struct buf *content,
                            visit *take_from)
{
    enum err e = config_document_open(&source->document, &source->reading, content);

    if (!e) {
        source->root = config_document_root(&source->document);
        e = take_from(reading, source);
        config_document_close(&source->document);
    }
    reading->faulty |= source->reading.faulty;
    return e;
}

/*
 * Reads a registration file. One that this user may not read is, most of the time, that of another
 * application service, and no fault.
 */
static enum err read_registration(struct config_reading *reading, struct source *dendrite, size_t line,
                                  char *path)
{
    struct source source = {.reading = {.path = path, .diagnostics = reading->diagnostics}};
    struct buf content = {0};
    enum err e = config_read_file(path, CONFIG_FILE_SIZE_MAX, &content);

    if (e == ERR_IO && errno == EACCES)
        return add_path(&reading->config->dendrite.unread, path);
    if (!e)
        e = read_source(reading, &source, &content, take_service);
    else if (e != ERR_NOMEM)
        config_fault(&dendrite->reading, line, REGISTRATIONS, "%s: cannot be read: %s", path,
                     config_file_fault(e));
    buf_free(&content);
    free(path);
    return e == ERR_NOMEM ? e : ERR_OK;
}

static enum err visit_registration(struct config_reading *reading, struct source *dendrite,
                                   const yaml_node_t *item)
{
    const char *fault = config_node_fault(item);
    char *path;

    if (fault) {
        config_fault(&dendrite->reading, config_node_line(item), REGISTRATIONS, "an item %s", fault);
        return ERR_OK;
    }
    path = config_absolute(&dendrite->reading, config_node_text(item), 0);
    return path ? read_registration(reading, dendrite, config_node_line(item), path) : ERR_NOMEM;
}

static enum err take_registrations(struct config_reading *reading, struct source *source)
{
    const yaml_node_t *files = find(source, REGISTRATIONS);
    enum err e = ERR_OK;

    if (files && files->type != YAML_SEQUENCE_NODE)
        config_fault(&source->reading, config_node_line(files), REGISTRATIONS, "is not a list");
    if (!files || files->type != YAML_SEQUENCE_NODE)
        return ERR_OK;
    for (const yaml_node_item_t *item = files->data.sequence.items.start;
         item < files->data.sequence.items.top && !e; item++)
        e = visit_registration(reading, source, config_document_node(&source->document, *item));
    return e;
}

/* Nothing of mxadmin's is ever written into a file of Dendrite's. */
static void refuse_foreign_database(struct config_reading *reading)
{
    const struct config *config = reading->config;

    if (!config->database) /* after a fault */
        return;
    if (has_path(&config->dendrite.databases, config->database) ||
        has_path(&config->dendrite.idle, config->database))
        config_option_fault(reading, config_option("database"),
                            "is a database of Dendrite's; mxadmin keeps its own in another file");
}

static enum err take_all(struct config_reading *reading, struct source *source)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < sizeof taken / sizeof *taken && !e; i++)
        e = take(reading, source, i);
    if (!e)
        e = take_databases(reading, source);
    if (!e)
        e = take_registration_tokens(reading, source);
    if (!e)
        e = take_registrations(reading, source);
    if (!e)
        refuse_foreign_database(reading);
    return e;
}

/* The folder that relative paths of dendrite.yaml begin in, to be freed. */
static char *folder_of(const struct config *config)
{
    char *copy, *folder;

    if (*config->homeserver.directory)
        return strdup(config->homeserver.directory);
    copy = strdup(config->homeserver.config);
    folder = copy ? strdup(dirname(copy)) : NULL;
    free(copy);
    return folder;
}

enum err config_dendrite_read(struct config_reading *reading)
{
    const char *path = reading->config->homeserver.config;
    struct source source = {.reading = {.path = path, .diagnostics = reading->diagnostics}};
    struct buf content = {0};
    enum err e = config_read_file(path, CONFIG_FILE_SIZE_MAX, &content);

    if (e && e != ERR_NOMEM) {
        config_option_fault(reading, config_option("homeserver.config"), "%s: cannot be read: %s", path,
                            config_file_fault(e));
        e = ERR_OK;
        goto out;
    }
    source.reading.folder = folder_of(reading->config);
    source.reading.config = calloc(1, sizeof *source.reading.config);
    if (!e && (!source.reading.folder || !source.reading.config))
        e = ERR_NOMEM;
    if (!e)
        e = read_source(reading, &source, &content, take_all);
out:
    config_free(&source.reading.config);
    free(source.reading.folder);
    buf_free(&content);
    return e;
}

static void clear_list(struct config_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
}

enum err config_dendrite_start(struct config *config)
{
    enum err e = replace(&config->dendrite.service_token, "");

    return e ? e : replace(&config->dendrite.registration, "");
}

void config_dendrite_clear(struct config *config)
{
    if (config->dendrite.service_token)
        explicit_bzero(config->dendrite.service_token, strlen(config->dendrite.service_token));
    free(config->dendrite.service_token);
    free(config->dendrite.registration);
    clear_list(&config->dendrite.databases);
    clear_list(&config->dendrite.idle);
    clear_list(&config->dendrite.unread);
}
