/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/buf.h"
#include "crypto/base64.h"
#include "matrix/registration.h"

/* nonce \0 username \0 password \0 admin|notadmin, and \0 user_type if there is one. */
enum err registration_mac(const char *secret, const struct registration_claim *claim,
                          char mac[REGISTRATION_MAC_SIZE])
{
    unsigned char bytes[DIGEST_SHA1_SIZE];
    struct buf message = {0};
    enum err e;

    buf_append(&message, claim->nonce, strlen(claim->nonce) + 1);
    buf_append(&message, claim->username, strlen(claim->username) + 1);
    buf_append(&message, claim->password, strlen(claim->password) + 1);
    buf_puts(&message, claim->admin ? "admin" : "notadmin");
    if (claim->user_type) {
        buf_append(&message, "", 1);
        buf_puts(&message, claim->user_type);
    }
    e = message.err;
    if (!e)
        e = digest_hmac_sha1(secret, strlen(secret), message.data, message.length, bytes);
    if (!e)
        hex_encode(bytes, sizeof bytes, mac);
    explicit_bzero(bytes, sizeof bytes);
    buf_free(&message);
    return e;
}
