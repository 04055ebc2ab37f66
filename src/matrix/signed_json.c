/* SPDX-License-Identifier: ISC */
#include <stddef.h>

#include "crypto/base64.h"
#include "matrix/field.h"
#include "matrix/signed_json.h"

static const char *const unsigned_members[] = {"signatures", "unsigned", NULL};

enum err signed_json_bytes(json_t *object, enum canonical_json numbers, struct buf *out)
{
    return canonical_json_write_without(object, unsigned_members, numbers, out);
}

/* The object `name` of `object`, which is made if it is absent. */
static enum err member_object(json_t *object, const char *name, json_t **member)
{
    *member = json_object_get(object, name);
    if (*member)
        return json_is_object(*member) ? ERR_OK : ERR_INVALID;
    *member = json_object();
    return json_object_set_new(object, name, *member) < 0 ? ERR_NOMEM : ERR_OK;
}

enum err signed_json_put(json_t *object, const char *entity, const char *key_id,
                         const unsigned char signature[ED25519_SIGNATURE_SIZE])
{
    char encoded[BASE64_SIZE(ED25519_SIGNATURE_SIZE)];
    json_t *signatures, *own;
    enum err e = member_object(object, "signatures", &signatures);

    if (!e)
        e = member_object(signatures, entity, &own);
    if (e)
        return e;
    base64_encode(BASE64_STANDARD, signature, ED25519_SIGNATURE_SIZE, encoded);
    return json_object_set_new(own, key_id, json_string(encoded)) < 0 ? ERR_NOMEM : ERR_OK;
}

enum err signed_json_add(json_t *object, const struct buf *bytes, const char *entity,
                         const struct signing_key *key)
{
    unsigned char signature[ED25519_SIGNATURE_SIZE];
    enum err e = ed25519_sign(key, bytes->data, bytes->length, signature);

    return e ? e : signed_json_put(object, entity, key->id, signature);
}

enum err signed_json_sign(json_t *object, const char *entity, const struct signing_key *key)
{
    struct buf bytes = {0};
    enum err e = signed_json_bytes(object, CANONICAL_JSON_STRICT, &bytes);

    if (!e)
        e = signed_json_add(object, &bytes, entity, key);
    buf_free(&bytes);
    return e;
}

enum err signed_json_check(const json_t *object, const struct buf *bytes, const char *entity,
                           const char *key_id, const unsigned char public[ED25519_PUBLIC_SIZE])
{
    const json_t *signatures = field_object(field_object(object, "signatures"), entity);
    const char *encoded = field_string(signatures, key_id);
    unsigned char signature[ED25519_SIGNATURE_SIZE];
    size_t size = sizeof signature;

    if (!encoded)
        return ERR_NOT_FOUND;
    if (base64_decode(encoded, signature, &size) || size != sizeof signature)
        return ERR_DENIED;
    return ed25519_verify(public, bytes->data, bytes->length, signature);
}

enum err signed_json_verify(json_t *object, const char *entity, const char *key_id,
                            const unsigned char public[ED25519_PUBLIC_SIZE])
{
    struct buf bytes = {0};
    enum err e = signed_json_bytes(object, CANONICAL_JSON_STRICT, &bytes);

    if (!e)
        e = signed_json_check(object, &bytes, entity, key_id, public);
    buf_free(&bytes);
    return e;
}
