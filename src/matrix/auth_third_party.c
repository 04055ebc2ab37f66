/* SPDX-License-Identifier: ISC */
/* Invitations that answer an m.room.third_party_invite (rule 4.4.1 of room version 10). */
#include <string.h>

#include "crypto/base64.h"
#include "matrix/auth_judge.h"
#include "matrix/field.h"
#include "matrix/signed_json.h"

/* Whether the public key, in base64, made the signature of `bytes` under `entity` and `key_id` in `object`.
 */
static enum err check_key(const json_t *object, const struct buf *bytes, const char *entity,
                          const char *key_id, const char *public_key)
{
    unsigned char public[ED25519_PUBLIC_SIZE];
    size_t size = sizeof public;

    if (!public_key || base64_decode(public_key, public, &size) || size != sizeof public)
        return ERR_DENIED;
    return signed_json_check(object, bytes, entity, key_id, public);
}

/* The same for any of the keys that `invite`, the content of an m.room.third_party_invite, lists. */
static enum err check_keys(const json_t *object, const struct buf *bytes, const char *entity,
                           const char *key_id, const json_t *invite)
{
    const json_t *keys = json_object_get(invite, "public_keys");
    enum err e = check_key(object, bytes, entity, key_id, field_string(invite, "public_key"));

    for (size_t i = 0; i < json_array_size(keys) && e && e != ERR_NOMEM; i++)
        e = check_key(object, bytes, entity, key_id, field_string(json_array_get(keys, i), "public_key"));
    return e;
}

/* Whether any signature of `object` is by any of the keys; ERR_DENIED if not. */
static enum err check_signatures(json_t *object, const json_t *invite)
{
    json_t *signatures = field_object(object, "signatures"), *of_entity, *value;
    const char *entity, *key_id;
    struct buf bytes = {0};
    enum err e = signed_json_bytes(object, CANONICAL_JSON_STRICT, &bytes);

    if (!e)
        e = ERR_DENIED;
    json_object_foreach(signatures, entity, of_entity) json_object_foreach(
        of_entity, key_id, value) if (e == ERR_DENIED && strncmp(key_id, "ed25519:", 8) == 0) e =
        check_keys(object, &bytes, entity, key_id, invite);
    buf_free(&bytes);
    return e == ERR_OK || e == ERR_NOMEM ? e : ERR_DENIED;
}

enum err auth_third_party_invite(struct auth_judge *judge, json_t *invite)
{
    json_t *object = field_object(invite, "signed"), *event;
    const char *mxid = field_string(object, "mxid"), *token = field_string(object, "token"), *sender;
    enum err e;

    if (auth_is(judge, judge->state_key, "ban"))
        return auth_deny(judge, "the target is banned");
    if (!mxid || !token || strcmp(mxid, judge->state_key) != 0)
        return auth_deny(judge, "third_party_invite is not signed for the target");
    event = judge->state->get(judge->state->context, "m.room.third_party_invite", token);
    sender = field_string(event, "sender");
    if (!sender || strcmp(sender, judge->sender) != 0)
        return auth_deny(judge, "the sender has made no such m.room.third_party_invite");
    e = check_signatures(object, field_object(event, "content"));
    return e == ERR_DENIED ? auth_deny(judge, "third_party_invite is signed by no key of the invitation") : e;
}
