/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth_room.h"
#include "crypto/base64.h"
#include "matrix/signed_json.h"

/* An invitation with third_party_invite; the room has one of @user:x for the token "t", with the public key.
 */
static const struct {
    const char *sender, *target, *mxid, *token, *entity;
    bool listed, allowed; /* listed: the key is in public_keys, not in public_key */
} third_party[] = {
    {"@user:x", "@new:x", "@new:x", "t", "id.example", false, true},
    {"@user:x", "@new:x", "@new:x", "t", "id.example", true, true},
    {"@user:x", "@invited:x", "@invited:x", "t", "id.example", false, true},
    {"@user:x", "@banned:x", "@banned:x", "t", "id.example", false, false},
    {"@user:x", "@new:x", "@invited:x", "t", "id.example", false, false},
    {"@user:x", "@new:x", "@new:x", "u", "id.example", false, false},
    {"@mod:x", "@new:x", "@new:x", "t", "id.example", false, false},
    {"@user:x", "@new:x", "@new:x", "t", NULL, false, false}, /* not signed */
};

static json_t *third_party_event(size_t i, const struct signing_key *key)
{
    json_t *object = json_pack("{s:s, s:s}", "mxid", third_party[i].mxid, "token", third_party[i].token);

    if (third_party[i].entity)
        assert_int_equal(signed_json_sign(object, third_party[i].entity, key), ERR_OK);
    return room_event(MEMBER, third_party[i].sender, third_party[i].target,
                      json_pack("{s:s, s:{s:s, s:o}}", "membership", "invite", "third_party_invite",
                                "display_name", "x", "signed", object));
}

static void takes_invitations_of_third_parties(void **state)
{
    const unsigned char seed[ED25519_SEED_SIZE] = {1};
    unsigned char public[ED25519_PUBLIC_SIZE];
    char encoded[BASE64_SIZE(ED25519_PUBLIC_SIZE)], content[256];
    struct signing_key key;

    (void)state;
    assert_int_equal(signing_key_set(&key, "ed25519:0", seed), ERR_OK);
    assert_int_equal(ed25519_public(&key, public), ERR_OK);
    base64_encode(BASE64_STANDARD, public, sizeof public, encoded);
    for (size_t i = 0; i < sizeof third_party / sizeof *third_party; i++) {
        json_t *event = third_party_event(i, &key), *room = room_state(&(const struct auth_row){0});
        const char *reason;

        snprintf(content, sizeof content,
                 third_party[i].listed ? "{'public_key': 'AAAA', 'public_keys': [{}, {'public_key': '%s'}]}"
                                       : "{'public_key': '%s'}",
                 encoded);
        room_add(room, "m.room.third_party_invite", "@user:x", "t", content);
        if (room_allows(10, event, room, &reason) != third_party[i].allowed)
            fail_msg("row %zu: %s", i, reason ? reason : "allowed");
        json_decref(event);
        json_decref(room);
    }
    signing_key_wipe(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_invitations_of_third_parties),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
