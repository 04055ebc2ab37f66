/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "crypto/base64.h"
#include "crypto/random.h"

/* getrandom(2) needs no state of our own, where OpenSSL's generator would cost each worker 150 kB. */
enum err random_bytes(void *bytes, size_t size)
{
    unsigned char *at = bytes;

    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            log_error("no random bytes: %s", strerror(errno));
            return ERR_IO;
        }
        at += got;
        size -= (size_t)got;
    }
    return ERR_OK;
}

/* A random text of BASE64_SIZE(size) bytes; `size` is at most 32. */
static enum err random_base64(size_t size, char *text)
{
    unsigned char bytes[32];
    enum err e = random_bytes(bytes, size);

    if (!e)
        base64_encode(BASE64_URL, bytes, size, text);
    explicit_bzero(bytes, sizeof bytes);
    return e;
}

enum err random_token(char text[RANDOM_TOKEN_SIZE])
{
    _Static_assert(BASE64_SIZE(32) == RANDOM_TOKEN_SIZE, "32 bytes fill the text");
    return random_base64(32, text);
}

enum err random_device_id(char text[RANDOM_DEVICE_SIZE])
{
    _Static_assert(BASE64_SIZE(6) == RANDOM_DEVICE_SIZE, "6 bytes fill the text");
    return random_base64(6, text);
}

enum err random_nonce(char text[RANDOM_NONCE_SIZE])
{
    unsigned char bytes[(RANDOM_NONCE_SIZE - 1) / 2];
    enum err e = random_bytes(bytes, sizeof bytes);

    if (!e)
        hex_encode(bytes, sizeof bytes, text);
    return e;
}

/* A byte beyond the last whole multiple of their number is thrown away, or some would be likelier. */
enum err random_letters(char *text, size_t length)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const size_t count = sizeof letters - 1, whole = 256 / count * count;
    enum err e = ERR_OK;

    while (!e && length > 0) {
        unsigned char byte = 0;

        e = random_bytes(&byte, 1);
        if (!e && byte < whole) {
            *text++ = letters[byte % count];
            length--;
        }
    }
    *text = '\0';
    return e;
}
