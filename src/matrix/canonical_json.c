/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "matrix/canonical_json.h"

/* What jansson parses at most (JSON_PARSER_MAX_DEPTH); it bounds the recursion below. */
#define DEPTH_MAX 2048

#define FEW_MEMBERS 32

/* What stays the same on the way down. */
struct writer {
    enum canonical_json numbers;
    struct buf *out;
};

static enum err write_value(const struct writer *writer, json_t *value, int depth);

/* "Grammar", rule `escaped`: the control characters that have a short escape. */
static const char short_escapes[0x20] = {
    ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
};

static void write_escape(unsigned char c, struct buf *out)
{
    if (c >= 0x20)
        buf_printf(out, "\\%c", c); /* quotation mark and reverse solidus */
    else if (short_escapes[c])
        buf_printf(out, "\\%c", short_escapes[c]);
    else
        buf_printf(out, "\\u%04x", c);
}

/* Whether a byte stands for itself in a JSON string, if it is UTF-8 there. */
static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

/* How many bytes from `bytes` on are plain ASCII: all of most strings. */
static size_t count_plain(const unsigned char *bytes, size_t size)
{
    size_t i = 0;

    while (i < size && bytes[i] < 0x80 && is_plain(bytes[i]))
        i++;
    return i;
}

enum err canonical_json_write_string(const char *text, size_t size, struct buf *out)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t done = 0, length;

    buf_putc(out, '"');
    for (size_t i = count_plain(bytes, size); i < size; i += length) {
        length = bytes[i] < 0x80 ? 1 : utf8_sequence(bytes + i, size - i);
        if (length == 0)
            return ERR_INVALID;
        if (is_plain(bytes[i]))
            continue;
        buf_append(out, text + done, i - done);
        write_escape(bytes[i], out);
        done = i + 1;
    }
    buf_append(out, text + done, size - done);
    buf_putc(out, '"');
    return out->err;
}

static enum err write_integer(const struct writer *writer, json_int_t number)
{
    if (writer->numbers == CANONICAL_JSON_STRICT &&
        (number > CANONICAL_JSON_INTEGER_MAX || number < -CANONICAL_JSON_INTEGER_MAX))
        return ERR_INVALID;
    buf_put_integer(writer->out, number);
    return writer->out->err;
}

static enum err write_real(const struct writer *writer, double number)
{
    const double most = (double)CANONICAL_JSON_INTEGER_MAX;

    if (writer->numbers == CANONICAL_JSON_STRICT)
        return ERR_INVALID;
    if (number > most || number < -most || number != (double)(json_int_t)number)
        return ERR_UNSUPPORTED;
    return write_integer(writer, (json_int_t)number);
}

static enum err write_array(const struct writer *writer, json_t *array, int depth)
{
    enum err e = ERR_OK;
    json_t *value;
    size_t i;

    buf_putc(writer->out, '[');
    json_array_foreach(array, i, value)
    {
        if (i > 0)
            buf_putc(writer->out, ',');
        e = write_value(writer, value, depth);
        if (e)
            return e;
    }
    buf_putc(writer->out, ']');
    return writer->out->err;
}

struct member {
    const char *name;
    json_t *value;
};

/* The order of bytes is the order of code points: UTF-8 keeps it (RFC 3629 section 1). */
static int compare_members(const void *a, const void *b)
{
    return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

/* The few members of most objects are in order, or nearly, and qsort(3) would not notice. */
static void sort_members(struct member *members, size_t count)
{
    if (count > FEW_MEMBERS) {
        qsort(members, count, sizeof *members, compare_members);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct member member = members[i];
        size_t at = i;

        for (; at > 0 && strcmp(members[at - 1].name, member.name) > 0; at--)
            members[at] = members[at - 1];
        members[at] = member;
    }
}

static bool is_listed(const char *name, const char *const *list)
{
    for (; list && *list; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

/* Fills `members`, which has room for all, with the sorted ones that are not in `without`; returns how many.
 */
static size_t list_members(json_t *object, const char *const *without, struct member *members)
{
    const char *name;
    json_t *value;
    size_t count = 0;

    json_object_foreach(object, name, value) if (!is_listed(name, without)) members[count++] =
        (struct member){name, value};
    sort_members(members, count);
    return count;
}

static enum err write_object(const struct writer *writer, json_t *object, const char *const *without,
                             int depth)
{
    struct member *members = calloc(json_object_size(object) + 1, sizeof *members);
    enum err e = ERR_OK;
    size_t count;

    if (!members)
        return ERR_NOMEM;
    count = list_members(object, without, members);
    buf_putc(writer->out, '{');
    for (size_t i = 0; i < count && !e; i++) {
        if (i > 0)
            buf_putc(writer->out, ',');
        e = canonical_json_write_string(members[i].name, strlen(members[i].name), writer->out);
        buf_putc(writer->out, ':');
        if (!e)
            e = write_value(writer, members[i].value, depth);
    }
    buf_putc(writer->out, '}');
    free(members);
    return e ? e : writer->out->err;
}

static enum err write_value(const struct writer *writer, json_t *value, int depth)
{
    if (depth == DEPTH_MAX)
        return ERR_INVALID;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return write_object(writer, value, NULL, depth + 1);
    case JSON_ARRAY:
        return write_array(writer, value, depth + 1);
    case JSON_STRING:
        return canonical_json_write_string(json_string_value(value), json_string_length(value), writer->out);
    case JSON_INTEGER:
        return write_integer(writer, json_integer_value(value));
    case JSON_REAL:
        return write_real(writer, json_real_value(value));
    case JSON_TRUE:
        buf_puts(writer->out, "true");
        break;
    case JSON_FALSE:
        buf_puts(writer->out, "false");
        break;
    case JSON_NULL:
        buf_puts(writer->out, "null");
        break;
    }
    return writer->out->err;
}

enum err canonical_json_write(json_t *value, enum canonical_json numbers, struct buf *out)
{
    const struct writer writer = {numbers, out};

    return write_value(&writer, value, 0);
}

enum err canonical_json_write_without(json_t *object, const char *const *without, enum canonical_json numbers,
                                      struct buf *out)
{
    const struct writer writer = {numbers, out};

    return write_object(&writer, object, without, 1);
}

enum err canonical_json_read(const char *bytes, size_t size, json_t **value)
{
    json_error_t error;

    *value = json_loadb(bytes, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (*value)
        return ERR_OK;
    return json_error_code(&error) == json_error_out_of_memory ? ERR_NOMEM : ERR_INVALID;
}
