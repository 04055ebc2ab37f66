/* SPDX-License-Identifier: ISC */
/* What an event proves by itself: its form, its hashes, its signature. */
#include <string.h>

#include "command/fsck_event.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "matrix/canonical_json.h"
#include "matrix/event_check.h"
#include "matrix/field.h"
#include "matrix/id.h"
#include "matrix/redaction.h"
#include "matrix/signed_json.h"

/* Whether an error is about the event, and not about this machine. */
static bool is_of_event(enum err e)
{
    return e == ERR_INVALID || e == ERR_UNSUPPORTED || e == ERR_TOO_LARGE || e == ERR_DENIED ||
           e == ERR_NOT_FOUND;
}

enum err check_canonical(struct examined *event)
{
    struct buf canonical = {0};
    enum err e;

    /* Before room version 6 numbers may be written as one likes. */
    if (event->version->json != CANONICAL_JSON_STRICT)
        return ERR_OK;
    e = canonical_json_write(event->json, CANONICAL_JSON_STRICT, &canonical);
    if (is_of_event(e) || (!e && strcmp(canonical.data, event->row->json) != 0))
        examined_report(event, "its JSON is not in canonical form");
    buf_free(&canonical);
    return is_of_event(e) ? ERR_OK : e;
}

enum err check_format(struct examined *event)
{
    const char *fault = NULL;
    enum err e = event_check_format(event->version, event->json, &fault);

    if (is_of_event(e))
        examined_report(event, "its \"%s\" is not of the form that the room version asks for",
                        fault ? fault : "content");
    return is_of_event(e) ? ERR_OK : e;
}

/* The id that the event ought to have. */
static enum err compute_id(struct examined *event, char id[ID_SIZE])
{
    unsigned char sha256[DIGEST_SHA256_SIZE];
    enum err e = event_essential(event->version, event->json, &event->essential);

    if (e || event->version->event_id == EVENT_ID_STORED)
        return e ? e : event_id_of(event->version, event->json, id);
    e = digest_sha256(event->essential.data, event->essential.length, sha256);
    id[0] = '$';
    base64_encode(event->version->event_id == EVENT_ID_BASE64_URL ? BASE64_URL : BASE64_STANDARD, sha256,
                  sizeof sha256, id + 1);
    return e;
}

enum err check_id(struct examined *event)
{
    char id[ID_SIZE] = "";
    enum err e = compute_id(event, id);

    if (is_of_event(e)) {
        buf_clear(&event->essential);
        examined_report(event, "its id cannot be computed: it has no canonical form");
        return ERR_OK;
    }
    if (!e && strcmp(id, event->row->id) != 0)
        examined_report(event, "its JSON is that of %s", id);
    return e;
}

/* Whether redacting the event once more would change nothing. */
static enum err is_redacted_form(const struct examined *event, bool *is)
{
    struct buf one = {0}, other = {0};
    json_t *redacted = NULL;
    enum err e = redaction_apply(event->version, event->json, &redacted);

    if (!e)
        e = signed_json_bytes(redacted, event->version->json, &one);
    if (!e)
        e = signed_json_bytes(event->json, event->version->json, &other);
    *is = !e && one.length == other.length && memcmp(one.data, other.data, one.length) == 0;
    json_decref(redacted);
    buf_free(&one);
    buf_free(&other);
    return e;
}

static bool is_sent_by(const struct examined *event, const char *server_name)
{
    const char *sender = field_string(event->json, "sender");
    struct user_id user;

    return sender && user_id_parse(sender, &user) && strcmp(user.server_name, server_name) == 0;
}

/*
 * A redacted event keeps the hash of what it was. Events of other servers are also stored redacted when they
 * arrive with a wrong hash ("Checks performed on receipt of a PDU").
 */
static enum err may_be_redacted(struct examined *event, bool *may)
{
    const json_t *unsigned_data = field_object(event->json, "unsigned");
    enum err e = is_redacted_form(event, may);

    if (e || !*may || !is_sent_by(event, event->fsck->server_name))
        return e;
    return fsck_is_redacted(event->fsck->db, event->row->id, field_string(unsigned_data, "redacted_by"), may);
}

enum err check_hash(struct examined *event)
{
    bool redacted = false;
    enum err e = event_check_hash(event->version, event->json);

    if (e == ERR_DENIED) {
        e = may_be_redacted(event, &redacted);
        if (!e && !redacted)
            examined_report(event, "its content is not what its hash was made of");
    } else if (is_of_event(e)) {
        examined_report(event, "it has no content hash that could be checked");
    }
    return is_of_event(e) ? ERR_OK : e;
}

/* Whether it has to be signed by this server: as the sender's, in room versions 1 and 2 also as the id's. */
static bool is_ours(const struct examined *event)
{
    const char *colon = strchr(event->row->id, ':');

    return is_sent_by(event, event->fsck->server_name) ||
           (event->version->event_id == EVENT_ID_STORED && colon &&
            strcmp(colon + 1, event->fsck->server_name) == 0);
}

/*
 * Ed25519 has one signature for a key and a message (RFC 8032 section 5.1.6), and making it again takes a
 * third of the time of verifying it. One that differs, since not every signer follows that, is verified.
 */
static enum err verify(const struct examined *event, const char *signature)
{
    const struct fsck *fsck = event->fsck;
    unsigned char own[ED25519_SIGNATURE_SIZE];
    char encoded[BASE64_SIZE(ED25519_SIGNATURE_SIZE)];
    enum err e = ed25519_sign(fsck->key, event->essential.data, event->essential.length, own);

    if (e)
        return e;
    base64_encode(BASE64_STANDARD, own, sizeof own, encoded);
    if (strcmp(encoded, signature) == 0)
        return ERR_OK;
    return signed_json_check(event->json, &event->essential, fsck->server_name, fsck->key->id, fsck->public);
}

enum err check_signature(struct examined *event)
{
    const struct fsck *fsck = event->fsck;
    const json_t *ours = field_object(field_object(event->json, "signatures"), fsck->server_name);
    const char *signature = fsck->key ? field_string(ours, fsck->key->id) : NULL;
    enum err e = ERR_OK;

    if (!fsck->key || event->essential.length == 0 || !is_ours(event))
        return ERR_OK;
    if (signature) {
        e = verify(event, signature);
        if (is_of_event(e))
            examined_report(event, "the signature of this server does not match");
    } else if (json_object_size(ours) > 0) {
        event->fsck->other_keys++;
    } else {
        examined_report(event, "it lacks the signature of this server");
    }
    return is_of_event(e) ? ERR_OK : e;
}

static bool is_redacted(const json_t *event)
{
    const json_t *unsigned_data = json_object_get(event, "unsigned");

    return json_object_get(unsigned_data, "redacted_because") ||
           json_object_get(unsigned_data, "redacted_by");
}

/* Whether the header is of this event. Dendrite empties the id when it redacts the event. */
static bool is_headed(const json_t *headered, const struct room_version *version, const char *id)
{
    const char *stated_id = field_string(headered, "_event_id");
    const char *stated_version = field_string(headered, "_room_version");

    return fsck_is_text(stated_version, version->name) &&
           (fsck_is_text(stated_id, id) || (fsck_is_text(stated_id, "") && is_redacted(headered)));
}

/* Compares two events without their `unsigned`; if the second one is redacted, as if both were. */
static enum err compare_events(const struct room_version *version, json_t *a, json_t *b, bool *same)
{
    json_t *one = json_incref(a), *other = json_incref(b);
    enum err e = ERR_OK;

    if (is_redacted(b)) {
        json_decref(one);
        json_decref(other);
        one = other = NULL;
        e = redaction_apply(version, a, &one);
        if (!e)
            e = redaction_apply(version, b, &other);
    }
    json_object_del(one, "unsigned");
    json_object_del(other, "unsigned");
    *same = !e && json_equal(one, other) == 1;
    json_decref(one);
    json_decref(other);
    return e;
}

enum err fsck_same_event(const struct room_version *version, const char *id, const char *headered,
                         const char *json, bool *same)
{
    json_t *a = NULL, *b = NULL;
    struct buf usual = {0};
    enum err e = event_write_headered(version, id, json, strlen(json), &usual);

    *same = !e && headered && strcmp(usual.data, headered) == 0;
    buf_free(&usual);
    if (*same || !headered)
        return ERR_OK;
    e = canonical_json_read(headered, strlen(headered), &a);
    if (!e)
        e = canonical_json_read(json, strlen(json), &b);
    if (!e && is_headed(a, version, id)) {
        json_object_del(a, "_event_id");
        json_object_del(a, "_room_version");
        e = compare_events(version, a, b, same);
    }
    json_decref(a);
    json_decref(b);
    return is_of_event(e) ? ERR_OK : e;
}
