/* SPDX-License-Identifier: ISC */
#ifndef HOMESERVER_AUDIT_JSON_H
#define HOMESERVER_AUDIT_JSON_H

#include <jansson.h>

#include "store/audit.h"

/* A row as an object, with null for what is not known. New; NULL when memory is gone. */
json_t *audit_json(const struct audit_row *row);

#endif
