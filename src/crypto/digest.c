/* SPDX-License-Identifier: ISC */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/log.h"
#include "crypto/digest.h"

/*
 * With constant names and any bytes these fail for want of memory only. The algorithms are looked up at each
 * call: that costs about a microsecond, and a worker that never hashes never loads them (150 kB).
 */
static enum err fail(const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    log_error("%s: %s", what, reason ? reason : "failed");
    ERR_clear_error();
    return ERR_NOMEM;
}

enum err digest_sha256(const void *bytes, size_t size, unsigned char digest[DIGEST_SHA256_SIZE])
{
    return EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL) == 1 ? ERR_OK : fail("SHA-256");
}

/* OpenSSL's context under our name: it is never looked into. */
static EVP_MD_CTX *context_of(struct digesting *digesting)
{
    return (EVP_MD_CTX *)digesting;
}

enum err digesting_begin(struct digesting **digesting)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    *digesting = (struct digesting *)context;
    if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1)
        return ERR_OK;
    digesting_free(digesting);
    return fail("SHA-256");
}

enum err digesting_add(struct digesting *digesting, const void *bytes, size_t size)
{
    return EVP_DigestUpdate(context_of(digesting), bytes, size) == 1 ? ERR_OK : fail("SHA-256");
}

enum err digesting_end(struct digesting **digesting, unsigned char digest[DIGEST_SHA256_SIZE])
{
    bool made = EVP_DigestFinal_ex(context_of(*digesting), digest, NULL) == 1;

    digesting_free(digesting);
    return made ? ERR_OK : fail("SHA-256");
}

void digesting_free(struct digesting **digesting)
{
    EVP_MD_CTX_free(context_of(*digesting));
    *digesting = NULL;
}

enum err digest_hmac_sha1(const void *key, size_t key_size, const void *bytes, size_t size,
                          unsigned char mac[DIGEST_SHA1_SIZE])
{
    const unsigned char *made =
        EVP_Q_mac(NULL, "HMAC", NULL, "SHA1", NULL, key, key_size, bytes, size, mac, DIGEST_SHA1_SIZE, NULL);

    return made ? ERR_OK : fail("HMAC-SHA1");
}

bool digest_equal(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}
