/* SPDX-License-Identifier: ISC */
/* The text of Dendrite's layout; what is done with it stands in schema.c. */
#ifndef STORE_SCHEMA_DENDRITE_H
#define STORE_SCHEMA_DENDRITE_H

#include <stddef.h>

/* The release whose layout this is; what db_migrations says of the rows we write. */
#define DENDRITE_VERSION "0.15.2"

/* Statements that make the tables and their fixed rows, in order. Each leaves alone what is there already. */
extern const char *const dendrite_statements[];
extern const size_t dendrite_statements_count;

/* The names that db_migrations holds, in the order in which Dendrite adds them. */
extern const char *const dendrite_migrations[];
extern const size_t dendrite_migrations_count;

#endif
