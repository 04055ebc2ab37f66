/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/utf8.h"
#include "crypto/base64.h"
#include "matrix/event.h"
#include "matrix/event_check.h"
#include "matrix/field.h"
#include "matrix/json_text.h"
#include "matrix/redaction.h"
#include "matrix/room_id.h"
#include "matrix/signed_json.h"

#define HASH_TEXT_SIZE        BASE64_SIZE(DIGEST_SHA256_SIZE)
#define SIGNATURE_TEXT_LENGTH (BASE64_SIZE(ED25519_SIGNATURE_SIZE) - 1)

static const char *const not_in_content_hash[] = {"unsigned", "signatures", "hashes", NULL};

enum err event_content_hash(const struct room_version *version, json_t *event,
                            unsigned char sha256[DIGEST_SHA256_SIZE])
{
    struct buf bytes = {0};
    enum err e = canonical_json_write_without(event, not_in_content_hash, version->json, &bytes);

    if (!e)
        e = digest_sha256(bytes.data, bytes.length, sha256);
    buf_free(&bytes);
    return e;
}

enum err event_essential(const struct room_version *version, json_t *event, struct buf *out)
{
    json_t *redacted;
    enum err e = redaction_apply(version, event, &redacted);

    if (e)
        return e;
    e = signed_json_bytes(redacted, version->json, out);
    json_decref(redacted);
    return e;
}

enum err event_reference_hash(const struct room_version *version, json_t *event,
                              unsigned char sha256[DIGEST_SHA256_SIZE])
{
    struct buf essential = {0};
    enum err e = event_essential(version, event, &essential);

    if (!e)
        e = digest_sha256(essential.data, essential.length, sha256);
    buf_free(&essential);
    return e;
}

/* The id that is in the event (room versions 1 and 2). */
static enum err stored_id(const json_t *event, char id[ID_SIZE])
{
    const char *stored = field_string(event, "event_id");

    if (!stored || !event_id_valid(stored))
        return ERR_INVALID;
    strcpy(id, stored);
    return ERR_OK;
}

/* The id that a reference hash makes. */
static void hash_id(const struct room_version *version, const unsigned char sha256[DIGEST_SHA256_SIZE],
                    char id[ID_SIZE])
{
    id[0] = '$';
    base64_encode(version->event_id == EVENT_ID_BASE64_URL ? BASE64_URL : BASE64_STANDARD, sha256,
                  DIGEST_SHA256_SIZE, id + 1);
}

enum err event_id_of(const struct room_version *version, json_t *event, char id[ID_SIZE])
{
    unsigned char sha256[DIGEST_SHA256_SIZE];
    enum err e;

    if (version->event_id == EVENT_ID_STORED)
        return stored_id(event, id);
    e = event_reference_hash(version, event, sha256);
    if (!e)
        hash_id(version, sha256, id);
    return e;
}

/* {"sha256": "…"}; NULL when memory is gone. */
static json_t *hash_object(const unsigned char sha256[DIGEST_SHA256_SIZE])
{
    char encoded[HASH_TEXT_SIZE];

    base64_encode(BASE64_STANDARD, sha256, DIGEST_SHA256_SIZE, encoded);
    return json_pack("{s:s}", "sha256", encoded);
}

static enum err add_content_hash(const struct room_version *version, json_t *event)
{
    unsigned char sha256[DIGEST_SHA256_SIZE];
    enum err e = event_content_hash(version, event, sha256);

    if (!e && json_object_set_new(event, "hashes", hash_object(sha256)) < 0)
        e = ERR_NOMEM;
    return e;
}

enum err event_sign(const struct room_version *version, json_t *event, const struct event_signer *signer)
{
    struct buf essential = {0};
    enum err e = add_content_hash(version, event);

    if (!e)
        e = event_essential(version, event, &essential);
    if (!e)
        e = signed_json_add(event, &essential, signer->server_name, signer->key);
    buf_free(&essential);
    return e;
}

/* `text` as a JSON string; NULL with `*e` set when it is NULL itself, not valid UTF-8, or memory is gone. */
static json_t *text_json(const char *text, enum err *e)
{
    json_t *value = text ? json_string(text) : NULL;

    if (!value && !*e)
        *e = text && utf8_valid(text, strlen(text)) ? ERR_NOMEM : ERR_INVALID;
    return value;
}

/* One element of prev_events or auth_events: an id, or in room versions 1 and 2 a pair of id and hash. */
static json_t *reference_json(const struct room_version *version, const struct event_reference *reference,
                              enum err *e)
{
    json_t *id = text_json(reference->id, e);

    if (version->event_id != EVENT_ID_STORED)
        return id;
    if (!reference->sha256)
        *e = ERR_INVALID;
    return json_pack("[o,o]", id, reference->sha256 ? hash_object(reference->sha256) : NULL);
}

static json_t *references_json(const struct room_version *version, const struct event_reference *references,
                               size_t count, enum err *e)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(array, reference_json(version, &references[i], e)) < 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

/* The content with `redacts` in it, as room version 11 has it; the caller's is left as it is. */
static json_t *redaction_content(const struct event_proto *proto)
{
    json_t *content = json_copy(proto->content);

    /* With memory short, a copy may lack members (jansson 2.14); then none is better. */
    if (json_object_size(content) != json_object_size(proto->content) ||
        json_object_set_new(content, "redacts", json_string(proto->redacts)) < 0) {
        json_decref(content);
        return NULL;
    }
    return content;
}

/* Sets a member; `value` is taken over, also on failure. The first failure stays in `*e`. */
static void set(json_t *object, const char *name, json_t *value, enum err *e)
{
    if (json_object_set_new(object, name, value) < 0 && !*e)
        *e = ERR_NOMEM;
}

/*
 * The event before it is hashed and signed. `origin`, and `prev_state` of a state event, are long gone from
 * the specification; Dendrite writes them, and what we write is to be what it would have written.
 */
static enum err make(const struct room_version *version, const struct event_proto *proto, const char *origin,
                     json_t **event)
{
    bool redacts_in_content = proto->redacts && version->redacts_in_content;
    json_t *json = *event = json_object();
    enum err e = json ? ERR_OK : ERR_NOMEM;

    set(json, "room_id", text_json(proto->room_id, &e), &e);
    set(json, "sender", text_json(proto->sender, &e), &e);
    set(json, "type", text_json(proto->type, &e), &e);
    set(json, "origin", text_json(origin, &e), &e);
    set(json, "origin_server_ts", json_integer(proto->origin_server_ts), &e);
    set(json, "depth", json_integer(proto->depth), &e);
    set(json, "content", redacts_in_content ? redaction_content(proto) : json_incref(proto->content), &e);
    set(json, "prev_events", references_json(version, proto->prev_events, proto->prev_events_count, &e), &e);
    set(json, "auth_events", references_json(version, proto->auth_events, proto->auth_events_count, &e), &e);
    if (proto->state_key) {
        set(json, "state_key", text_json(proto->state_key, &e), &e);
        set(json, "prev_state", json_array(), &e);
    }
    if (proto->redacts && !redacts_in_content)
        set(json, "redacts", text_json(proto->redacts, &e), &e);
    if (version->event_id == EVENT_ID_STORED)
        set(json, "event_id", text_json(proto->id, &e), &e);
    if (proto->unsigned_data)
        set(json, "unsigned", json_incref(proto->unsigned_data), &e);
    return e;
}

/* Fills the id and the reference hash. */
static enum err identify(const struct room_version *version, struct event *event)
{
    enum err e = digest_sha256(event->essential.data, event->essential.length, event->reference_hash);

    if (e)
        return e;
    if (version->event_id == EVENT_ID_STORED)
        return stored_id(event->json, event->id);
    hash_id(version, event->reference_hash, event->id);
    return ERR_OK;
}

/* Writes the text, and finds the signature in it, which ends `{"server":{"key":"signature"}}`. */
static enum err write_text(const struct room_version *version, struct event *event)
{
    struct json_piece signatures;
    enum err e = canonical_json_write(event->json, version->json, &event->text);

    if (e)
        return e;
    if (event->text.length > EVENT_SIZE_MAX)
        return ERR_TOO_LARGE;
    if (!json_text_member(event->text.data, event->text.length, "signatures", &signatures))
        return ERR_INVALID;
    event->signature_at = (size_t)(signatures.bytes - event->text.data) + signatures.size - strlen("\"}}") -
                          SIGNATURE_TEXT_LENGTH;
    return ERR_OK;
}

enum err event_prepare(const struct room_version *version, const struct event_proto *proto,
                       const struct event_signer *signer, struct event *event)
{
    static const unsigned char none[ED25519_SIGNATURE_SIZE];
    enum err e;

    *event = (struct event){0};
    e = make(version, proto, signer->server_name, &event->json);
    if (!e)
        e = add_content_hash(version, event->json);
    if (!e)
        e = event_essential(version, event->json, &event->essential);
    if (!e)
        e = identify(version, event);
    if (!e)
        e = signed_json_put(event->json, signer->server_name, signer->key->id, none);
    if (!e)
        e = event_check_format(version, event->json, NULL);
    if (!e)
        e = write_text(version, event);
    if (e)
        event_free(event);
    return e;
}

void event_place_signature(char *at, const unsigned char signature[ED25519_SIGNATURE_SIZE])
{
    char encoded[SIGNATURE_TEXT_LENGTH + 1];

    base64_encode(BASE64_STANDARD, signature, ED25519_SIGNATURE_SIZE, encoded);
    memcpy(at, encoded, SIGNATURE_TEXT_LENGTH);
}

enum err event_build(const struct room_version *version, const struct event_proto *proto,
                     const struct event_signer *signer, struct event *event)
{
    unsigned char signature[ED25519_SIGNATURE_SIZE];
    enum err e = event_prepare(version, proto, signer, event);

    if (e)
        return e;
    e = ed25519_sign(signer->key, event->essential.data, event->essential.length, signature);
    if (!e)
        e = signed_json_put(event->json, signer->server_name, signer->key->id, signature);
    if (e)
        event_free(event);
    else
        event_place_signature(event->text.data + event->signature_at, signature);
    return e;
}

void event_free(struct event *event)
{
    json_decref(event->json);
    buf_free(&event->text);
    buf_free(&event->essential);
    *event = (struct event){0};
}

int64_t event_depth_after(const struct room_version *version, int64_t depth)
{
    const int64_t most = version->json == CANONICAL_JSON_STRICT ? CANONICAL_JSON_INTEGER_MAX : INT64_MAX;

    return depth < most ? depth + 1 : most;
}

enum err event_write_headered(const struct room_version *version, const char *id, const char *text,
                              size_t size, struct buf *out)
{
    enum err e;

    if (size < 2 || text[size - 1] != '}')
        return ERR_INVALID;
    buf_append(out, text, size - 1);
    buf_printf(out, ",\"_room_version\":\"%s\",\"_event_id\":", version->name);
    e = canonical_json_write_string(id, strlen(id), out);
    buf_append(out, "}", 1);
    return e ? e : out->err;
}
