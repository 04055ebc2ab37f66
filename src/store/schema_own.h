/* SPDX-License-Identifier: ISC */
/* The tables that are mxadmin's own, in the order in which they came to be. */
#ifndef STORE_SCHEMA_OWN_H
#define STORE_SCHEMA_OWN_H

#include <stdint.h>

struct own_migration {
    const char *name;
    const char *const *statements; /* up to a NULL */
};

/* Their numbers, from 1, are what mxadmin_migrations holds. */
extern const struct own_migration own_migrations[];
extern const int64_t own_migrations_count;

#endif
