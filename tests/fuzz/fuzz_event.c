/* SPDX-License-Identifier: ISC */
/*
 * Everything that looks at an event, on hostile ones. The first byte chooses the room version; the rest is
 * JSON: an event, or an array of an event and the state of its room.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "matrix/auth_rules.h"
#include "matrix/event.h"
#include "matrix/event_check.h"
#include "matrix/field.h"
#include "matrix/redaction.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static const struct room_version *version_of(uint8_t byte)
{
    char name[8];

    snprintf(name, sizeof name, "%d", byte % 11 + 1);
    return room_version_find(name);
}

static json_t *state_get(void *context, const char *type, const char *state_key)
{
    json_t *event;
    size_t i;

    json_array_foreach((json_t *)context, i, event)
    {
        const char *its_type = field_string(event, "type"), *its_key = field_string(event, "state_key");

        if (its_type && its_key && strcmp(its_type, type) == 0 && strcmp(its_key, state_key) == 0)
            return event;
    }
    return NULL;
}

/* Redacting twice is redacting once, and leaves id and signatures as they are. */
static void check_redaction(const struct room_version *version, json_t *event)
{
    json_t *once = NULL, *twice = NULL;
    char id[ID_SIZE], redacted_id[ID_SIZE];

    if (redaction_apply(version, event, &once))
        return;
    require(redaction_apply(version, once, &twice) == ERR_OK);
    require(json_equal(once, twice));
    if (event_id_of(version, event, id) == ERR_OK) {
        require(event_id_of(version, once, redacted_id) == ERR_OK);
        require(strcmp(id, redacted_id) == 0);
    }
    json_decref(once);
    json_decref(twice);
}

/* What is signed here has a right hash and a right signature; `event` is changed. */
static void check_signing(const struct room_version *version, json_t *event)
{
    const unsigned char seed[ED25519_SEED_SIZE] = {1};
    unsigned char public[ED25519_PUBLIC_SIZE];
    struct signing_key key;
    const struct event_signer signer = {"example.org", &key};

    require(signing_key_set(&key, "ed25519:1", seed) == ERR_OK);
    require(ed25519_public(&key, public) == ERR_OK);
    (void)(event_check_signature(version, event, "example.org", "ed25519:1", public) == ERR_OK);
    if (event_sign(version, event, &signer) == ERR_OK) {
        require(event_check_hash(version, event) == ERR_OK);
        require(event_check_signature(version, event, "example.org", "ed25519:1", public) == ERR_OK);
    }
    signing_key_wipe(&key);
}

static void check_rules(const struct room_version *version, json_t *event, json_t *room)
{
    const struct auth_state state = {state_get, NULL, room};
    const char *reason = NULL;
    json_t *events[16];
    size_t count = json_array_size(room) < 16 ? json_array_size(room) : 16;

    for (size_t i = 0; i < count; i++)
        events[i] = json_array_get(room, i);
    require((auth_rules_check(version, event, &state, &reason) == ERR_OK) == (reason == NULL));
    require((auth_rules_check_auth_events(version, event, events, count, &reason) == ERR_OK) ==
            (reason == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct room_version *version;
    json_t *value, *event;

    if (size == 0 || canonical_json_read((const char *)data + 1, size - 1, &value))
        return 0;
    version = version_of(data[0]);
    event = json_is_array(value) ? json_array_get(value, 0) : value;
    if (event) {
        const char *fault = NULL;

        require((event_check_format(version, event, &fault) == ERR_OK) == (fault == NULL));
        (void)(event_check_hash(version, event) == ERR_OK);
        check_redaction(version, event);
        check_rules(version, event, json_is_array(value) ? value : NULL);
        check_signing(version, event);
    }
    json_decref(value);
    return 0;
}
