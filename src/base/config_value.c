/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/config_table.h"

#define UNIX_PREFIX "unix:"

static void *field_of(struct config *config, const struct option *option)
{
    return (char *)config + option->offset;
}

/* Writes the end of a diagnostic, after its place. */
__attribute__((format(printf, 2, 0))) static void end_fault(struct config_reading *reading,
                                                            const char *format, va_list args)
{
    reading->faulty = true;
    vfprintf(reading->diagnostics, format, args);
    fputc('\n', reading->diagnostics);
}

void config_fault(struct config_reading *reading, size_t line, const char *key, const char *format, ...)
{
    va_list args;

    if (!reading->diagnostics)
        return;
    fprintf(reading->diagnostics, "%s:", reading->path);
    if (line > 0)
        fprintf(reading->diagnostics, "%zu:", line);
    fprintf(reading->diagnostics, " %s%s", key ? key : "", key ? ": " : "");
    va_start(args, format);
    end_fault(reading, format, args);
    va_end(args);
}

void config_option_fault(struct config_reading *reading, const struct option *option, const char *format, ...)
{
    const struct config_place *place = &reading->places[option - config_options];
    const char *key = place->key ? place->key : option->key;
    char variable[CONFIG_ENVIRONMENT_SIZE];
    va_list args;

    config_environment_name(option, variable);
    if (place->kind == PLACE_ENVIRONMENT)
        fprintf(reading->diagnostics, "%s: ", variable);
    else if (place->kind == PLACE_FILE && place->line > 0)
        fprintf(reading->diagnostics, "%s:%zu: %s: ", reading->path, place->line, key);
    else
        fprintf(reading->diagnostics, "%s: %s: ", reading->path, key);
    va_start(args, format);
    end_fault(reading, format, args);
    va_end(args);
}

static bool is_text(enum option_type type)
{
    return type == OPTION_TEXT || type == OPTION_SECRET || type == OPTION_PATH;
}

static void wipe_text(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void config_clear(struct config *config, const struct option *option)
{
    if (is_text(option->type)) {
        char **text = field_of(config, option);

        wipe_text(*text);
        *text = NULL;
    } else if (option->type == OPTION_LIST) {
        struct config_list *list = field_of(config, option);

        for (size_t i = 0; i < list->count; i++)
            wipe_text(list->items[i]);
        free(list->items);
        *list = (struct config_list){0};
    }
}

bool config_same(const struct config *a, const struct config *b, const struct option *option)
{
    const void *left = (const char *)a + option->offset, *right = (const char *)b + option->offset;

    if (is_text(option->type)) { /* NULL after a fault, which was told */
        const char *l = *(char *const *)left, *r = *(char *const *)right;

        return !l || !r || strcmp(l, r) == 0;
    }
    if (option->type == OPTION_NUMBER)
        return *(const int64_t *)left == *(const int64_t *)right;
    return *(const bool *)left == *(const bool *)right;
}

void config_move(struct config *to, struct config *from, const struct option *option)
{
    config_clear(to, option);
    if (is_text(option->type)) {
        *(char **)field_of(to, option) = *(char **)field_of(from, option);
        *(char **)field_of(from, option) = NULL;
    } else if (option->type == OPTION_NUMBER) {
        *(int64_t *)field_of(to, option) = *(int64_t *)field_of(from, option);
    } else {
        *(bool *)field_of(to, option) = *(bool *)field_of(from, option);
    }
}

char *config_absolute(const struct config_reading *reading, const char *path, size_t prefix)
{
    size_t size = strlen(reading->folder) + strlen(path) + 2;
    char *result;

    if (!*path || path[prefix] == '/')
        return strdup(path);
    result = malloc(size);
    if (result)
        snprintf(result, size, "%.*s%s/%s", (int)prefix, path, reading->folder, path + prefix);
    return result;
}

/* A copy of a text or path as the configuration holds it. NULL: memory is gone. */
static char *copy_text(const struct config_reading *reading, const struct option *option, const char *text)
{
    if (option->type == OPTION_PATH)
        return config_absolute(reading, text, 0);
    if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
        return config_absolute(reading, text, strlen(UNIX_PREFIX));
    return strdup(text);
}

/* Whether the text passes the option's check. An empty one means that it is not set. */
static bool passes(struct config_reading *reading, const struct option *option, const char *text)
{
    const char *fault = *text && option->check ? option->check(text) : NULL;

    if (!*text && option->need == REQUIRED)
        fault = "is not enough: the option is required";
    if (fault)
        config_option_fault(reading, option, "\"%s\" %s", text, fault);
    return !fault;
}

typedef enum err set_function(struct config_reading *reading, const struct option *option, const char *text);

static enum err set_text(struct config_reading *reading, const struct option *option, const char *text)
{
    char **field = field_of(reading->config, option);
    char *copy;

    if (!passes(reading, option, text))
        return ERR_OK;
    copy = copy_text(reading, option, text);
    if (!copy)
        return ERR_NOMEM;
    config_clear(reading->config, option);
    *field = copy;
    return ERR_OK;
}

static enum err set_number(struct config_reading *reading, const struct option *option, const char *text)
{
    int64_t *field = field_of(reading->config, option);
    size_t digits = strspn(text, "0123456789");
    int64_t number = digits >= 1 && digits <= 18 && !text[digits] ? strtoll(text, NULL, 10) : -1;

    if (number < option->min || number > option->max || (*text == '0' && digits > 1))
        config_option_fault(reading, option, "\"%s\" is not a number from %" PRId64 " to %" PRId64, text,
                            option->min, option->max);
    else
        *field = number;
    return ERR_OK;
}

/* YAML 1.1 writes octal 0660, YAML 1.2 0o660; 660 would be decimal in both, and so is refused. */
static enum err set_mode(struct config_reading *reading, const struct option *option, const char *text)
{
    int64_t *field = field_of(reading->config, option);
    const char *digits = strncmp(text, "0o", 2) == 0 ? text + 2 : text;
    size_t count = strspn(digits, "01234567");
    bool octal = *text == '0' && count >= 1 && count <= 6 && !digits[count];

    if (octal && strtol(digits, NULL, 8) <= option->max)
        *field = strtol(digits, NULL, 8);
    else
        config_option_fault(reading, option, "\"%s\" is not octal permission bits such as 0660", text);
    return ERR_OK;
}

static enum err set_boolean(struct config_reading *reading, const struct option *option, const char *text)
{
    bool *field = field_of(reading->config, option);

    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        config_option_fault(reading, option, "\"%s\" is neither true nor false", text);
    else
        *field = strcmp(text, "true") == 0;
    return ERR_OK;
}

static enum err set_word(struct config_reading *reading, const struct option *option, const char *text)
{
    int *field = field_of(reading->config, option);
    char words[CONFIG_WORDS_SIZE];

    for (int i = 0; option->words[i]; i++)
        if (strcmp(option->words[i], text) == 0) {
            *field = i;
            return ERR_OK;
        }
    config_words(option, words);
    config_option_fault(reading, option, "\"%s\" is not one of: %s", text, words);
    return ERR_OK;
}

static enum err set_list(struct config_reading *reading, const struct option *option,
                         const struct config_value *value)
{
    struct config_place *place = &reading->places[option - config_options];
    struct config_list *field = field_of(reading->config, option);

    config_clear(reading->config, option);
    field->items = calloc(value->count + 1, sizeof *field->items);
    if (!field->items)
        return ERR_NOMEM;
    for (size_t i = 0; i < value->count; i++) {
        place->line = value->items[i].line;
        if (!*value->items[i].text)
            config_option_fault(reading, option, "has an empty item");
        else if (passes(reading, option, value->items[i].text)) {
            field->items[field->count] = strdup(value->items[i].text);
            if (!field->items[field->count])
                return ERR_NOMEM;
            field->count++;
        }
    }
    return ERR_OK;
}

/* How a scalar of each type is set, and what it is called if it must not stand in quotes. */
static const struct {
    set_function *set;
    const char *plain;
} types[OPTION_TYPE__MAX] = {
    [OPTION_TEXT] = {set_text, NULL},         [OPTION_SECRET] = {set_text, NULL},
    [OPTION_PATH] = {set_text, NULL},         [OPTION_NUMBER] = {set_number, "a number"},
    [OPTION_MODE] = {set_mode, "octal bits"}, [OPTION_BOOLEAN] = {set_boolean, "true or false"},
    [OPTION_WORD] = {set_word, NULL},
};

enum err config_set(struct config_reading *reading, const struct option *option,
                    const struct config_value *value)
{
    const char *plain = types[option->type].plain;

    if (option->type == OPTION_LIST && value->list)
        return set_list(reading, option, value);
    if (option->type == OPTION_LIST)
        config_option_fault(reading, option, "is not a list");
    else if (value->list)
        config_option_fault(reading, option, "takes one value, not a list");
    else if (plain && value->items->quoted)
        config_option_fault(reading, option, "takes %s, not a text in quotes", plain);
    else
        return types[option->type].set(reading, option, value->items->text);
    return ERR_OK;
}
