/* SPDX-License-Identifier: ISC */
/*
 * What the code under test makes of events and of JSON, for the comparison with tests/matrix/check_events.py.
 *
 *   event_check                    reads lines of JSON: {"version", "server_name", "key_id", "public_key",
 * "text"}, `text` being the event; writes a line of JSON for each event_check strict|lenient FILE...   writes
 * a line for each: "ok " and the canonical encoding, or "refused"
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "crypto/base64.h"
#include "matrix/canonical_json.h"
#include "matrix/event.h"
#include "matrix/event_check.h"
#include "matrix/field.h"
#include "matrix/redaction.h"

/* The canonical encoding as a JSON string; null when there is none. */
static json_t *canonical(json_t *value, enum canonical_json numbers)
{
    struct buf out = {0};
    json_t *text = NULL;

    if (value && canonical_json_write(value, numbers, &out) == ERR_OK)
        text = json_stringn(out.data, out.length);
    buf_free(&out);
    return text ? text : json_null();
}

static json_t *content_hash(const struct room_version *version, json_t *event)
{
    unsigned char sha256[DIGEST_SHA256_SIZE];
    char encoded[BASE64_SIZE(DIGEST_SHA256_SIZE)];

    if (event_content_hash(version, event, sha256))
        return json_null();
    base64_encode(BASE64_STANDARD, sha256, sizeof sha256, encoded);
    return json_string(encoded);
}

static json_t *event_id(const struct room_version *version, json_t *event)
{
    char id[ID_SIZE];

    return event_id_of(version, event, id) ? json_null() : json_string(id);
}

static json_t *redacted(const struct room_version *version, json_t *event)
{
    json_t *object = NULL, *text;

    if (redaction_apply(version, event, &object))
        return json_null();
    text = canonical(object, version->json);
    json_decref(object);
    return text;
}

static enum err check_signature(const struct room_version *version, const json_t *line, json_t *event)
{
    unsigned char public[ED25519_PUBLIC_SIZE];
    size_t size = sizeof public;

    if (base64_decode(field_string(line, "public_key"), public, &size) || size != sizeof public)
        return ERR_INVALID;
    return event_check_signature(version, event, field_string(line, "server_name"),
                                 field_string(line, "key_id"), public);
}

/* The answer to one line. */
static json_t *answer(const json_t *line)
{
    const struct room_version *version = room_version_find(field_string(line, "version"));
    const char *text = field_string(line, "text");
    json_t *event = NULL, *result;

    if (!version || !text || canonical_json_read(text, strlen(text), &event))
        return json_pack("{s:b}", "parsed", 0);
    result = json_pack("{s:b, s:o, s:o, s:o, s:o, s:b, s:b, s:b}", "parsed", 1, "canonical",
                       canonical(event, version->json), "content_hash", content_hash(version, event), "id",
                       event_id(version, event), "redacted", redacted(version, event), "format",
                       event_check_format(version, event, NULL) == ERR_OK, "hash",
                       event_check_hash(version, event) == ERR_OK, "signature",
                       check_signature(version, line, event) == ERR_OK);
    json_decref(event);
    return result;
}

static int answer_lines(void)
{
    char *text = NULL;
    size_t size = 0;

    while (getline(&text, &size, stdin) > 0) {
        json_t *line = json_loads(text, 0, NULL), *result = line ? answer(line) : NULL;

        if (!result || json_dumpf(result, stdout, JSON_COMPACT) < 0)
            return 1;
        putchar('\n');
        json_decref(line);
        json_decref(result);
    }
    free(text);
    return fflush(stdout) == 0 ? 0 : 1;
}

static int answer_file(const char *path, enum canonical_json numbers)
{
    static char bytes[1 << 20];
    FILE *file = fopen(path, "r");
    struct buf out = {0};
    json_t *value = NULL;
    size_t size;

    if (!file) {
        perror(path);
        return 1;
    }
    size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    if (canonical_json_read(bytes, size, &value) || canonical_json_write(value, numbers, &out))
        puts("refused");
    else
        printf("ok %s\n", out.data); /* it has no NUL: U+0000 is escaped */
    json_decref(value);
    buf_free(&out);
    return 0;
}

int main(int argc, char **argv)
{
    int status = 0;

    if (argc == 1)
        return answer_lines();
    for (int i = 2; i < argc && status == 0; i++)
        status = answer_file(argv[i],
                             strcmp(argv[1], "strict") == 0 ? CANONICAL_JSON_STRICT : CANONICAL_JSON_LENIENT);
    return status;
}
