/* SPDX-License-Identifier: ISC */
/* A YAML file as a tree of nodes, for the two kinds that are read: mxadmin's own, and Dendrite's. */
#ifndef BASE_CONFIG_DOCUMENT_H
#define BASE_CONFIG_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include <yaml.h>

#include "base/buf.h"
#include "base/config_table.h"

struct config_document {
    yaml_document_t tree;
};

/*
 * Takes the one document of a text apart, to be ended with config_document_close() on success. What is wrong
 * is a fault of `reading`. Errors: ERR_INVALID (it is not YAML to its end, or more than one document; the
 * fault was told), ERR_NOMEM.
 */
MUST_CHECK enum err config_document_open(struct config_document *document, struct config_reading *reading,
                                         const struct buf *content);

/* Wipes the texts, which may be secrets, and frees. */
void config_document_close(struct config_document *document);

/* The root; NULL: the document is empty. Nodes are borrowed from the document. */
const yaml_node_t *config_document_root(struct config_document *document);

/* The node of a number that another node holds. */
const yaml_node_t *config_document_node(struct config_document *document, int number);

/*
 * What stands at the path `keys`, their names with dots between them, below the mapping `from` (NULL: there
 * is nothing below it). Of a key that is given twice the last counts, as it does for Dendrite, and "<<" (YAML
 * 1.1 tag:yaml.org,2002:merge) gives what the mapping itself does not. NULL: nothing, or no value.
 */
const yaml_node_t *config_document_find(struct config_document *document, const yaml_node_t *from,
                                        const char *keys);

/* The line that a node begins in, from 1. */
size_t config_node_line(const yaml_node_t *node);

/* The text of a scalar. */
const char *config_node_text(const yaml_node_t *node);

/* Whether it is a value that is left out: nothing, "~" or "null" without quotes (tag:yaml.org,2002:null). */
bool config_node_is_null(const yaml_node_t *node);

/* What is wrong with a node that is to be a scalar whatever it is for; NULL: nothing. */
const char *config_node_fault(const yaml_node_t *node);

/* The scalar, for config_set(); it borrows the text. */
struct config_scalar config_node_scalar(const yaml_node_t *node);

#endif
