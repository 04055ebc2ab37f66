/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/config_document.h"

#define KEY_SIZE 128 /* longer than any key of the table */

struct walk {
    struct config_reading *reading;
    struct config_document *document;
};

/* Sets a list; what can be an item is checked even if another cannot. */
static enum err visit_list(const struct walk *walk, const struct option *option, const yaml_node_t *node)
{
    size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    struct config_scalar *items = calloc(count + 1, sizeof *items);
    struct config_value value = {.list = true, .items = items};
    enum err e;

    if (!items)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = config_document_node(walk->document, node->data.sequence.items.start[i]);
        const char *fault = config_node_fault(item);

        if (fault)
            config_fault(walk->reading, config_node_line(item), option->key, "an item %s", fault);
        else
            items[value.count++] = config_node_scalar(item);
    }
    e = config_set(walk->reading, option, &value);
    free(items);
    return e;
}

static enum err visit_option(const struct walk *walk, const struct option *option, const yaml_node_t *node)
{
    const char *fault;
    struct config_scalar scalar;

    walk->reading->places[option - config_options] =
        (struct config_place){.kind = PLACE_FILE, .line = config_node_line(node)};
    if (node->type == YAML_SEQUENCE_NODE)
        return visit_list(walk, option, node);
    fault = config_node_fault(node);
    if (fault) {
        config_option_fault(walk->reading, option, "%s", fault);
        return ERR_OK;
    }
    scalar = config_node_scalar(node);
    return config_set(walk->reading, option, &(struct config_value){false, 1, &scalar});
}

/* Whether `key`, which ends with ".", is the section of some option. */
static bool is_section(const char *key)
{
    for (size_t i = 0; i < CONFIG_OPTIONS; i++)
        if (config_section(&config_options[i]) == strlen(key) &&
            strncmp(config_options[i].key, key, strlen(key)) == 0)
            return true;
    return false;
}

/* The line of an earlier pair of the mapping with the same key; 0: there is none. */
static size_t earlier_line(const struct walk *walk, const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
    const char *key = config_node_text(config_document_node(walk->document, pair->key));

    for (const yaml_node_pair_t *at = mapping->data.mapping.pairs.start; at < pair; at++) {
        const yaml_node_t *other = config_document_node(walk->document, at->key);

        if (other->type == YAML_SCALAR_NODE && strcmp(config_node_text(other), key) == 0)
            return config_node_line(other);
    }
    return 0;
}

static enum err visit_section(const struct walk *walk, const char *section, const yaml_node_t *mapping);

/* The recursion is one section deep: no key of the table has two dots, so no deeper section is known. */
static enum err visit_pair(const struct walk *walk, const char *section, const yaml_node_t *mapping,
                           const yaml_node_pair_t *pair)
{
    const yaml_node_t *name = config_document_node(walk->document, pair->key);
    const yaml_node_t *value = config_document_node(walk->document, pair->value);
    char key[KEY_SIZE], inner[KEY_SIZE + 1];
    const struct option *option;
    size_t earlier;

    if (name->type != YAML_SCALAR_NODE ||
        snprintf(key, sizeof key, "%s%s", section, config_node_text(name)) >= (int)sizeof key) {
        config_fault(walk->reading, config_node_line(name), NULL, "this is not the name of an option");
        return ERR_OK;
    }
    snprintf(inner, sizeof inner, "%s.", key);
    earlier = earlier_line(walk, mapping, pair);
    option = strchr(config_node_text(name), '.') ? NULL : config_option(key);
    if (earlier > 0)
        config_fault(walk->reading, config_node_line(name), key, "is given twice, first in line %zu",
                     earlier);
    else if (option)
        return visit_option(walk, option, value);
    else if (!is_section(inner))
        config_fault(walk->reading, config_node_line(name), key, "there is no such option");
    else if (value->type == YAML_MAPPING_NODE)
        return visit_section(walk, inner, value);
    else if (!config_node_is_null(value))
        config_fault(walk->reading, config_node_line(value), key,
                     "is a section; its options belong below it, indented");
    return ERR_OK;
}

static enum err visit_section(const struct walk *walk, const char *section, const yaml_node_t *mapping)
{
    const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
    enum err e = ERR_OK;

    for (; pair < mapping->data.mapping.pairs.top && !e; pair++)
        e = visit_pair(walk, section, mapping, pair);
    return e;
}

enum err config_yaml_read(struct config_reading *reading, const struct buf *content)
{
    struct config_document document;
    const yaml_node_t *root;
    enum err e = config_document_open(&document, reading, content);

    if (e)
        return e;
    root = config_document_root(&document);
    if (root && root->type == YAML_MAPPING_NODE)
        e = visit_section(&(struct walk){reading, &document}, "", root);
    else if (root && !config_node_is_null(root))
        config_fault(reading, config_node_line(root), NULL, "the file is not a mapping of options to values");
    config_document_close(&document);
    return e;
}
