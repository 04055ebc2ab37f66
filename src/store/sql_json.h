/* SPDX-License-Identifier: ISC */
/* JSON in statements, as SQLite has it: another engine's words would stand here. */
#ifndef STORE_SQL_JSON_H
#define STORE_SQL_JSON_H

/* A column as JSON; NULL where it is none. Dendrite writes blobs, which SQLite would not take. */
#define SQL_JSON(column) "CASE WHEN json_valid(CAST(" column " AS TEXT)) THEN CAST(" column " AS TEXT) END"

/* A member of the object in a column; NULL where there is none. */
#define SQL_MEMBER(column, path) "json_extract(" SQL_JSON(column) ", '" path "')"

/* A list of numbers as Dendrite writes it without brackets, "1,2", likewise. */
#define SQL_BARE_LIST(column) SQL_JSON("('[' || " column " || ']')")

#endif
