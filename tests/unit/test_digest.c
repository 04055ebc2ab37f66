/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/base64.h"
#include "crypto/digest.h"

/* A text, or `count` times one byte. */
struct input {
    const char *text;
    unsigned char byte;
    size_t count;
};

static size_t expand(const struct input *input, unsigned char *bytes, size_t size)
{
    size_t count = input->text ? strlen(input->text) : input->count;

    assert_true(count <= size);
    if (input->text)
        memcpy(bytes, input->text, count);
    else
        memset(bytes, input->byte, count);
    return count;
}

static void test_sha256(void **state)
{
    /* FIPS 180-2 appendix B, and the empty message of NIST's test vectors */
    static const struct {
        struct input input;
        const char *digest;
    } rows[] = {
        {{"", 0, 0}, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {{"abc", 0, 0}, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 0, 0},
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {{NULL, 'a', 1000000}, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    static unsigned char bytes[1000000];
    unsigned char digest[DIGEST_SHA256_SIZE];
    char text[2 * DIGEST_SHA256_SIZE + 1];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t size = expand(&rows[i].input, bytes, sizeof bytes);

        assert_int_equal(digest_sha256(bytes, size, digest), ERR_OK);
        hex_encode(digest, sizeof digest, text);
        assert_string_equal(text, rows[i].digest);
    }
}

static void test_hmac_sha1(void **state)
{
    /* RFC 2202 section 3, but for the fourth case, whose key is 25 different bytes; an empty key and message
     */
    static const struct {
        struct input key, data;
        const char *mac;
    } rows[] = {
        {{NULL, 0x0b, 20}, {"Hi There", 0, 0}, "b617318655057264e28bc0b6fb378c8ef146be00"},
        {{"Jefe", 0, 0}, {"what do ya want for nothing?", 0, 0}, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {{NULL, 0xaa, 20}, {NULL, 0xdd, 50}, "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
        {{NULL, 0x0c, 20}, {"Test With Truncation", 0, 0}, "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"},
        {{NULL, 0xaa, 80},
         {"Test Using Larger Than Block-Size Key - Hash Key First", 0, 0},
         "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
        {{NULL, 0xaa, 80},
         {"Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data", 0, 0},
         "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
        {{"", 0, 0}, {"", 0, 0}, "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"},
    };
    unsigned char key[100], data[100], mac[DIGEST_SHA1_SIZE];
    char text[2 * DIGEST_SHA1_SIZE + 1];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t key_size = expand(&rows[i].key, key, sizeof key);
        size_t data_size = expand(&rows[i].data, data, sizeof data);

        assert_int_equal(digest_hmac_sha1(key, key_size, data, data_size, mac), ERR_OK);
        hex_encode(mac, sizeof mac, text);
        assert_string_equal(text, rows[i].mac);
    }
}

static void test_equal(void **state)
{
    (void)state;
    assert_true(digest_equal("abc", "abc", 3));
    assert_true(digest_equal("abc", "abd", 2));
    assert_true(digest_equal("a", "b", 0));
    assert_false(digest_equal("abc", "abd", 3));
    assert_false(digest_equal("\0a", "\0b", 2));
}

/* In whatever pieces the bytes come. */
static void test_in_pieces(void **state)
{
    static const char text[] = "hello, world";
    unsigned char whole[DIGEST_SHA256_SIZE], digest[DIGEST_SHA256_SIZE];
    struct digesting *digesting;

    (void)state;
    assert_int_equal(digest_sha256(text, strlen(text), whole), ERR_OK);
    for (size_t step = 1; step <= sizeof text; step++) {
        assert_int_equal(digesting_begin(&digesting), ERR_OK);
        for (size_t i = 0; i < strlen(text); i += step)
            assert_int_equal(
                digesting_add(digesting, text + i, strlen(text) - i < step ? strlen(text) - i : step),
                ERR_OK);
        assert_int_equal(digesting_end(&digesting, digest), ERR_OK);
        assert_null(digesting);
        assert_memory_equal(digest, whole, sizeof whole);
    }
    assert_int_equal(digesting_begin(&digesting), ERR_OK);
    digesting_free(&digesting);
    assert_null(digesting);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_hmac_sha1),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_in_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
