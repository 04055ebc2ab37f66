/* SPDX-License-Identifier: ISC */
/* The key that others check this server's signatures by ("Server-Server API", "Publishing Keys"). */
#include "base/clock.h"
#include "crypto/base64.h"
#include "handler/handlers.h"
#include "matrix/signed_json.h"

/* It may be taken for as long as that; at most a week. */
#define VALID_MS INT64_C(86400000)

static enum err describe(const char *server_name, const struct signing_key *key, json_t **answer)
{
    unsigned char public[ED25519_PUBLIC_SIZE];
    char text[BASE64_SIZE(ED25519_PUBLIC_SIZE)];
    enum err e = ed25519_public(key, public);

    if (e)
        return e;
    base64_encode(BASE64_STANDARD, public, sizeof public, text);
    *answer =
        json_pack("{s:s, s:{s:{s:s}}, s:{}, s:I}", "server_name", server_name, "verify_keys", key->id, "key",
                  text, "old_verify_keys", "valid_until_ts", (json_int_t)(clock_now_ms() + VALID_MS));
    return *answer ? signed_json_sign(*answer, server_name, key) : ERR_NOMEM;
}

/* Beside a Dendrite this is Dendrite's to answer, and its key may be none that mxadmin can read. */
json_t *server_key_get(struct call *call)
{
    const struct config *config = call->app->config;
    struct signing_key key = {0};
    json_t *answer = NULL;
    enum err e;

    if (db_attached(call->app->db))
        return call_fail(call, API_UNRECOGNIZED, "Dendrite publishes its key itself");
    e = signing_key_read(config->signing_key, &key);
    if (!e)
        e = describe(config->server_name, &key, &answer);
    signing_key_wipe(&key);
    if (!e)
        return answer;
    json_decref(answer);
    return call_fail(call, API_INTERNAL, NULL);
}
