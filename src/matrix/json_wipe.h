/* SPDX-License-Identifier: ISC */
/* JSON in which there were passwords or tokens. */
#ifndef MATRIX_JSON_WIPE_H
#define MATRIX_JSON_WIPE_H

#include <jansson.h>

/* Wipes every string in `value`, which may be NULL; nobody may read one after this. */
void json_wipe(json_t *value);

/* Wipes, gives up the reference, and sets to NULL. NULL inside is allowed. */
void json_forget(json_t **value);

#endif
