/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/log.h"
#include "crypto/base64.h"
#include "crypto/ed25519.h"
#include "crypto/random.h"

#define PEM_BEGIN     "-----BEGIN MATRIX PRIVATE KEY-----"
#define PEM_END       "-----END MATRIX PRIVATE KEY-----"
#define KEY_ID_HEADER "Key-ID:"
#define KEY_ID_PREFIX "ed25519:"

/* A key file has less than 200 bytes; other PEM headers may stand beside the one we want. */
#define FILE_SIZE_MAX ((size_t)4096)

/* Characters of a key version (Server-Server API, "Retrieving server keys": [a-zA-Z0-9_]+). */
static const char key_version_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
#define KEY_VERSION_LENGTH 6

static enum err err_of_errno(int code)
{
    switch (code) {
    case ENOENT:
        return ERR_NOT_FOUND;
    case EEXIST:
        return ERR_EXISTS;
    case ENOSPC:
    case EDQUOT:
        return ERR_FULL;
    case ENOMEM:
        return ERR_NOMEM;
    default:
        return ERR_IO;
    }
}

/* Logs what was tried on which file, and why it failed. */
static enum err fail_errno(const char *path, const char *what)
{
    int code = errno;

    log_error("signing key %s: %s: %s", path, what, strerror(code));
    return err_of_errno(code);
}

static bool key_id_valid(const char *id)
{
    size_t prefix = strlen(KEY_ID_PREFIX);
    size_t length = strlen(id);

    return length > prefix && length < ED25519_KEY_ID_SIZE && strncmp(id, KEY_ID_PREFIX, prefix) == 0 &&
           strspn(id + prefix, key_version_characters) == length - prefix;
}

/* With a key of the right size, the functions of libcrypto used here fail for want of memory only. */
static enum err fail_openssl(const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    log_error("Ed25519 %s: %s", what, reason ? reason : "failed");
    ERR_clear_error();
    return ERR_NOMEM;
}

/* Reads the whole file into `text`, NUL-terminated. */
static enum err read_file(const char *path, char text[FILE_SIZE_MAX + 1])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t got = -1;
    enum err e = ERR_OK;

    if (fd < 0)
        return fail_errno(path, "cannot be opened");
    while (length < FILE_SIZE_MAX) {
        got = read(fd, text + length, FILE_SIZE_MAX - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    if (got < 0)
        e = fail_errno(path, "cannot be read");
    text[length] = '\0';
    close(fd);
    return e;
}

/* Cuts the next line off `*rest`, without white space at its end; NULL when there is none. */
static char *next_line(char **rest)
{
    char *line = strsep(rest, "\n");
    size_t length;

    if (!line)
        return NULL;
    length = strlen(line);
    while (length > 0 && strchr(" \t\r", line[length - 1]))
        line[--length] = '\0';
    return line;
}

/*
 * Takes the PEM block apart (RFC 1421 sections 4.4 and 4.6): the begin line, headers up to an empty line, the
 * seed in base64, the end line. `*id` points into `text`. Returns NULL, or what is wrong with it.
 */
static const char *parse_pem(char *text, const char **id, unsigned char seed[ED25519_SEED_SIZE])
{
    char *encoded, *line;
    size_t size = ED25519_SEED_SIZE;

    do
        line = next_line(&text);
    while (line && strcmp(line, PEM_BEGIN) != 0);
    if (!line)
        return "has no line \"" PEM_BEGIN "\"";
    while ((line = next_line(&text)) && *line)
        if (strncmp(line, KEY_ID_HEADER, strlen(KEY_ID_HEADER)) == 0) {
            *id = line + strlen(KEY_ID_HEADER);
            *id += strspn(*id, " \t");
        }
    if (!*id || !key_id_valid(*id))
        return "has no valid " KEY_ID_HEADER;
    encoded = next_line(&text); /* 44 characters: less than a PEM line may have */
    line = next_line(&text);
    if (!encoded || base64_decode(encoded, seed, &size) || size != ED25519_SEED_SIZE)
        return "does not have a 32-byte seed in base64";
    return line && strcmp(line, PEM_END) == 0 ? NULL : "has no line \"" PEM_END "\" after the seed";
}

enum err signing_key_read(const char *path, struct signing_key *key)
{
    unsigned char seed[ED25519_SEED_SIZE];
    char text[FILE_SIZE_MAX + 1];
    const char *fault, *id = NULL;
    enum err e;

    memset(key, 0, sizeof *key);
    e = read_file(path, text);
    if (e)
        goto out;
    fault = parse_pem(text, &id, seed);
    if (fault) {
        log_error("signing key %s %s", path, fault);
        e = ERR_CORRUPT;
        goto out;
    }
    e = signing_key_set(key, id, seed);
out:
    explicit_bzero(seed, sizeof seed);
    explicit_bzero(text, sizeof text);
    return e;
}

enum err signing_key_set(struct signing_key *key, const char *id, const unsigned char seed[ED25519_SEED_SIZE])
{
    memset(key, 0, sizeof *key);
    if (!key_id_valid(id)) {
        log_error("\"%s\" is no id of an Ed25519 key", id);
        return ERR_INVALID;
    }
    key->ready = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_SEED_SIZE);
    if (!key->ready)
        return fail_openssl("key");
    strcpy(key->id, id);
    memcpy(key->seed, seed, ED25519_SEED_SIZE);
    return ERR_OK;
}

/*
 * A random key. Dendrite takes the characters of the id from the seed, which gives away 36 bits of it; ours
 * are random of their own.
 */
static enum err make_key(char version[KEY_VERSION_LENGTH + 1], unsigned char seed[ED25519_SEED_SIZE])
{
    unsigned char choice[KEY_VERSION_LENGTH];
    enum err e = random_bytes(seed, ED25519_SEED_SIZE);

    if (!e)
        e = random_bytes(choice, sizeof choice);
    if (e)
        return e;
    for (size_t i = 0; i < sizeof choice; i++)
        version[i] = key_version_characters[choice[i] % (sizeof key_version_characters - 1)];
    version[KEY_VERSION_LENGTH] = '\0';
    return ERR_OK;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t wrote = write(fd, bytes, size);

        if (wrote < 0 && errno != EINTR)
            return false;
        if (wrote > 0) {
            bytes += wrote;
            size -= (size_t)wrote;
        }
    }
    return true;
}

/* Makes the name of `path` in its folder last. */
static enum err sync_folder(const char *path)
{
    char *copy = strdup(path);
    enum err e = ERR_OK;
    int fd;

    if (!copy)
        return fail_errno(path, "cannot be made");
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        e = fail_errno(path, "its folder cannot be synchronised");
    if (fd >= 0)
        close(fd);
    free(copy);
    return e;
}

/*
 * Writes `text` to a new file and gives it the name `path`, unless that is taken: a crash leaves a whole key
 * under this name, or none. Unlike rename(2), link(2) never replaces a file.
 */
static enum err publish(const char *path, const char *text)
{
    char *temporary = NULL;
    enum err e = ERR_OK;
    int fd = -1;

    if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
        errno = ENOMEM;
        return fail_errno(path, "cannot be made");
    }
    fd = mkostemp(temporary, O_CLOEXEC); /* exclusive and mode 600 */
    if (fd < 0) {
        e = fail_errno(path, "cannot be made");
        goto out;
    }
    if (!write_all(fd, text, strlen(text)) || fsync(fd) < 0)
        e = fail_errno(path, "cannot be written");
    else if (link(temporary, path) < 0)
        e = fail_errno(path, "cannot be made");
    unlink(temporary);
    close(fd);
    if (!e)
        e = sync_folder(path);
out:
    free(temporary);
    return e;
}

enum err signing_key_create(const char *path)
{
    char encoded[BASE64_SIZE(ED25519_SEED_SIZE)], version[KEY_VERSION_LENGTH + 1];
    unsigned char seed[ED25519_SEED_SIZE];
    char text[256];
    enum err e = make_key(version, seed);

    if (e)
        return e;
    base64_encode(BASE64_STANDARD, seed, sizeof seed, encoded);
    snprintf(text, sizeof text, PEM_BEGIN "\n" KEY_ID_HEADER " " KEY_ID_PREFIX "%s\n\n%s=\n" PEM_END "\n",
             version, encoded); /* 32 bytes are one short of a multiple of three, hence the one "=" */
    e = publish(path, text);
    explicit_bzero(seed, sizeof seed);
    explicit_bzero(encoded, sizeof encoded);
    explicit_bzero(text, sizeof text);
    return e;
}

void signing_key_wipe(struct signing_key *key)
{
    EVP_PKEY_free(key->ready);
    explicit_bzero(key, sizeof *key);
}

enum err ed25519_sign(const struct signing_key *key, const void *bytes, size_t size,
                      unsigned char signature[ED25519_SIGNATURE_SIZE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t length = ED25519_SIGNATURE_SIZE;
    enum err e = ERR_OK;

    if (!context || EVP_DigestSignInit(context, NULL, NULL, NULL, key->ready) != 1 ||
        EVP_DigestSign(context, signature, &length, bytes, size) != 1)
        e = fail_openssl("signing");
    EVP_MD_CTX_free(context);
    return e;
}

enum err ed25519_public(const struct signing_key *key, unsigned char public[ED25519_PUBLIC_SIZE])
{
    size_t length = ED25519_PUBLIC_SIZE;

    return EVP_PKEY_get_raw_public_key(key->ready, public, &length) == 1 ? ERR_OK
                                                                         : fail_openssl("public key");
}

enum err ed25519_verify(const unsigned char public[ED25519_PUBLIC_SIZE], const void *bytes, size_t size,
                        const unsigned char signature[ED25519_SIGNATURE_SIZE])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, ED25519_PUBLIC_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    enum err e = ERR_OK;

    if (!key || !context || EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) != 1)
        e = fail_openssl("verifying");
    else if (EVP_DigestVerify(context, signature, ED25519_SIGNATURE_SIZE, bytes, size) != 1) {
        ERR_clear_error(); /* a signature that is not a curve point leaves one */
        e = ERR_DENIED;
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return e;
}
