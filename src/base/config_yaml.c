/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/config_table.h"

#define KEY_SIZE 128 /* longer than any key of the table */

struct walk {
    struct config_reading *reading;
    yaml_document_t *document;
};

static size_t line_of(const yaml_node_t *node)
{
    return node->start_mark.line + 1;
}

static const char *text_of(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

/* A value that is left out: nothing, "~" or "null" without quotes (YAML 1.1 tag:yaml.org,2002:null). */
static bool is_null(const yaml_node_t *node)
{
    static const char *const spellings[] = {"", "~", "null", "Null", "NULL"};

    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        if (strcmp(text_of(node), spellings[i]) == 0)
            return true;
    return false;
}

/* What is wrong with a scalar whatever it is for; NULL: nothing. A tag would mean a type that we do not read.
 */
static const char *scalar_fault(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE)
        return "has a list or a section where a value belongs";
    if (strcmp((const char *)node->tag, YAML_DEFAULT_SCALAR_TAG) != 0)
        return "has a tag; no tag is known here";
    if (strlen(text_of(node)) != node->data.scalar.length)
        return "contains a NUL";
    if (is_null(node))
        return "has no value; an empty one is \"\"";
    return NULL;
}

static struct config_scalar scalar_of(const yaml_node_t *node)
{
    return (struct config_scalar){.text = text_of(node),
                                  .line = line_of(node),
                                  .quoted = node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE};
}

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
        const yaml_node_t *item = yaml_document_get_node(walk->document, node->data.sequence.items.start[i]);
        const char *fault = scalar_fault(item);

        if (fault)
            config_fault(walk->reading, line_of(item), option->key, "an item %s", fault);
        else
            items[value.count++] = scalar_of(item);
    }
    e = config_set(walk->reading, option, &value);
    free(items);
    return e;
}

static enum err visit_option(const struct walk *walk, const struct option *option, const yaml_node_t *node)
{
    const char *fault;
    struct config_scalar scalar;

    walk->reading->places[option - config_options] = (struct config_place){PLACE_FILE, line_of(node)};
    if (node->type == YAML_SEQUENCE_NODE)
        return visit_list(walk, option, node);
    fault = scalar_fault(node);
    if (fault) {
        config_option_fault(walk->reading, option, "%s", fault);
        return ERR_OK;
    }
    scalar = scalar_of(node);
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
    const char *key = text_of(yaml_document_get_node(walk->document, pair->key));

    for (const yaml_node_pair_t *at = mapping->data.mapping.pairs.start; at < pair; at++) {
        const yaml_node_t *other = yaml_document_get_node(walk->document, at->key);

        if (other->type == YAML_SCALAR_NODE && strcmp(text_of(other), key) == 0)
            return line_of(other);
    }
    return 0;
}

static enum err visit_section(const struct walk *walk, const char *section, const yaml_node_t *mapping);

/* The recursion is one section deep: no key of the table has two dots, so no deeper section is known. */
static enum err visit_pair(const struct walk *walk, const char *section, const yaml_node_t *mapping,
                           const yaml_node_pair_t *pair)
{
    const yaml_node_t *name = yaml_document_get_node(walk->document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(walk->document, pair->value);
    char key[KEY_SIZE], inner[KEY_SIZE + 1];
    const struct option *option;
    size_t earlier;

    if (name->type != YAML_SCALAR_NODE ||
        snprintf(key, sizeof key, "%s%s", section, text_of(name)) >= (int)sizeof key) {
        config_fault(walk->reading, line_of(name), NULL, "this is not the name of an option");
        return ERR_OK;
    }
    snprintf(inner, sizeof inner, "%s.", key);
    earlier = earlier_line(walk, mapping, pair);
    option = strchr(text_of(name), '.') ? NULL : config_option(key);
    if (earlier > 0)
        config_fault(walk->reading, line_of(name), key, "is given twice, first in line %zu", earlier);
    else if (option)
        return visit_option(walk, option, value);
    else if (!is_section(inner))
        config_fault(walk->reading, line_of(name), key, "there is no such option");
    else if (value->type == YAML_MAPPING_NODE)
        return visit_section(walk, inner, value);
    else if (!is_null(value))
        config_fault(walk->reading, line_of(value), key,
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

/* A copy of the secret would stay behind in freed memory otherwise. */
static void delete_document(yaml_document_t *document)
{
    for (yaml_node_t *node = document->nodes.start; node < document->nodes.top; node++)
        if (node->type == YAML_SCALAR_NODE)
            explicit_bzero(node->data.scalar.value, node->data.scalar.length);
    yaml_document_delete(document);
}

static void delete_parser(yaml_parser_t *parser)
{
    explicit_bzero(parser->buffer.start, (size_t)(parser->buffer.end - parser->buffer.start));
    explicit_bzero(parser->raw_buffer.start, (size_t)(parser->raw_buffer.end - parser->raw_buffer.start));
    yaml_parser_delete(parser);
}

/* The line that the parser complains of. For a byte that is no text it knows the offset only. */
static size_t problem_line(const yaml_parser_t *parser)
{
    const unsigned char *text = parser->input.string.start;
    size_t line = 1;

    if (parser->error != YAML_READER_ERROR)
        return parser->problem_mark.line + 1;
    for (size_t i = 0; i < parser->problem_offset && text + i < parser->input.string.end; i++)
        line += text[i] == '\n';
    return line;
}

/* Loads the next document; after the last, one without a root. ERR_INVALID: it is not YAML, which was said.
 */
static enum err load(struct config_reading *reading, yaml_parser_t *parser, yaml_document_t *document)
{
    if (yaml_parser_load(parser, document))
        return ERR_OK;
    /* libyaml fails without an error in some places, and there for want of memory only. */
    if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR)
        return ERR_NOMEM;
    config_fault(reading, problem_line(parser), NULL, "%s", parser->problem);
    return ERR_INVALID;
}

static enum err read_document(struct config_reading *reading, yaml_parser_t *parser)
{
    yaml_document_t document;
    const yaml_node_t *root;
    enum err e = load(reading, parser, &document);

    if (e)
        return e;
    root = yaml_document_get_root_node(&document);
    if (root && root->type == YAML_MAPPING_NODE)
        e = visit_section(&(struct walk){reading, &document}, "", root);
    else if (root && !is_null(root))
        config_fault(reading, line_of(root), NULL, "the file is not a mapping of options to values");
    delete_document(&document);
    return e;
}

static enum err refuse_second_document(struct config_reading *reading, yaml_parser_t *parser)
{
    yaml_document_t document;
    const yaml_node_t *root;
    enum err e = load(reading, parser, &document);

    if (e)
        return e;
    root = yaml_document_get_root_node(&document);
    if (root)
        config_fault(reading, line_of(root), NULL, "a second document begins here; a configuration is one");
    delete_document(&document);
    return ERR_OK;
}

enum err config_yaml_read(struct config_reading *reading, const char *text, size_t size)
{
    yaml_parser_t parser;
    enum err e;

    if (!yaml_parser_initialize(&parser))
        return ERR_NOMEM;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    e = read_document(reading, &parser);
    if (!e)
        e = refuse_second_document(reading, &parser);
    delete_parser(&parser);
    return e;
}
