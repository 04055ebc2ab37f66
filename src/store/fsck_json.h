/* SPDX-License-Identifier: ISC */
/* JSON in the statements of fsck*.c: what SQLite has for it, so that another engine's words stand in one
 * place. */
#ifndef STORE_FSCK_JSON_H
#define STORE_FSCK_JSON_H

/* A column as JSON; NULL where it is none. Dendrite writes blobs, which SQLite would not take. */
#define FSCK_JSON(column) "CASE WHEN json_valid(CAST(" column " AS TEXT)) THEN CAST(" column " AS TEXT) END"

/* A list of numbers as Dendrite writes it without brackets, "1,2", likewise. */
#define FSCK_BARE_LIST(column) FSCK_JSON("('[' || " column " || ']')")

#endif
