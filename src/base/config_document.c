/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/config_document.h"

/* A mapping can contain itself by an alias; nobody merges so many on purpose. */
#define MERGES_MAX 32

size_t config_node_line(const yaml_node_t *node)
{
    return node->start_mark.line + 1;
}

const char *config_node_text(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

bool config_node_is_null(const yaml_node_t *node)
{
    static const char *const spellings[] = {"", "~", "null", "Null", "NULL"};

    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        if (strcmp(config_node_text(node), spellings[i]) == 0)
            return true;
    return false;
}

/* A tag would mean a type that we do not read. */
const char *config_node_fault(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE)
        return "has a list or a section where a value belongs";
    if (strcmp((const char *)node->tag, YAML_DEFAULT_SCALAR_TAG) != 0)
        return "has a tag; no tag is known here";
    if (strlen(config_node_text(node)) != node->data.scalar.length)
        return "contains a NUL";
    if (config_node_is_null(node))
        return "has no value; an empty one is \"\"";
    return NULL;
}

struct config_scalar config_node_scalar(const yaml_node_t *node)
{
    return (struct config_scalar){.text = config_node_text(node),
                                  .line = config_node_line(node),
                                  .quoted = node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE};
}

const yaml_node_t *config_document_root(struct config_document *document)
{
    return yaml_document_get_root_node(&document->tree);
}

const yaml_node_t *config_document_node(struct config_document *document, int number)
{
    return yaml_document_get_node(&document->tree, number);
}

/* The value of the key that is the first `length` bytes of `key`; NULL: the mapping does not have it. */
static const yaml_node_t *value_of(struct config_document *document, const yaml_node_t *mapping,
                                   const char *key, size_t length)
{
    const yaml_node_t *found = NULL;

    if (!mapping || mapping->type != YAML_MAPPING_NODE)
        return NULL;
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = config_document_node(document, pair->key);

        if (name->type == YAML_SCALAR_NODE && name->data.scalar.length == length &&
            memcmp(config_node_text(name), key, length) == 0)
            found = config_document_node(document, pair->value);
    }
    return found;
}

/* The same with what the mapping merges: another one, or a list of them of which the first counts. */
static const yaml_node_t *merged_value(struct config_document *document, const yaml_node_t *mapping,
                                       const char *key, size_t length, int *merges)
{
    const yaml_node_t *found = value_of(document, mapping, key, length);
    const yaml_node_t *merged = found ? NULL : value_of(document, mapping, "<<", 2);

    if (!merged || *merges == 0)
        return found;
    --*merges;
    if (merged->type != YAML_SEQUENCE_NODE)
        return merged_value(document, merged, key, length, merges);
    for (const yaml_node_item_t *item = merged->data.sequence.items.start;
         !found && *merges > 0 && item < merged->data.sequence.items.top; item++)
        found = merged_value(document, config_document_node(document, *item), key, length, merges);
    return found;
}

const yaml_node_t *config_document_find(struct config_document *document, const yaml_node_t *from,
                                        const char *keys)
{
    while (from && *keys) {
        size_t length = strcspn(keys, ".");
        int merges = MERGES_MAX;

        from = merged_value(document, from, keys, length, &merges);
        keys += length + (keys[length] == '.');
    }
    return from && !config_node_is_null(from) ? from : NULL;
}

/* A copy of the secret would stay behind in freed memory otherwise. */
static void delete_tree(yaml_document_t *tree)
{
    for (yaml_node_t *node = tree->nodes.start; node < tree->nodes.top; node++)
        if (node->type == YAML_SCALAR_NODE)
            explicit_bzero(node->data.scalar.value, node->data.scalar.length);
    yaml_document_delete(tree);
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
static enum err load(struct config_reading *reading, yaml_parser_t *parser, yaml_document_t *tree)
{
    if (yaml_parser_load(parser, tree))
        return ERR_OK;
    /* libyaml fails without an error in some places, and there for want of memory only. */
    if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR)
        return ERR_NOMEM;
    config_fault(reading, problem_line(parser), NULL, "%s", parser->problem);
    return ERR_INVALID;
}

static enum err refuse_second_document(struct config_reading *reading, yaml_parser_t *parser)
{
    yaml_document_t tree;
    const yaml_node_t *root;
    enum err e = load(reading, parser, &tree);

    if (e)
        return e;
    root = yaml_document_get_root_node(&tree);
    if (root) {
        config_fault(reading, config_node_line(root), NULL,
                     "a second document begins here; a configuration is one");
        e = ERR_INVALID;
    }
    delete_tree(&tree);
    return e;
}

enum err config_document_open(struct config_document *document, struct config_reading *reading,
                              const struct buf *content)
{
    const char *text = content->data ? content->data : "";
    yaml_parser_t parser;
    enum err e;

    if (!yaml_parser_initialize(&parser))
        return ERR_NOMEM;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, content->length);
    e = load(reading, &parser, &document->tree);
    if (!e) {
        e = refuse_second_document(reading, &parser);
        if (e)
            delete_tree(&document->tree);
    }
    delete_parser(&parser);
    return e;
}

void config_document_close(struct config_document *document)
{
    delete_tree(&document->tree);
}
