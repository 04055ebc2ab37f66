/* SPDX-License-Identifier: ISC */
/* JSON in statements, as SQLite has it: another engine's words would stand here. */
#ifndef STORE_SQL_JSON_H
#define STORE_SQL_JSON_H

/* A column as JSON; NULL where it is none. Dendrite writes blobs, which SQLite would not take. */
#define SQL_JSON(column) "CASE WHEN json_valid(CAST(" column " AS TEXT)) THEN CAST(" column " AS TEXT) END"

/* What there is, and of which type, at a path, itself a column or an argument, of the object in a column. */
#define SQL_AT(column, path)   "json_extract(" SQL_JSON(column) ", " path ")"
#define SQL_TYPE(column, path) "json_type(" SQL_JSON(column) ", " path ")"

/* A member of the object in a column; NULL where there is none. */
#define SQL_MEMBER(column, path) SQL_AT(column, "'" path "'")

/* A text at a path as above; NULL where there is none. */
#define SQL_TEXT(column, path)                                                                               \
    "CASE WHEN " SQL_TYPE(column, path) " = 'text' THEN " SQL_AT(column, path) " END"

/* Whether a member of the object in a column is false; NULL or false where it is not. */
#define SQL_IS_FALSE(column, path) SQL_TYPE(column, "'" path "'") " = 'false'"

/* The one text of a list in a column; NULL where there is no such list. */
#define SQL_ONLY(column)                                                                                     \
    "CASE WHEN json_array_length(" SQL_JSON(column) ") = 1 THEN " SQL_MEMBER(column, "$[0]") " END"

/* A list of numbers as Dendrite writes it without brackets, "1,2", likewise. */
#define SQL_BARE_LIST(column) SQL_JSON("('[' || " column " || ']')")

#endif
