/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/config_document.h"
#include "base/config_rewrite.h"

struct rewriting {
    struct config_reading reading; /* of the file, for the faults */
    struct config_document document;
    const struct config_edit *edits;
    size_t count;
    bool *met; /* of each edit: its key is there */
    struct buf *out;
};

/* The edit of the pair whose key begins in `line` (from 1); NULL: it stays, or no pair does. */
static const struct config_edit *edit_in(struct rewriting *r, const yaml_node_t *root, size_t line,
                                         bool *is_key)
{
    *is_key = false;
    for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start; pair < root->data.mapping.pairs.top;
         pair++) {
        const yaml_node_t *key = config_document_node(&r->document, pair->key);

        if (config_node_line(key) != line)
            continue;
        *is_key = true;
        for (size_t i = 0; i < r->count; i++) {
            if (key->type == YAML_SCALAR_NODE && strcmp(config_node_text(key), r->edits[i].key) == 0) {
                r->met[i] = true;
                return &r->edits[i];
            }
        }
    }
    return NULL;
}

/* Whether the line is part of what an option says, and not a comment, empty, or the mark of a document. */
static bool says_something(const char *line, size_t length)
{
    size_t indent = 0;

    while (indent < length && strchr(" \t\r\n", line[indent]))
        indent++;
    if (length >= 3 && (strncmp(line, "---", 3) == 0 || strncmp(line, "...", 3) == 0))
        return false;
    return indent < length && line[indent] != '#';
}

/* Copies the file line by line; `edit` is that of the option that the line belongs to. */
static void copy_lines(struct rewriting *r, const yaml_node_t *root, const char *text)
{
    const struct config_edit *edit = NULL;

    for (size_t number = 1; *text; number++) {
        size_t length = strcspn(text, "\n");
        bool is_key;
        const struct config_edit *of_key = edit_in(r, root, number, &is_key);

        length += text[length] == '\n';
        if (is_key)
            edit = of_key;
        if (is_key && edit && edit->text)
            buf_puts(r->out, edit->text);
        else if (edit && !edit->text && says_something(text, length))
            buf_puts(r->out, "#");
        if (!edit || !edit->text || !says_something(text, length))
            buf_append(r->out, text, length);
        text += length;
    }
}

static void add_missing(struct rewriting *r)
{
    if (r->out->length > 0 && r->out->data[r->out->length - 1] != '\n')
        buf_puts(r->out, "\n");
    for (size_t i = 0; i < r->count; i++)
        if (!r->met[i] && r->edits[i].text)
            buf_puts(r->out, r->edits[i].text);
}

/* Whether what was made is YAML: an anchor may have gone that is referred to. */
static enum err check(struct rewriting *r)
{
    struct config_document document;
    enum err e = r->out->err;

    if (!e)
        e = config_document_open(&document, &r->reading, r->out);
    if (!e)
        config_document_close(&document);
    return e;
}

static enum err rewrite(struct rewriting *r, const struct buf *content)
{
    const yaml_node_t *root;
    enum err e = config_document_open(&r->document, &r->reading, content);

    if (e)
        return e;
    root = config_document_root(&r->document);
    if (root && (root->type != YAML_MAPPING_NODE || root->data.mapping.style == YAML_FLOW_MAPPING_STYLE)) {
        config_fault(&r->reading, config_node_line(root), NULL, "is not written as one option a line");
        e = ERR_INVALID;
    } else {
        if (root)
            copy_lines(r, root, content->data);
        else
            buf_append(r->out, content->data, content->length);
        add_missing(r);
        e = check(r);
    }
    config_document_close(&r->document);
    return e;
}

enum err config_rewrite(const char *path, const struct config_edit *edits, size_t count, struct buf *out,
                        FILE *diagnostics)
{
    bool met[CONFIG_OPTIONS] = {0};
    struct rewriting r = {.reading = {.path = path, .diagnostics = diagnostics},
                          .edits = edits,
                          .count = count,
                          .met = met,
                          .out = out};
    struct buf content = {0};
    enum err e =
        count <= CONFIG_OPTIONS ? config_read_file(path, CONFIG_FILE_SIZE_MAX, &content) : ERR_TOO_LARGE;

    if (e && e != ERR_NOMEM)
        config_fault(&r.reading, 0, NULL, "cannot be read: %s", config_file_fault(e));
    if (!e)
        e = rewrite(&r, &content);
    buf_free(&content);
    return e == ERR_TOO_LARGE ? ERR_INVALID : e;
}

enum err config_has(const char *path, const char *key, const char *value, bool *has)
{
    struct config_reading reading = {.path = path};
    struct config_document document;
    const yaml_node_t *node;
    struct buf content = {0};
    enum err e = config_read_file(path, CONFIG_FILE_SIZE_MAX, &content);

    *has = false;
    if (!e)
        e = config_document_open(&document, &reading, &content);
    if (!e) {
        node = config_document_find(&document, config_document_root(&document), key);
        *has = node && !config_node_fault(node) && strcmp(config_node_text(node), value) == 0;
        config_document_close(&document);
    }
    buf_free(&content);
    return e == ERR_NOMEM ? e : ERR_OK;
}

void config_quote(const char *text, struct buf *out)
{
    buf_puts(out, "\"");
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            buf_puts(out, "\\");
        if ((unsigned char)*c < ' ')
            buf_printf(out, "\\x%02x", (unsigned char)*c);
        else
            buf_append(out, c, 1);
    }
    buf_puts(out, "\"");
}
