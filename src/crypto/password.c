/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <crypt.h>
#include <libscrypt.h>

#include "base/log.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "crypto/apart.h"
#include "crypto/password.h"
#include "crypto/random.h"

#define SALT_SIZE 16 /* of either scheme */

/* A bcrypt hash is its setting "$2b$NN$" with 22 characters of salt, and 31 characters of hash. */
#define BCRYPT_SALT_AT 7
#define BCRYPT_LENGTH  60

static const char bcrypt_digits[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

_Static_assert(SCRYPT_MCF_LEN <= PASSWORD_HASH_SIZE, "room for a scrypt hash");
_Static_assert(CRYPT_GENSALT_OUTPUT_SIZE <= PASSWORD_HASH_SIZE, "room for a bcrypt setting and hash");

/* libscrypt and crypt(3) say by errno alone what is wrong. */
static enum err fail(const char *scheme)
{
    int code = errno;

    log_error("hashing a password with %s: %s", scheme, strerror(code));
    return code == ENOMEM                                      ? ERR_NOMEM
           : code == EINVAL || code == ERANGE || code == EFBIG ? ERR_INVALID
                                                               : ERR_IO;
}

/* Base64 with its padding, as libscrypt writes it and compares it. */
static void encode_padded(const void *bytes, size_t size, char *text)
{
    size_t length;

    base64_encode(BASE64_STANDARD, bytes, size, text);
    for (length = strlen(text); length % 4 != 0; length++)
        text[length] = '=';
    text[length] = '\0';
}

static enum err scrypt_hash(const char *password, const struct password_cost *cost,
                            char hash[PASSWORD_HASH_SIZE])
{
    unsigned char salt[SALT_SIZE], derived[SCRYPT_HASH_LEN];
    char salt_text[BASE64_SIZE(SALT_SIZE) + 3], derived_text[BASE64_SIZE(SCRYPT_HASH_LEN) + 3];
    uint32_t n, r = (uint32_t)cost->scrypt_r, p = (uint32_t)cost->scrypt_p;
    enum err e;

    if (cost->scrypt_log2_n < 1 || cost->scrypt_log2_n > SCRYPT_SAFE_N || r < 1 || r > 255 || p < 1 ||
        p > 255)
        return ERR_INVALID;
    n = (uint32_t)1 << cost->scrypt_log2_n;
    e = random_bytes(salt, sizeof salt);
    if (e)
        return e;
    if (libscrypt_scrypt((const uint8_t *)password, strlen(password), salt, sizeof salt, n, r, p, derived,
                         sizeof derived) != 0)
        return fail("scrypt");
    encode_padded(salt, sizeof salt, salt_text);
    encode_padded(derived, sizeof derived, derived_text);
    if (!libscrypt_mcf(n, r, p, salt_text, derived_text, hash))
        e = ERR_INVALID;
    explicit_bzero(derived, sizeof derived);
    explicit_bzero(derived_text, sizeof derived_text);
    return e;
}

/*
 * libscrypt compares in constant time, but takes its argument apart with strtok(3): it gets a copy. It fails
 * for a hash of another form as for want of memory, and only the latter sets errno.
 */
static enum err scrypt_verify(const char *password, const char *hash)
{
    char copy[PASSWORD_HASH_SIZE];
    int result;

    if (strlen(hash) >= sizeof copy)
        return ERR_DENIED;
    strcpy(copy, hash);
    errno = 0;
    result = libscrypt_check(copy, password);
    explicit_bzero(copy, sizeof copy);
    if (result < 0 && errno == ENOMEM)
        return fail("scrypt");
    return result > 0 ? ERR_OK : ERR_DENIED;
}

/*
 * Runs bcrypt under `setting` into `hash`. crypt(3) refuses more than 512 bytes where bcrypt, as Go's does,
 * looks at the first 72 only.
 */
static enum err bcrypt_run(const char *password, const char *setting, char hash[PASSWORD_HASH_SIZE])
{
    char start[PASSWORD_BCRYPT_BYTES + 1];
    struct crypt_data data;
    enum err e = ERR_OK;

    memset(&data, 0, sizeof data);
    snprintf(start, sizeof start, "%.*s", PASSWORD_BCRYPT_BYTES, password);
    if (!crypt_rn(start, setting, &data, sizeof data) || strlen(data.output) != BCRYPT_LENGTH)
        e = fail("bcrypt");
    else
        strcpy(hash, data.output);
    explicit_bzero(&data, sizeof data);
    explicit_bzero(start, sizeof start);
    return e;
}

static enum err bcrypt_hash(const char *password, const struct password_cost *cost,
                            char hash[PASSWORD_HASH_SIZE])
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE], salt[SALT_SIZE];
    enum err e = random_bytes(salt, sizeof salt);

    if (e)
        return e;
    if (cost->bcrypt_cost < 4 || cost->bcrypt_cost > 31)
        return ERR_INVALID;
    if (!crypt_gensalt_rn("$2b$", (unsigned long)cost->bcrypt_cost, salt, sizeof salt, setting,
                          sizeof setting))
        return fail("bcrypt");
    return bcrypt_run(password, setting, hash);
}

/*
 * `$2a$`, `$2b$` and `$2y$` are one algorithm; but for `$2a$`, crypt(3) departs from it where an old fault of
 * PHP could be used, and Go, whose hashes these are, does not. So all are run as `$2b$`.
 */
static enum err bcrypt_verify(const char *password, const char *hash)
{
    char setting[BCRYPT_LENGTH + 1], made[PASSWORD_HASH_SIZE];
    enum err e;

    memcpy(setting, hash, sizeof setting);
    setting[2] = 'b';
    e = bcrypt_run(password, setting, made);
    if (!e && !digest_equal(made, setting, BCRYPT_LENGTH))
        e = ERR_DENIED;
    explicit_bzero(made, sizeof made);
    return e;
}

/* "$s1$NNrrpp$", each a byte in hex. */
static bool scrypt_parse(const char *hash, struct password_cost *cost)
{
    unsigned long work;

    if (strncmp(hash, SCRYPT_MCF_ID "$", 4) != 0 || strspn(hash + 4, "0123456789abcdefABCDEF") != 6 ||
        hash[10] != '$')
        return false;
    work = strtoul(hash + 4, NULL, 16);
    cost->scrypt_log2_n = (int)(work >> 16);
    cost->scrypt_r = (int)(work >> 8 & 0xff);
    cost->scrypt_p = (int)(work & 0xff);
    return true;
}

/* "$2b$NN$", NN in decimal, and digits of bcrypt's own base64. */
static bool bcrypt_parse(const char *hash, struct password_cost *cost)
{
    if (strlen(hash) != BCRYPT_LENGTH || strncmp(hash, "$2", 2) != 0 || !strchr("aby", hash[2]) ||
        hash[3] != '$')
        return false;
    if (strspn(hash + 4, "0123456789") != 2 || hash[6] != '$')
        return false;
    if (strspn(hash + BCRYPT_SALT_AT, bcrypt_digits) != BCRYPT_LENGTH - BCRYPT_SALT_AT)
        return false;
    cost->bcrypt_cost = atoi(hash + 4);
    return true;
}

static bool scrypt_same(const struct password_cost *a, const struct password_cost *b)
{
    return a->scrypt_log2_n == b->scrypt_log2_n && a->scrypt_r == b->scrypt_r && a->scrypt_p == b->scrypt_p;
}

static bool bcrypt_same(const struct password_cost *a, const struct password_cost *b)
{
    return a->bcrypt_cost == b->bcrypt_cost;
}

static const struct scheme {
    bool (*parse)(const char *hash, struct password_cost *cost); /* false: the hash is of another form */
    bool (*same)(const struct password_cost *a, const struct password_cost *b);
    enum err (*verify)(const char *password, const char *hash);
    enum err (*hash)(const char *password, const struct password_cost *cost, char hash[PASSWORD_HASH_SIZE]);
    size_t password_max; /* bytes that count; 0: all */
} schemes[] = {
    [PASSWORD_SCRYPT] = {scrypt_parse, scrypt_same, scrypt_verify, scrypt_hash, 0},
    [PASSWORD_BCRYPT] = {bcrypt_parse, bcrypt_same, bcrypt_verify, bcrypt_hash, PASSWORD_BCRYPT_BYTES},
};
_Static_assert(sizeof schemes / sizeof *schemes == PASSWORD_SCHEME__MAX, "a row for every scheme");

/* Whether all of the password goes into a new hash of the scheme. */
static bool takes_whole(enum password_scheme scheme, const char *password)
{
    size_t max = schemes[scheme].password_max;

    return max == 0 || strlen(password) <= max;
}

/* What is done apart: `made` NULL makes a new hash, otherwise `given` is verified. */
struct job {
    const char *password;
    const struct password_cost *cost;
    const struct scheme *made;
    const char *given;
    char hash[PASSWORD_HASH_SIZE];
    enum err err;
};

static void work(void *context)
{
    struct job *job = context;

    if (job->made)
        job->err = job->made->verify(job->password, job->given);
    else
        job->err = schemes[job->cost->scheme].hash(job->password, job->cost, job->hash);
}

static enum err run(struct job *job)
{
    enum err e = apart_run(work, job, sizeof *job);

    return e ? e : job->err;
}

enum err password_hash(const char *password, const struct password_cost *cost, char hash[PASSWORD_HASH_SIZE])
{
    struct job job = {.password = password, .cost = cost};
    enum err e;

    if (!takes_whole(cost->scheme, password))
        return ERR_TOO_LARGE;
    e = run(&job);
    if (!e)
        memcpy(hash, job.hash, sizeof job.hash);
    explicit_bzero(&job, sizeof job);
    return e;
}

enum err password_verify(const char *password, const char *hash, const struct password_cost *cost,
                         bool *outdated)
{
    struct job job = {.password = password, .cost = cost, .given = hash};
    struct password_cost made_at = {0};
    enum err e;

    *outdated = false;
    for (size_t i = 0; hash && !job.made && i < PASSWORD_SCHEME__MAX; i++)
        if (schemes[i].parse(hash, &made_at))
            job.made = &schemes[i];
    e = run(&job);
    explicit_bzero(job.hash, sizeof job.hash);
    if (!job.made)
        return e ? e : ERR_DENIED; /* the work was done, for the time it takes */
    *outdated = (job.made != &schemes[cost->scheme] || !job.made->same(&made_at, cost)) &&
                takes_whole(cost->scheme, password);
    return e;
}
