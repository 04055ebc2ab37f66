/* SPDX-License-Identifier: ISC */
/* JSON in the statements of fsck*.c, as SQLite has it: another engine's words would stand here. */
#ifndef STORE_FSCK_JSON_H
#define STORE_FSCK_JSON_H

/* A column as JSON; NULL where it is none. Dendrite writes blobs, which SQLite would not take. */
#define FSCK_JSON(column) "CASE WHEN json_valid(CAST(" column " AS TEXT)) THEN CAST(" column " AS TEXT) END"

/* A member of the object in a column; NULL where there is none. */
#define FSCK_MEMBER(column, path) "json_extract(" FSCK_JSON(column) ", '" path "')"

/* A list of numbers as Dendrite writes it without brackets, "1,2", likewise. */
#define FSCK_BARE_LIST(column) FSCK_JSON("('[' || " column " || ']')")

#endif
