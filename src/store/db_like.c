/* SPDX-License-Identifier: ISC */
/*
 * LIKE … ESCAPE for people who search: SQLite's own knows of capital letters in ASCII alone, and would find
 * no "Олег" for who has typed "олег".
 */
#include <locale.h>
#include <string.h>
#include <wctype.h>

#include "base/utf8.h"
#include "store/db_engine.h"

/* Of all letters; no locale of the machine's is asked. NULL: there is none, and only ASCII is known. */
static locale_t letters;

/* The next character without its case, of which `*at` is led on. What is no UTF-8 is taken byte by byte. */
static wint_t next(const char **at)
{
    const unsigned char *bytes = (const unsigned char *)*at;
    size_t size = utf8_sequence(bytes, strnlen(*at, 4));
    wint_t character = size > 1 ? bytes[0] & (0x7f >> size) : bytes[0];

    for (size_t i = 1; i < size; i++)
        character = character << 6 | (bytes[i] & 0x3f);
    *at += size > 0 ? size : 1;
    if (character < 0x80)
        return character >= 'A' && character <= 'Z' ? character - 'A' + 'a' : character;
    /* Some small letters share a capital one, as the two sigmas do. */
    return size > 0 && letters ? towlower_l(towupper_l(character, letters), letters) : character;
}

/* Whether the pattern goes on with what the text goes on with; both are led on by a character. */
static bool fits(const char **pattern, const char **text, char escape)
{
    bool any = **pattern == '_';

    if (**pattern == escape && (*pattern)[1])
        ++*pattern;
    if (!**pattern)
        return false;
    return (next(pattern) == next(text)) || any;
}

static bool is_like(const char *pattern, const char *text, char escape)
{
    const char *after_star = NULL,
               *again = NULL; /* the last "%", and where in the text what follows it is tried */

    while (*text) {
        if (*pattern == '%') {
            after_star = ++pattern;
            again = text;
        } else if (!fits(&pattern, &text, escape)) {
            if (!after_star)
                return false;
            (void)next(&again);
            pattern = after_star;
            text = again;
        }
    }
    return pattern[strspn(pattern, "%")] == '\0';
}

/* like(pattern, text, escape) is `text LIKE pattern ESCAPE escape`. */
static void like(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *texts[3] = {NULL};

    for (int i = 0; i < count; i++) {
        texts[i] = (const char *)sqlite3_value_text(values[i]);
        if (!texts[i])
            return; /* NULL */
    }
    sqlite3_result_int(context, is_like(texts[0], texts[1], *texts[2]));
}

enum err db_like_add(sqlite3 *handle)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

    if (!letters)
        letters = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
    return sqlite3_create_function(handle, "like", 3, flags, NULL, like, NULL, NULL) == SQLITE_OK ? ERR_OK
                                                                                                  : ERR_NOMEM;
}
