/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "matrix/canonical_json.h"

/* What jansson parses at most (JSON_PARSER_MAX_DEPTH); it bounds the recursion below. */
#define DEPTH_MAX 2048

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

enum err canonical_json_write_string(const char *text, size_t size, struct buf *out)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t done = 0, length;

    buf_append(out, "\"", 1);
    for (size_t i = 0; i < size; i += length) {
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
    buf_append(out, "\"", 1);
    return out->err;
}

static enum err write_integer(const struct writer *writer, json_int_t number)
{
    if (writer->numbers == CANONICAL_JSON_STRICT &&
        (number > CANONICAL_JSON_INTEGER_MAX || number < -CANONICAL_JSON_INTEGER_MAX))
        return ERR_INVALID;
    buf_printf(writer->out, "%" JSON_INTEGER_FORMAT, number);
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

    buf_append(writer->out, "[", 1);
    json_array_foreach(array, i, value)
    {
        if (i > 0)
            buf_append(writer->out, ",", 1);
        e = write_value(writer, value, depth);
        if (e)
            return e;
    }
    buf_append(writer->out, "]", 1);
    return writer->out->err;
}

/* The order of bytes is the order of code points: UTF-8 keeps it (RFC 3629 section 1). */
static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_listed(const char *name, const char *const *list)
{
    for (; list && *list; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

/* Fills `names`, which has room for all, with the sorted names that are not in `without`; returns how many.
 */
static size_t sort_names(json_t *object, const char *const *without, const char **names)
{
    const char *name;
    json_t *value;
    size_t count = 0;

    json_object_foreach(object, name, value) if (!is_listed(name, without)) names[count++] = name;
    qsort(names, count, sizeof *names, compare_names);
    return count;
}

static enum err write_object(const struct writer *writer, json_t *object, const char *const *without,
                             int depth)
{
    const char **names = calloc(json_object_size(object) + 1, sizeof *names);
    enum err e = ERR_OK;
    size_t count;

    if (!names)
        return ERR_NOMEM;
    count = sort_names(object, without, names);
    buf_append(writer->out, "{", 1);
    for (size_t i = 0; i < count && !e; i++) {
        if (i > 0)
            buf_append(writer->out, ",", 1);
        e = canonical_json_write_string(names[i], strlen(names[i]), writer->out);
        buf_append(writer->out, ":", 1);
        if (!e)
            e = write_value(writer, json_object_get(object, names[i]), depth);
    }
    buf_append(writer->out, "}", 1);
    free(names);
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
