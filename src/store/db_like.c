/* SPDX-License-Identifier: ISC */
/*
 * LIKE … ESCAPE for people who search: SQLite's own knows of capital letters in ASCII alone, and would find
 * no "Олег" for who has typed "олег".
 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "base/utf8.h"
#include "store/db_engine.h"

/* Of all letters; no locale of the machine's is asked. NULL: there is none, and only ASCII is known. */
static locale_t letters;

/* What is no UTF-8 is taken byte by byte. */
static wint_t next_of_many(const char **at)
{
    const unsigned char *bytes = (const unsigned char *)*at;
    size_t size = utf8_sequence(bytes, strnlen(*at, 4));
    wint_t character = size > 1 ? bytes[0] & (0x7f >> size) : bytes[0];

    for (size_t i = 1; i < size; i++)
        character = character << 6 | (bytes[i] & 0x3f);
    *at += size > 0 ? size : 1;
    /* Some small letters share a capital one, as the two sigmas do. */
    return size > 0 && letters ? towlower_l(towupper_l(character, letters), letters) : character;
}

/* The next character without its case, of which `*at` is led on. */
static inline wint_t next(const char **at)
{
    unsigned char byte = (unsigned char)**at;

    if (byte >= 0x80)
        return next_of_many(at);
    ++*at;
    return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

/* In place of a character. */
#define ANY_MANY ((wint_t)-2)
#define ANY_ONE  ((wint_t)-3)
#define NOTHING  ((wint_t)-4)

/* What is looked for in many texts, read once. */
struct pattern {
    size_t count;
    wint_t items[];
};

static struct pattern *read_pattern(const char *text, char escape)
{
    struct pattern *pattern = malloc(sizeof *pattern + strlen(text) * sizeof *pattern->items);

    if (!pattern)
        return NULL;
    for (pattern->count = 0; *text; pattern->count++) {
        wint_t *item = &pattern->items[pattern->count];

        if (*text == '%' || *text == '_') {
            *item = *text++ == '%' ? ANY_MANY : ANY_ONE;
            continue;
        }
        if (*text == escape && text[1])
            text++;
        *item = next(&text);
    }
    return pattern;
}

static bool is_like(const struct pattern *pattern, const char *text)
{
    size_t at = 0, after_many = 0; /* the item after the last ANY_MANY; 0: there was none */
    const char *again = NULL;      /* where in the text that item is tried */

    while (*text) {
        wint_t item = at < pattern->count ? pattern->items[at] : NOTHING;
        const char *rest = text;

        if (item == ANY_MANY) {
            after_many = ++at;
            again = text;
        } else if (next(&rest) == item || item == ANY_ONE) {
            at++;
            text = rest;
        } else if (after_many > 0) {
            (void)next(&again);
            at = after_many;
            text = again;
        } else {
            return false;
        }
    }
    while (at < pattern->count && pattern->items[at] == ANY_MANY)
        at++;
    return at == pattern->count;
}

/* like(pattern, text, escape) is `text LIKE pattern ESCAPE escape`. SQLite keeps the pattern for other rows.
 */
static void like(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *texts[3] = {NULL};
    struct pattern *kept = sqlite3_get_auxdata(context, 0), *pattern = kept;

    for (int i = 0; i < count; i++) {
        texts[i] = (const char *)sqlite3_value_text(values[i]);
        if (!texts[i])
            return; /* NULL */
    }
    if (!pattern)
        pattern = read_pattern(texts[0], *texts[2]);
    if (!pattern) {
        sqlite3_result_error_nomem(context);
        return;
    }
    sqlite3_result_int(context, is_like(pattern, texts[1]));
    if (!kept)
        sqlite3_set_auxdata(context, 0, pattern, free);
}

enum err db_like_add(sqlite3 *handle)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

    if (!letters)
        letters = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
    return sqlite3_create_function(handle, "like", 3, flags, NULL, like, NULL, NULL) == SQLITE_OK ? ERR_OK
                                                                                                  : ERR_NOMEM;
}
